"""Routines with a known defect, measured from end to end: each is found, with the exact figure.

They are Python callables around a correctly rounded routine, a table of all 65,536 results in
float16, of which a few are changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import halfulp
from halfulp import functions
from halfulp.formats import FORMATS
from halfulp.reference.truth import truth
from halfulp.runs.schema import DEFECTS
from halfulp.study import runner, worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from halfulp.measurement import Figures
    from halfulp.reference.truth import Truth

FLOAT16 = FORMATS["float16"]
ALL = np.arange(1 << 16, dtype=np.uint16)
SMALLEST_NORMAL = 1 << 10
INFINITY = FLOAT16.infinity
MINUS_ZERO = FLOAT16.sign_bit


@cache
def table_of(name: str) -> Any:
    """Return the correctly rounded results at every encoding."""
    return truth(functions.get(name), FLOAT16, ALL[None]).rounded


def magnitude(bits: Any) -> Any:
    return bits & 0x7FFF


@dataclass
class Routine:
    """Looks results up in a table, and remembers what it was asked and what it answered."""

    table: Any
    asked: list[Any] = field(default_factory=list)
    answered: list[Any] = field(default_factory=list)

    def __call__(self, x: Any) -> Any:
        self.asked.append(x.view(np.uint16).copy())
        self.answered.append(self.answer(self.asked[-1]))
        return self.answered[-1].view(np.float16)

    def answer(self, inputs: Any) -> Any:
        return self.table[inputs]


class Stale(Routine):
    """Forgets to write the last element, which keeps what an earlier call left there."""

    def answer(self, inputs: Any) -> Any:
        outputs = self.table[inputs]
        outputs[-1] = self.answered[-1][-1] if self.answered else 0
        return outputs


@dataclass(frozen=True)
class Found:
    """What a measurement came to."""

    figures: Figures
    witnesses: dict[str, dict[str, Any]]

    @property
    def defects(self) -> dict[str, int]:
        return {name: self.figures.classes[name] for name in DEFECTS if self.figures.classes[name]}

    def input_of(self, quantity: str) -> int:
        return int(self.witnesses[quantity]["input_bits"], 16)


@pytest.fixture(scope="module")
def references() -> dict[Any, Truth]:
    return {}


@pytest.fixture
def measure(
    references: dict[Any, Truth], monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, Routine], Found]:
    """Return `halfulp.measure` over all inputs of float16, with its references computed once."""
    results: list[runner.Results] = []
    execute = runner.execute

    def remembered(function: Any, fmt: Any, inputs: Any) -> Truth:
        key = (function.name, fmt.name, inputs.tobytes())
        if key not in references:
            references[key] = truth(function, fmt, inputs)
        return references[key]

    def kept(*arguments: Any, **keywords: Any) -> runner.Results:
        results.append(execute(*arguments, **keywords))
        return results[-1]

    monkeypatch.setattr(worker, "truth", remembered)
    monkeypatch.setattr(runner, "execute", kept)

    def measure(function: str, routine: Routine) -> Found:
        measured = halfulp.measure(function, backend=routine, format="float16", inputs="exhaustive")
        (figures,) = measured.figures
        assert figures.status == "measured", figures.reason
        return Found(figures, {record["quantity"]: record for record in results[-1].witnesses})

    return measure


@pytest.fixture
def error_of(arbiter: Any, definitions: Callable[..., Any]) -> Callable[[str, int, int], Fraction]:
    """Return a function that gives the error of an output, of f(x) by an arbiter of its own."""

    def error(function: str, x: int, output: int) -> Fraction:
        slow = definitions(FLOAT16)
        low, high = arbiter.bounds(function, [slow.decode(x)], 300)
        errors = slow.error(output, low), slow.error(output, high)
        assert abs(errors[0] - errors[1]) < Fraction(1, 1 << 200)
        return errors[0]

    return error


def assert_maximum(found: Found, error: Fraction) -> None:
    interval = found.figures.max_ulp_interval
    assert interval is not None
    low, high = map(Fraction, interval)
    assert low <= abs(error) <= high
    assert high - low < Fraction(1, 1 << 40) * max(1, abs(error))


@pytest.mark.parametrize("function", ["exp", "expm1"])
def test_a_correctly_rounded_routine_has_no_fault(
    function: str, measure: Callable[..., Found]
) -> None:
    found = measure(function, Routine(table_of(function)))
    assert found.figures.kind == "exhaustive"
    assert found.figures.count == 1 << 16
    assert found.figures.judged == (1 << 16) - 2046 - 1  # nans, and the infinity of f(inf)
    assert found.figures.classes["nan_expected"] == 2046
    assert found.figures.classes["inf_expected"] == 1
    assert 0.49 < (found.figures.max_ulp or 0) <= 0.5
    assert found.figures.wrongly_rounded == found.figures.max_steps == 0
    assert found.figures.unfaithful == found.figures.undecided == found.figures.specials == 0
    assert found.defects == {}


@pytest.mark.parametrize("steps", [1, -1, 2, -7, 300, 5000])
def test_one_result_among_all_that_is_some_steps_off(
    steps: int, measure: Callable[..., Found], error_of: Callable[..., Fraction]
) -> None:
    x = FLOAT16.round(Fraction(27, 16))
    table = table_of("exp").copy()
    right = int(table[x])
    table[x] = right + steps
    found = measure("exp", Routine(table))
    assert found.figures.max_steps == abs(steps)
    assert found.figures.wrongly_rounded == 1
    assert found.figures.unfaithful == (0 if is_beside(error_of("exp", x, right + steps)) else 1)
    assert_maximum(found, error_of("exp", x, right + steps))
    witness = found.figures.witness
    assert witness is not None
    assert witness.input_bits == FLOAT16.bits_text(x)
    assert witness.got_bits == FLOAT16.bits_text(right + steps)
    assert witness.want_bits == FLOAT16.bits_text(right)
    assert found.input_of("max_steps") == x
    assert found.defects == {}


def is_beside(error: Fraction) -> bool:
    return abs(error) < 1


def test_a_zero_of_the_wrong_sign(measure: Callable[..., Found]) -> None:
    table = table_of("expm1").copy()
    assert table[MINUS_ZERO] == MINUS_ZERO
    table[MINUS_ZERO] = 0
    found = measure("expm1", Routine(table))
    assert found.defects == {"wrong_zero_sign": 1}
    assert found.figures.specials == 1
    assert found.input_of("wrong_zero_sign") == MINUS_ZERO
    assert found.figures.wrongly_rounded == 0
    assert (found.figures.max_ulp or 0) <= 0.5


def test_an_overflow_that_comes_early(
    measure: Callable[..., Found], error_of: Callable[..., Fraction]
) -> None:
    right = table_of("exp")
    last_binade = 0x7800  # 2^15
    too_early = (right >= last_binade) & (right < INFINITY)
    found = measure("exp", Routine(np.where(too_early, INFINITY, right).astype(np.uint16)))
    worst = int(ALL[too_early].min())
    assert_maximum(found, error_of("exp", worst, INFINITY))
    assert found.input_of("max_ulp") == worst
    assert found.figures.max_steps == INFINITY - int(right[worst])
    assert found.figures.wrongly_rounded == np.count_nonzero(too_early)
    assert found.figures.witness is not None
    assert found.figures.witness.got == "inf"


def test_the_largest_number_where_infinity_was_due_is_one_ulp_and_one_step(
    measure: Callable[..., Found],
) -> None:
    right = table_of("exp")
    saturated = np.where((right == INFINITY) & (ALL < INFINITY), INFINITY - 1, right)
    found = measure("exp", Routine(saturated.astype(np.uint16)))
    assert found.figures.max_ulp_interval == (1.0, 1.0)
    assert found.figures.max_steps == 1
    overflows = (right == INFINITY) & (ALL < INFINITY)
    assert found.figures.wrongly_rounded == np.count_nonzero(overflows)
    assert found.input_of("max_ulp") == int(ALL[overflows].min())


def test_subnormal_results_that_are_flushed(
    measure: Callable[..., Found], error_of: Callable[..., Fraction]
) -> None:
    right = table_of("exp")
    subnormal = (right > 0) & (right < SMALLEST_NORMAL)
    found = measure("exp", Routine(np.where(subnormal, 0, right).astype(np.uint16)))
    worst = int(ALL[subnormal].min())  # exp rises, and negative inputs have their order reversed
    assert 1000 < int(right[worst]) < SMALLEST_NORMAL
    assert_maximum(found, error_of("exp", worst, 0))
    assert found.input_of("max_ulp") == worst
    assert found.figures.max_steps == int(right[worst])
    assert found.figures.wrongly_rounded == np.count_nonzero(subnormal)


def test_subnormal_inputs_that_are_flushed(
    measure: Callable[..., Found], error_of: Callable[..., Fraction]
) -> None:
    right = table_of("expm1")
    subnormal = (magnitude(ALL) > 0) & (magnitude(ALL) < SMALLEST_NORMAL)
    flushed = np.where(subnormal, ALL & np.uint16(MINUS_ZERO), right).astype(np.uint16)
    found = measure("expm1", Routine(flushed))
    largest = SMALLEST_NORMAL - 1
    errors = {x: error_of("expm1", x, x & MINUS_ZERO) for x in (largest, largest | MINUS_ZERO)}
    worst = max(errors, key=lambda x: abs(errors[x]))
    assert_maximum(found, errors[worst])
    assert found.input_of("max_ulp") == worst
    assert found.figures.wrongly_rounded == 2 * largest
    assert found.defects == {}


def test_a_nan_at_one_input(measure: Callable[..., Found]) -> None:
    x = FLOAT16.round(Fraction(-3))
    table = table_of("exp").copy()
    table[x] = FLOAT16.nan
    right, found = measure("exp", Routine(table_of("exp"))), measure("exp", Routine(table))
    assert found.defects == {"nan_returned": 1}
    assert found.input_of("nan_returned") == x
    assert found.witnesses["nan_returned"]["got"] == "nan"
    assert found.witnesses["nan_returned"]["want_bits"] == FLOAT16.bits_text(
        int(table_of("exp")[x])
    )
    assert found.figures.judged == (right.figures.judged or 0) - 1
    assert found.figures.max_ulp == right.figures.max_ulp
    assert found.figures.wrongly_rounded == 0


def test_a_number_where_a_nan_was_due_and_a_number_at_infinity(
    measure: Callable[..., Found],
) -> None:
    table = table_of("exp").copy()
    table[FLOAT16.nan] = 0x3C00
    table[INFINITY] = INFINITY - 1
    found = measure("exp", Routine(table))
    assert found.defects == {"nan_missing": 1, "finite_at_pole": 1}
    assert found.input_of("nan_missing") == FLOAT16.nan
    assert found.input_of("finite_at_pole") == INFINITY


def test_a_result_of_the_wrong_sign_counts_with_its_whole_error(
    measure: Callable[..., Found], error_of: Callable[..., Fraction]
) -> None:
    x = FLOAT16.round(Fraction(5, 4))
    table = table_of("exp").copy()
    table[x] |= MINUS_ZERO
    found = measure("exp", Routine(table))
    assert found.defects == {"wrong_sign": 1}
    assert found.input_of("wrong_sign") == found.input_of("max_ulp") == x
    assert_maximum(found, error_of("exp", x, int(table[x])))


def test_a_number_where_the_result_is_zero(measure: Callable[..., Found]) -> None:
    table = table_of("expm1").copy()
    table[0] = 3
    found = measure("expm1", Routine(table))
    assert found.defects == {"nonzero_at_zero": 1}
    assert found.input_of("nonzero_at_zero") == 0
    assert found.figures.max_ulp_interval == (3.0, 3.0)


@pytest.mark.parametrize("seed", range(6))
def test_one_wrong_value_among_65536(
    seed: int, measure: Callable[..., Found], error_of: Callable[..., Fraction]
) -> None:
    random = np.random.default_rng(seed)
    table = table_of("exp").copy()
    ordinary = ALL[(table > 0) & (table < INFINITY)]
    x = int(random.choice(ordinary))
    table[x] ^= np.uint16(1 << random.integers(0, 10))
    found = measure("exp", Routine(table))
    assert found.figures.wrongly_rounded == 1
    assert found.input_of("max_steps") == x
    assert found.figures.max_steps == abs(int(table[x]) - int(table_of("exp")[x]))
    assert_maximum(found, error_of("exp", x, int(table[x])))


def test_a_stale_last_element_is_found_in_every_call(measure: Callable[..., Found]) -> None:
    routine = Stale(table_of("exp"))
    found = measure("exp", routine)
    inputs, outputs = np.concatenate(routine.asked[1:]), np.concatenate(routine.answered[1:])
    assert sorted(inputs.tolist()) == ALL.tolist()
    right = table_of("exp")[inputs]
    wrong = (right != outputs) & (magnitude(right) <= INFINITY)  # no nan was due
    figures = found.figures
    numbers = wrong & (magnitude(outputs) <= INFINITY) & (inputs != INFINITY)
    assert np.count_nonzero(numbers) > 1
    assert figures.wrongly_rounded == np.count_nonzero(numbers)
    distances = np.abs(right[numbers].astype(int) - outputs[numbers].astype(int))
    assert figures.max_steps == distances.max()
    assert found.input_of("max_steps") in inputs[numbers][distances == distances.max()].tolist()
    missed = (magnitude(right) > INFINITY) & (magnitude(outputs) <= INFINITY)
    assert figures.classes["nan_missing"] == np.count_nonzero(missed)
    lost = (magnitude(right) <= INFINITY) & (magnitude(outputs) > INFINITY)
    assert figures.classes["nan_returned"] == np.count_nonzero(lost)
