"""Progress with time left, and single-threaded BLAS: what every run shares."""

import functools

from threadpoolctl import threadpool_limits


def progress_bar(iterable, desc="", **options):
    """``tqdm`` on standard error with the time left; leaves no line behind when it is done."""
    from tqdm import tqdm

    return tqdm(iterable, desc, leave=False, mininterval=0.5, dynamic_ncols=True, **options)


def silent(iterable, desc="", **options):
    """No progress at all: the default of ``run`` functions."""
    return iterable


def one_thread(run):
    """Decorator: BLAS runs on one thread, so that results do not depend on the number of cores."""

    @functools.wraps(run)
    def limited(*args, **kwargs):
        with threadpool_limits(1, user_api="blas"):
            return run(*args, **kwargs)

    return limited
