"""Products of a few rows with a large matrix, and its update by as many outer products: the work of a mini-batch.

Such products move a matrix through the processor for a few operations an entry, so the layout decides their speed. A
matrix (n_post, n_pre) is kept as *panels* (n_panels, n_pre, lanes): blocks of as many postsynaptic neurons as fit, for
several rows at once, into the vector registers. Each panel is read once, from front to back. Rows of activity are plain
(n_rows, n) arrays with columns added up to whole panels; added zeros stay zero. Presynaptic neurons that are silent in
the whole batch, as many pixels of digits are, are left out. Every sum runs in one fixed order, without BLAS: results
are the same bit for bit on one machine.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from dcm.kernels.registers import (
    PANEL_BYTES,
    ROWS,
    add_outer_row,
    add_outer_rows,
    product_row,
    product_rows,
    transposed_product_row,
    transposed_product_rows,
)

CACHE_LINE = 64  # bytes


def padded(shape, dtype) -> np.ndarray:
    """Zeros of ``shape`` with the last axis made up to whole panels.

    They start on a cache line: vectors that straddle two lines load at half the speed.
    """
    dtype = np.dtype(dtype)
    lanes = PANEL_BYTES // dtype.itemsize
    shape = (*shape[:-1], -(-shape[-1] // lanes) * lanes)
    size = int(np.prod(shape)) * dtype.itemsize
    raw = np.zeros(size + CACHE_LINE, np.uint8)
    start = -raw.ctypes.data % CACHE_LINE
    return raw[start : start + size].view(dtype).reshape(shape)


def panels(w) -> np.ndarray:
    """A copy of (n_post, n_pre) weights as panels, or of an (n,) vector with zeros added up to whole panels."""
    if w.ndim == 1:
        out = padded(w.shape, w.dtype)
        out[: len(w)] = w
        return out
    lanes = PANEL_BYTES // w.dtype.itemsize
    out = padded((-(-len(w) // lanes), w.shape[1], lanes), w.dtype)
    for p, panel in enumerate(out):
        block = w[p * lanes : (p + 1) * lanes]
        panel[:, : len(block)] = block.T
    return out


def unpanelled(w, n_post: int) -> np.ndarray:
    """The weights or the vector of ``panels``, a copy."""
    if w.ndim == 1:
        return w[:n_post].copy()
    return np.ascontiguousarray(w.transpose(0, 2, 1).reshape(-1, w.shape[1])[:n_post])


@njit
def product(x, active, w, out):
    """out = x @ w for panels w, over the presynaptic neurons ``active`` (the rates of all others are 0)."""
    whole = x.shape[0] - x.shape[0] % ROWS
    for p in range(w.shape[0]):
        for first in range(0, whole, ROWS):
            product_rows(x, active, w, out, first, p)
        for row in range(whole, x.shape[0]):
            product_row(x, active, w, out, row, p)


@njit
def add_outer(x, active, w, post):
    """w += x.T @ post for panels w, over the presynaptic neurons ``active`` (the rates of all others are 0)."""
    whole = x.shape[0] - x.shape[0] % ROWS
    for p in range(w.shape[0]):
        for first in range(0, whole, ROWS):
            add_outer_rows(x, active, w, post, first, p)
        for row in range(whole, x.shape[0]):
            add_outer_row(x, active, w, post, row, p)


@njit
def transposed_product(post, w, out):
    """out = post @ w.T for panels w."""
    whole = post.shape[0] - post.shape[0] % ROWS
    for pre in range(w.shape[1]):
        for first in range(0, whole, ROWS):
            transposed_product_rows(post, w, out, first, pre)
        for row in range(whole, post.shape[0]):
            transposed_product_row(post, w, out, row, pre)
