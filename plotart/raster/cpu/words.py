# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False
"""Touched pixels as 32-bit words: what is kept of each for the backward pass (numba)."""

from __future__ import annotations

import numpy as np

from plotart.raster.chords import HALF
from plotart.raster.cpu.jit import jit
from plotart.raster.cpu.lanes import arange, to_float, where
from plotart.raster.cpu.memory import load

ROWS = 32  # pixel rows of a band
# A touched pixel in 32 bits: row in the band, column, number of the nearest chord within its stroke, kind
KIND_BITS, CHORD_BITS, COL_BITS = 2, 10, 15
KIND_MASK, CHORD_MASK, COL_MASK = (1 << KIND_BITS) - 1, (1 << CHORD_BITS) - 1, (1 << COL_BITS) - 1
PIXEL_SHIFT = KIND_BITS + CHORD_BITS
INSIDE, PLAIN, CAPPED, CORNERED = 0, 1, 2, 3  # kinds of pixel: no edge near, one straight edge, a cap, a corner


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
    return where(k < chords, k, 0), to_float(pixel & COL_MASK) + HALF, to_float(pixel >> COL_BITS) + (HALF + top)


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
    return where(arange() < count - j, place, top * cols)
