"""Where compiled code is kept between processes."""

import atexit
import contextlib
import hashlib
import os
import shutil
import tempfile
import warnings
from pathlib import Path

import numba
import pooch


@contextlib.contextmanager
def compiled_code_kept():
    """Kernels imported inside keep their compiled code in a folder named after their sources.

    Numba itself notices changes of the outermost file only. ``NUMBA_CACHE_DIR`` moves the folder.
    """
    sources = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    given = numba.config.CACHE_DIR
    parent = Path(given) if given else pooch.os_cache("dcm") / "kernels"
    numba.config.CACHE_DIR = _writable(parent / hashlib.sha256(sources).hexdigest()[:16])
    try:
        yield
    finally:
        numba.config.CACHE_DIR = given


def _writable(folder: Path) -> str:
    """``folder``, or if it takes no file, with a warning, one for this process and its children."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return str(folder)
    except OSError as error:
        warnings.warn(
            f"compiled code cannot be kept in {folder} ({error.strerror}), "
            "so every start compiles for some seconds; "
            "make this folder writable, or set NUMBA_CACHE_DIR to one that is",
            stacklevel=5,
        )
    # not a shared, guessable place, as cached code is executed; children inherit it
    temporary = tempfile.mkdtemp(prefix="dcm-kernels-")
    os.environ["NUMBA_CACHE_DIR"] = temporary
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    return str(Path(temporary) / folder.name)
