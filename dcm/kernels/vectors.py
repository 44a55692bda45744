"""A Numba type of several numbers, some registers wide: load, store, zero, add and total.

Such values stay in registers; of plain numbers, LLVM would keep a product's sums in memory.
"""

from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

# Two registers, so that ``products.ROWS`` sums keep the adders busy [measured with AVX2].
BYTES = 128 if binding.get_host_cpu_features().get("avx512f") else 64
FUSED = ("contract",)  # a product and a sum may become one fused multiply-add


class Vector(types.Type):
    """``BYTES`` of float32 or float64 numbers."""

    def __init__(self, dtype):
        self.dtype = dtype
        self.lanes = BYTES * 8 // dtype.bitwidth
        number = ir.FloatType() if dtype == types.float32 else ir.DoubleType()
        self.llvm = ir.VectorType(number, self.lanes)
        super().__init__(name=f"Vector({dtype})")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, vector):
        super().__init__(manager, vector, vector.llvm)


def _address(context, builder, vector, array_type, array, i):
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [i]), vector.llvm.as_pointer())


@intrinsic
def load(typing, array, i):
    """The numbers from the i-th on of a C-ordered array, counted through all its rows."""
    vector = Vector(array.dtype)

    def lower(context, builder, signature, args):
        address = _address(context, builder, vector, array, *args)
        return builder.load(address, align=vector.dtype.bitwidth // 8)

    return vector(array, types.intp), lower


@intrinsic
def store(typing, array, i, vector):
    """Write a vector to the places from the i-th on."""

    def lower(context, builder, signature, args):
        address = _address(context, builder, vector, array, *args[:2])
        builder.store(args[2], address, align=vector.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(array, types.intp, vector), lower


@intrinsic
def zero(typing, array):
    """Zeros of an array's precision."""
    vector = Vector(array.dtype)
    return vector(array), lambda *_: ir.Constant(vector.llvm, None)


@intrinsic
def add(typing, vector, a, b):
    """vector + a · b for a vector a and a vector or a number b."""

    def lower(context, builder, signature, args):
        start, a, factor = args
        if b != vector:
            index = ir.IntType(32)
            first = builder.insert_element(a, factor, ir.Constant(index, 0))
            everywhere = ir.Constant(ir.VectorType(index, vector.lanes), None)
            factor = builder.shuffle_vector(first, first, everywhere)
        return builder.fadd(start, builder.fmul(a, factor, flags=FUSED), flags=FUSED)

    return vector(vector, vector, vector if b == vector else vector.dtype), lower


@intrinsic
def total(typing, vector):
    """The sum of a vector's numbers, added by halves."""

    def lower(context, builder, signature, args):
        number = vector.llvm.element
        name = f"llvm.vector.reduce.fadd.v{vector.lanes}f{vector.dtype.bitwidth}"
        signature = ir.FunctionType(number, (number, vector.llvm))
        reduce = cgutils.get_or_insert_function(builder.module, signature, name)
        return builder.call(reduce, (ir.Constant(number, 0.0), args[0]), fastmath=("reassoc",))

    return vector.dtype(vector), lower
