"""Compiled twins (Numba) of the loops that run millions of times; each is held to its plain twin by a test.

Nothing in ``dcm`` imports this package at start-up. The first call of each kernel compiles for some seconds; the
compiled code is then kept in the user's cache, in a folder named after the kernels' sources: Numba itself would
notice a change only in the file of the outermost function.
"""

import hashlib
from pathlib import Path

import numba
import pooch

_sources = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
_kept, numba.config.CACHE_DIR = (
    numba.config.CACHE_DIR,
    str(pooch.os_cache("dcm") / "kernels" / hashlib.sha256(_sources).hexdigest()[:16]),
)
try:
    from dcm.kernels.backprop import learn_backprop
    from dcm.kernels.continuous import integrate
    from dcm.kernels.steady import learn
    from dcm.kernels.two_pass import learn_two_pass
finally:
    numba.config.CACHE_DIR = _kept

__all__ = ["integrate", "learn", "learn_backprop", "learn_two_pass"]
