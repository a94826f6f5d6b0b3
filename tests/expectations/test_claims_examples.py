"""Examples: printed, computed and exact, and the verdict between them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from halfulp.expectations.claims_bench import Bench
from halfulp.expectations.claims_examples import settle_example
from halfulp.expectations.claims_model import Claim
from halfulp.subject.handle import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halfulp.expectations.claims_verdicts import Settled


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with Bench(lambda label: Subject(label, {}, time_limit_s=5)) as made:
        yield made


def claim(**keys: Any) -> Claim:
    keys.setdefault("backend", "math" if keys.get("code") or keys.get("expression") else "*")
    return Claim.model_validate({"source": "a page", "says": "so", **keys})


EXP = {"function": "exp", "at": [1, 2]}
EXPM1 = {"function": "expm1", "at": [1, 2]}
EXP_CODE = "[math.exp(1), math.exp(2)]"
EXPM1_CODE = "[math.expm1(1), math.expm1(2)]"


def verdict(bench: Bench, **keys: Any) -> Settled:
    return settle_example(claim(**keys), bench)


@pytest.mark.parametrize(
    ("prints", "code", "exact", "expected"),
    [
        ("[2.718, 7.389]", EXP_CODE, EXP, "holds to the digits printed"),
        ("[2.718, 7.389]", EXP_CODE, None, "holds to the digits printed"),
        (str([math.exp(1), math.exp(2)]), EXP_CODE, EXP, "holds"),
        (str([math.exp(1), math.exp(2)]), EXP_CODE, None, "holds"),
        ("[2.718, 7.388]", EXP_CODE, EXP, "false"),
        ("[1.718, 6.389]", EXP_CODE, EXPM1, "false"),
        ("[2.718, 7.389]", EXPM1_CODE, EXP, "false"),
        ("[2.718, 7.389]", EXPM1_CODE, None, "false"),
        ("[2.718, 7.389]", EXP_CODE, EXPM1, "false"),
        ("[2.718, 7.389]", "", EXP, "holds to the digits printed"),
        ("[2.718, 7.389]", "", EXPM1, "false"),
        ("[1, 2]", "", {"values": [1, "4/2"]}, "holds"),
        ("True", "1 < 2", None, "holds"),
        ("False", "1 < 2", None, "false"),
        ("True", "1.0", None, "false"),
        ("inf", "float('inf')", None, "holds"),
        ("2", "1.5", None, "holds to the digits printed"),
        ("1e+3", "1234.5", None, "holds to the digits printed"),
        ("2e+3", "1234.5", None, "false"),
    ],
)
def test_verdicts(
    bench: Bench, prints: str, code: str, exact: dict[str, Any] | None, expected: str
) -> None:
    found = verdict(bench, prints=prints, code=code, exact=exact)
    assert found.verdict == expected
    assert found.reason is None
    assert found.claimed == prints
    assert found.finding.endswith(".")


@pytest.mark.parametrize(
    ("prints", "code"),
    [
        ("[2.718, 7.389]", "math.exp(1)"),
        ("[[2.718, 7.389]]", EXP_CODE),
        ("[2.718, 7.389, 20.1]", EXP_CODE),
        ("[2.718, 7.389]", f"{EXP_CODE}, 1"),
    ],
)
def test_another_shape_is_another_result(bench: Bench, prints: str, code: str) -> None:
    found = verdict(bench, prints=prints, code=code)
    assert found.verdict == "false"
    assert "not of the shape" in found.finding


def test_what_is_true_stands_beside_a_false_claim(bench: Bench) -> None:
    found = verdict(
        bench, prints="[2.71828183, 6.3890561]", code=EXPM1_CODE, exact=EXPM1,
        compare={"exp(x)": EXP, "something else": {"values": [5, 6]}},
    )  # fmt: skip
    assert found.verdict == "false"
    assert found.computed == "[1.71828183, 6.3890561]"
    assert found.exact == "[1.71828183, 6.3890561]"
    assert found.finding == (
        "1 of the 2 printed numbers is wrong (2.71828183 should be 1.71828183); what the code "
        "gives is right in float64; the wrong numbers are those of exp(x)."
    )


def test_a_right_text_over_wrong_code_is_told_from_wrong_text(bench: Bench) -> None:
    found = verdict(
        bench, prints="[2.71828183, 7.3890561]", code=EXPM1_CODE, exact=EXP,
        compare={"exp(x) - 1": EXPM1},
    )  # fmt: skip
    assert found.finding == (
        "What is printed is right to its digits; the code gives 1.71828183 where 2.71828183 is "
        "printed; what the code gives is exp(x) - 1."
    )


def test_an_infinite_truth_is_said_in_words(bench: Bench) -> None:
    found = verdict(bench, prints="2.718", exact={"values": ["-log(1 - 1)"]})
    assert (found.verdict, found.exact) == ("false", "inf")
    assert found.finding == "The printed 2.718 should be infinite."


def test_all_digits_of_the_nearest_number_of_a_format_are_right(bench: Bench) -> None:
    # Sixteen digits name this float64, but the sixteenth is not that of 1/30 itself.
    exact = {"values": ["1/30"]}
    assert repr(1 / 30) == "0.03333333333333333"
    nearest = "0.033333333333333333"
    assert verdict(bench, prints=repr(1 / 30), code="1 / 30", exact=exact).verdict == "holds"
    assert verdict(bench, prints=nearest, code="1 / 30", exact=exact).verdict == "holds"
    # The last printed digits of 2/3 as a float32 are those of the float32.
    code = "import struct\nstruct.unpack('f', struct.pack('f', 2 / 3))[0]"
    printed = "0.66666668653488"
    found = verdict(bench, prints=printed, code=code, exact={"values": ["2/3"]})
    assert found.verdict == "false", "as a float64 it is not the nearest to 2/3"
    numpy = {"backend": "numpy", "code": "np.float32(2) / np.float32(3)"}
    found = verdict(bench, prints=printed, exact={"values": ["2/3"]}, **numpy)
    assert found.verdict == "holds", "as a float32 it is"


def test_what_cannot_be_run_is_unavailable_but_the_exact_value_stands(bench: Bench) -> None:
    found = verdict(bench, prints="[2.7, 7.4]", code="undefined", exact=EXP)
    assert found.verdict == "unavailable"
    assert found.reason is not None
    assert "NameError" in found.reason
    assert (found.computed, found.exact) == (None, "[2.7, 7.4]")


def test_an_undecided_exact_value_settles_nothing(bench: Bench) -> None:
    exact = {"values": ["gamma(0.5) / 0"]}
    assert verdict(bench, prints="1", code="1", exact=exact).verdict == "not measured"
    assert verdict(bench, prints="2", code="1", exact=exact).verdict == "false", "the code decides"


@pytest.mark.parametrize(
    ("form", "prints", "expected"),
    [
        # The float32s nearest to exp(-1) and e, which are not those nearest in float64.
        ("float32", "[0.36787945, 1.0, 2.7182817]", "holds"),
        ("float64", "[0.36787945, 1.0, 2.7182817]", "false"),
        ("float64", "[0.367879, 1.0, 2.71828]", "holds to the digits printed"),
        ("float64", "[0.26894142, 0.5, 0.73105858]", "false"),
    ],
)
def test_expressions_are_evaluated_operator_by_operator_in_the_format(
    bench: Bench, form: str, prints: str, expected: str
) -> None:
    found = verdict(
        bench, backend="numpy", format=form, expression="1/(1 + expm1(-x))", at=[-1, 0, 1],
        prints=prints, exact={"function": "exp"},
    )  # fmt: skip
    assert found.verdict == expected
