from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from halfulp import functions
from halfulp.formats import FORMATS
from halfulp.judge.flushing import flushing_maximum, zeroed_inputs
from halfulp.judge.judging import Axis, judge
from halfulp.judge.tally import Extreme
from halfulp.reference.truth import truth

FMT = FORMATS["float16"]
SUBNORMAL, TOP_SUBNORMAL, NORMAL = 0x0001, 0x03FF, 0x0400
ONE, MINUS_ZERO, INF, NAN = 0x3C00, 0x8000, 0x7C00, 0x7E00
UNIT = 1 << 60


def judged(function: str, inputs: list[int], outputs: list[int]) -> Extreme | None:
    """Return the second maximum of outputs at inputs."""
    taken = np.array([inputs], np.uint16)
    record = functions.get(function)
    references = [truth(record, FMT, each) for each in (taken, *zeroed_inputs(FMT, taken))]
    return flushing_maximum(references, taken, np.array(outputs, np.uint16))


def error(function: str, bits: int, output: int) -> Fraction:
    extreme = judged(function, [bits], [output])
    assert extreme is not None
    return Fraction(extreme.value, UNIT)


def test_subnormal_inputs_are_replaced_and_nothing_else() -> None:
    inputs = np.array([[0, SUBNORMAL, TOP_SUBNORMAL, NORMAL, 0x8001, 0x83FF, INF, NAN]], np.uint16)
    zeros, minus_zeros = zeroed_inputs(FMT, inputs)
    assert zeros.tolist() == [[0, 0, 0, NORMAL, 0, 0, INF, NAN]]
    flipped = [MINUS_ZERO if bits in {1, 0x3FF, 0x8001, 0x83FF} else bits for bits in inputs[0]]
    assert minus_zeros.tolist() == [flipped]


@pytest.mark.parametrize("zero", [0, MINUS_ZERO])
def test_zero_is_right_for_a_subnormal_operand_and_for_a_tiny_result(zero: int) -> None:
    assert error("expm1", TOP_SUBNORMAL, zero) == 0  # the operand is taken for zero
    assert error("expm1", 0x83FF, zero) == 0
    # exp(-10) is 4.5e-5, below the smallest normal number 6.1e-5; exp(-9.5) is 7.5e-5.
    assert error("exp", FMT.round(Fraction(-10)), zero) == 0
    assert error("exp", FMT.round(Fraction(-19, 2)), zero) > 1000


def test_an_exact_smallest_normal_number_may_not_be_flushed() -> None:
    assert error("exp2", FMT.round(Fraction(-14)), 0) == 1024
    assert error("exp2", FMT.round(Fraction(-14)) + 1, 0) == 0


def test_right_results_stay_right() -> None:
    """A backend that keeps some subnormals is not punished for it."""
    assert error("expm1", TOP_SUBNORMAL, TOP_SUBNORMAL) < Fraction(1, 1000) + 1
    assert error("exp", ONE, FMT.round(Fraction("2.718281828"))) < Fraction(1, 2)


def test_the_infinity_at_zero_is_right_for_a_subnormal() -> None:
    # log(2^-24) is -16.6; a backend that takes it for 0 returns -infinity.
    minus_inf = INF | FMT.sign_bit
    assert error("log", SUBNORMAL, minus_inf) == 0
    assert error("log", NORMAL, minus_inf) > 1000
    assert error("log", SUBNORMAL, FMT.round(Fraction("-16.635532"))) <= Fraction(1, 2)


def test_nan_is_right_where_zero_gives_it_and_no_error_elsewhere() -> None:
    assert judged("log", [0x8400], [NAN]) is not None  # nan of a negative number, as it should be
    assert judged("exp", [ONE], [NAN]) is None  # counted as a class, not as an error


def test_where_nothing_is_subnormal_both_figures_are_the_same() -> None:
    generator = np.random.default_rng(3)
    inputs = generator.integers(NORMAL, 0x4800, (1, 2000), dtype=np.uint16)
    record = functions.get("exp")
    exact = truth(record, FMT, inputs)
    outputs = exact.rounded + generator.integers(0, 3, 2000, dtype=np.uint16)
    first = judge(exact, inputs, outputs, Axis(0, 0x7BFF)).extremes["max_ulp"]
    second = flushing_maximum([exact, exact, exact], inputs, outputs)
    assert second == first


def test_the_largest_is_taken_at_the_smallest_input_however_large_it_is() -> None:
    far = judged("expm1", [ONE, SUBNORMAL, NORMAL], [INF, INF, INF])
    assert far is not None
    assert far.witness.inputs == (SUBNORMAL,)
    assert Fraction(far.value, UNIT) > 2**38
