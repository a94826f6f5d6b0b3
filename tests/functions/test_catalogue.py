"""Every record of the catalogue: complete, covered by these tests, and equal to its definition."""

from __future__ import annotations

import random
import re
from fractions import Fraction
from typing import Any

import flint
import pytest

from halfulp import expressions, functions
from halfulp.exceptions import ExpressionError, UsageError
from halfulp.expressions import Apply, Expression
from halfulp.formats import FORMATS
from halfulp.functions import CATALOGUE, Function, Point
from halfulp.reference.domains import in_domain
from halfulp.reference.enclosures import PRIMITIVES as ARB_PRIMITIVES
from halfulp.reference.oracle import PRIMITIVES as MPMATH_PRIMITIVES
from halfulp.reference.oracle import solve

COUNT = 150

CLAUSE = r"C23 F\.10\.\d+\.\d+"

IDENTITIES = {
    "exp": ("log(exp(x))", "x"),
    "log": ("exp(log(x))", "x"),
    "cbrt": ("cbrt(x)**3", "x"),
    "sin": ("sin(x)", "2*sin(x/2)*cos(x/2)"),
    "cos": ("cos(x)", "1 - 2*sin(x/2)**2"),
    "asin": ("sin(asin(x))", "x"),
    "acos": ("cos(acos(x))", "x"),
    "atan": ("tan(atan(x))", "x"),
    "atan2": ("sin(atan2(y, x)) * hypot(x, y)", "y"),
    "erf": ("erfinv(erf(x))", "x"),
    "erfinv": ("erf(erfinv(x))", "x"),
    "ndtri": ("ndtr(ndtri(x))", "x"),
    "gamma": ("gamma(x + 1)", "x * gamma(x)"),
    "lgamma": ("exp(lgamma(x))**2", "gamma(x)**2"),
    "digamma": ("digamma(x + 1) - digamma(x)", "1/x"),
    "polygamma1": ("polygamma1(x) - polygamma1(x + 1)", "1/x**2"),
    "polygamma2": ("polygamma2(x + 1) - polygamma2(x)", "2/x**3"),
    "polygamma3": ("polygamma3(x) - polygamma3(x + 1)", "6/x**4"),
    "zeta": ("zeta(1 - x)", "2 * (2*pi)**-x * cos(pi*x/2) * gamma(x) * zeta(x)"),
    "i0e": ("exp((x**2)**0.5) * i0e(x)", "i0(x)"),
    "i1e": ("exp((x**2)**0.5) * i1e(x)", "i1(x)"),
    "j0": ("j1(x)*y0(x) - j0(x)*y1(x)", "2/(pi*x)"),
    "j1": ("j1(x)*y0(x) - j0(x)*y1(x)", "2/(pi*x)"),
    "y0": ("j1(x)*y0(x) - j0(x)*y1(x)", "2/(pi*x)"),
    "y1": ("j1(x)*y0(x) - j0(x)*y1(x)", "2/(pi*x)"),
    "i0": ("i0(x) * exp(-(x**2)**0.5)", "i0e(x)"),
    "i1": ("i1(x) * exp(-(x**2)**0.5)", "i1e(x)"),
}
"""What defines a function that the language cannot define by others (DLMF 4, 5, 7, 10, 25)."""


def own(record: Function) -> bool:
    """Whether the definition of a record is a call of itself."""
    tree = functions.parse(record.definition)
    return isinstance(tree, Apply) and tree.operation == record.name


def some_arguments(record: Function, seed: str, count: int = COUNT) -> list[list[Fraction]]:
    """Random ordinary arguments of moderate size, exact in binary."""
    draw = random.Random(f"{record.name} {seed}")
    found = []
    while len(found) < count:
        values = [
            Fraction(draw.randint(-(2**30), 2**30)) * Fraction(2) ** draw.randint(-40, -25)
            for _ in range(record.arity)
        ]
        points = [Point("finite", value < 0, value) for value in values]
        if record.special(*points) is None and in_domain(record, *values):
            found.append(values)
    return found


def test_the_table_of_the_tests_covers_every_record(arbiter: Any) -> None:
    missing = sorted(set(CATALOGUE) - set(arbiter.FUNCTIONS))
    assert not missing, f"no independent source for {missing}: add them to tests/conftest.py"
    undefined = sorted(r.name for r in CATALOGUE.values() if own(r) and r.name not in IDENTITIES)
    assert not undefined, f"nothing says what {undefined} are: add them to IDENTITIES"


def test_every_record_can_be_evaluated_by_both_references(function_name: str) -> None:
    if CATALOGUE[function_name].reference is None:
        assert function_name in MPMATH_PRIMITIVES
        assert function_name in ARB_PRIMITIVES


def test_names_and_aliases_lead_to_their_record(function_name: str) -> None:
    record = CATALOGUE[function_name]
    for spelling in (record.name, *record.aliases):
        assert functions.get(spelling) is record
    call = f"{record.name}({', '.join(record.arguments)})"
    assert functions.get(call) is record
    assert re.fullmatch(r"[a-z][a-z0-9_]*", record.name)
    assert record.summary
    assert not record.summary.endswith(".")


def test_no_spelling_has_two_meanings() -> None:
    spellings = [s for r in CATALOGUE.values() for s in (r.name, *r.aliases)]
    assert len(spellings) == len(set(spellings))
    assert not set(spellings) & {*expressions.ARGUMENTS, *expressions.CONSTANTS}


def test_definition_and_reference_use_the_arguments_of_the_record(function_name: str) -> None:
    record = CATALOGUE[function_name]
    for tree in (functions.parse(record.definition), record.reference):
        if tree is not None:
            assert set(expressions.arguments(tree)) == set(record.arguments)


def test_points_and_pieces_are_numbers(function_name: str) -> None:
    record = CATALOGUE[function_name]
    for point in record.points:
        assert isinstance(solve(point), Fraction)
    if record.arity == 1 and record.parity is not None:
        value = Fraction(3, 8)
        if (exact := record.exact(value)) is not None:
            assert record.exact(-value) == (exact if record.parity == "even" else -exact)


def test_every_special_input_cites_its_source(function_name: str) -> None:
    record = CATALOGUE[function_name]
    finite = [Point("finite", negative, Fraction(0)) for negative in (False, True)]
    infinite = [Point("inf", negative) for negative in (False, True)]
    for point in (Point("nan"), *finite, *infinite):
        row = record.special(*[point] * record.arity)
        if row is None:
            assert record.exact(*[point.value] * record.arity) is not None or point.is_zero
            continue
        is_cited = row.source.startswith("C23") == bool(re.fullmatch(CLAUSE, row.source))
        assert is_cited, row
        assert len(row.source) >= len("limit"), row
    nan = record.special(*[Point("nan")] * record.arity)
    assert nan is not None
    assert nan.result == "nan"


def relation(arbiter: Any, first: Expression, second: Expression, values: dict[str, Any]) -> int:
    """Return to how many bits two expressions agree, -1 if their balls do not meet."""
    precision = 300
    while precision <= 20_000:
        with flint.ctx.workprec(precision):
            one, other = (arbiter.tree(tree, values) for tree in (first, second))
            if one.is_finite() and other.is_finite():
                if not one.overlaps(other):
                    return -1
                bits = min(one.rel_accuracy_bits(), other.rel_accuracy_bits())
                if bits > 60 or (one.is_exact() and other.is_exact()):
                    return max(bits, 60)
        precision *= 4
    return 0


def assert_agree(arbiter: Any, record: Function, first: str, second: Expression) -> None:
    tree, seen = functions.parse(first), 0
    for values in some_arguments(record, first):
        bits = relation(arbiter, tree, second, dict(zip(record.arguments, values, strict=True)))
        assert bits >= 0, f"{first} is something else at {[str(v) for v in values]}"
        seen += bits > 0
    assert seen > COUNT // 3, f"{first} was compared at {seen} inputs only"


def test_the_definition_is_the_function(function_name: str, arbiter: Any) -> None:
    record = CATALOGUE[function_name]
    call = functions.parse(f"{record.name}({', '.join(record.arguments)})")
    if own(record):
        left, right = IDENTITIES[record.name]
        assert_agree(arbiter, record, left, functions.parse(right))
    else:
        assert_agree(arbiter, record, record.definition, call)


def test_the_reference_equals_the_definition(function_name: str, arbiter: Any) -> None:
    record = CATALOGUE[function_name]
    if record.reference is not None:
        assert_agree(arbiter, record, record.definition, record.reference)


def test_a_wrong_definition_would_be_found(arbiter: Any) -> None:
    with pytest.raises(AssertionError, match="is something else"):
        assert_agree(arbiter, CATALOGUE["expm1"], "exp(x)", functions.parse("expm1(x)"))


def test_parities_hold(function_name: str, arbiter: Any) -> None:
    record = CATALOGUE[function_name]
    sign = {"odd": -1, "even": 1}.get(record.parity or "")
    for values in some_arguments(record, "parity", 20):
        if sign is not None:
            with flint.ctx.workprec(200):
                there = arbiter.function(record.name, values)
                back = arbiter.function(record.name, [-value for value in values])
                assert there.overlaps(sign * back)
                assert not there.overlaps(-sign * back)


def test_results_stay_in_the_range_of_the_record(function_name: str, arbiter: Any) -> None:
    record = CATALOGUE[function_name]
    low, high = (
        flint.arb(text) if "inf" not in text else None
        for text in (record.range.low, record.range.high)
    )
    for values in some_arguments(record, "range", 60):
        with flint.ctx.workprec(200):
            ball = arbiter.function(record.name, values)
            assert low is None or not ball < low
            assert high is None or not ball > high


# -- from text to functions --------------------------------------------------------------------


def test_an_expression_becomes_a_function_with_its_canonical_text() -> None:
    function = functions.get("ln(1+exp( x ))")
    assert (function.name, function.arguments) == ("log(1 + exp(x))", ("x",))
    assert not function.is_catalogue
    assert not function.exact_is_complete


@pytest.mark.parametrize("text", ["y + 1", "x + z", "x + y + z", "2 + pi", "exp(2)"])
def test_an_expression_needs_the_arguments_x_or_x_and_y(text: str) -> None:
    with pytest.raises(ExpressionError, match="A function needs the argument x"):
        functions.get(text)


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"Unknown function 'exmp1'.* Did you mean .*expm1"):
        functions.get("exmp1")


def test_formats_and_functions_have_different_names() -> None:
    assert not set(FORMATS) & set(CATALOGUE)
