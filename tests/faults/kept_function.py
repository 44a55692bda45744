"""A process that loads or compiles one small function as the kernels do, in a fork for each line.

Each line of its input says where compiled code is kept and what befalls the fork; each line of its
output what the fork found. A fork has all of Numba loaded, and so takes a tenth of a second.
"""

import importlib
import json
import os
import pathlib
import resource
import signal
import sys
import time
import warnings

import numba
import numpy as np

from dcm.kernels import cache


def squares(x):
    """The function that is kept: its sum for 0 … 9 is 285."""
    total = 0.0
    for i in range(x.size):
        total += x[i] * x[i]
    return total


def call(folder):
    """Load or compile it in a module that knows nothing of earlier calls."""
    numba.config.CACHE_DIR = folder
    importlib.reload(cache)
    function = cache.kept()(squares)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value = function(np.arange(10.0))
    hits = sum(function.stats.cache_hits.values())
    return {"value": value, "hits": hits, "warnings": [str(w.message) for w in caught]}


def die_in_a_write(n):
    """End this process, as a kill or a power cut would, when ``n`` bytes of a file are written."""

    def write_some(path, data):
        with open(path, "wb") as file:
            file.write(data[:n])
        os.kill(os.getpid(), signal.SIGKILL)

    pathlib.Path.write_bytes = write_some


def fork(folder, dies_after=None, file_limit=None, user=None):
    """Start a fork; returns its number and where its answer comes from.

    An empty ``folder`` is the usual one of a user without a home.
    """
    answer, told = os.pipe()
    child = os.fork()
    if child:
        os.close(told)
        return child, answer
    try:
        if dies_after is not None:
            die_in_a_write(dies_after)
        if file_limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))
        if user is not None:
            os.setuid(user)
        if not folder:
            os.environ.pop("HOME", None)
            os.environ.pop("XDG_CACHE_HOME", None)
        os.write(told, json.dumps(call(folder)).encode())
        os._exit(0)
    except BaseException as error:
        os.write(told, json.dumps({"error": repr(error)}).encode())
        os._exit(1)


def result(child, answer, killed_after=None):
    """What a fork found; it is killed after some seconds if so ordered."""
    if killed_after is not None:
        time.sleep(killed_after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    said = os.read(answer, 1 << 20)
    os.close(answer)
    found = json.loads(said) if said else {}
    return {"status": os.waitstatus_to_exitcode(status), **found}


if __name__ == "__main__":
    numba.njit(lambda x: x + 1.0)(np.ones(2))  # load what compiling needs
    for line in sys.stdin:
        order = json.loads(line)
        at_once = order.pop("at_once", 1)
        killed_after = order.pop("killed_after", None)
        forks = [fork(**order) for _ in range(at_once)]
        print(json.dumps([result(*each, killed_after) for each in forks]), flush=True)
