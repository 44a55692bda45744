"""Arrays for loops that vectorise: rows of whole vectors that begin where a cache line does."""

import numpy as np

CACHE_LINE = 64  # bytes; also the widest vector of today's processors


def padded(shape, dtype=float, row_bytes=CACHE_LINE) -> np.ndarray:
    """Zeros of ``shape``, the last axis made up to a multiple of ``row_bytes`` (cache lines)."""
    dtype = np.dtype(dtype)
    *rows, columns = shape
    numbers = row_bytes // dtype.itemsize
    shape = (*rows, -(-columns // numbers) * numbers)
    size = int(np.prod(shape)) * dtype.itemsize
    memory = np.zeros(size + CACHE_LINE, np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    return memory[start : start + size].view(dtype).reshape(shape)
