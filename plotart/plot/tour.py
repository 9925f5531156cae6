"""Short tours through strokes that may be drawn from either end.

Ends are numbered: 2s is the start of stroke s, 2s + 1 its end. A tour lists all ends; each stroke's two ends are
neighbours in it and stay so. Improvement works on a ring closed by one more, dummy stroke at no distance from anything,
so that the tour's own ends stay free.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.spatial import cKDTree

__all__ = ["greedy", "shorten"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

NEIGHBOURS = 8
KICKS_PER_STROKE = 60
MOST_KICKS = 600_000
LONGEST_MOVED = 3  # Or-opt moves runs of up to three strokes
LONGEST_REVERSED = 10_000  # ends, in the local search after a disturbance
LONGEST_SWAPPED = 30  # a disturbance swaps two neighbouring runs of up to so many strokes


def greedy(ends: Floats) -> Ints:
    """The tour `[2N]` that draws the nearest free end next, from the end nearest the origin, for ends `[2N, 2]`."""
    count = len(ends) // 2
    free = np.ones(count, dtype=bool)
    tour = np.empty(2 * count, dtype=np.int64)
    enter = int(np.argmin(np.hypot(ends[:, 0], ends[:, 1])))
    tree, members, left_at_build = None, np.empty(0, dtype=np.int64), 0
    for place in range(count):
        tour[2 * place : 2 * place + 2] = enter, enter ^ 1
        free[enter // 2] = False
        left = count - place - 1
        if left == 0:
            break
        if tree is None or left < left_at_build // 2:
            # A tree of the free ends alone keeps the search near; rebuilding at each halving costs n log n in all.
            members = np.flatnonzero(np.repeat(free, 2))
            tree, left_at_build = cKDTree(ends[members]), left
        here, wanted = ends[enter ^ 1], 8
        while True:
            found = members[tree.query(here, k=min(wanted, len(members)))[1].reshape(-1)]
            open_ends = found[free[found // 2]]
            if len(open_ends):
                enter = int(open_ends[0])
                break
            wanted *= 4
    return tour


def shorten(ends: Floats, tour: Ints, seed: int, kicks: int | None = None) -> Ints:
    """2-opt and Or-opt on lists of near ends until nothing helps, then iterated local search with a fixed number of
    disturbances (`kicks`; by the strokes, where none is given), undone where they do not end in a shorter tour. Never
    longer than the tour given."""
    count = len(tour) // 2
    if count < 3:
        return tour
    near = _near_ends(ends, NEIGHBOURS)
    ring = np.concatenate([tour, [2 * count, 2 * count + 1]])
    kicks = min(KICKS_PER_STROKE * count, MOST_KICKS) if kicks is None else kicks
    _improve(np.vstack([ends, np.zeros((2, 2))]), near, ring, kicks, seed)
    ring = np.roll(ring, -int(np.flatnonzero(ring == 2 * count)[0]))
    # The dummy's other end now follows it, or closes the ring.
    ring = ring[2:] if ring[1] == 2 * count + 1 else ring[1:-1]
    if np.hypot(*ends[ring[-1]]) < np.hypot(*ends[ring[0]]):  # both directions are as long: begin near the corner
        ring = ring[::-1]
    return np.ascontiguousarray(ring)


def _near_ends(ends: Floats, k: int) -> Ints:
    """The nearest ends of other strokes for each end, nearest first: `[2N, min(k, 2N - 2)]`."""
    found = cKDTree(ends).query(ends, k=min(k + 2, len(ends)))[1]
    own = found // 2 == np.arange(len(ends))[:, None] // 2
    rank = np.argsort(own, axis=1, kind="stable")  # own ends sink to the back of each row, the others keep their order
    near = np.take_along_axis(found, rank, axis=1)[:, : min(k, len(ends) - 2)]
    return np.ascontiguousarray(near, dtype=np.int64)


@njit(cache=True)
def _gap(ends: Floats, a: int, b: int) -> float:
    if a >= len(ends) - 2 or b >= len(ends) - 2:
        return 0.0
    dx, dy = ends[a, 0] - ends[b, 0], ends[a, 1] - ends[b, 1]
    return float(np.sqrt(dx * dx + dy * dy))  # half the time of hypot, and no page is large enough to need that


@njit(cache=True)
def _after(ring: Ints, place: Ints, a: int) -> int:
    p = place[a] + 1
    return int(ring[p if p < len(ring) else 0])


@njit(cache=True)
def _before(ring: Ints, place: Ints, a: int) -> int:
    return int(ring[place[a] - 1])


@njit(cache=True)
def _exchange(ring: Ints, place: Ints, a: int, b: int, c: int, d: int) -> None:
    """Replace the steps a-b and c-d by a-c and b-d; b follows a and d follows c, or both precede.

    A run is reversed in place or, which is the same ring, all the rest when that is shorter; so callers name ends, not
    places. The inverse of (a, b, c, d) is (a, c, b, d).
    """
    n = len(ring)
    if _after(ring, place, a) == b:
        i, j = place[b], place[c]
    else:
        i, j = place[a], place[d]
    size = (j - i) % n + 1
    if 2 * size > n:
        i, j = (j + 1) % n, (i - 1) % n
        size = n - size
    for _ in range(size // 2):
        x, y = ring[i], ring[j]
        ring[i], ring[j] = y, x
        place[y], place[x] = i, j
        i = i + 1 if i + 1 < n else 0
        j = j - 1 if j > 0 else n - 1


@njit(cache=True)
def _near_by(place: Ints, a: int, b: int, most: int) -> bool:
    """Whether reversing the run between two ends moves at most so many ends."""
    n = len(place)
    apart = abs(place[a] - place[b])
    return bool(min(apart, n - apart) < most)


@njit(cache=True)
def _do(ring: Ints, place: Ints, log: Ints, a: int, b: int, c: int, d: int) -> None:
    """An exchange that can be undone: log[0, 0] counts the entries behind it, log[0, 1] limits their runs."""
    _exchange(ring, place, a, b, c, d)
    log[0, 0] += 1
    row = log[log[0, 0]]
    row[0], row[1], row[2], row[3] = a, b, c, d


@njit(cache=True)
def _insert(
    ring: Ints, place: Ints, log: Ints, before: int, head: int, tail: int, behind: int, c: int, d: int, flip: bool
) -> None:
    """Move the run head..tail, found between `before` and `behind`, between c and d, where d follows c as behind
    follows tail: c-tail..head-d when flipped, c-head..tail-d otherwise."""
    _do(ring, place, log, before, head, c, d)
    if c != tail:  # not in place already
        _do(ring, place, log, before, c, behind, tail)
    if not flip:
        _do(ring, place, log, c, tail, head, d)


@njit(cache=True)
def _two_opt(ends: Floats, near: Ints, ring: Ints, place: Ints, log: Ints, a: int, b: int, forward: bool) -> float:
    """Lead a to one of its near ends c instead of to b; the ends they led to are joined. The gain, or 0."""
    old = _gap(ends, a, b)
    for c in near[a]:
        new = _gap(ends, a, c)
        if new >= old:
            break
        d = _after(ring, place, c) if forward else _before(ring, place, c)
        if d == c ^ 1 or c == b:
            continue
        gain = old + _gap(ends, c, d) - new - _gap(ends, b, d)
        if gain > 1e-9 and _near_by(place, b, c, log[0, 1]):
            _do(ring, place, log, a, b, c, d)
            return gain
    return 0.0


@njit(cache=True)
def _or_opt(  # noqa: PLR0912 - one search; cutting it up would hide it
    ends: Floats, near: Ints, ring: Ints, place: Ints, log: Ints, head: int, forward: bool
) -> float:
    """Move a run of up to three strokes that begins at `head` next to one of head's near ends. The gain, or 0."""
    n = len(ring)
    before = _before(ring, place, head) if forward else _after(ring, place, head)
    tail = head
    for size in range(1, LONGEST_MOVED + 1):
        if 2 * size + 4 > n:
            break
        if size > 1:
            tail = _after(ring, place, tail) if forward else _before(ring, place, tail)
        tail ^= 1
        if tail >= len(ends) - 2:
            break
        behind = _after(ring, place, tail) if forward else _before(ring, place, tail)
        removed = _gap(ends, before, head) + _gap(ends, tail, behind) - _gap(ends, before, behind)
        if removed <= 1e-9:
            continue
        for c in near[head]:
            new = _gap(ends, head, c)
            if new >= removed:
                break
            ahead = place[c] - place[head] if forward else place[head] - place[c]
            if ahead % n < 2 * size:
                continue
            after_c = _after(ring, place, c) if forward else _before(ring, place, c)
            follows = after_c != c ^ 1  # the step at c goes on from c; otherwise it comes into c
            d = after_c
            if not follows:
                d = _before(ring, place, c) if forward else _after(ring, place, c)
            if d in (head, tail):
                continue
            gain = removed + _gap(ends, c, d) - new - _gap(ends, tail, d)
            if gain > 1e-9 and _near_by(place, head, c, log[0, 1]):
                if follows:
                    _insert(ring, place, log, before, head, tail, behind, c, d, False)
                else:
                    _insert(ring, place, log, before, head, tail, behind, d, c, True)
                return gain
    return 0.0


@njit(cache=True)
def _settle(
    ends: Floats, near: Ints, ring: Ints, place: Ints, log: Ints, queue: Ints, state: Ints, waiting: NDArray[np.bool_]
) -> float:
    """Improve at the waiting ends, and at all ends whose steps change, until nothing helps: the total gain."""
    total = 0.0
    size = len(queue)
    while state[1] > 0:
        a = queue[state[0]]
        state[0] = (state[0] + 1) % size
        state[1] -= 1
        waiting[a] = False
        while log[0, 0] + 4 < len(log):
            done = log[0, 0]
            forward = _before(ring, place, a) == a ^ 1  # the step at a goes forward
            b = _after(ring, place, a) if forward else _before(ring, place, a)
            gain = _two_opt(ends, near, ring, place, log, a, b, forward)
            if gain == 0.0:
                gain = _or_opt(ends, near, ring, place, log, a, not forward)
            if gain == 0.0:
                break
            total += gain
            _wake(log, done, queue, state, waiting)
    return total


@njit(cache=True)
def _wake(log: Ints, done: int, queue: Ints, state: Ints, waiting: NDArray[np.bool_]) -> None:
    """Queue the ends of all exchanges after entry `done`; the queue is a ring, state its first place and its size."""
    for row in range(done + 1, log[0, 0] + 1):
        for end in log[row, :4]:
            if end < len(queue) - 2 and not waiting[end]:
                waiting[end] = True
                queue[(state[0] + state[1]) % len(queue)] = end
                state[1] += 1


@njit(cache=True)
def _improve(ends: Floats, near: Ints, ring: Ints, kicks: int, seed: int) -> None:
    n = len(ring)
    place = np.empty(n, dtype=np.int64)
    place[ring] = np.arange(n)
    queue, waiting = np.empty(n, dtype=np.int64), np.zeros(n, dtype=np.bool_)
    state = np.array([0, n - 2])
    queue[: n - 2] = ring[ring < n - 2]
    waiting[: n - 2] = True
    log = np.zeros((100_000, 4), dtype=np.int64)
    log[0, 1] = n
    while True:
        log[0, 0] = 0
        _settle(ends, near, ring, place, log, queue, state, waiting)
        if log[0, 0] + 4 < len(log):
            break
        for a in ring:  # the log was full: go on with an empty one
            if a < n - 2 and not waiting[a]:
                waiting[a] = True
                queue[(state[0] + state[1]) % n] = a
                state[1] += 1
    strokes = n // 2
    longest = min(LONGEST_SWAPPED, (strokes - 2) // 2)
    if longest < 1:
        return
    log[0, 1] = LONGEST_REVERSED  # so that a disturbance costs the same in a long tour as in a short one
    np.random.seed(seed)  # numba's own generator, not numpy's
    for _ in range(kicks):
        log[0, 0] = 0
        a = np.random.randint(n)
        first = a if _before(ring, place, a) != a ^ 1 else _before(ring, place, a)
        p = place[first]
        one, other = 1 + np.random.randint(longest), 1 + np.random.randint(longest)
        head, tail = first, ring[(p + 2 * one - 1) % n]
        behind, c = ring[(p + 2 * one) % n], ring[(p + 2 * (one + other) - 1) % n]
        before, d = ring[p - 1], ring[(p + 2 * (one + other)) % n]
        if d == head:
            continue
        change = (
            _gap(ends, before, behind)
            + _gap(ends, c, head)
            + _gap(ends, tail, d)
            - _gap(ends, before, head)
            - _gap(ends, tail, behind)
            - _gap(ends, c, d)
        )
        _insert(ring, place, log, before, head, tail, behind, c, d, False)
        _wake(log, 0, queue, state, waiting)
        change -= _settle(ends, near, ring, place, log, queue, state, waiting)
        while state[1] > 0:
            waiting[queue[state[0]]] = False
            state[0] = (state[0] + 1) % n
            state[1] -= 1
        if change > -1e-12:
            for row in range(log[0, 0], 0, -1):
                _exchange(ring, place, log[row, 0], log[row, 2], log[row, 1], log[row, 3])
