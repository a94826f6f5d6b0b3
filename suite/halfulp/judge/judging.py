"""Judging one shard: from exact results and outputs to a tally."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from halfulp import encodings
from halfulp.encodings import Bits, Bool, Int
from halfulp.judge.errors import FAR_BITS, Errors, Fixed, errors, middle
from halfulp.judge.tally import MEAN_BITS, Bin, Extreme, Tally, Witness, rank
from halfulp.judge.verdicts import classes, faithful, steps
from halfulp.reference.truth import Kind, Truth
from halfulp.reference.values import FRACTION_BITS, ONE, Flag
from halfulp.runs.schema import DEFECTS, HISTOGRAM_LINEAR, HISTOGRAM_TAIL

MEAN_CAP_BITS = 40
"""Errors of 2^40 ulp and more count as 2^40 in means, and are counted as capped."""

PROFILE_CAP = ONE << 53
"""Profiles show errors up to 2^53 ulp."""


@dataclass(frozen=True)
class Axis:
    """The bins of a profile: equal parts of a range of keys of the first argument.

    Parameters
    ----------
    low, high
        First and last key.
    bins
        How many parts.
    """

    low: int
    high: int
    bins: int = 512

    def numbers(self, keys: Int) -> Int:
        """Return the bin of each key, -1 outside the range."""
        width = -(-(self.high - self.low + 1) // self.bins)
        inside = (keys >= self.low) & (keys <= self.high)
        # The distance from the low end may need 64 bits: it is taken without a sign.
        low = np.uint64(self.low & (2**64 - 1))
        numbers = (keys.astype(np.uint64) - low) // np.uint64(width)
        return np.where(inside, numbers.astype(np.int64), -1)

    @cached_property
    def width(self) -> int:
        """Keys of a bin."""
        return -(-(self.high - self.low + 1) // self.bins)

    def number(self, key: int) -> int:
        """Return the bin of a key inside the range."""
        return (key - self.low) // self.width

    def only_number(self, first: int, last: int) -> int | None:
        """Return the bin of a run of keys, if it lies in one."""
        if first < self.low or last > self.high:
            return None
        number = (first - self.low) // self.width
        return number if number == (last - self.low) // self.width else None

    def bounds(self, number: int) -> tuple[int, int]:
        """Return the first and last key of a bin."""
        width = -(-(self.high - self.low + 1) // self.bins)
        first = self.low + number * width
        return first, min(first + width - 1, self.high)


def judge(truth: Truth, inputs: Bits, outputs: Bits, axis: Axis) -> Tally:
    """Return the tally of one shard.

    Parameters
    ----------
    truth
        Exact results at the inputs.
    inputs
        Encodings of shape (arity, n).
    outputs
        What a routine returned, encodings of shape (n,).
    axis
        The bins of the profile.
    """
    return _Shard(truth, inputs, outputs, axis).tally()


class _Shard:
    """The arrays that the parts of a tally share."""

    def __init__(self, truth: Truth, inputs: Bits, outputs: Bits, axis: Axis) -> None:
        self.truth = truth
        self.inputs = inputs
        self.outputs = outputs
        self.axis = axis
        self.keys = [encodings.keys(truth.fmt, column) for column in inputs]
        self.errors: Errors = errors(truth, outputs)
        self.classes = classes(truth, outputs)
        self.steps = steps(truth, outputs)
        numeric, flags = self.errors.numeric, truth.flags
        self.rounding_decided = numeric & ((flags & int(Flag.OPEN_ROUNDING)) == 0)
        self.wrong = self.rounding_decided & (self.steps != 0)
        self.faithful_decided = numeric & ((flags & int(Flag.OPEN_FAITHFUL)) == 0)
        self.unfaithful = self.faithful_decided & ~faithful(truth, outputs)
        self.nontrivial = numeric & truth.nontrivial
        # Means, histograms and profiles are taken from the middle of the bounds.
        self.middle = middle(self.errors.low, self.errors.high)
        size = middle(self.errors.smallest, self.errors.largest)
        self.size = size._replace(whole=np.where(self.errors.far, 1 << FAR_BITS, size.whole))
        self.scaled_error = self._mean_terms()

    def tally(self) -> Tally:
        """Return everything together."""
        return Tally(
            {name: count for name, count in self._counters().items() if count},
            self._extremes(),
            self._histogram(),
            self._profile(),
        )

    # -- counters ----------------------------------------------------------------------------

    def _mean_terms(self) -> Int:
        """Return floor(|error| * 2^20), capped."""
        whole, fraction = self.size
        terms = (np.minimum(whole, 1 << MEAN_CAP_BITS) << MEAN_BITS) + (
            fraction >> (FRACTION_BITS - MEAN_BITS)
        )
        return np.minimum(terms, 1 << (MEAN_CAP_BITS + MEAN_BITS))

    def _counters(self) -> dict[str, int]:
        numeric, undecided = self.errors.numeric, self.truth.kind == Kind.UNDECIDED
        capped = self.nontrivial & (self.size.whole >= 1 << MEAN_CAP_BITS)
        named: dict[str, Bool] = {
            "judged": numeric,
            "nontrivial": self.nontrivial,
            "capped": capped,
            "wrongly_rounded": self.wrong,
            "wrongly_rounded_nontrivial": self.wrong & self.nontrivial,
            "unfaithful": self.unfaithful,
            "undecided_error": undecided | (numeric & ~self.errors.proved),
            "undecided_rounding": undecided | (numeric & ~self.rounding_decided),
            "undecided_faithful": undecided | (numeric & ~self.faithful_decided),
            **self.classes,
        }
        counts = {name: int(np.count_nonzero(mask)) for name, mask in named.items()}
        return {
            "count": self.outputs.shape[0],
            "sum": exact_sum(self.scaled_error[self.nontrivial]),
            **counts,
        }

    # -- extremes ----------------------------------------------------------------------------

    def _extremes(self) -> dict[str, Extreme]:
        found = {
            "max_ulp": self._largest_error(),
            "max_above": self._largest_signed(above=True),
            "max_below": self._largest_signed(above=False),
            "max_steps": self._most_steps(),
            "unfaithful": self._first(self.unfaithful),
            "undecided": self._first(
                (self.truth.kind == Kind.UNDECIDED) | (self.errors.numeric & ~self.errors.proved)
            ),
            **{name: self._first(mask) for name, mask in self.classes.items()},
        }
        return {name: extreme for name, extreme in found.items() if extreme is not None}

    def _largest_error(self) -> Extreme | None:
        far = [
            self._far_extreme(place, max(abs(bounds[0]), abs(bounds[1])), bounds)
            for place, bounds in self.errors.far_errors.items()
        ]
        near = self._argmax(self.errors.numeric & ~self.errors.far)
        if near is not None:
            far.append(self._near_extreme(near))
        return max(far, key=rank, default=None)

    def _largest_signed(self, *, above: bool) -> Extreme | None:
        """Return the largest error of one sign, by its absolute value."""
        low, high = self.errors.low, self.errors.high
        positive = (high.whole > 0) | ((high.whole == 0) & (high.fraction > 0))
        negative = low.whole < 0
        side = positive if above else negative
        far = [
            self._far_extreme(place, bounds[1] if above else -bounds[0], bounds)
            for place, bounds in self.errors.far_errors.items()
            if (bounds[1] > 0 if above else bounds[0] < 0)
        ]
        mask = self.errors.numeric & ~self.errors.far & side
        near = self._argmax(mask)
        if near is not None:
            far.append(self._near_extreme(near))
        return max(far, key=rank, default=None)

    def _most_steps(self) -> Extreme | None:
        places = self.rounding_decided.nonzero()[0]
        if not places.size:
            return None
        most = self.steps[places].max()
        place = self._smallest_input(places[self.steps[places] == most])
        return self._extreme(place, int(most), int(most), self._signed_at(place))

    def _first(self, mask: Bool) -> Extreme | None:
        """Return the smallest input in a mask."""
        places = mask.nonzero()[0]
        if not places.size:
            return None
        place = self._smallest_input(places)
        signed = self._signed_at(place) if self.errors.numeric[place] else None
        return self._extreme(place, 0, 0, signed)

    def _argmax(self, mask: Bool) -> int | None:
        """Return the place of the largest error in a mask, of equal ones as `rank` orders them."""
        places = mask.nonzero()[0]
        for column in (*self.errors.largest, *self.errors.smallest):
            if not places.size:
                return None
            chosen = column[places]
            places = places[chosen == chosen.max()]
        return self._smallest_input(places)

    def _smallest_input(self, places: npt.NDArray[np.intp]) -> int:
        for column in (*self.keys, self.outputs):
            chosen = column[places]
            places = places[chosen == chosen.min()]
        return int(places[0])

    def _signed_at(self, place: int) -> tuple[int, int]:
        """Return the bounds of the signed error at a place, in units of 2^-60."""
        if place in self.errors.far_errors:
            return self.errors.far_errors[place]
        return _unit_count(self.errors.low, place), _unit_count(self.errors.high, place)

    def _near_extreme(self, place: int) -> Extreme:
        value = _unit_count(self.errors.largest, place)
        lower = _unit_count(self.errors.smallest, place)
        return self._extreme(place, value, lower, self._signed_at(place))

    def _far_extreme(self, place: int, value: int, bounds: tuple[int, int]) -> Extreme:
        lower = min(abs(bounds[0]), abs(bounds[1]))
        return self._extreme(place, value, lower, bounds)

    def _extreme(
        self, place: int, value: int, lower: int, signed: tuple[int, int] | None
    ) -> Extreme:
        open_rounding = int(self.truth.flags[place]) & int(Flag.OPEN_ROUNDING)
        undecided = open_rounding or self.truth.kind[place] == Kind.UNDECIDED
        witness = Witness(
            tuple(int(column[place]) for column in self.keys),
            tuple(int(column[place]) for column in self.inputs),
            int(self.outputs[place]),
            None if undecided else int(self.truth.rounded[place]),
        )
        return Extreme(value, lower, signed, witness)

    # -- distributions -----------------------------------------------------------------------

    def _histogram(self) -> tuple[int, ...]:
        """Return counts over signed error, by the middle of its bounds."""
        numeric = self.errors.numeric
        whole, fraction = self.middle.whole[numeric], self.middle.fraction[numeric]
        size, far = self.size.whole[numeric], self.errors.far[numeric]
        linear = ~far & (whole >= -2) & (whole < 2)
        per_ulp = HISTOGRAM_LINEAR // 4
        place = (whole[linear] + 2) * per_ulp + fraction[linear] // (ONE // per_ulp)
        counts = np.bincount(place, minlength=HISTOGRAM_LINEAR).tolist()
        below, above = ~far & (whole < -2), ~far & (whole >= 2)
        doubled = [sum(bounds) for bounds in self.errors.far_errors.values()]
        far_below = [-each >> (FRACTION_BITS + 1) for each in doubled if each < 0]
        far_above = [each >> (FRACTION_BITS + 1) for each in doubled if each > 0]
        return (*counts, *_tail(size[below], far_below), *_tail(size[above], far_above))

    def _profile(self) -> dict[int, Bin]:
        """Return the bins of the first argument that have inputs."""
        numbers = self.axis.numbers(self.keys[0])
        defects = np.zeros(numbers.shape, dtype=np.bool_)
        for name in DEFECTS:
            defects |= self.classes[name]
        used = numbers >= 0
        bins = self.axis.bins
        numeric = self.errors.numeric & used

        def counted(mask: Bool) -> list[int]:
            return np.bincount(numbers[mask], minlength=bins).tolist()  # type: ignore[no-any-return] # numpy types tolist as Any

        columns = (
            counted(numeric),
            counted(self.nontrivial & used),
            _largest_per_bin(numbers[numeric], self._capped(numeric), bins),
            _sum_per_bin(numbers[numeric], self.scaled_error[numeric], bins),
            counted(self.wrong & used),
            counted(defects & used),
        )
        rows = (Bin(*row) for row in zip(*columns, strict=True))
        return {number: row for number, row in enumerate(rows) if any(row)}

    def _capped(self, mask: Bool) -> Fixed:
        whole, fraction = self.size.whole[mask], self.size.fraction[mask]
        cap = PROFILE_CAP >> FRACTION_BITS
        return Fixed(np.minimum(whole, cap), np.where(whole >= cap, 0, fraction))


def _unit_count(values: Fixed, place: int) -> int:
    """Return one number in units of 2^-60."""
    return (int(values.whole[place]) << FRACTION_BITS) + int(values.fraction[place])


def exact_sum(terms: Int) -> int:
    """Return the sum of integers in [0, 2^62) without overflow."""
    return (int((terms >> 30).sum()) << 30) + int((terms & ((1 << 30) - 1)).sum())


def _sum_per_bin(numbers: Int, terms: Int, bins: int) -> list[int]:
    upper, lower = np.zeros(bins, dtype=np.int64), np.zeros(bins, dtype=np.int64)
    np.add.at(upper, numbers, terms >> 30)
    np.add.at(lower, numbers, terms & ((1 << 30) - 1))
    return [(high << 30) + low for high, low in zip(upper.tolist(), lower.tolist(), strict=True)]


def _largest_per_bin(numbers: Int, values: Fixed, bins: int) -> list[int]:
    whole = np.zeros(bins, dtype=np.int64)
    np.maximum.at(whole, numbers, values.whole)
    fraction = np.zeros(bins, dtype=np.int64)
    leading = values.whole == whole[numbers]
    np.maximum.at(fraction, numbers[leading], values.fraction[leading])
    pairs = zip(whole.tolist(), fraction.tolist(), strict=True)
    return [(high << FRACTION_BITS) + low for high, low in pairs]


def _tail(near: Int, far: list[int]) -> list[int]:
    """Return counts of floor(|error|) >= 2 by binade: [2, 4), [4, 8), ..., and the rest last."""
    counts = [
        int(np.count_nonzero((near >= 1 << k) & (near < 1 << (k + 1))))
        for k in range(1, HISTOGRAM_TAIL + 1)
    ]
    for whole in far:
        counts[min(whole.bit_length() - 1, HISTOGRAM_TAIL) - 1] += 1
    return counts
