# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False
"""Sixteen numbers worked on at once: a vector type for numba kernels.

LLVM turns few of the renderer's loops into vector code by itself: their bodies choose, compare and look things up. Here
a value of type `Lanes` holds 16 float32, 16 int32 or 16 truth values, and every operation is one LLVM vector
instruction, which becomes AVX-512, two of AVX2, or four of SSE or NEON, whatever the machine has. Scalars mix with
lanes by being repeated. plotart.raster.cpu.memory
reads and writes them.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
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


def primitive(function: Callable[..., Any]) -> Any:
    """numba's `intrinsic`, whose type checkers need not know that the first argument is not passed."""
    return intrinsic(function)


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


@primitive
def full(typing, value):
    """A float32 in all lanes."""

    def codegen(context, builder, sig, args):
        return _repeat(builder, args[0], FLOATS.vector)

    return FLOATS(types.float32), codegen


@primitive
def full_int(typing, value):
    """An integer in all lanes."""

    def codegen(context, builder, sig, args):
        return _repeat(builder, args[0], INTS.vector)

    return INTS(types.int32), codegen


@primitive
def arange(typing):
    """0, 1, 2, ... as float32."""

    def codegen(context, builder, sig, args):
        return ir.Constant(FLOATS.vector, [float(i) for i in range(WIDTH)])

    return FLOATS(), codegen


@primitive
def to_float(typing, value):
    """Integers as float32."""

    def codegen(context, builder, sig, args):
        return builder.sitofp(args[0], FLOATS.vector)

    return FLOATS(INTS), codegen


@primitive
def where(typing, mask, one, other):
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


@primitive
def floor(typing, value):
    """The next whole number below, as float32."""
    return FLOATS(FLOATS), _unary("floor")


@primitive
def ceil(typing, value):
    """The next whole number above, as float32."""
    return FLOATS(FLOATS), _unary("ceil")


@primitive
def to_int(typing, value):
    """Floats without a fraction as integers."""

    def codegen(context, builder, sig, args):
        return builder.fptosi(args[0], INTS.vector)

    return INTS(FLOATS), codegen


@primitive
def sqrt(typing, value):
    """Square root."""
    return FLOATS(FLOATS), _unary("sqrt")


@primitive
def fabs(typing, value):
    """Absolute value."""
    return FLOATS(FLOATS), _unary("fabs")


def _extreme(sign):
    def codegen(context, builder, sig, args):
        a = _as_lanes(context, builder, args[0], sig.args[0], FLOATS)
        b = _as_lanes(context, builder, args[1], sig.args[1], FLOATS)
        return builder.select(builder.fcmp_ordered(sign, a, b), a, b)

    return codegen


@primitive
def minimum(typing, one, other):
    """The smaller of two."""
    return FLOATS(*(arg if isinstance(arg, Lanes) else types.float32 for arg in (one, other))), _extreme("<")


@primitive
def maximum(typing, one, other):
    """The larger of two."""
    return FLOATS(*(arg if isinstance(arg, Lanes) else types.float32 for arg in (one, other))), _extreme(">")


@primitive
def bitmask(typing, mask):
    """Lane i of the mask as bit i of an integer."""

    def codegen(context, builder, sig, args):
        return builder.zext(builder.bitcast(args[0], ir.IntType(WIDTH)), _I64)

    return types.int64(MASK), codegen


@primitive
def lowest_bit(typing, number):
    """The number of zero bits below the lowest set bit of an integer that is not 0."""

    def codegen(context, builder, sig, args):
        return builder.cttz(args[0], ir.Constant(_I1, 1))

    return types.int64(types.int64), codegen


@primitive
def highest_bit(typing, number):
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


@primitive
def reduce_sum(typing, value):
    """Sum of all lanes."""
    return types.float32(FLOATS), _reduced("fadd", 0.0)


@primitive
def reduce_min(typing, value):
    """The least of all lanes."""
    return types.float32(FLOATS), _reduced("fmin", None)


@primitive
def reduce_max(typing, value):
    """The greatest of all lanes."""
    return types.float32(FLOATS), _reduced("fmax", None)
