"""What the tests of the judge share: definitions in rational arithmetic, and planted truths."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from halfulp import encodings
from halfulp.judge.judging import Axis
from halfulp.judge.tally import Tally, merged
from halfulp.reference.truth import Kind, Truth
from halfulp.reference.values import Exact, Limit, Scaled, Scaler, Undecided

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from halfulp.formats import Format

HALF = Fraction(1, 2)


class Definitions:
    """The definitions of error, steps, faithful and classes, on rationals, slowly.

    They are written from the parameters p, emin and emax alone and share no code with the suite.
    An infinity is the text "inf" or "-inf".
    """

    def __init__(self, fmt: Format) -> None:
        self.p, self.emin, self.emax, self.width = fmt.p, fmt.emin, fmt.emax, fmt.width
        self.beyond = Fraction(2) ** (self.emax + 1)
        self.largest = self.beyond - Fraction(2) ** (self.emax + 1 - self.p)
        self.threshold = self.beyond - Fraction(2) ** (self.emax - self.p)
        self.smallest = Fraction(2) ** (self.emin - self.p + 1)

    def decode(self, bits: int) -> Fraction | str:
        """Return the value of an encoding, "nan", "inf" or "-inf"."""
        sign = -1 if bits >> (self.width - 1) else 1
        exponent = (bits >> (self.p - 1)) % (1 << (self.width - self.p))
        fraction = bits % (1 << (self.p - 1))
        if exponent == (1 << (self.width - self.p)) - 1:
            return "nan" if fraction else "inf" if sign > 0 else "-inf"
        hidden = 1 if exponent else 0
        scale = Fraction(2) ** (max(exponent, 1) - self.emax - (self.p - 1))
        return sign * (fraction + hidden * (1 << (self.p - 1))) * scale

    def sign(self, bits: int) -> int:
        """Return the sign bit."""
        return bits >> (self.width - 1)

    def ulp(self, real: Fraction) -> Fraction:
        """Return ulp(R) by its definition."""
        exponent = self.emin
        if real:
            top = abs(real).numerator.bit_length() - real.denominator.bit_length()
            exponent = top if Fraction(2) ** top <= abs(real) else top - 1
        return Fraction(2) ** (min(max(exponent, self.emin), self.emax) - self.p + 1)

    def counted(self, value: Fraction | str) -> Fraction:
        """Return the number as which a result counts: infinities are ±2^(emax+1)."""
        if isinstance(value, str):
            return self.beyond if value == "inf" else -self.beyond
        return value

    def error(self, output: int, real: Fraction) -> Fraction:
        """Return the signed error in ulp."""
        due = real
        if abs(real) >= self.threshold:
            due = self.beyond if real > 0 else -self.beyond
        return (self.counted(self.decode(output)) - due) / self.ulp(real)

    def rounded(self, real: Fraction) -> Fraction | str:
        """Return the correctly rounded result."""
        if abs(real) >= self.threshold:
            return "inf" if real > 0 else "-inf"
        unit = self.ulp(real)
        below = real // unit
        rest = real / unit - below
        up = rest > HALF or (rest == HALF and below % 2 == 1)
        return (below + up) * unit

    def ordinal(self, value: Fraction | str) -> int:
        """Return how many numbers lie between zero and a number of the format, signed."""
        count = abs(self.counted(value)) / self.smallest
        binades = max(int(count).bit_length() - self.p, 0)  # that hold 2^(p-1) numbers each
        count /= 1 << binades
        assert count.denominator == 1
        ordinal = int(count) + (binades << (self.p - 1))
        return ordinal if self.counted(value) >= 0 else -ordinal

    def steps(self, output: int, real: Fraction) -> int:
        """Return the distance in encodings to the correctly rounded result."""
        return abs(self.ordinal(self.decode(output)) - self.ordinal(self.rounded(real)))

    def faithful(self, output: int, real: Fraction) -> bool:
        """Tell whether no number lies strictly between the output and R, nor equals R."""
        got = self.counted(self.decode(output))
        if abs(real) > self.largest:
            beside = {self.largest, self.beyond}
            return abs(got) in beside and (got > 0) == (real > 0)
        unit = self.ulp(real)
        below = real // unit * unit
        return got == real if below == real else got in {below, below + unit}


@pytest.fixture(scope="session")
def definitions() -> Callable[[Format], Definitions]:
    """Return the definitions for a format."""
    made: dict[str, Definitions] = {}
    return lambda fmt: made.setdefault(fmt.name, Definitions(fmt))


def truth_of(
    fmt: Format, results: Sequence[Scaled | Limit | Undecided], *, trivial: Sequence[int] = ()
) -> Truth:
    """Return a truth with these results; all are nontrivial but those at the places given."""
    count = len(results)
    kind = np.zeros(count, dtype=np.uint8)
    rounded = np.zeros(count, dtype=encodings.bits_type(fmt))
    columns = np.zeros((5, count), dtype=np.int64)
    kinds = {"nan": Kind.NAN, "inf": Kind.PLUS_INF, "-inf": Kind.MINUS_INF}
    limits = {"nan": fmt.nan, "inf": fmt.infinity, "-inf": fmt.infinity | fmt.sign_bit}
    for place, result in enumerate(results):
        if isinstance(result, Scaled):
            rounded[place], columns[:, place] = result.rounded, result[1:]
        elif isinstance(result, Limit):
            kind[place], rounded[place] = kinds[result.text], limits[result.text]
        else:
            kind[place] = Kind.UNDECIDED
    nontrivial = kind == Kind.NUMBER
    nontrivial[list(trivial)] = False
    return Truth(fmt, kind, rounded, *columns, nontrivial)


@pytest.fixture(scope="session", name="truth_of")
def truth_of_fixture() -> Callable[..., Truth]:
    """Return the function that plants results in a truth."""
    return truth_of


@dataclass(frozen=True)
class Planted:
    """Inputs, exact results and outputs, of which any part can be judged."""

    fmt: Format
    inputs: Any
    outputs: Any
    reals: Sequence[Fraction | Limit | Undecided]
    trivial: frozenset[int]
    axis: Axis
    scaled: list[Any] = field(default_factory=list)

    def truth(self, places: Sequence[int]) -> Truth:
        """Return the truth at some places."""
        if not self.scaled:
            scaler = Scaler(self.fmt)
            self.scaled.extend(
                scaler.exact(Exact(real)) if isinstance(real, Fraction) else real
                for real in self.reals
            )
        trivial = [number for number, place in enumerate(places) if place in self.trivial]
        return truth_of(self.fmt, [self.scaled[place] for place in places], trivial=trivial)

    def tally(self, places: Sequence[int]) -> Tally:
        """Return the tally of some places, with its parts in the order in which runs keep them."""
        from halfulp.judge.judging import judge

        chosen = list(places)
        return merged(
            [judge(self.truth(chosen), self.inputs[:, chosen], self.outputs[chosen], self.axis)]
        )


def planted(fmt: Format, seed: int, count: int) -> Planted:
    """Return results of all kinds with outputs from right to absurd; equal errors are frequent."""
    random = np.random.default_rng(seed)
    inputs = random.integers(0, 1 << min(fmt.width, 63), (2, count), dtype=np.uint64)
    inputs[0, count // 2 :] = inputs[0, : count - count // 2]  # first arguments come twice
    inputs = inputs.astype(encodings.bits_type(fmt))
    reals: list[Fraction | Limit | Undecided] = []
    outputs = []
    for _ in range(count):
        real, output = _result(fmt, random)
        reals.append(real)
        outputs.append(output)
    least, greatest = -1 - fmt.max_magnitude, fmt.max_magnitude
    return Planted(
        fmt,
        inputs,
        np.array(outputs, dtype=encodings.bits_type(fmt)),
        reals,
        frozenset(random.integers(0, count, count // 5).tolist()),
        Axis(least, greatest, 64),
    )


def _result(fmt: Format, random: Any) -> tuple[Fraction | Limit | Undecided, int]:
    choice = random.integers(0, 12)
    anything = int(random.integers(0, 1 << min(fmt.width, 63)))
    if choice == 0:
        return Limit(random.choice(["nan", "inf", "-inf"])), anything
    if choice == 1:
        return Undecided("a test"), anything
    bits = int(random.integers(0, fmt.max_magnitude)) | int(random.integers(0, 2)) * fmt.sign_bit
    near = fmt.value(bits)
    real = near + Fraction(int(random.integers(-4, 5)), 8) * fmt.ulp(near)
    if choice == 2:
        return real, anything
    steps = int(random.choice([0, 0, 1, -1, 2, -4]))
    ordinal = max(min(fmt.ordinal(bits) + steps, fmt.max_magnitude + 1), -1 - fmt.max_magnitude)
    return real, fmt.from_ordinal(ordinal)


@pytest.fixture(scope="session", name="planted")
def planted_fixture() -> Callable[[Format, int, int], Planted]:
    """Return the function that plants many results."""
    return planted
