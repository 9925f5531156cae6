# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False
"""Sixteen numbers worked on at once: a vector type for numba kernels.

LLVM turns few of the renderer's loops into vector code by itself: their bodies choose, compare and look things up. Here
a value of type `Lanes` holds 16 float32, 16 int32 or 16 truth values, and every operation is one LLVM vector
instruction, which becomes AVX-512, two of AVX2, or four of SSE or NEON, whatever the machine has. Scalars mix with
lanes by being repeated. Indices are not checked, and arrays must be contiguous along their last axis.
"""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

WIDTH = 16


class Lanes(types.Type):
    """`WIDTH` elements of one LLVM type."""

    def __init__(self, name: str, element: ir.Type, scalar: types.Type) -> None:
        self.vector = ir.VectorType(element, WIDTH)
        self.scalar = scalar
        super().__init__(name=f"Lanes({name})")


_F32, _I32, _I1, _I64 = ir.FloatType(), ir.IntType(32), ir.IntType(1), ir.IntType(64)
FLOATS = Lanes("float32", _F32, types.float32)
INTS = Lanes("int32", _I32, types.int32)
MASK = Lanes("bool", _I1, types.boolean)


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, of: Lanes) -> None:
        super().__init__(manager, of, of.vector)


def _repeat(builder, value, vector):
    """A scalar in all lanes."""
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), value, _I32(0))
    zeros = ir.Constant(ir.VectorType(_I32, WIDTH), [0] * WIDTH)
    return builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), zeros)


def _as_lanes(context, builder, value, have, of):
    if isinstance(have, Lanes):
        return value
    return _repeat(builder, context.cast(builder, value, have, of.scalar), of.vector)


def _operation(python, kind, result, emit):
    """Give the operator `python` a meaning for lanes of `kind`, with lanes or scalars on either side."""

    class Template(AbstractTemplate):
        def generic(self, args, kws):
            if kws or not any(arg == kind for arg in args):
                return None
            if all(arg == kind or isinstance(arg, types.Number) for arg in args):
                return signature(result, *(kind if arg == kind else kind.scalar for arg in args))
            return None

    infer_global(python)(Template)

    def lower(context, builder, sig, args):
        return emit(builder, *(_as_lanes(context, builder, a, t, kind) for a, t in zip(args, sig.args, strict=True)))

    if python in (operator.neg, operator.invert):
        lower_builtin(python, kind)(lower)
        return
    for signature_of in ((kind, kind), (kind, kind.scalar), (kind.scalar, kind)):
        lower_builtin(python, *signature_of)(lower)


def _compare(sign):
    return lambda b, x, y: b.fcmp_ordered(sign, x, y)


def _compare_ints(sign):
    return lambda b, x, y: b.icmp_signed(sign, x, y)


_operation(operator.add, FLOATS, FLOATS, lambda b, x, y: b.fadd(x, y))
_operation(operator.iadd, FLOATS, FLOATS, lambda b, x, y: b.fadd(x, y))
_operation(operator.sub, FLOATS, FLOATS, lambda b, x, y: b.fsub(x, y))
_operation(operator.mul, FLOATS, FLOATS, lambda b, x, y: b.fmul(x, y))
_operation(operator.imul, FLOATS, FLOATS, lambda b, x, y: b.fmul(x, y))
_operation(operator.truediv, FLOATS, FLOATS, lambda b, x, y: b.fdiv(x, y))
_operation(operator.neg, FLOATS, FLOATS, lambda b, x: b.fneg(x))
_operation(operator.add, INTS, INTS, lambda b, x, y: b.add(x, y))
_operation(operator.iadd, INTS, INTS, lambda b, x, y: b.add(x, y))
_operation(operator.sub, INTS, INTS, lambda b, x, y: b.sub(x, y))
_operation(operator.mul, INTS, INTS, lambda b, x, y: b.mul(x, y))
_operation(operator.and_, INTS, INTS, lambda b, x, y: b.and_(x, y))
_operation(operator.rshift, INTS, INTS, lambda b, x, y: b.lshr(x, y))
_operation(operator.and_, MASK, MASK, lambda b, x, y: b.and_(x, y))
_operation(operator.or_, MASK, MASK, lambda b, x, y: b.or_(x, y))
_operation(operator.invert, MASK, MASK, lambda b, x: b.not_(x))
for _python, _sign in (
    (operator.lt, "<"), (operator.le, "<="), (operator.gt, ">"), (operator.ge, ">="), (operator.eq, "=="),
    (operator.ne, "!="),
):  # fmt: skip
    _operation(_python, FLOATS, MASK, _compare(_sign))
    _operation(_python, INTS, MASK, _compare_ints(_sign))


def _place(context, builder, array, value, index):
    """Address of the lanes that start at `array[index]`."""
    data = context.make_array(array)(context, builder, value).data
    return builder.bitcast(builder.gep(data, [index]), _lanes_of(array).vector.as_pointer())


def _lanes_of(array):
    return FLOATS if array.dtype == types.float32 else INTS


@intrinsic
def load(typing, array, index):
    """`array[index : index + WIDTH]` of float32 or 32-bit integers."""
    kind = _lanes_of(array)

    def codegen(context, builder, sig, args):
        place = _place(context, builder, array, args[0], args[1])
        return builder.load(place, align=4)

    return kind(array, types.intp), codegen


@intrinsic
def store(typing, array, index, value):
    """Write lanes to `array[index : index + WIDTH]`."""

    def codegen(context, builder, sig, args):
        builder.store(args[2], _place(context, builder, array, args[0], args[1]), align=4)
        return context.get_dummy_value()

    return types.void(array, types.intp, value), codegen


@intrinsic
def at(typing, array, index):
    """`array[index]`, not checked: numba's own code looks for negative indices."""

    def codegen(context, builder, sig, args):
        data = context.make_array(array)(context, builder, args[0]).data
        return builder.load(builder.gep(data, [args[1]]))

    return array.dtype(array, types.intp), codegen


@intrinsic
def put(typing, array, index, value):
    """`array[index] = value`, not checked."""

    def codegen(context, builder, sig, args):
        data = context.make_array(array)(context, builder, args[0]).data
        builder.store(args[2], builder.gep(data, [args[1]]))
        return context.get_dummy_value()

    return types.void(array, types.intp, array.dtype), codegen


@intrinsic
def gather(typing, array, index):
    """`array[index]` for int32 lanes of indices; float32."""

    def codegen(context, builder, sig, args):
        data = context.make_array(array)(context, builder, args[0]).data
        wide = ir.VectorType(_I64, WIDTH)
        bytes_ = builder.shl(builder.sext(args[1], wide), ir.Constant(wide, [2] * WIDTH))
        where = builder.add(_repeat(builder, builder.ptrtoint(data, _I64), wide), bytes_)
        pointers = ir.VectorType(_F32.as_pointer(), WIDTH)
        mask = ir.VectorType(_I1, WIDTH)
        name = f"llvm.masked.gather.v{WIDTH}f32.v{WIDTH}p0"
        kind = ir.FunctionType(FLOATS.vector, [pointers, _I32, mask, FLOATS.vector])
        function = cgutils.get_or_insert_function(builder.module, kind, name)
        return builder.call(
            function,
            [
                builder.inttoptr(where, pointers),
                _I32(4),
                ir.Constant(mask, [1] * WIDTH),
                ir.Constant(FLOATS.vector, ir.Undefined),
            ],
        )

    return FLOATS(array, INTS), codegen


def _shuffled(builder, one, other, order):
    """Elements of `one` (0..) and `other` (len(one)..)."""
    return builder.shuffle_vector(one, other, ir.Constant(ir.VectorType(_I32, len(order)), order))


def _paired(builder, one, other, pick_of):
    """In each group of four lanes, the elements `pick_of(first lane)` of `one` (its own) and `other` (16 later)."""
    return _shuffled(builder, one, other, [lane for group in range(0, WIDTH, 4) for lane in pick_of(group)])


def _transposed_fours(builder, rows):
    """Transpose the 4 x 4 blocks that four vectors form in each group of four lanes."""
    low = [_paired(builder, rows[i], rows[i + 1], lambda g: [g, 16 + g, g + 1, 17 + g]) for i in (0, 2)]
    high = [_paired(builder, rows[i], rows[i + 1], lambda g: [g + 2, 18 + g, g + 3, 19 + g]) for i in (0, 2)]
    return [
        _paired(builder, *pair, lambda g, o=offset: [g + o, g + o + 1, 16 + g + o, 17 + g + o])
        for pair in (low, high)
        for offset in (0, 2)
    ]


@intrinsic
def to_records(typing, records, index, columns):
    """Write 8 lanes side by side: element j of lane i to `records[8 * (index + i) + j]`."""

    def codegen(context, builder, sig, args):
        data = context.make_array(records)(context, builder, args[0]).data
        values = cgutils.unpack_tuple(builder, args[2], 8)
        for part in (0, 4):
            for i, row in enumerate(_transposed_fours(builder, values[part : part + 4])):
                for group in range(0, WIDTH, 4):
                    four = _shuffled(builder, row, row, list(range(group, group + 4)))
                    start = builder.mul(builder.add(args[1], _I64(group + i)), _I64(8))
                    place = builder.gep(data, [builder.add(start, _I64(part))])
                    builder.store(four, builder.bitcast(place, four.type.as_pointer()), align=4)
        return context.get_dummy_value()

    return types.void(records, types.intp, columns), codegen


@intrinsic
def from_records(typing, records, index):
    """The 8 elements `records[8 * k : 8 * k + 8]` of lanes of int32 k, as 8 lanes: far faster than 8 gathers."""
    result = types.UniTuple(FLOATS, 8)
    eight = ir.VectorType(_F32, 8)

    def codegen(context, builder, sig, args):
        data = context.make_array(records)(context, builder, args[0]).data
        loaded = []
        for lane in range(WIDTH):
            k = builder.sext(builder.extract_element(args[1], _I32(lane)), _I64)
            place = builder.gep(data, [builder.mul(k, _I64(8))])
            loaded.append(builder.load(builder.bitcast(place, eight.as_pointer()), align=4))
        both = [_shuffled(builder, loaded[i], loaded[i + 8], list(range(16))) for i in range(8)]  # records i and i + 8
        first, last = _transposed_fours(builder, both[:4]), _transposed_fours(builder, both[4:])
        # groups: columns j (0, 8: of records i, i + 8) and j + 4 (4, 12), of four records each
        columns = [
            _shuffled(
                builder, first[j], last[j], [h + i + o for h in (0, 8) for o in (part, 16 + part) for i in range(4)]
            )
            for part in (0, 4)
            for j in range(4)
        ]
        return context.make_tuple(builder, result, columns)

    return result(records, INTS), codegen


@intrinsic
def same(typing, value):
    """A float32 in all lanes."""

    def codegen(context, builder, sig, args):
        return _repeat(builder, args[0], FLOATS.vector)

    return FLOATS(types.float32), codegen


@intrinsic
def same_int(typing, value):
    """An integer in all lanes."""

    def codegen(context, builder, sig, args):
        return _repeat(builder, args[0], INTS.vector)

    return INTS(types.int32), codegen


@intrinsic
def counted(typing):
    """0, 1, 2, ... as float32."""

    def codegen(context, builder, sig, args):
        return ir.Constant(FLOATS.vector, [float(i) for i in range(WIDTH)])

    return FLOATS(), codegen


@intrinsic
def real(typing, value):
    """Integers as float32."""

    def codegen(context, builder, sig, args):
        return builder.sitofp(args[0], FLOATS.vector)

    return FLOATS(INTS), codegen


@intrinsic
def pick(typing, mask, one, other):
    """`one` where mask holds, else `other`; scalars are repeated."""
    kind = one if isinstance(one, Lanes) else other if isinstance(other, Lanes) else FLOATS

    def codegen(context, builder, sig, args):
        a = _as_lanes(context, builder, args[1], sig.args[1], kind)
        b = _as_lanes(context, builder, args[2], sig.args[2], kind)
        return builder.select(args[0], a, b)

    return kind(MASK, *(arg if isinstance(arg, Lanes) else kind.scalar for arg in (one, other))), codegen


def _unary(name):
    kind = ir.FunctionType(FLOATS.vector, [FLOATS.vector])

    def codegen(context, builder, sig, args):
        full = f"llvm.{name}.v{WIDTH}f32"
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, full), [args[0]])

    return codegen


@intrinsic
def below(typing, value):
    """The next whole number below, as float32."""
    return FLOATS(FLOATS), _unary("floor")


@intrinsic
def above(typing, value):
    """The next whole number above, as float32."""
    return FLOATS(FLOATS), _unary("ceil")


@intrinsic
def whole(typing, value):
    """Floats without a fraction as integers."""

    def codegen(context, builder, sig, args):
        return builder.fptosi(args[0], INTS.vector)

    return INTS(FLOATS), codegen


@intrinsic
def root(typing, value):
    """Square root."""
    return FLOATS(FLOATS), _unary("sqrt")


@intrinsic
def size(typing, value):
    """Absolute value."""
    return FLOATS(FLOATS), _unary("fabs")


def _extreme(sign):
    def codegen(context, builder, sig, args):
        a = _as_lanes(context, builder, args[0], sig.args[0], FLOATS)
        b = _as_lanes(context, builder, args[1], sig.args[1], FLOATS)
        return builder.select(builder.fcmp_ordered(sign, a, b), a, b)

    return codegen


@intrinsic
def least(typing, one, other):
    """The smaller of two."""
    return FLOATS(*(arg if isinstance(arg, Lanes) else types.float32 for arg in (one, other))), _extreme("<")


@intrinsic
def most(typing, one, other):
    """The larger of two."""
    return FLOATS(*(arg if isinstance(arg, Lanes) else types.float32 for arg in (one, other))), _extreme(">")


@intrinsic
def bits(typing, mask):
    """Lane i of the mask as bit i of an integer."""

    def codegen(context, builder, sig, args):
        return builder.zext(builder.bitcast(args[0], ir.IntType(WIDTH)), _I64)

    return types.int64(MASK), codegen


@intrinsic
def lowest(typing, number):
    """The number of zero bits below the lowest set bit of an integer that is not 0."""

    def codegen(context, builder, sig, args):
        return builder.cttz(args[0], ir.Constant(_I1, 1))

    return types.int64(types.int64), codegen


@intrinsic
def highest(typing, number):
    """The number of the highest set bit of an integer that is not 0."""

    def codegen(context, builder, sig, args):
        return builder.sub(_I64(63), builder.ctlz(args[0], ir.Constant(_I1, 1)))

    return types.int64(types.int64), codegen


def _reduced(name, start):
    """One float32 out of 16, by LLVM's reduction `name`."""

    def codegen(context, builder, sig, args):
        first = [] if start is None else [ir.Constant(_F32, start)]
        kind = ir.FunctionType(_F32, [_F32] * len(first) + [FLOATS.vector])
        function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.vector.reduce.{name}.v{WIDTH}f32")
        return builder.call(function, [*first, args[0]], fastmath=("reassoc",))

    return codegen


@intrinsic
def total(typing, value):
    """Sum of all lanes."""
    return types.float32(FLOATS), _reduced("fadd", 0.0)


@intrinsic
def smallest(typing, value):
    """The least of all lanes."""
    return types.float32(FLOATS), _reduced("fmin", None)


@intrinsic
def largest(typing, value):
    """The greatest of all lanes."""
    return types.float32(FLOATS), _reduced("fmax", None)
