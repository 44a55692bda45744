"""Products of a few rows with a large matrix, and its update by as many outer products.

Its layout decides the speed: *panels* (n_panels, n_pre, lanes), each with the weights of as many
postsynaptic neurons as a vector has lanes. Rows of activity are plain arrays (n_rows, n): n_rows a
multiple of ``ROWS``, columns made up to whole vectors of zeros. Inputs that are silent in the
whole batch are left out. Every sum runs in one fixed order: the same bits on one machine.
"""

import numpy as np
from numba import njit

from dcm.kernels.memory import padded
from dcm.kernels.vectors import BYTES, add, load, store, total, zero

ROWS = 5  # served at once: their sums and a panel's weights fit the registers [measured]


def rows_of_activity(n_rows, n, dtype) -> np.ndarray:
    """Zeros (n_rows, n) with both axes made up to what the products take."""
    return padded((-(-n_rows // ROWS) * ROWS, n), dtype, BYTES)


def panels(w, dtype) -> np.ndarray:
    """A copy of (n_post, n_pre) weights as panels, or of an (n,) vector, zeros added."""
    if w.ndim == 1:
        out = padded(w.shape, dtype, BYTES)
        out[: len(w)] = w
        return out
    n_post, n_pre = w.shape
    lanes = BYTES // np.dtype(dtype).itemsize
    out = padded((-(-n_post // lanes), n_pre, lanes), dtype, BYTES)
    for p, panel in enumerate(out):
        block = w[p * lanes : (p + 1) * lanes]
        panel[:, : len(block)] = block.T
    return out


def unpanelled(w, n_post: int) -> np.ndarray:
    """The weights or the vector of ``panels``, a copy."""
    if w.ndim == 1:
        return w[:n_post].copy()
    n_pre = w.shape[1]
    return np.ascontiguousarray(w.swapaxes(1, 2).reshape(-1, n_pre)[:n_post])


@njit
def product(x, active, w, out):
    """out = x @ w for panels w, over the neurons ``active`` (the rates of all others are 0)."""
    n_panels, n_pre, lanes = w.shape
    width = out.shape[1]
    for p in range(n_panels):
        for b in range(0, x.shape[0], ROWS):
            sum0 = sum1 = sum2 = sum3 = sum4 = zero(w)
            for i in range(active.size):  # ``for j in active`` would spill the sums to memory
                j = active[i]
                weights = load(w, (p * n_pre + j) * lanes)
                sum0 = add(sum0, weights, x[b, j])
                sum1 = add(sum1, weights, x[b + 1, j])
                sum2 = add(sum2, weights, x[b + 2, j])
                sum3 = add(sum3, weights, x[b + 3, j])
                sum4 = add(sum4, weights, x[b + 4, j])
            at = b * width + p * lanes
            store(out, at, sum0)
            store(out, at + width, sum1)
            store(out, at + 2 * width, sum2)
            store(out, at + 3 * width, sum3)
            store(out, at + 4 * width, sum4)


@njit
def add_outer(x, active, w, post):
    """w += x.T @ post for panels w, over the neurons ``active`` (all other rates are 0)."""
    n_panels, n_pre, lanes = w.shape
    width = post.shape[1]
    for p in range(n_panels):
        for b in range(0, x.shape[0], ROWS):
            at = b * width + p * lanes
            post0 = load(post, at)
            post1 = load(post, at + width)
            post2 = load(post, at + 2 * width)
            post3 = load(post, at + 3 * width)
            post4 = load(post, at + 4 * width)
            for i in range(active.size):
                j = active[i]
                at = (p * n_pre + j) * lanes
                weights = load(w, at)
                weights = add(weights, post0, x[b, j])
                weights = add(weights, post1, x[b + 1, j])
                weights = add(weights, post2, x[b + 2, j])
                weights = add(weights, post3, x[b + 3, j])
                weights = add(weights, post4, x[b + 4, j])
                store(w, at, weights)


@njit
def transposed_product(post, w, out):
    """out = post @ w.T for panels w."""
    n_panels, n_pre, lanes = w.shape
    width = post.shape[1]
    for j in range(n_pre):
        for b in range(0, post.shape[0], ROWS):
            sum0 = sum1 = sum2 = sum3 = sum4 = zero(w)
            for p in range(n_panels):
                weights = load(w, (p * n_pre + j) * lanes)
                at = b * width + p * lanes
                sum0 = add(sum0, weights, load(post, at))
                sum1 = add(sum1, weights, load(post, at + width))
                sum2 = add(sum2, weights, load(post, at + 2 * width))
                sum3 = add(sum3, weights, load(post, at + 3 * width))
                sum4 = add(sum4, weights, load(post, at + 4 * width))
            out[b, j] = total(sum0)
            out[b + 1, j] = total(sum1)
            out[b + 2, j] = total(sum2)
            out[b + 3, j] = total(sum3)
            out[b + 4, j] = total(sum4)
