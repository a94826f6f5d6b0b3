"""Judging runs of neighbouring inputs by blocks: the same tallies as from single references.

A block decides nearly every input of a run at about a nanosecond each. What it leaves open is
settled by enclosures of single inputs, and so is every input that may be the worst of its shard, so
that maxima and witnesses have the same bounds as elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from halfulp.encodings import Bits
from halfulp.exceptions import DisagreementError
from halfulp.judge import elements
from halfulp.judge.assumptions import agrees, require_default_state
from halfulp.judge.judging import PROFILE_CAP, Axis, judge
from halfulp.judge.segments import Floats, Ints, Segments, integers
from halfulp.judge.tally import Bin, Extreme, Tally, merged
from halfulp.reference.block import Kind
from halfulp.reference.truth import Truth, confirm, truth
from halfulp.reference.values import ONE
from halfulp.runs.schema import HISTOGRAM_LINEAR, HISTOGRAM_TAIL

CANDIDATES = 32
"""How many of the inputs that may be the worst of a shard are asked of enclosures."""

CHECKED = 3
"""Inputs of a shard at which the model is held against both references."""

RELATIVE = 2.0**-48
"""Errors of many ulps are known at least this well, relatively, from a model."""

_COUNTED = {
    "nan_returned": elements.NAN_RETURNED,
    "nan_missing": elements.NAN_MISSING,
    "wrong_sign": elements.WRONG_SIGN,
    "wrong_zero_sign": elements.WRONG_ZERO_SIGN,
    "wrong_inf_sign": elements.WRONG_INF_SIGN,
    "finite_at_pole": elements.FINITE_AT_POLE,
}
_SEEN = {
    "unfaithful": elements.UNFAITHFUL,
    "max_steps": elements.STEPS,
    "nan_expected": elements.NAN_EXPECTED,
    "inf_expected": elements.INF_EXPECTED,
    **_COUNTED,
}


def sweep(parts: Segments, outputs: Bits, axis: Axis) -> Tally:
    """Return the tally of a shard of neighbouring inputs.

    Parameters
    ----------
    parts
        The shard's segments.
    outputs
        What a routine returned, encodings of shape (count,).
    axis
        The bins of the profile.

    Raises
    ------
    DisagreementError
        If a model and the references contradict each other.
    HalfulpError
        If this thread does not round to nearest, or flushes subnormals.
    """
    return _Sweep(parts, outputs, axis).tally()


class _Sweep:
    """One pass of the compiled loops, and what is asked of enclosures after it."""

    def __init__(self, parts: Segments, outputs: Bits, axis: Axis) -> None:
        from halfulp.judge import loops

        require_default_state()
        self.parts = parts
        self.outputs = outputs
        self.axis = axis
        self._loops: Any = loops  # what numba compiles has no types
        self._y = _as_signed(outputs)
        self._work = _work(self._y.dtype)
        rows = len(parts.blocks)
        self.counters: Ints = np.zeros((rows, elements.COUNTERS), dtype=np.int64)
        self.seen: Ints = np.full((rows, elements.COUNTERS), -1, dtype=np.int64)
        self.largest: Floats = np.zeros((len(parts.tiles), 2))
        self.histogram: Ints = np.zeros(HISTOGRAM_LINEAR + 2 * HISTOGRAM_TAIL, dtype=np.int64)
        self.open = self._run()

    def _run(self) -> Ints:
        """Run the loops, again with more room where more is left open than expected."""
        room = 1 << 12
        while True:
            places = np.empty(room, dtype=np.int64)
            results = (self.counters, self.seen, self.largest, self.histogram)
            for array in (self.counters, self.largest, self.histogram, self._work[-1]):
                array.fill(0)
            self.seen.fill(-1)
            opened = self._loops.sweep(
                self._y, self.parts.shape, self.parts.arrays, self._work, results, places
            )
            if opened <= room:
                return places[:opened]
            room = opened

    def tally(self) -> Tally:
        """Return everything together."""
        self._check_samples()
        swept = Tally(
            self._counters(), self._extremes(), tuple(self.histogram.tolist()), self._profile()
        )
        return merged([swept, self._settled(self.open), *self._same()])

    def _same(self) -> Iterable[Tally]:
        """Yield the tallies of segments where one result is due: one for each different output."""
        for row, block in enumerate(self.parts.blocks):
            if block.kind == Kind.SAME:
                start = self.parts.places[row]
                outputs = self.outputs[start : start + block.count]
                for first, count in _distinct(outputs):
                    yield multiplied(self._judged(integers([start + first])), count)

    def _settled(self, places: Ints) -> Tally:
        """Return the tally of single inputs, by enclosures."""
        if not places.size:
            return Tally()
        found = self._judged(places)
        counters = {**found.counters, "enclosed": int(places.size)}
        return replace(found, counters=dict(sorted(counters.items())))

    def _judged(self, places: Ints) -> Tally:
        inputs = self.parts.inputs(places)
        exact = truth(self.parts.function, self.parts.fmt, inputs)
        return judge(exact, inputs, self.outputs[places], self.axis)

    # -- counters and bins -------------------------------------------------------------------

    def _same_count(self) -> int:
        return sum(block.count for block in self.parts.blocks if block.kind == Kind.SAME)

    def _counters(self) -> dict[str, int]:
        active = ~self.parts.trivial
        totals = self.counters.sum(axis=0).tolist()
        inner = self.counters[active].sum(axis=0).tolist()
        found = {
            "count": self.parts.count - len(self.open) - int(self._same_count()),
            "judged": totals[elements.NUMERIC],
            "nontrivial": inner[elements.NUMERIC],
            "sum": (inner[elements.SUM_HIGH] << elements.HALF_BITS) + inner[elements.SUM_LOW],
            "capped": inner[elements.CAPPED],
            "wrongly_rounded": totals[elements.WRONG],
            "wrongly_rounded_nontrivial": inner[elements.WRONG],
            "unfaithful": totals[elements.UNFAITHFUL],
            "nan_expected": int(self.parts.arrays[2][self.parts.is_nan].sum())
            + totals[elements.NAN_EXPECTED],
            "inf_expected": totals[elements.INF_EXPECTED],
            **{name: totals[place] for name, place in _COUNTED.items()},
        }
        return {name: count for name, count in sorted(found.items()) if count}

    @cached_property
    def _by_segment(self) -> Floats:
        """The largest errors of each segment, above and below, of shape (segments, 2)."""
        found = np.zeros((len(self.parts.blocks), 2))
        np.maximum.at(found, self.parts.tiles[:, 0], self.largest)
        return found

    def _profile(self) -> dict[int, Bin]:
        used, places = np.unique(self.parts.bins, return_inverse=True)
        columns: Ints = np.zeros((len(used), elements.COUNTERS), dtype=np.int64)
        np.add.at(columns, places, self.counters)
        inner = np.where(self.parts.trivial, 0, self.counters[:, elements.NUMERIC])
        nontrivial: Ints = np.zeros(len(used), dtype=np.int64)
        np.add.at(nontrivial, places, inner)
        largest = np.zeros(len(used))
        np.maximum.at(largest, places, self._by_segment.max(axis=1))
        defects = columns[:, list(_COUNTED.values())].sum(axis=1)
        return {
            number: Bin(
                row[elements.NUMERIC],
                inside,
                min(_units(size), PROFILE_CAP),
                (row[elements.SUM_HIGH] << elements.HALF_BITS) + row[elements.SUM_LOW],
                row[elements.WRONG],
                special,
            )
            for number, row, inside, size, special in zip(
                used.tolist(),
                columns.tolist(),
                nontrivial.tolist(),
                largest.tolist(),
                defects.tolist(),
                strict=True,
            )
            if number >= 0 and (row[elements.NUMERIC] or special)
        }

    # -- the worst inputs --------------------------------------------------------------------

    def _extremes(self) -> dict[str, Extreme]:
        """Return the extremes of all inputs that are not open, their witnesses by enclosures."""
        first = {name: self._first(column) for name, column in _SEEN.items()}
        nans = [self._first_nan(), first["nan_expected"]]
        found_nans = integers([place for place in nans if place is not None])
        if found_nans.size:
            first["nan_expected"] = int(found_nans[self.parts.keys(found_nans).argmin()])
        worst = [self._worst(side) for side in (elements.ABOVE, elements.BELOW)]
        asked = {place for place in first.values() if place is not None}
        asked = asked.union(*(places for places, _ in worst))
        if not asked:
            return {}
        found = self._judged(np.array(sorted(asked), dtype=np.int64)).extremes
        kept = {name: found[name] for name, place in first.items() if place is not None}
        (_, above), (_, below) = worst
        bounds = {"max_ulp": max(above, below), "max_above": above, "max_below": below}
        kept |= {name: _widened(found[name], bounds[name]) for name in bounds if name in found}
        return dict(sorted(kept.items()))

    def _first_nan(self) -> int | None:
        """Return the place with the smallest key where a nan is due."""
        places = self.parts.arrays[1][self.parts.is_nan]
        return int(places[self.parts.keys(places).argmin()]) if places.size else None

    def _first(self, column: int) -> int | None:
        """Return the place with the smallest key where something was seen; of steps, the most."""
        seen = self.seen[:, column]
        if column == elements.STEPS:
            steps = self.counters[:, column].astype(np.uint64)  # they may need all 64 bits
            most = steps.max(initial=0)
            seen = seen[steps == most]
            if most == 0:
                numeric = self.counters[:, elements.NUMERIC] > 0
                return self._first_numeric(numeric) if numeric.any() else None
        seen = seen[seen >= 0]
        if not seen.size:
            return None
        return int(seen[self.parts.keys(seen).argmin()])

    def _first_numeric(self, numeric: npt.NDArray[np.bool_]) -> int | None:
        """Return the first input with a number, the witness of 0 steps."""
        is_open = set(self.open.tolist())
        for row in sorted(numeric.nonzero()[0], key=lambda row: self.parts.blocks[row].first):
            start = self.parts.places[row]
            for place in range(start, start + self.parts.blocks[row].count):
                got = int(self.outputs[place])
                if place not in is_open and not self.parts.fmt.is_nan(got):
                    return place
        return None

    def _worst(self, side: int) -> tuple[list[int], float]:
        """Return the places where the error of one side may be the largest.

        Where these are more than can be asked of enclosures, the second number bounds the errors of
        those that are left out; else it is 0.
        """
        sizes, bounds = self._by_segment[:, side], self.parts.arrays[8]
        # Errors beside exact results are differences of integers, which are exact in doubles.
        is_exact = (bounds == 0) & (sizes < 2.0**53)
        slack = np.where(is_exact, 0.0, bounds + RELATIVE * sizes)
        sure = float((sizes - slack).max(initial=-math.inf, where=sizes > 0))
        if sure == -math.inf:
            return [], 0.0
        thresholds = np.maximum(sure - slack, math.ulp(0.0))
        reached = self.largest[:, side] >= thresholds[self.parts.tiles[:, 0]]
        places, found = self._collect(self.parts.tiles[reached], side, thresholds)
        if len(places) <= CANDIDATES:
            return places.tolist(), 0.0
        order = np.lexsort((self.parts.keys(places), -found))
        return places[order[:CANDIDATES]].tolist(), float((sizes + slack).max())

    def _collect(self, tiles: Ints, side: int, thresholds: Floats) -> tuple[Ints, Floats]:
        """Return places and sizes of the errors of a side that reach their segment's threshold."""
        places, sizes = np.empty(1 << 14, dtype=np.int64), np.empty(1 << 14)
        sign = 1.0 if side == elements.ABOVE else -1.0
        arrays, shape = self.parts.arrays, self.parts.shape
        count = self._loops.collect(
            self._y, shape, arrays, self._work, tiles, sign, thresholds, places, sizes
        )
        kept = min(count, len(places))
        closed = ~np.isin(places[:kept], self.open)
        return places[:kept][closed], sizes[:kept][closed]

    # -- the models themselves ---------------------------------------------------------------

    def _check_samples(self) -> None:
        """Hold the model against both references at a few inputs, chosen by their keys."""
        fmt, function = self.parts.fmt, self.parts.function
        state = (self.parts.blocks[0].first * 0x9E3779B97F4A7C15) % 2**64
        places = {(state * (k + 1) >> 20) % self.parts.count for k in range(CHECKED)}
        held = np.array(sorted(places), dtype=np.int64)
        exact = truth(function, fmt, self.parts.inputs(held))
        for number, place in enumerate(held.tolist()):
            self._check(exact, number, place)
        confirm(function, fmt, int(self.parts.inputs(held[:1])[0, 0]))

    def _check(self, exact: Truth, number: int, place: int) -> None:
        row = int(self.parts.rows(np.array([place]))[0])
        block = self.parts.blocks[row]
        if block.kind in (Kind.OPEN, Kind.NAN, Kind.SAME):
            return
        rho, rest = self._work[0], self._work[1]
        self._loops.expected(self._y, place, 1, row, self.parts.arrays, rho, rest)
        if rest[0] >= 0.5:
            return  # left open, or a pole
        rounded = int(rho[0]) % (1 << max(self.parts.fmt.width, 32))
        if not agrees(exact, number, rounded, float(rest[0]), block.bound):
            bits = int(self.parts.inputs(np.array([place]))[0, 0])
            raise DisagreementError(
                f"The references disagree at {self.parts.function.name}"
                f"({self.parts.fmt.hex(bits)}) in {self.parts.fmt.name}: the model gives "
                f"{self.parts.fmt.hex(rounded)} and {float(rest[0])!r} ulp, within "
                f"{block.bound:.3g}, single enclosures do not. Please report this; no figure of it "
                "can be trusted."
            )


def _distinct(outputs: Bits) -> list[tuple[int, int]]:
    """Return for each different output the first place and how often it came."""
    if (outputs == outputs[0]).all():
        return [(0, len(outputs))]
    _, first, counts = np.unique(outputs, return_index=True, return_counts=True)
    return list(zip(first.tolist(), counts.tolist(), strict=True))


def multiplied(tally: Tally, count: int) -> Tally:
    """Return the tally of `count` inputs like the one that was judged; it stays the witness."""
    return Tally(
        {name: number * count for name, number in tally.counters.items()},
        tally.extremes,
        tuple(number * count for number in tally.histogram),
        {
            number: Bin(*(part * count for part in content))._replace(largest=content.largest)
            for number, content in tally.profile.items()
        },
    )


def _widened(extreme: Extreme, others: float) -> Extreme:
    """Return a maximum that is not below a bound of what was not ranked against it."""
    return extreme._replace(value=max(extreme.value, -_units(-others)))


def _units(size: float) -> int:
    """Return floor(size * 2^60)."""
    numerator, denominator = size.as_integer_ratio()
    return numerator * ONE // denominator


def _as_signed(outputs: Bits) -> npt.NDArray[Any]:
    if outputs.dtype.itemsize == 2:
        return outputs.astype(np.int32)
    return outputs.view(np.int32 if outputs.dtype.itemsize == 4 else np.int64)


def _work(kind: np.dtype[Any]) -> tuple[Any, ...]:
    """Return a tile's arrays: rho, rest, steps, errors and their bits, bins, four histograms."""
    from halfulp.judge.tiles import TILE

    error = np.empty(TILE)
    return (
        np.empty(TILE, dtype=kind),
        np.empty(TILE),
        np.empty(TILE, dtype=kind),
        error,
        error.view(np.int64),
        np.empty(TILE, dtype=np.uint8),
        np.zeros((4, 256), dtype=np.int64),
    )
