# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False
"""CPU kernels: bands of pixel rows, one stroke after the other (numba).

A stroke is first reduced, chord by chord, to the pixels it touches and the chord nearest to each; then each pixel's
coverage is composited. What the backward pass needs is one 32-bit word for each touched pixel (place in the band and
nearest chord) and, for ordered compositing, the colour underneath: distances are computed again.

Every (stroke, band) pair owns a slot for its partial gradients, and slots are added in order: the result does not
depend on which thread worked on which band.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from plotart.render.chords import (
    CROWDED,
    EDGE,
    HALF,
    MOST_CHORDS,
    ONE,
    REACH32,
    TWO,
    ZERO,
    chord_counts,
    on_canvas,
    records_of,
    rows_of,
)
from plotart.render.edge import (
    CAPPED,
    CORNER_FINER,
    CORNER_SHARE,
    CORNER_X,
    CORNER_Y,
    CORNERED,
    FAR,
    IN_CORNER,
    INSIDE,
    PLAIN,
    capped,
    cornered,
    owners_of_cells,
    past_ends,
    sees_two,
    slab,
)
from plotart.render.jit import jit, kernel
from plotart.render.lanes import (
    WIDTH,
    above,
    below,
    bits,
    counted,
    from_records,
    largest,
    least,
    load,
    lowest,
    most,
    pick,
    real,
    root,
    same,
    size,
    smallest,
    store,
    total,
    whole,
)
from plotart.render.pull import collect, pull_capped, pull_plain, spread

ROWS = 32  # pixel rows of a band
PER_ROWS = np.float32(1 / ROWS)
# A touched pixel in 32 bits: row in the band, column, number of the nearest chord within its stroke, kind
KIND_BITS, CHORD_BITS, COL_BITS = 2, 10, 15
KIND_MASK, CHORD_MASK, COL_MASK = (1 << KIND_BITS) - 1, (1 << CHORD_BITS) - 1, (1 << COL_BITS) - 1
PIXEL_SHIFT = KIND_BITS + CHORD_BITS


@kernel
def stroke_loads(strokes, table, first, half, softness, rows, cols, spans, pixels):
    """For some strokes, which bands they reach and how many pixels they can touch there at most.

    Args:
        spans: `[M, 2]`, set to the first and last band of each stroke. pixels: `[M, bands of a drawing]`, set within.
    """
    line, last_band = rows_of(table), np.float32((rows + ROWS - 1) // ROWS - 1)
    low, high, bounds = np.empty(WIDTH, np.float32), np.empty(WIDTH, np.float32), np.empty(WIDTH, np.float32)
    for i in strokes:
        begin, end, reach = first[i], first[i + 1], half[i] + REACH32 * softness
        spans[i, 0], spans[i, 1] = last_band + 1, -1
        pixels[i] = 0.0
        for c in range(begin, end, WIDTH):
            x, y, length = load(line.x, c), load(line.y, c), load(line.length, c)
            dx, dy = length * load(line.tx, c), length * load(line.ty, c)
            left, right = x + least(dx, ZERO) - reach, x + most(dx, ZERO) + reach
            up, down = y + least(dy, ZERO) - reach, y + most(dy, ZERO) + reach
            seen = (right >= ZERO) & (left <= cols) & (down >= ZERO) & (up <= rows) & (counted() < end - c)
            if bits(seen) == 0:
                continue
            from_band = least(most(below(up * PER_ROWS), ZERO), last_band)
            to_band = most(least(below(down * PER_ROWS), last_band), ZERO)
            long = length + load(line.after, c) + pick(counted() == begin - c, reach + EDGE, same(ZERO))
            wide = reach + reach
            bound = least(long * wide + long + (wide + TWO), (long + (wide + TWO)) * np.float32(4 * ROWS))
            bound = pick(seen, bound, ZERO)
            top, bottom = smallest(pick(seen, from_band, last_band)), largest(pick(seen, to_band, ZERO))
            spans[i, 0], spans[i, 1] = min(spans[i, 0], int(top)), max(spans[i, 1], int(bottom))
            if top == bottom:
                pixels[i, int(top)] += total(bound)
                continue
            store(low, 0, from_band)
            store(high, 0, to_band)
            store(bounds, 0, bound)
            for lane in range(WIDTH):
                if bounds[lane] > ZERO:
                    for band in range(int(low[lane]), int(high[lane]) + 1):
                        pixels[i, band] += bounds[lane]


@kernel
def band_loads(spans, pixels, strokes, rows, cols):
    """Which strokes reach which band, in drawing order, and how many pixels they can touch there at most.

    Args:
        spans, pixels: of `stroke_loads`.
        strokes: number of strokes of one drawing; bands of different drawings follow each other.

    Returns:
        start `[bands+1]` and stroke `[slots]`: the strokes of each band; room `[bands+1]`: bounds on touched pixels.
    """
    drawings = len(spans) // strokes
    per_drawing = (rows + ROWS - 1) // ROWS
    start = np.zeros(drawings * per_drawing + 1, np.int64)
    room = np.zeros(drawings * per_drawing + 1, np.int64)
    for i in range(len(spans)):
        base = (i // strokes) * per_drawing
        for band in range(spans[i, 0], spans[i, 1] + 1):
            start[base + band + 1] += 1
            room[base + band + 1] += int(min(pixels[i, band] + ONE, np.float32(ROWS * cols)))
    for band in range(len(start) - 1):
        start[band + 1] += start[band]
        room[band + 1] += room[band]
    stroke = np.empty(start[-1], np.int64)
    fill = start[:-1].copy()
    for i in range(len(spans)):
        base = (i // strokes) * per_drawing
        for band in range(spans[i, 0], spans[i, 1] + 1):
            stroke[fill[base + band]] = i
            fill[base + band] += 1
    return start, stroke, room


class Scratch(NamedTuple):
    """What one thread needs to find the pixels of a stroke in a band.

    box `[4, MOST_CHORDS + 2 WIDTH]` int32: first and last row and column of each chord. best, owner `[pixels]`: squared
    distance to the nearest chord and its number (int32) in a box around the stroke. words `[5, pixels]` uint32: touched
    pixels of each kind, and those that may hold a corner. squared, covered `[pixels]`: their squared distances and
    coverages.
    """

    box: Any
    best: Any
    owner: Any
    words: Any
    squared: Any
    covered: Any
    records: Any
    before: Any


@jit
def no_records():
    """Room for the records of the longest stroke."""
    return np.zeros(8 * (MOST_CHORDS + WIDTH), np.float32)


@jit
def scratch(cols):
    room = ROWS * (cols + 2 * WIDTH)
    box, words = np.empty((4, MOST_CHORDS + 2 * WIDTH), np.int32), np.zeros((5, room), np.uint32)
    best, owner = np.empty(room, np.float32), np.empty(room, np.int32)
    return Scratch(
        box,
        best,
        owner,
        words,
        np.zeros(room, np.float32),
        np.empty(room, np.float32),
        no_records(),
        np.zeros(cols + 1, np.int64),
    )


@jit
def boxes(line, begin, end, reach, top, rows, cols, box):
    """First and last row (in the band) and column of the pixels that each chord can touch, and those of the stroke."""
    low_row, high_row, low_col, high_col = same(FAR), same(-ONE), same(FAR), same(-ONE)
    for c in range(begin, end, WIDTH):
        x, y, tx, ty = load(line.x, c), load(line.y, c), load(line.tx, c), load(line.ty, c)
        # the rectangle along low..high, across -reach..reach
        low, high = pick(counted() == begin - c, -reach - EDGE, same(ZERO)), load(line.length, c) + load(line.after, c)
        up, down = least(low * ty, high * ty), most(low * ty, high * ty)
        left, right = least(low * tx, high * tx), most(low * tx, high * tx)
        across, aside = reach * size(tx), reach * size(ty)
        row0 = most(above(y + up - across - (HALF + top)), ZERO)
        row1 = least(most(below(y + down + across - (HALF + top)), -ONE), rows - 1)
        col0 = most(above(x + left - aside - HALF), ZERO)
        col1 = least(most(below(x + right + aside - HALF), -ONE), cols - 1)
        seen = (row0 <= row1) & (col0 <= col1) & (counted() < end - c)
        row1 = pick(seen, row1, -ONE)
        store(box[0], c - begin, whole(least(row0, rows)))
        store(box[1], c - begin, whole(row1))
        store(box[2], c - begin, whole(least(col0, cols)))
        store(box[3], c - begin, whole(col1))
        low_row, high_row = least(low_row, pick(seen, row0, FAR)), most(high_row, row1)
        low_col, high_col = least(low_col, pick(seen, col0, FAR)), most(high_col, pick(seen, col1, -ONE))
    return smallest(low_row), largest(high_row), smallest(low_col), largest(high_col)


@jit
def touch(line, begin, end, reach, top, rows, cols, wanted, found):
    """The chord nearest to each pixel that a stroke can touch in a band: `found.best` and `found.owner`.

    Args:
        top, rows, cols: the band's first row, its number of rows, the canvas' width.
        wanted: `[H, W]` bool, the pixels to render; all if it is empty.

    Returns:
        first row in the band, first column, number of rows and of vectors a row: the box around the stroke. Pixels out
        of reach hold reach^2 there, pixels that are not wanted -1.
    """
    low_row, high_row, low_col, high_col = boxes(line, begin, end, reach, top, rows, cols, found.box)
    if high_row < ZERO:
        return 0, 0, 0, 0
    row0, col0, last = int(low_row), int(low_col), int(high_col)
    chosen_before, chosen = found.before, wanted.shape[0] > 0
    if chosen and chosen_before[last + 1] == chosen_before[col0]:
        return 0, 0, 0, 0
    tall, wide = int(high_row) - row0 + 1, (last - col0) // WIDTH + 1
    best, owner, box = found.best, found.owner, found.box
    reach2 = reach * reach
    for place in range(0, tall * wide * WIDTH, WIDTH):
        store(best, place, same(reach2))
    if chosen and chosen_before[last + 1] - chosen_before[col0] < rows * (last + 1 - col0):
        for row in range(tall):
            for col in range(min(wide * WIDTH, cols - col0)):
                if not wanted[top + row0 + row, col0 + col]:
                    best[row * wide * WIDTH + col] = -ONE
    for c in range(begin, end):
        k = c - begin
        if box[1, k] < 0 or (chosen and chosen_before[box[3, k] + 1] == chosen_before[box[2, k]]):
            continue
        x0, y0, tx, ty, length = line.x[c], line.y[c], line.tx[c], line.ty[c], line.length[c]
        low = -reach - EDGE if k == 0 else ZERO
        left, right = (box[2, k] - col0) // WIDTH, (box[3, k] - col0) // WIDTH
        start_x = np.float32(col0) + HALF - x0
        for row in range(box[0, k], box[1, k] + 1):
            ry = np.float32(row + top) + HALF - y0
            ry_t, ry_n = ry * ty, ry * tx
            for chunk in range(left, right + 1):
                place = ((row - row0) * wide + chunk) * WIDTH
                rx = counted() + (start_x + np.float32(chunk * WIDTH))
                along, across = rx * tx + ry_t, ry_n - rx * ty
                over = along - least(most(along, ZERO), length)
                d2 = across * across + over * over
                before = load(best, place)
                nearer = (d2 < before) & (along >= low)
                store(best, place, pick(nearer, d2, before))
                store(owner, place, pick(nearer, k, load(owner, place)))
    return row0, col0, tall, wide


@jit
def list_pixels(half, softness, cols, box, found):
    """Touched pixels, by where no edge is near (INSIDE) and where one may be (PLAIN, for now), into `found.words`.

    Returns the number of both; `found.squared` gets the squared distances of the latter.
    """
    row0, col0, tall, wide = box
    depth, reach = half - REACH32 * softness, half + REACH32 * softness
    reach2, sure = reach * reach, depth * depth if depth > ZERO else -ONE
    best, owner, words, squared = found.best, found.owner, found.words, found.squared
    insides, edges = 0, 0
    for row in range(tall):
        for chunk in range(wide):
            place, col = (row * wide + chunk) * WIDTH, col0 + chunk * WIDTH
            d2 = load(best, place)
            touched = (d2 < reach2) & (d2 >= ZERO) & (counted() < cols - col)
            inside = touched & (d2 <= sure)
            left = bits(inside)
            while left != 0:
                lane = lowest(left)
                left &= left - 1
                words[INSIDE, insides] = word_of(row0 + row, col + lane, owner[place + lane], INSIDE)
                insides += 1
            left = bits(touched & ~inside)
            while left != 0:
                lane = lowest(left)
                left &= left - 1
                words[PLAIN, edges] = word_of(row0 + row, col + lane, owner[place + lane], PLAIN)
                squared[edges] = best[place + lane]
                edges += 1
    return insides, edges


@jit
def sort_edges(line, begin, end, half, softness, top, edges, found, words, covered, used):
    """Append the PLAIN ones of the listed pixels to words and their coverages to covered, and list the others.

    Which pixels hold a corner is found for all that may, before anything depends on it: a processor guesses it badly.

    Returns:
        the numbers of words, and of CAPPED and CORNERED pixels in `found.words`.
    """
    listed, crowded_ = found.words[PLAIN], found.words[4]
    capped_, cornered_ = found.words[CAPPED], found.words[CORNERED]
    coverage, seen = found.covered, found.best
    chords, per_s, caps, crowds, corners = end - begin, ONE / softness, 0, 0, 0
    for j in range(0, edges, WIDTH):
        k, x, y = pixels_of(listed, j, chords, top)
        _, _, tx, ty, length, arc, marks, _ = from_records(found.records, k)
        store(coverage, j, slab(root(load(found.squared, j)), half, per_s, tx, ty))
        here = counted() < edges - j
        marked, capped = here & (marks > ZERO), marks < ZERO
        if bits(marked) != 0:
            first, last = past_ends(line, begin, end, tx, ty, length, arc, x, y, softness)
            capped = marked & (most(first, last) > -HALF * softness * (size(tx) + size(ty)))
        crowded = marked & (marks >= CROWDED)
        left = bits(here & ~capped & ~crowded)
        while left != 0:
            n = j + lowest(left)
            left &= left - 1
            words[used], covered[used] = listed[n], coverage[n]
            used += coverage[n] > ZERO
        left = bits(capped & ~crowded)
        while left != 0:
            capped_[caps] = listed[j + lowest(left)] + (CAPPED - PLAIN)
            left &= left - 1
            caps += 1
        left, also = bits(crowded), bits(capped)
        while left != 0:
            lane = lowest(left)
            left &= left - 1
            crowded_[crowds] = listed[j + lane] + ((also >> lane) & 1) * (CAPPED - PLAIN)
            coverage[crowds] = coverage[j + lane]
            crowds += 1
    for j in range(crowds):
        c, x, y = pixel_of(crowded_[j], begin, top)
        seen[j] = sees_two(line, begin, c, x, y, half, softness)
    for j in range(crowds):
        word = crowded_[j]
        if seen[j] != ZERO:
            cornered_[corners] = word | CORNERED
            corners += 1
        elif word & KIND_MASK == CAPPED:
            capped_[caps] = word
            caps += 1
        else:
            words[used], covered[used] = word, coverage[j]
            used += coverage[j] > ZERO
    return used, caps, corners


@jit
def word_of(row, col, k, kind):
    """A touched pixel, its nearest chord within its stroke and its kind, in 32 bits."""
    return (((row << COL_BITS) | col) << PIXEL_SHIFT) | (k << KIND_BITS) | kind


@jit
def pixel_of(word, begin, top):
    """Chord and centre of one pixel."""
    word = np.int64(word)
    pixel = word >> PIXEL_SHIFT
    x, y = np.float32(pixel & COL_MASK) + HALF, np.float32(top + (pixel >> COL_BITS)) + HALF
    return begin + ((word >> KIND_BITS) & CHORD_MASK), x, y


@jit
def pixels_of(words, j, chords, top):
    """Chord numbers and centres of the pixels `words[j : j + WIDTH]`; any chord where there are no more words."""
    word = load(words, j)
    pixel, k = word >> PIXEL_SHIFT, (word >> KIND_BITS) & CHORD_MASK
    return pick(k < chords, k, 0), real(pixel & COL_MASK) + HALF, real(pixel >> COL_BITS) + (HALF + top)


@jit
def place_of(word, top, cols):
    """The pixel of a word, counted along the rows of its canvas."""
    pixel = np.int64(word) >> PIXEL_SHIFT
    return (top + (pixel >> COL_BITS)) * cols + (pixel & COL_MASK)


@jit
def places_of(words, j, count, top, cols):
    """`place_of` of the words j..j + WIDTH; that of row 0 and column 0 where there are no more words."""
    pixel = load(words, j) >> PIXEL_SHIFT
    place = ((pixel >> COL_BITS) + top) * cols + (pixel & COL_MASK)
    return pick(counted() < count - j, place, top * cols)


@jit
def cover(line, begin, end, half, softness, top, rows, cols, wanted, found, words, covered):
    """The pixels of a band that a stroke covers: `words` and coverages into `covered`, sorted by kind.

    Returns:
        where the words of each kind end: INSIDE, PLAIN, CAPPED, CORNERED.
    """
    box = touch(line, begin, end, half + REACH32 * softness, top, rows, cols, wanted, found)
    if box[2] == 0:
        return 0, 0, 0, 0
    records_of(line, begin, end, found.records)
    insides, edges = list_pixels(half, softness, cols, box, found)
    for j in range(insides):
        words[j], covered[j] = found.words[INSIDE, j], ONE
    plain_end, caps, corners = sort_edges(line, begin, end, half, softness, top, edges, found, words, covered, insides)
    chords = end - begin
    for j in range(0, caps, WIDTH):
        k, x, y = pixels_of(found.words[CAPPED], j, chords, top)
        store(found.covered, j, capped(line, begin, end, found.records, k, x, y, half, softness))
    cap_end = keep_covered(found.words[CAPPED], found.covered, caps, words, covered, plain_end)
    for j in range(corners):
        c, x, y = pixel_of(found.words[CORNERED, j], begin, top)
        cells = cornered(line, begin, end, found.records, c, x, y, half, softness)
        found.covered[j] = CORNER_SHARE * total(pick(counted() < IN_CORNER, cells, ZERO))
    corner_end = keep_covered(found.words[CORNERED], found.covered, corners, words, covered, cap_end)
    return insides, plain_end, cap_end, corner_end


@jit
def keep_covered(found, coverages, count, words, covered, used):
    """Append the pixels that are covered at all; returns the number of words."""
    for j in range(count):
        c = coverages[j]
        words[used], covered[used] = found[j], c
        used += c > ZERO
    return used


@jit
def add_gradient(line, begin, end, records, counts, half, softness, top, words, ends, grad, covered, sums, out):
    """Back from coverages to the control points of one stroke in one band.

    Args:
        counts: `[S]` chords of each segment. words, ends: as `cover` wrote and returned them. grad: gradients of the
            coverages. covered: set to the coverages. records, sums: scratch, `no_records()` and `[S * 8 * WIDTH]`. out: `[2 (1+3S)]`, set.

    Returns:
        the gradient of the half width.
    """
    chords, per_s, by_half = end - begin, ONE / softness, same(ZERO)
    records_of(line, begin, end, records)
    for j in range(0, len(sums), WIDTH):
        store(sums, j, same(ZERO))
    for j in range(ends[0]):
        covered[j] = ONE
    for j in range(ends[0], ends[1], WIDTH):
        k, x, y = pixels_of(words, j, chords, top)
        g = pick(counted() < ends[1] - j, load(grad, j), ZERO)
        c, part, pull = pull_plain(records, k, x, y, half, per_s, g)
        store(covered, j, c)
        by_half += part
        spread(counts, k, pull, sums)
    first_x, first_y, last_x, last_y = same(ZERO), same(ZERO), same(ZERO), same(ZERO)
    for j in range(ends[1], ends[2], WIDTH):
        k, x, y = pixels_of(words, j, chords, top)
        g = pick(counted() < ends[2] - j, load(grad, j), ZERO)
        c, part, pull, tips = pull_capped(line, begin, end, records, k, x, y, half, softness, g)
        store(covered, j, c)
        by_half += part
        spread(counts, k, pull, sums)
        first_x, first_y, last_x, last_y = first_x + tips[0], first_y + tips[1], last_x + tips[2], last_y + tips[3]
    sub_x, sub_y = load(CORNER_X, 0) * softness, load(CORNER_Y, 0) * softness
    for j in range(ends[2], ends[3]):
        c, x, y = pixel_of(words[j], begin, top)
        _, k = owners_of_cells(line, begin, end, c, x, y, half, softness)
        g = pick(counted() < IN_CORNER, same(grad[j] * CORNER_SHARE), ZERO)
        cells, part, pull = pull_plain(records, k, sub_x + x, sub_y + y, half, CORNER_FINER / softness, g)
        covered[j] = CORNER_SHARE * total(pick(counted() < IN_CORNER, cells, ZERO))
        by_half += part
        spread(counts, k, pull, sums)
    collect(sums, len(counts), out)
    if ends[2] > ends[1]:
        out[0] += total(first_x)
        out[1] += total(first_y)
        out[len(out) - 2] += total(last_x)
        out[len(out) - 1] += total(last_y)
    return total(by_half)


@jit
def count_wanted(wanted, top, rows, before):
    """Pixels of a band to be rendered left of each column, into `before [W+1]`; returns whether there are any.

    wanted: `[H, W]` bool; all pixels if it is empty.
    """
    if wanted.shape[0] == 0:
        return True
    before[0] = 0
    for col in range(wanted.shape[1]):
        count = 0
        for row in range(top, top + rows):
            count += wanted[row, col]
        before[col + 1] = before[col] + count
    return before[wanted.shape[1]] > 0


@kernel
def add_slots(start, stroke, partial, total):
    """Add the partial gradients `[slots, Q]` of each stroke, band after band, to `total [M, Q]` float64."""
    for slot in range(start[-1]):
        for q in range(partial.shape[1]):
            total[stroke[slot], q] += partial[slot, q]


@kernel
def count_chords(points, half, softness, rows, cols):
    """Chords of each segment `[M, S]`, none for strokes off the canvas, and the first chord of each stroke `[M+1]`."""
    seen = on_canvas(points, half, softness, rows, cols)
    counts = chord_counts(points)
    first = np.zeros(len(points) + 1, np.int64)
    for i in range(len(points)):
        if not seen[i]:
            counts[i] = 0
        first[i + 1] = first[i] + counts[i].sum()
    return counts, first
