"""What the tests of models share: models as compiled loops evaluate them, held against balls.

The balls are those of the tests' own arbiter, at twice the precision and more, so that nothing is
taken on trust that a planner did.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import flint
import numpy as np
import pytest
from flint import arb

from halfulp import expressions, functions
from halfulp.judge import loops
from halfulp.judge.elements import decided_within
from halfulp.judge.marks import NOT_A_NUMBER
from halfulp.judge.segments import Segments
from halfulp.judge.tiles import TILE
from halfulp.reference import blocks as planning
from halfulp.reference.block import Block, Kind
from halfulp.reference.blocks import Planner
from halfulp.reference.models import HORNER_UNIT, Modeller

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from halfulp.formats import Format

Ball = Any  # python-flint ships no types
Keys = tuple[int, int]
MODELS = (Kind.MODEL, Kind.OSCILLATION, Kind.REFLECTION)
UNIT = Fraction(HORNER_UNIT)  # as it is before any mutant


class Point(NamedTuple):
    """What a model says of one input: |R| = |rounded| + rest in ulps of R, within the bound."""

    key: int
    rounded: int
    rest: float
    bound: float


class Held(NamedTuple):
    """A point held against R: how much of its bound is used, and whether it is surely kept."""

    point: Point
    used: float
    is_kept: bool


@dataclass(frozen=True)
class Models:
    """The blocks of one function, and what they say."""

    fmt: Format
    real: Callable[[Ball], Ball]
    function: Any

    def blocks(self, first: int, count: int, degree: int = planning.DEGREE) -> list[Block]:
        """Return the blocks of a run, planned anew."""
        return Planner(self.function, self.fmt, degree).blocks(first, count)

    # -- what compiled loops make of a block -------------------------------------------------

    def points(self, block: Block, stretches: Iterable[Keys]) -> Iterator[Point]:
        """Yield what the compiled loops say of stretches (first key, count) of a block."""
        width = max(self.fmt.width, 32)
        kind = np.dtype(f"int{width}")
        rho, rest, y = np.empty(TILE, kind), np.empty(TILE), np.empty(1, kind)
        segments = Segments(self.function, self.fmt, block.count, (block,), (0,), (0,)).arrays
        for first, count in stretches:
            for start in range(first - block.first, first - block.first + count, TILE):
                n = min(TILE, first - block.first + count - start)
                loops.expected(y, start, n, 0, segments, rho, rest)
                for i, (rounded, away) in enumerate(
                    zip(rho[:n].tolist(), rest[:n].tolist(), strict=True)
                ):
                    if away >= NOT_A_NUMBER or (away == 0.5 and block.kind != Kind.MODEL):
                        continue  # a pole, or left open
                    key = block.first + start + i
                    yield Point(key, rounded % (1 << width), away, block.bound)

    def chosen(self, block: Block, count: int, seed: int) -> list[Point]:
        """Return points of a block: its ends, its middle, random ones, and the least decided."""
        random = np.random.default_rng(seed)
        last = max(block.count - 8, 0)
        starts = {0, last, last // 2}
        starts |= set(random.integers(0, last, max(count // 8 - 3, 1), endpoint=True).tolist())
        stretches = [(block.first + at, min(8, block.count - at)) for at in sorted(starts)]
        dense = list(self.points(block, [(block.first, min(block.count, 4 * TILE))]))
        decided = decided_within(block.bound)
        dense = [point for point in dense if abs(point.rest) <= decided]
        dense.sort(key=lambda point: (-abs(point.rest), point.key))
        return [*self.points(block, stretches), *dense[:4], *dense[-4:]]

    # -- against balls -----------------------------------------------------------------------

    def held(self, point: Point) -> Held:
        """Hold a point against R, at a precision that decides."""
        fmt = self.fmt
        significand, exponent = fmt.significand(fmt.from_key(point.key))
        magnitude = fmt.magnitude(point.rounded)
        whole, unit = fmt.significand(magnitude)
        is_border = whole == 1 << (fmt.p - 1) and unit > fmt.emin - fmt.p + 1
        if is_border and point.rest < 0:  # R lies in the binade below
            whole, unit = 2 * whole, unit - 1
        sign = -1 if fmt.is_negative(point.rounded) else 1
        precision = 2 * fmt.p + 96
        while True:
            with flint.ctx.workprec(precision):
                scaled = self.real(arb((significand, exponent))) * arb((sign, -unit))
                off = abs(scaled - whole - arb(point.rest))
                is_kept = bool(off <= arb(point.bound))
                if is_kept or off > arb(point.bound) or precision > 1 << 14:
                    used = float(off.upper()) / point.bound if point.bound else math.inf
                    return Held(point, used, is_kept)
            precision *= 2

    def bounds(self, point: Point) -> tuple[Fraction, Fraction]:
        """Return the bounds of R by a point."""
        fmt = self.fmt
        whole, unit = fmt.significand(fmt.magnitude(point.rounded))
        if whole == 1 << (fmt.p - 1) and unit > fmt.emin - fmt.p + 1 and point.rest < 0:
            whole, unit = 2 * whole, unit - 1
        middle, bound = whole + Fraction(point.rest), Fraction(point.bound)
        low, high = ((middle + side) * Fraction(2) ** unit for side in (-bound, bound))
        return (-high, -low) if fmt.is_negative(point.rounded) else (low, high)

    def violations(self, found: Iterable[Block], count: int = 64) -> list[Held]:
        """Return points of blocks at which R is not within the bound."""
        wrong = []
        for seed, block in enumerate(found):
            if block.kind in MODELS:
                held = map(self.held, self.chosen(block, count, seed))
                wrong += [each for each in held if not each.is_kept]
        return wrong


@pytest.fixture(scope="session")
def models(arbiter: Any) -> Callable[[str, Format], Models]:
    """Return what makes the models of a function, named or an expression, in a format."""

    def make(name: str, fmt: Format) -> Models:
        function = functions.get(name)
        if function.is_catalogue:
            return Models(fmt, arbiter.FUNCTIONS[name], function)
        tree = functions.parse(name)

        def real(x: Ball) -> Ball:
            named = {"x": x, "pi": arb.pi()}
            return expressions.fold(tree, arbiter._number, named.__getitem__, arbiter._apply)

        return Models(fmt, real, function)

    return make


# -- what a model is made of -------------------------------------------------------------------


class Made(NamedTuple):
    """The balls that a model was made of, and the model."""

    near: list[Ball]
    rest: Ball
    fmt: Format
    model: Any


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Made]:
    """Record every model that is made, with the balls from which it was."""
    return watch(monkeypatch)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[Made]]:
    """Return a call that begins to record: after a mutant was made, what it makes is seen."""
    return lambda: watch(monkeypatch)


def watch(monkeypatch: pytest.MonkeyPatch) -> list[Made]:
    """Record every model that is made from here on, whoever changed how."""
    found: list[Made] = []
    original = Modeller._scaled

    def scaled(self: Modeller, near: Any, rest: Ball, centre: int, shift: int) -> Any:
        model = original(self, near, rest, centre, shift)
        if model is not None:
            balls = [near[k] for k in range(self.degree + 1)]
            found.append(Made(balls, rest, self.fmt, model))
        return model

    monkeypatch.setattr(Modeller, "_scaled", scaled)
    return found


def ends(ball: Ball) -> tuple[Fraction, Fraction]:
    """Return the ends of a ball, exactly."""
    middle, radius = (_fraction(part) for part in (ball.mid(), ball.rad()))
    return middle - radius, middle + radius


def _fraction(exact: Ball) -> Fraction:
    mantissa, exponent = map(int, exact.man_exp())
    return Fraction(mantissa) * Fraction(2) ** exponent


def largest(ball: Ball, less: Fraction = Fraction(0)) -> Fraction:
    """Return the largest size of what a ball holds, less a number."""
    return max(abs(end - less) for end in ends(ball))


def wrong_budgets(found: Sequence[Made]) -> list[Made]:
    """Return the models whose coefficients or bound are not what docs/error-bound.md says."""
    return [each for each in found if not _is_kept(each)]


def _is_kept(made: Made) -> bool:
    """Tell whether coefficients are rounded to nearest, and the bound covers the whole budget."""
    model = made.model
    scale = Fraction(2) ** -model.unit * (-1 if model.negative else 1)
    exact = [tuple(sorted(end * scale for end in ends(ball))) for ball in made.near]
    taken = [Fraction(model.whole), model.slope * Fraction(2) ** model.shift]
    taken += [Fraction(0)] * (len(exact) - 2)
    budget = largest(made.rest) * abs(scale) + Fraction(2) ** -1000
    for k, (bounds, whole) in enumerate(zip(exact, taken, strict=True)):
        c = model.coefficients[k]
        off = max(abs(end - whole - Fraction(c)) for end in bounds)
        blurred = bounds[1] - bounds[0] + abs(bounds[0]) / 2**90
        if off > Fraction(math.ulp(c)) / 2 + blurred:
            return False
        budget += off + (2 * k + 1) * abs(Fraction(c)) * UNIT
    return budget <= Fraction(model.bound)


@pytest.fixture(scope="session")
def problems() -> Callable[[Sequence[Made]], list[Made]]:
    """Return the function that checks what models are made of."""
    return wrong_budgets
