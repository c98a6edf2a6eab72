"""Places for the boxes of a graph: layers of boxes, few crossings, straight lines.

The steps of Sugiyama, Tagawa and Toda, "Methods for visual understanding of
hierarchical system structures" (1981), with vertical blocks after Brandes and Köpf,
"Fast and simple horizontal coordinate assignment" (2001). Between the rows lines may
slant; within a row each runs straight down in a column of its own, so that none crosses
a box.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import inf
from typing import NamedTuple

__all__ = ["Layout", "place"]

GAP, APART, LANE = 34.0, 26.0, 16.0  # between rows, boxes of a row, lines beside boxes
Point = tuple[float, float]
Edge = tuple[int, int]


class Layout(NamedTuple):
    """Where the graph is drawn.

    Attributes:
        centers: of the boxes.
        routes: for each edge the points from its source to its target.
        width, height: of all, which begins at (0, 0).
    """

    centers: list[Point]
    routes: list[list[Point]]
    width: float
    height: float


class _Rows:
    """The graph with each long edge cut into steps from one row to the next."""

    def __init__(self, sizes: Sequence[Point], ranks: list[int], edges: list[Edge]):
        self.sizes = list(sizes)
        self.ranks = list(ranks)
        self.boxes = len(sizes)
        self.paths: list[list[int]] = []  # of each edge: box, points between, box
        for source, target in edges:
            path = [source]
            for rank in range(ranks[source] + 1, ranks[target]):
                path.append(len(self.ranks))
                self.ranks.append(rank)
                self.sizes.append((0.0, 0.0))
            self.paths.append([*path, target])
        steps = [s for p in self.paths if p[0] != p[-1] for s in pairwise(p)]
        self.steps = list(dict.fromkeys(steps))
        self.rows: list[list[int]] = [[] for _ in range(max(self.ranks) + 1)]
        for node, rank in enumerate(self.ranks):
            self.rows[rank].append(node)
        self.above: dict[int, list[int]] = defaultdict(list)
        self.below: dict[int, list[int]] = defaultdict(list)
        for a, b in self.steps:
            self.below[a].append(b)
            self.above[b].append(a)

    def apart(self, left: int, right: int) -> float:
        """The least distance of the centers of neighbours in a row."""
        between = APART if max(left, right) < self.boxes else LANE
        return (self.sizes[left][0] + self.sizes[right][0]) / 2 + between


def place(
    sizes: Sequence[Point],
    edges: Sequence[Edge],
    last: Sequence[int] = (),
    first: Sequence[int] = (),
    fold: float | None = None,
    ports: dict[Edge, float] | None = None,
) -> Layout:
    """Return places of boxes so that edges lead downwards.

    Args:
        sizes: (width, height) of each box.
        edges: (number of the source, number of the target); also in circles.
        last: boxes that belong into the last row.
        first: boxes without sources that stay in the first row.
        fold: a picture higher than this goes on in a further column, where a single
            box leads on.
        ports: (number of an edge, 0: its source, 1: its target) -> where the edge meets
            that box, from its center; where a line comes straight down if not given.
    """
    if not sizes:
        return Layout([], [], 0.0, 0.0)
    forward, turned = _without_circles(len(sizes), edges)
    rows = _Rows(sizes, _ranks(len(sizes), forward, first, last), forward)
    _order(rows)
    across = _columns_of(rows)
    fixed = {k: x for k, x in (ports or {}).items() if k[0] not in turned}
    layout = _draw(rows, across, fold, fixed)
    for number in turned:
        layout.routes[number].reverse()
    return layout


def _without_circles(count: int, edges: Sequence[Edge]) -> tuple[list[Edge], list[int]]:
    """The edges, those turned that would close a circle, and the numbers of these."""
    targets, waiting = defaultdict(list), [0] * count
    for a, b in edges:
        targets[a].append(b)
        waiting[b] += a != b
    place_of: dict[int, int] = {}
    ready = [i for i in range(count) if not waiting[i]]
    rest = iter(range(count))
    while len(place_of) < count:
        node = ready.pop(0) if ready else next(i for i in rest if i not in place_of)
        if node in place_of:
            continue
        place_of[node] = len(place_of)
        for target in targets[node]:
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    turned = [i for i, (a, b) in enumerate(edges) if place_of[a] > place_of[b]]
    forward = [(b, a) if place_of[a] > place_of[b] else (a, b) for a, b in edges]
    return forward, turned


def _ranks(
    count: int, edges: list[Edge], first: Sequence[int], last: Sequence[int]
) -> list[int]:
    """The row of each box: below its sources, and near to what needs it."""
    above: dict[int, list[int]] = defaultdict(list)
    below: dict[int, list[int]] = defaultdict(list)
    for a, b in edges:
        if a != b:
            below[a].append(b)
            above[b].append(a)
    ranks, order, waiting = [0] * count, [], [len(above[i]) for i in range(count)]
    ready = [i for i in range(count) if not waiting[i]]
    for node in ready:  # grows
        order.append(node)
        for target in below[node]:
            ranks[target] = max(ranks[target], ranks[node] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    for node in last:
        ranks[node] = max(ranks)
    for node in reversed(order):
        if below[node] and len(above[node]) <= len(below[node]) and node not in first:
            ranks[node] = min(ranks[b] for b in below[node]) - 1
    used = {rank: place for place, rank in enumerate(sorted(set(ranks)))}
    return [used[rank] for rank in ranks]


def _order(rows: _Rows) -> None:
    """Sort each row by the middle of what its boxes hang on; keep the best of all."""
    best, fewest = [list(row) for row in rows.rows], _crossings(rows)
    for turn in range(10):
        if not fewest:
            break
        down = turn % 2 == 0
        near = rows.above if down else rows.below
        numbers = range(1, len(rows.rows))
        for r in numbers if down else reversed(range(len(rows.rows) - 1)):
            beside = {n: i for i, n in enumerate(rows.rows[r - 1 if down else r + 1])}
            middle = {
                node: sum(beside[n] for n in near[node]) / len(near[node])
                if near[node]
                else float(i)
                for i, node in enumerate(rows.rows[r])
            }
            rows.rows[r].sort(key=middle.__getitem__)
        count = _crossings(rows)
        if count < fewest:
            best, fewest = [list(row) for row in rows.rows], count
    rows.rows = best


def _crossings(rows: _Rows) -> int:
    total = 0
    for upper, lower in pairwise(rows.rows):
        places = {node: i for i, node in enumerate(lower)}
        seen: list[int] = []
        for node in upper:
            ends = sorted(places[b] for b in rows.below[node])
            total += sum(len(seen) - bisect_left(seen, end + 1) for end in ends)
            for end in ends:
                insort(seen, end)
    return total


def _columns_of(rows: _Rows) -> list[float]:
    """The x of each node: blocks of nodes share one, as near to their edges as can be.

    A block is a chain of nodes in consecutive rows. Blocks are packed to the left and
    to the right; the mean of both keeps every distance, and then they move freely.
    """
    block = _blocks(rows)
    before: dict[int, dict[int, float]] = defaultdict(dict)
    for row in rows.rows:
        for a, b in pairwise(row):
            gap = rows.apart(a, b)
            before[block[b]][block[a]] = max(gap, before[block[b]].get(block[a], 0.0))
    after: dict[int, dict[int, float]] = defaultdict(dict)
    for b, gaps in before.items():
        for a, gap in gaps.items():
            after[a][b] = gap
    left = _packed(set(block), before, after)
    right = _packed(set(block), after, before)
    wide = max(left.values())
    x = {b: (left[b] + wide - right[b]) / 2 for b in left}
    pulls: dict[int, list[int]] = defaultdict(list)
    for a, b in rows.steps:
        if block[a] != block[b]:
            pulls[block[a]].append(block[b])
            pulls[block[b]].append(block[a])
    for _ in range(12):
        for b in sorted(x, key=x.__getitem__):
            if not pulls[b]:
                continue
            wish = sum(x[other] for other in pulls[b]) / len(pulls[b])
            low = max((x[a] + gap for a, gap in before[b].items()), default=-inf)
            high = min((x[c] - gap for c, gap in after[b].items()), default=inf)
            x[b] = max(low, min(high, wish))
    return [x[b] for b in block]


def _blocks(rows: _Rows) -> list[int]:
    """For each node the first of its block."""
    linked: dict[int, int] = {}  # a node -> the one above in the same block
    for upper, lower in pairwise(rows.rows):
        up = {node: i for i, node in enumerate(upper)}
        down = {node: i for i, node in enumerate(lower)}
        steps = [(a, b) for a in upper for b in rows.below[a]]

        worth = {}
        for a, b in steps:
            thin = (a >= rows.boxes) + (b >= rows.boxes)
            off = _off_middle(rows.below[a], b, down) + _off_middle(
                rows.above[b], a, up
            )
            worth[a, b] = (1, 2, 0)[thin], off
        taken: list[Edge] = []
        for a, b in sorted(steps, key=worth.__getitem__):
            if all((up[a] - i) * (down[b] - j) > 0 for i, j in taken):
                taken.append((up[a], down[b]))
                linked[b] = a
    block = list(range(len(rows.ranks)))
    for row in rows.rows:
        for node in row:
            block[node] = block[linked[node]] if node in linked else node
    return block


def _off_middle(nodes: list[int], node: int, place_of: dict[int, int]) -> float:
    """How far a node stands from the middle of many that share an end with it.

    Of few the first is taken, so that one branch goes straight on through a network.
    """
    if len(nodes) <= 4:
        return 0.0
    places = sorted(place_of[other] for other in nodes)
    return abs(places.index(place_of[node]) - (len(places) - 1) / 2)


def _packed(
    blocks: set[int],
    before: dict[int, dict[int, float]],
    after: dict[int, dict[int, float]],
) -> dict[int, float]:
    """The least x of each block that keeps its distance from those before it."""
    x = dict.fromkeys(blocks, 0.0)
    waiting = {b: len(before[b]) for b in blocks}
    ready = sorted(b for b in blocks if not waiting[b])
    for b in ready:  # grows
        for other, gap in after[b].items():
            x[other] = max(x[other], x[b] + gap)
            waiting[other] -= 1
            if not waiting[other]:
                ready.append(other)
    return x


def _draw(
    rows: _Rows, across: list[float], fold: float | None, ports: dict[Edge, float]
) -> Layout:
    heights = [max(rows.sizes[n][1] for n in row) for row in rows.rows]
    starts = _folds(rows, heights, fold)
    tops: list[float] = []
    shifts: list[float] = []  # of each row
    spaces: dict[int, float] = {}  # of a row that begins a column: the x left of it
    width = height = 0.0
    for first, end in pairwise([*starts, len(heights)]):
        inside = [n for row in rows.rows[first:end] for n in row]
        left = min(across[n] - rows.sizes[n][0] / 2 for n in inside)
        x = width + 2 * APART if first else 0.0
        y = GAP / 2 if first else 0.0
        if first:
            spaces[first] = x - APART
        width = x + max(across[n] + rows.sizes[n][0] / 2 for n in inside) - left
        for row_height in heights[first:end]:
            tops.append(y)
            shifts.append(x - left)
            y += row_height + GAP
        height = max(height, y - (GAP if end == len(heights) else GAP / 2))
    places = [
        (across[n] + shifts[r], tops[r] + heights[r] / 2)
        for n, r in enumerate(rows.ranks)
    ]
    routes = _Routes(rows, places, (tops, heights), spaces, ports)
    drawn = [routes.route(number) for number in range(len(rows.paths))]
    return Layout(places[: rows.boxes], drawn, width, height)


def _folds(rows: _Rows, heights: list[float], fold: float | None) -> list[int]:
    """The rows that begin a column: near to equal parts, where one box leads on."""
    total = sum(heights) + GAP * (len(heights) - 1)
    if fold is None or total <= fold:
        return [0]
    sources: list[set[int]] = [set() for _ in heights]  # what leads on into a row
    for a, b in rows.steps:
        sources[rows.ranks[b]].add(a)
    width = max(sum(rows.sizes[n][0] + APART for n in row) for row in rows.rows)
    columns = max(2, round((total / (width + 2 * APART)) ** 0.5))
    columns = min(columns, round(2 * total / fold))
    tops = list(accumulate((height + GAP for height in heights), initial=0.0))
    may = [row for row in range(1, len(heights)) if len(sources[row]) == 1]
    starts = [0]
    for goal in (total * c / columns for c in range(1, columns)):
        start = min(may, key=lambda row: abs(tops[row] - goal), default=0)
        part = total / columns
        if abs(tops[start] - goal) < part / 4 < tops[start] - tops[starts[-1]]:
            starts.append(start)
    return starts


class _Routes:
    """Lines through the places of their nodes."""

    def __init__(
        self,
        rows: _Rows,
        places: list[Point],
        bands: tuple[list[float], list[float]],
        spaces: dict[int, float],
        ports: dict[Edge, float],
    ) -> None:
        self.rows, self.places, self.spaces = rows, places, spaces
        self.tops, self.heights = bands
        self.ports = {**self._spread(1), **self._spread(0), **ports}

    def _spread(self, side: int) -> dict[Edge, float]:
        """Ports side by side where four edges or more meet a box."""
        meeting: dict[int, list[tuple[float, int]]] = defaultdict(list)
        for number, path in enumerate(self.rows.paths):
            folded = self.rows.ranks[path[1]] in self.spaces
            if path[0] != path[-1] and (side or not folded):
                near = self.places[path[-2] if side else path[1]][0]
                meeting[path[-side]].append((near, number))
        return {
            (number, side): self.rows.sizes[box][0] * ((i + 1) / (len(ends) + 1) - 0.5)
            for box, ends in meeting.items()
            if len(ends) > 3
            for i, (_, number) in enumerate(sorted(ends))
        }

    def route(self, number: int) -> list[Point]:
        """Return the points of an edge."""
        path = self.rows.paths[number]
        if path[0] == path[-1]:
            return self._loop(path[0])
        xs = self._xs(path, number)
        points = [(xs[0], self._edge(path[0], 1))]
        for a, b, x, to in zip(path, path[1:], xs, xs[1:]):
            rank, below = self.rows.ranks[a], self.rows.ranks[b]
            low = self.tops[rank] + self.heights[rank]
            points += self._step((x, low), (to, self.tops[below]), below)
        points.append((xs[-1], self._edge(path[-1], -1)))
        return [a for a, b in pairwise(points) if a != b] + points[-1:]

    def _xs(self, path: list[int], number: int) -> list[float]:
        """The x of an edge at each of its nodes; edges between the same stand apart."""
        between = [self.places[n][0] for n in path[1:-1]]
        first = between[0] if between else self.places[path[1]][0]
        folded = self.rows.ranks[path[1]] in self.spaces
        if folded and not between:
            return [self.places[n][0] for n in path]
        first = self.places[path[0]][0] if folded else first
        kin = [i for i, other in enumerate(self.rows.paths) if other == path]
        room = min(self.rows.sizes[n][0] for n in (path[0], path[-1])) - 8
        apart = max(0.0, min(12.0, room / max(1, len(kin) - 1)))
        aside = apart * (kin.index(number) - (len(kin) - 1) / 2)
        border = max(12.0, 4 + apart * (len(kin) - 1) / 2)
        fixed = [self.ports.get((number, side)) for side in (0, 1)]
        start = self._port(path[0], first, border)
        start = start + aside if fixed[0] is None else self._fixed(path[0], fixed[0])
        end = self._port(path[-1], between[-1] if between else start - aside, border)
        end = end + aside if fixed[1] is None else self._fixed(path[-1], fixed[1])
        return [start, *between, end]

    def _fixed(self, node: int, port: float) -> float:
        return self.places[node][0] + port

    def _edge(self, node: int, side: int) -> float:
        return self.places[node][1] + side * self.rows.sizes[node][1] / 2

    def _port(self, node: int, toward: float, border: float) -> float:
        """Where a line meets a box: right below its other end, if the box is there."""
        half = max(0.0, self.rows.sizes[node][0] / 2 - border)
        x = self.places[node][0]
        return max(x - half, min(x + half, toward))

    def _step(self, a: Point, b: Point, row: int) -> list[Point]:
        """From the end of a row to the begin of the next: a line or an S."""
        if row in self.spaces:  # down, up between the columns, and over
            beside, low, high = self.spaces[row], a[1] + GAP / 2, b[1] - GAP / 2
            turns = [(a[0], low), (beside, low), (beside, high), (b[0], high)]
            return [a, *turns, b]
        if abs(a[0] - b[0]) < 0.5:
            return [a, b]
        ease = [t * t * (3 - 2 * t) for t in (i / 8 for i in range(9))]
        return [
            (a[0] + (b[0] - a[0]) * e, a[1] + (b[1] - a[1]) * i / 8)
            for i, e in enumerate(ease)
        ]

    def _loop(self, node: int) -> list[Point]:
        (x, y), (width, height) = self.places[node], self.rows.sizes[node]
        right, h = x + width / 2, min(10.0, height / 4)
        return [(right, y - h), (right + 9, y - h), (right + 9, y + h), (right, y + h)]
