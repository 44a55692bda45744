"""Compiled twins (Numba) of the loops that run millions of times, each held to its twin by a test.

Nothing in ``dcm`` imports this package at start-up. A kernel's first call compiles it, for seconds,
into the user's cache. Without Numba the plain twins take over, with one warning.
"""

import warnings

try:
    import numba  # noqa: F401 - only whether it is there
except ImportError as error:
    warnings.warn(
        f"Numba cannot be used ({error}), so the plain NumPy twins run: the same results, "
        "a hundred times slower or more (MNIST: about ten times); "
        "install it with: pip install numba",
        stacklevel=2,
    )
    from dcm.kernels.plain import integrate, learn, learn_backprop, learn_two_pass
else:
    from dcm.kernels.cache import compiled_code_kept

    with compiled_code_kept():
        from dcm.kernels.continuous import integrate
        from dcm.kernels.minibatch_circuit import learn_two_pass
        from dcm.kernels.minibatch_net import learn_backprop
        from dcm.kernels.steady import learn

__all__ = ["integrate", "learn", "learn_backprop", "learn_two_pass"]
