# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False
"""The coverages of all pixels of a band by one stroke (numba), one kind of pixel after the other."""

from __future__ import annotations

from plotart.raster.chords import CROWDED, HALF, ONE, REACH32, ZERO, records_of
from plotart.raster.cpu.edge import CORNER_SHARE, IN_CORNER, capped, cornered, past_ends, sees_two, slab
from plotart.raster.cpu.jit import jit
from plotart.raster.cpu.lanes import WIDTH, arange, bitmask, fabs, lowest_bit, maximum, reduce_sum, sqrt, where
from plotart.raster.cpu.memory import from_records, load, store
from plotart.raster.cpu.nearest import touch
from plotart.raster.cpu.words import CAPPED, CORNERED, INSIDE, KIND_MASK, PLAIN, pixel_of, pixels_of, word_of


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
            touched = (d2 < reach2) & (d2 >= ZERO) & (arange() < cols - col)
            inside = touched & (d2 <= sure)
            left = bitmask(inside)
            while left != 0:
                lane = lowest_bit(left)
                left &= left - 1
                words[INSIDE, insides] = word_of(row0 + row, col + lane, owner[place + lane], INSIDE)
                insides += 1
            left = bitmask(touched & ~inside)
            while left != 0:
                lane = lowest_bit(left)
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
        store(coverage, j, slab(sqrt(load(found.squared, j)), half, per_s, tx, ty))
        here = arange() < edges - j
        marked, capped = here & (marks > ZERO), marks < ZERO
        if bitmask(marked) != 0:
            first, last = past_ends(line, begin, end, tx, ty, length, arc, x, y, softness)
            capped = marked & (maximum(first, last) > -HALF * softness * (fabs(tx) + fabs(ty)))
        crowded = marked & (marks >= CROWDED)
        left = bitmask(here & ~capped & ~crowded)
        while left != 0:
            n = j + lowest_bit(left)
            left &= left - 1
            words[used], covered[used] = listed[n], coverage[n]
            used += coverage[n] > ZERO
        left = bitmask(capped & ~crowded)
        while left != 0:
            capped_[caps] = listed[j + lowest_bit(left)] + (CAPPED - PLAIN)
            left &= left - 1
            caps += 1
        left, also = bitmask(crowded), bitmask(capped)
        while left != 0:
            lane = lowest_bit(left)
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
        found.covered[j] = CORNER_SHARE * reduce_sum(where(arange() < IN_CORNER, cells, ZERO))
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
