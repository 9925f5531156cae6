# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False
"""Lanes (plotart.raster.cpu.lanes) from and to arrays. Indices are not checked; arrays must be contiguous."""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils

from plotart.raster.cpu.lanes import _F32, _I1, _I32, _I64, FLOATS, INTS, WIDTH, _repeat, primitive


def _place(context, builder, array, value, index):
    """Address of the lanes that start at `array[index]`."""
    data = context.make_array(array)(context, builder, value).data
    return builder.bitcast(builder.gep(data, [index]), _lanes_of(array).vector.as_pointer())


def _lanes_of(array):
    return FLOATS if array.dtype == types.float32 else INTS


@primitive
def load(typing, array, index):
    """`array[index : index + WIDTH]` of float32 or 32-bit integers."""
    kind = _lanes_of(array)

    def codegen(context, builder, sig, args):
        place = _place(context, builder, array, args[0], args[1])
        return builder.load(place, align=4)

    return kind(array, types.intp), codegen


@primitive
def store(typing, array, index, value):
    """Write lanes to `array[index : index + WIDTH]`."""

    def codegen(context, builder, sig, args):
        builder.store(args[2], _place(context, builder, array, args[0], args[1]), align=4)
        return context.get_dummy_value()

    return types.void(array, types.intp, value), codegen


@primitive
def at(typing, array, index):
    """`array[index]`, not checked: numba's own code looks for negative indices."""

    def codegen(context, builder, sig, args):
        data = context.make_array(array)(context, builder, args[0]).data
        return builder.load(builder.gep(data, [args[1]]))

    return array.dtype(array, types.intp), codegen


@primitive
def put(typing, array, index, value):
    """`array[index] = value`, not checked."""

    def codegen(context, builder, sig, args):
        data = context.make_array(array)(context, builder, args[0]).data
        builder.store(args[2], builder.gep(data, [args[1]]))
        return context.get_dummy_value()

    return types.void(array, types.intp, array.dtype), codegen


@primitive
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
        _paired(builder, pair[0], pair[1], lambda g, o=offset: [g + o, g + o + 1, 16 + g + o, 17 + g + o])
        for pair in (low, high)
        for offset in (0, 2)
    ]


@primitive
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


@primitive
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
