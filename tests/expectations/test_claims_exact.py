"""Exact values: real numbers that are proved, and what is none."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from flint import arb, ctx

from halfulp import functions
from halfulp.exceptions import DisagreementError, UsageError
from halfulp.expectations.claims_exact import ACCURATE, Real, known, points, real, trees
from halfulp.expectations.claims_model import Exact, Spaced


def value(text: str) -> Real:
    return real(functions.parse(text))


def holds(found: Real, digits: str) -> bool:
    """Tell whether published digits, cut off, are those of a number between the bounds."""
    low = Fraction(digits)
    high = low + Fraction(1, 10 ** len(digits.partition(".")[2]))
    return low <= found.low <= found.high <= high


# The digits of e and of log(2) as OEIS A001113 and A002162 have them.
@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("exp(1)", "2.71828182845904523536028747135266249775724709369995"),
        ("expm1(1)", "1.71828182845904523536028747135266249775724709369995"),
        ("log(2)", "0.69314718055994530941723212145817656807550013436025"),
        ("log1p(1)", "0.69314718055994530941723212145817656807550013436025"),
        ("-log(0.5)", "0.69314718055994530941723212145817656807550013436025"),
    ],
)
def test_published_digits_lie_between_the_bounds(text: str, digits: str) -> None:
    found = value(text)
    assert holds(found, digits)
    assert 0 < (found.high - found.low) * 2 ** (ACCURATE - 8) < abs(found.middle)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1/3 + 1/6", known(Fraction(1, 2))),
        ("log(1)", known(Fraction(0))),
        ("sqrt(9/4)", known(Fraction(3, 2))),
        ("-log(1 - 1)", Real(special="inf")),
        ("log(-1)", Real(special="nan")),
        ("gamma(0.5) / 0", Real(special="undecided")),
        ("exp(exp(exp(3)))", Real(special="undecided")),
        ("log(exp(exp(11)))", Real(special="undecided")),
    ],
)
def test_what_is_rational_or_no_number_is_known_exactly(text: str, expected: Real) -> None:
    assert value(text) == expected


def test_a_difference_that_cancels_is_bounded_around_zero() -> None:
    found = value("exp(1) - exp(1)")
    assert found.low <= 0 <= found.high
    assert found.high - found.low < Fraction(1, 2**1000)


def test_the_matrix_exponential_by_its_eigenvalues_is_that_of_its_series() -> None:
    texts = (
        "exp(2.5) * (cosh(sqrt(33)/2) + sinh(sqrt(33)/2) / (sqrt(33)/2) * (1 - 2.5))",
        "exp(2.5) * sinh(sqrt(33)/2) / (sqrt(33)/2) * 2",
        "exp(2.5) * sinh(sqrt(33)/2) / (sqrt(33)/2) * 3",
        "exp(2.5) * (cosh(sqrt(33)/2) + sinh(sqrt(33)/2) / (sqrt(33)/2) * (4 - 2.5))",
    )
    term = total = (Fraction(1), Fraction(0), Fraction(0), Fraction(1))
    for n in range(1, 120):  # exp(A) = sum of A^n / n!, whose terms are rational
        a, b, c, d = term
        term = ((a + 3 * b) / n, (2 * a + 4 * b) / n, (c + 3 * d) / n, (2 * c + 4 * d) / n)
        total = tuple(map(sum, zip(total, term, strict=True)))  # type: ignore[assignment] # four of them
    for text, entry in zip(texts, total, strict=True):
        assert abs(value(text).middle - entry) < Fraction(1, 10**40)


def test_an_iteration_is_what_repeated_enclosures_give() -> None:
    table = Exact(iterate="x + 0.1*exp(x)", start=0, times=10)
    (found,) = (real(tree) for tree in trees(table))
    ctx.prec = 400
    x = arb(0)
    for _ in range(10):
        x = x + x.exp() / 10
    middle, exponent = map(int, x.mid().man_exp())
    assert abs(found.middle - Fraction(middle) * Fraction(2) ** exponent) < Fraction(1, 2**180)


def test_points_are_the_numbers_that_are_written() -> None:
    assert points((0.1, "1/3", "0x1p-2", 2)) == [
        (Fraction(1, 10),), (Fraction(1, 3),), (Fraction(1, 4),), (Fraction(2),)
    ]  # fmt: skip
    assert points(Spaced(low=-1, high=1, count=3)) == [(Fraction(n),) for n in (-1, 0, 1)]
    assert points(((1, 2),)) == [(Fraction(1), Fraction(2))]


def test_functions_and_expressions_are_taken_at_points() -> None:
    for table in (
        Exact(function="pow", at=((2, "1/2"),)),
        Exact(function="x**y", at=((2, 0.5),)),
        Exact(values=("sqrt(2)",)),
    ):
        (found,) = (real(tree) for tree in trees(table))
        assert float(found.middle) == math.sqrt(2)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (Exact(function="exp"), "needs points"),
        (Exact(function="exp", at=((1, 2),)), "takes 1 number a point, but a point has 2"),
        (Exact(function="exp", at=("inf",)), "finite number"),
        (Exact(values=("x + 1",)), "has x in it"),
        (Exact(iterate="x + y"), "expression of x"),
        (Exact(iterate="1 + 1"), "expression of x"),
    ],
)
def test_what_cannot_be_taken_exactly_is_a_sentence(table: Exact, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        trees(table)


def test_references_that_contradict_each_other_stop_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from halfulp.reference import oracle

    monkeypatch.setattr(oracle, "solve", lambda *_: Fraction(27, 10))
    with pytest.raises(DisagreementError, match=r"exp\(1\)"):
        value("exp(1)")
