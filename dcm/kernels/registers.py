"""Inner loops of ``dcm.kernels.thin``: a few rows of activity against one panel of weights, sums kept in registers.

Numba leaves the choice of registers to LLVM, which would keep such sums in memory: these loops are written for LLVM
directly, as operations on whole vectors, and stay portable. ``x``, ``post`` and ``out`` are rows of activity, all
(n_rows, n), and ``w`` are panels (n_panels, n_pre, lanes). A loop serves the rows from ``first`` on: ``ROWS`` of them
in its form ``…_rows``, one in its form ``…_row``.
"""

from __future__ import annotations

from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

# Vectors of 64 bytes and 32 of them, or shorter and fewer: rows · panel must leave room for weights and rates. Either
# choice reaches the fused multiply-adds that the processor can do at best [measured].
PANEL_BYTES, ROWS = (128, 10) if binding.get_host_cpu_features().get("avx512f") else (64, 5)
FUSED = ("contract",)  # let a product and a sum become one fused multiply-add
INT32 = ir.IntType(32)


class Emitter:
    """Writes vector operations for one panel: the arrays of a loop, their addresses, and fused sums."""

    def __init__(self, context, builder, signature, args):
        self.builder = builder
        arrays = [
            (t, a) for t, a in zip(signature.args, args, strict=True) if isinstance(t, types.Array)
        ]
        self.arrays = [context.make_array(t)(context, builder, a) for t, a in arrays]
        self.numbers = list(args[len(arrays) :])
        dtype = arrays[0][0].dtype
        self.bytes = dtype.bitwidth // 8
        self.lanes = PANEL_BYTES // self.bytes
        self.vector = ir.VectorType(context.get_data_type(dtype), self.lanes)
        self.zero, self.nought = (
            ir.Constant(ir.IntType(types.intp.bitwidth), 0),
            ir.Constant(self.vector, None),
        )

    def length(self, array, axis=0):
        return cgutils.unpack_tuple(self.builder, array.shape)[axis]

    def at(self, array, *index):
        """Address of an entry of a C-ordered array."""
        offset = index[0]
        for axis, i in enumerate(index[1:], start=1):
            offset = self.builder.add(self.builder.mul(offset, self.length(array, axis)), i)
        return self.builder.gep(array.data, [offset])

    def rows(self, first, count):
        return [self.builder.add(first, ir.Constant(first.type, b)) for b in range(count)]

    def column(self, panel):
        """The first column of a panel."""
        return self.builder.mul(panel, ir.Constant(panel.type, self.lanes))

    def load(self, address):
        return self.builder.load(
            self.builder.bitcast(address, self.vector.as_pointer()), align=self.bytes
        )

    def store(self, value, address):
        self.builder.store(
            value, self.builder.bitcast(address, self.vector.as_pointer()), align=self.bytes
        )

    def lanes_of(self, address):
        """The number at an address, in every lane."""
        one = self.builder.insert_element(
            self.nought, self.builder.load(address), ir.Constant(INT32, 0)
        )
        return self._chosen(one, [0] * self.lanes)

    def sums(self, count):
        """Places for running sums, all 0; LLVM makes registers of them."""
        places = [cgutils.alloca_once(self.builder, self.vector) for _ in range(count)]
        for place in places:
            self.builder.store(self.nought, place)
        return places

    def plus_product(self, total, a, b):
        return self.builder.fadd(total, self.builder.fmul(a, b, flags=FUSED), flags=FUSED)

    def add(self, place, a, b):
        self.builder.store(self.plus_product(self.builder.load(place), a, b), place)

    def total(self, vector):
        """The sum of all lanes, by halves."""
        for half in (self.lanes >> n for n in range(1, self.lanes.bit_length())):
            low, high = (
                self._chosen(vector, list(range(start, start + half))) for start in (0, half)
            )
            vector = self.builder.fadd(low, high)
        return self.builder.extract_element(vector, ir.Constant(INT32, 0))

    def _chosen(self, vector, lanes):
        return self.builder.shuffle_vector(
            vector, vector, ir.Constant(ir.VectorType(INT32, len(lanes)), lanes)
        )


def _product(count):
    @intrinsic
    def product(typingctx, x, active, w, out, first, panel):
        """out[rows, panel] = x[rows, active] @ w[panel, active]."""

        def codegen(context, builder, signature, args):
            e = Emitter(context, builder, signature, args)
            (x, active, w, out), (first, panel) = e.arrays, e.numbers
            rows, sums = e.rows(first, count), e.sums(count)
            with cgutils.for_range(builder, e.length(active)) as loop:
                j = builder.load(e.at(active, loop.index))
                weights = e.load(e.at(w, panel, j, e.zero))
                for row, place in zip(rows, sums, strict=True):
                    e.add(place, e.lanes_of(e.at(x, row, j)), weights)
            for row, place in zip(rows, sums, strict=True):
                e.store(builder.load(place), e.at(out, row, e.column(panel)))
            return context.get_dummy_value()

        return types.void(x, active, w, out, types.intp, types.intp), codegen

    return product


def _add_outer(count):
    @intrinsic
    def add_outer(typingctx, x, active, w, post, first, panel):
        """w[panel, active] += x[rows, active].T @ post[rows, panel]."""

        def codegen(context, builder, signature, args):
            e = Emitter(context, builder, signature, args)
            (x, active, w, post), (first, panel) = e.arrays, e.numbers
            rows = e.rows(first, count)
            factors = [e.load(e.at(post, row, e.column(panel))) for row in rows]
            with cgutils.for_range(builder, e.length(active)) as loop:
                j = builder.load(e.at(active, loop.index))
                place = e.at(w, panel, j, e.zero)
                weights = e.load(place)
                for row, factor in zip(rows, factors, strict=True):
                    weights = e.plus_product(weights, e.lanes_of(e.at(x, row, j)), factor)
                e.store(weights, place)
            return context.get_dummy_value()

        return types.void(x, active, w, post, types.intp, types.intp), codegen

    return add_outer


def _transposed_product(count):
    @intrinsic
    def transposed_product(typingctx, post, w, out, first, pre):
        """out[rows, pre] = post[rows] @ w[:, pre], for one presynaptic neuron."""

        def codegen(context, builder, signature, args):
            e = Emitter(context, builder, signature, args)
            (post, w, out), (first, pre) = e.arrays, e.numbers
            rows, sums = e.rows(first, count), e.sums(count)
            with cgutils.for_range(builder, e.length(w)) as loop:
                weights = e.load(e.at(w, loop.index, pre, e.zero))
                for row, place in zip(rows, sums, strict=True):
                    e.add(place, e.load(e.at(post, row, e.column(loop.index))), weights)
            for row, place in zip(rows, sums, strict=True):
                builder.store(e.total(builder.load(place)), e.at(out, row, pre))
            return context.get_dummy_value()

        return types.void(post, w, out, types.intp, types.intp), codegen

    return transposed_product


product_rows, product_row = _product(ROWS), _product(1)
add_outer_rows, add_outer_row = _add_outer(ROWS), _add_outer(1)
transposed_product_rows, transposed_product_row = _transposed_product(ROWS), _transposed_product(1)
