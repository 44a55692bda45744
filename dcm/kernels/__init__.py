"""Compiled twins (Numba) of the loops that run millions of times, each held to its twin by a test.

Nothing in ``dcm`` imports this package at start-up. A kernel's first call compiles it, for seconds,
into the user's cache. Where Numba is missing, broken or switched off (``NUMBA_DISABLE_JIT``) the
plain twins take over, with one warning.
"""

import warnings


def _why_not_numba() -> str:
    """Why the kernels cannot be compiled; empty where they can."""
    try:
        import numba
    except Exception as error:  # missing, not for this NumPy (an ImportError) or broken (any error)
        return f"Numba cannot be used ({error})"
    if numba.config.DISABLE_JIT:
        return "Numba is switched off (NUMBA_DISABLE_JIT)"
    return ""


NO_NUMBA = _why_not_numba()

if NO_NUMBA:
    warnings.warn(
        f"{NO_NUMBA}, so the plain NumPy twins run: the same results, "
        "a hundred times slower or more (MNIST: about ten times); "
        "install it with: pip install numba, and leave NUMBA_DISABLE_JIT unset",
        stacklevel=2,
    )
    from dcm.kernels.plain import integrate, learn, learn_backprop, learn_two_pass
else:
    from dcm.kernels.continuous import integrate
    from dcm.kernels.minibatch_circuit import learn_two_pass
    from dcm.kernels.minibatch_net import learn_backprop
    from dcm.kernels.steady import learn

__all__ = ["integrate", "learn", "learn_backprop", "learn_two_pass"]
