"""The second maximum of a backend that flushes subnormals (NUMERICS.md, section 1).

IEEE 754 has subnormals, and the first figure counts them. A backend that takes subnormal operands
for zeros and returns zeros for subnormal results is also held against what it promises: allowed
references are f(x) and, if x is subnormal, f(+0) and f(-0); an output of zero is right if
|R| < smallest normal before rounding. Of the errors that this allows the smallest is taken.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from halfulp import encodings
from halfulp.encodings import Bits, Bool
from halfulp.formats import Format
from halfulp.judge.errors import FAR_BITS, Errors, Fixed, errors, less, where
from halfulp.judge.tally import Extreme, Witness, rank
from halfulp.reference.truth import Kind, Truth
from halfulp.reference.values import FRACTION_BITS

_LEAVES_64_BITS = np.int64(1) << (FAR_BITS + 1)
"""Whole ulps of an error that is larger than 64 bits hold, or that there is none of."""


def zeroed_inputs(fmt: Format, inputs: Bits) -> tuple[Bits, Bits]:
    """Return inputs with each subnormal replaced by +0, and by -0.

    Parameters
    ----------
    inputs
        Encodings of shape (arity, n).
    """
    magnitudes = encodings.magnitudes(fmt, inputs)
    subnormal = (magnitudes > 0) & (magnitudes < 1 << (fmt.p - 1))
    zero, minus_zero = inputs.dtype.type(0), inputs.dtype.type(fmt.sign_bit)
    return np.where(subnormal, zero, inputs), np.where(subnormal, minus_zero, inputs)


def flushing_maximum(references: Sequence[Truth], inputs: Bits, outputs: Bits) -> Extreme | None:
    """Return the largest error that is left when each output is held against what suits it best.

    Parameters
    ----------
    references
        Exact results at the inputs, then at both of `zeroed_inputs`.
    inputs
        Encodings of shape (arity, n).
    outputs
        What a routine returned, encodings of shape (n,).

    Returns
    -------
    Extreme or None
        At the smallest input of equal ones; None if there is no numeric error at all.
    """
    candidates = [_Candidate(reference, outputs) for reference in references]
    best, judged = candidates[0].largest, candidates[0].judged
    for candidate in candidates[1:]:
        best = where(less(candidate.largest, best), candidate.largest, best)
        judged = judged | candidate.judged
    extremes = (
        _extreme(place, candidates, references[0], inputs, outputs)
        for place in _largest(judged, best)
    )
    return max(extremes, key=rank, default=None)


class _Candidate:
    """The errors of outputs against one reference, less what flushing excuses."""

    def __init__(self, truth: Truth, outputs: Bits) -> None:
        self.errors: Errors = errors(truth, outputs)
        self.excused = _excused(truth, outputs)
        self.judged: Bool = self.errors.numeric | self.excused
        whole = np.where(self.judged, self.errors.largest.whole, _LEAVES_64_BITS)
        self.largest = Fixed(
            np.where(self.excused, 0, whole),
            np.where(self.judged & ~self.excused, self.errors.largest.fraction, 0),
        )

    def signed(self, place: int) -> tuple[int, int] | None:
        """Return bounds of the signed error in units of 2^-60, however large, if there is one."""
        if not self.judged[place]:
            return None
        if self.excused[place]:
            return 0, 0
        bounds = _units(self.errors.low, place), _units(self.errors.high, place)
        return self.errors.far_errors.get(place, bounds)


def _excused(truth: Truth, outputs: Bits) -> Bool:
    """Return where an output is exactly a special result, or zero for what flushing makes zero."""
    fmt = truth.fmt
    zero = encodings.magnitudes(fmt, outputs) == 0
    nan = (truth.kind == Kind.NAN) & encodings.is_nan(fmt, outputs)
    infinite = (truth.kind == Kind.PLUS_INF) | (truth.kind == Kind.MINUS_INF)
    lowest = truth.unit == fmt.emin - fmt.p + 1
    edge = 1 << (fmt.p - 1)  # the smallest normal number in units of the smallest subnormal
    above = (truth.whole > -edge) | ((truth.whole == -edge) & (truth.low > 0))
    tiny = (truth.kind == Kind.NUMBER) & lowest & above & (truth.whole < edge)
    excused: Bool = nan | (infinite & (outputs == truth.rounded)) | (zero & tiny)
    return excused


def _largest(judged: Bool, best: Fixed) -> list[int]:
    """Return the places of the largest error, as far as 64 bits tell."""
    places = judged.nonzero()[0]
    for column in best:
        if places.size:
            chosen = column[places]
            places = places[chosen == chosen.max()]
    return [int(place) for place in places]


def _extreme(
    place: int, candidates: Sequence[_Candidate], truth: Truth, inputs: Bits, outputs: Bits
) -> Extreme:
    """Return the error at a place against the reference that suits it best."""
    found = [candidate.signed(place) for candidate in candidates]
    low, high = min(
        (bounds for bounds in found if bounds is not None), key=lambda pair: max(map(abs, pair))
    )
    bits = tuple(int(row[place]) for row in inputs)
    undecided = truth.kind[place] == Kind.UNDECIDED
    witness = Witness(
        tuple(truth.fmt.key(one) for one in bits),
        bits,
        int(outputs[place]),
        None if undecided else int(truth.rounded[place]),
    )
    lower = 0 if low <= 0 <= high else min(abs(low), abs(high))
    return Extreme(max(abs(low), abs(high)), lower, (low, high), witness)


def _units(number: Fixed, place: int) -> int:
    return (int(number.whole[place]) << FRACTION_BITS) + int(number.fraction[place])
