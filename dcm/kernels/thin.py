"""Products of a few rows with a large matrix, and its update by as many outer products: the work of a mini-batch.

Such products move a matrix through the processor for a few operations an entry, so the layout decides their speed.
A matrix (n_pre, n_post) is kept as *panels* (n_panels, n_pre, lanes): blocks of as many columns as fit, for ten rows
at once, in the vector registers. Each panel is read once, from front to back. Rows of activity are plain (batch, n)
arrays, padded with columns to whole panels; padding of zeros stays zero. Presynaptic neurons that are silent in the
whole batch, as many pixels of a digit are, are left out. Every sum runs in one fixed order: results are reproducible
bit for bit on one machine.
"""

from __future__ import annotations

import numpy as np
from llvmlite import binding, ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

WIDE = binding.get_host_cpu_features().get("avx512f", False)
PANEL_BYTES = 128 if WIDE else 32  # ten rows of this width are 20 of 32 registers, or 10 of 16 [measured]
ROWS = 10  # rows that one pass over a panel serves; the paper's mini-batch
ALIGN = 64  # a cache line
FUSED = ("contract",)  # let a product and a sum become one fused multiply-add


def aligned(shape, dtype) -> np.ndarray:
    """Zeros that start on a cache line: vectors that straddle two lines load at half the speed."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.zeros(size + ALIGN, np.uint8)
    start = -raw.ctypes.data % ALIGN
    return raw[start : start + size].view(dtype).reshape(shape)


def padded(n: int, dtype) -> int:
    """Columns of whole panels that hold ``n`` columns."""
    lanes = PANEL_BYTES // np.dtype(dtype).itemsize
    return -(-n // lanes) * lanes


def panels(w) -> np.ndarray:
    """(n_post, n_pre) weights as panels (n_panels, n_pre, lanes)."""
    (n_post, n_pre), lanes = w.shape, PANEL_BYTES // w.dtype.itemsize
    out = aligned((padded(n_post, w.dtype) // lanes, n_pre, lanes), w.dtype)
    for p in range(len(out)):
        block = w[p * lanes : (p + 1) * lanes]
        out[p, :, : len(block)] = block.T
    return out


def unpanelled(panelled, n_post: int) -> np.ndarray:
    """The (n_post, n_pre) weights of ``panels``."""
    return np.ascontiguousarray(panelled.transpose(0, 2, 1).reshape(-1, panelled.shape[1])[:n_post])


class _Rows:
    """What the three code generators below share: pointers into panels and rows of activity, and fused sums."""

    def __init__(self, context, builder, signature, args):
        self.context, self.builder, self.types, self.args = context, builder, signature.args, args
        self.scalar = context.get_data_type(signature.args[0].dtype)
        self.lanes = PANEL_BYTES // (signature.args[0].dtype.bitwidth // 8)
        self.vector = ir.VectorType(self.scalar, self.lanes)
        self.bytes = signature.args[0].dtype.bitwidth // 8

    def array(self, i):
        return self.context.make_array(self.types[i])(self.context, self.builder, self.args[i])

    def pointer(self, array, *index):
        """Address of an entry of a C-ordered array, as a pointer to its type."""
        shape, offset = cgutils.unpack_tuple(self.builder, array.shape), index[0]
        for n, i in zip(shape[1:], index[1:], strict=True):
            offset = self.builder.add(self.builder.mul(offset, n), i)
        return self.builder.gep(array.data, [offset])

    def load(self, pointer):
        return self.builder.load(self.builder.bitcast(pointer, self.vector.as_pointer()), align=self.bytes)

    def store(self, value, pointer):
        self.builder.store(value, self.builder.bitcast(pointer, self.vector.as_pointer()), align=self.bytes)

    def splat(self, pointer):
        """One number in all lanes."""
        one = self.builder.insert_element(
            ir.Constant(self.vector, ir.Undefined), self.builder.load(pointer), ir.Constant(ir.IntType(32), 0)
        )
        return self.builder.shuffle_vector(
            one, one, ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), [0] * self.lanes)
        )

    def add_product(self, total, a, b):
        return self.builder.fadd(total, self.builder.fmul(a, b, flags=FUSED), flags=FUSED)

    def sum(self, vector):
        """The sum of all lanes, by halves."""
        lanes = self.lanes
        while lanes > 1:
            lanes //= 2
            halves = [
                self.builder.shuffle_vector(
                    vector, vector, ir.Constant(ir.VectorType(ir.IntType(32), lanes), list(range(start, start + lanes)))
                )
                for start in (0, lanes)
            ]
            vector = self.builder.fadd(*halves)
        return self.builder.extract_element(vector, ir.Constant(ir.IntType(32), 0))

    def row(self, first, b):
        return self.builder.add(first, ir.Constant(first.type, b))


def _product_of(rows):
    """out[rows, panel] = x[rows, active] @ w[panel, active]."""

    @intrinsic
    def product_rows(typingctx, x, active, w, out, first, panel):
        def codegen(context, builder, signature, args):
            k = _Rows(context, builder, signature, args)
            x, active, w, out = (k.array(i) for i in range(4))
            first, panel = args[4:]
            totals = [cgutils.alloca_once(builder, k.vector) for _ in range(rows)]
            zero = ir.Constant(first.type, 0)
            for total in totals:
                builder.store(ir.Constant(k.vector, None), total)
            count = cgutils.unpack_tuple(builder, active.shape)[0]
            with cgutils.for_range(builder, count) as loop:
                j = builder.load(k.pointer(active, loop.index))
                weights = k.load(k.pointer(w, panel, j, zero))
                for b, total in enumerate(totals):
                    rate = k.splat(k.pointer(x, k.row(first, b), j))
                    builder.store(k.add_product(builder.load(total), rate, weights), total)
            column = builder.mul(panel, ir.Constant(panel.type, k.lanes))
            for b, total in enumerate(totals):
                k.store(builder.load(total), k.pointer(out, k.row(first, b), column))
            return context.get_dummy_value()

        return types.void(x, active, w, out, types.intp, types.intp), codegen

    return product_rows


def _add_outer_of(rows):
    """w[panel, active] += x[rows, active]ᵀ @ post[rows, panel]."""

    @intrinsic
    def add_outer_rows(typingctx, x, active, w, post, first, panel):
        def codegen(context, builder, signature, args):
            k = _Rows(context, builder, signature, args)
            x, active, w, post = (k.array(i) for i in range(4))
            first, panel = args[4:]
            zero = ir.Constant(first.type, 0)
            column = builder.mul(panel, ir.Constant(panel.type, k.lanes))
            factors = [k.load(k.pointer(post, k.row(first, b), column)) for b in range(rows)]
            count = cgutils.unpack_tuple(builder, active.shape)[0]
            with cgutils.for_range(builder, count) as loop:
                j = builder.load(k.pointer(active, loop.index))
                place = k.pointer(w, panel, j, zero)
                weights = k.load(place)
                for b, factor in enumerate(factors):
                    weights = k.add_product(weights, k.splat(k.pointer(x, k.row(first, b), j)), factor)
                k.store(weights, place)
            return context.get_dummy_value()

        return types.void(x, active, w, post, types.intp, types.intp), codegen

    return add_outer_rows


def _transposed_product_of(rows):
    """out[rows, every presynaptic neuron] = post[rows] @ w[:, neuron].T, lanes summed at the end."""

    @intrinsic
    def transposed_product_rows(typingctx, post, w, out, first, neuron):
        def codegen(context, builder, signature, args):
            k = _Rows(context, builder, signature, args)
            post, w, out = (k.array(i) for i in range(3))
            first, neuron = args[3:]
            totals = [cgutils.alloca_once(builder, k.vector) for _ in range(rows)]
            for total in totals:
                builder.store(ir.Constant(k.vector, None), total)
            count = cgutils.unpack_tuple(builder, w.shape)[0]
            with cgutils.for_range(builder, count) as loop:
                weights = k.load(k.pointer(w, loop.index, neuron, ir.Constant(first.type, 0)))
                column = builder.mul(loop.index, ir.Constant(first.type, k.lanes))
                for b, total in enumerate(totals):
                    errors = k.load(k.pointer(post, k.row(first, b), column))
                    builder.store(k.add_product(builder.load(total), errors, weights), total)
            for b, total in enumerate(totals):
                builder.store(k.sum(builder.load(total)), k.pointer(out, k.row(first, b), neuron))
            return context.get_dummy_value()

        return types.void(post, w, out, types.intp, types.intp), codegen

    return transposed_product_rows


_product_10, _product_1 = _product_of(ROWS), _product_of(1)
_add_outer_10, _add_outer_1 = _add_outer_of(ROWS), _add_outer_of(1)
_transposed_10, _transposed_1 = _transposed_product_of(ROWS), _transposed_product_of(1)


@njit
def product(x, active, w, out):
    """out = x @ w for panels w, over the presynaptic neurons ``active`` (the rates of all others are 0)."""
    for p in range(w.shape[0]):
        b = 0
        while b + ROWS <= x.shape[0]:
            _product_10(x, active, w, out, b, p)
            b += ROWS
        while b < x.shape[0]:
            _product_1(x, active, w, out, b, p)
            b += 1


@njit
def add_outer(x, active, w, post):
    """w += xᵀ @ post for panels w, over the presynaptic neurons ``active`` (the rates of all others are 0)."""
    for p in range(w.shape[0]):
        b = 0
        while b + ROWS <= x.shape[0]:
            _add_outer_10(x, active, w, post, b, p)
            b += ROWS
        while b < x.shape[0]:
            _add_outer_1(x, active, w, post, b, p)
            b += 1


@njit
def transposed_product(post, w, out):
    """out = post @ w.T for panels w."""
    for j in range(w.shape[1]):
        b = 0
        while b + ROWS <= post.shape[0]:
            _transposed_10(post, w, out, b, j)
            b += ROWS
        while b < post.shape[0]:
            _transposed_1(post, w, out, b, j)
            b += 1
