"""A study of true claims comes out true; with one digit changed, each of them comes out false."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from halfulp.expectations.claims_model import CONTENTS
from halfulp.study.model import Study
from halfulp.study.plan import make_plan
from halfulp.study.runner import execute

if TYPE_CHECKING:
    from collections.abc import Iterator

MEASURED = """
schema = 1
[formula]
naive = "exp(x) - 1"
same = "expm1(x)"
[region]
small = "0x1p-8 : 0x1p-2"
large = "4 : 8"
[[case]]
functions = ["expm1"]
formulas = ["native", "naive", "same"]
backends = ["numpy", "math"]
formats = ["float16"]
inputs = ["exhaustive"]
[[case]]
functions = ["expm1"]
formulas = ["native", "naive"]
backends = ["numpy"]
formats = ["float16"]
regions = ["small", "large"]
inputs = ["exhaustive"]
[[case]]
functions = ["exp"]
backends = ["numpy", "math"]
formats = ["float32", "float64"]
inputs = ["grid:9"]
"""

# The digits are published ones (OEIS, DLMF) or follow from definitions; none is what halfulp gave.
CLAIMS = r"""
[[claim]]
source = "OEIS A001113"
says = "e"
prints = "2.718281828459045"
exact = { values = ["exp(1)"] }
[[claim]]
source = "Python's documentation"
says = "math.expm1 is exact where exp(x) - 1 cancels"
backend = "math"
code = "math.expm1(1e-5)"
prints = "1.00000500001667e-05"
exact = { function = "expm1", at = ["1e-5"] }
[[claim]]
source = "powers of 2"
says = "they are exact"
backend = "numpy"
code = "np.exp2(np.array([[0., -1.], [3., 10.]]))"
prints = "[[1. 0.5] [8. 1024.]]"
exact = { function = "exp2", at = [0, -1, 3, 10] }
[[claim]]
source = "the definition of the sigmoid"
says = "it is 1/2 at 0 and 3/4 at log(3)"
backend = "numpy"
format = "float64"
expression = "1/(1 + exp(-x))"
at = [0]
prints = "[0.5]"
exact = { function = "sigmoid" }
[[claim]]
source = "arithmetic"
says = "tenths do not add up"
backend = "math"
code = "0.1 + 0.2"
prints = "0.30000000000000004"
[[claim]]
source = "arithmetic"
says = "the same, with what was meant, and fewer digits"
backend = "math"
code = "print(0.1 + 0.2)"
prints = "0.3000"
exact = { values = ["3/10"] }
[[claim]]
source = "three steps of Newton's method for the root of 2"
says = "they give 577/408"
backend = "math"
code = "x = 1.0\nfor _ in range(3):\n    x = x/2 + 1/x\nx"
prints = "1.41421568627451"
exact = { iterate = "x/2 + 1/x", start = 1, times = 3 }
[[claim]]
source = "IEEE 754"
says = "exp overflows float64 above log(2^1024 - 2^970)"
function = "exp"
backend = "math"
format = "float64"
overflows_above = "709.782712893384"
[[claim]]
source = "IEEE 754"
says = "and float32 above 88.72283"
function = "exp"
backend = "numpy"
format = "float32"
overflows_above = "88.72"
[[claim]]
source = "a bound"
says = "C's expm1, rounded once to float16, is correctly rounded"
function = "expm1"
formula = "native"
backend = "math"
format = "float16"
max_ulp = 0.5
specials = 0
[[claim]]
source = "the definition of nan"
says = "the logarithm of a negative number is none"
backend = "numpy"
code = "import warnings\nwarnings.simplefilter('ignore')\nnp.log(np.array([-1.0]))"
gives = "nan"
[[claim]]
source = "the exponential function"
says = "it is real on the real axis, however negative"
backend = "numpy"
code = "np.exp(np.array([-3.0]))"
gives = "real"
[[claim]]
source = "complex analysis"
says = "the square root of -1 is complex"
backend = "math"
code = "(-1) ** 0.5"
gives = "complex"
[[claim]]
source = "a formula of one call"
says = "it is that call"
function = "expm1"
formula = "native"
backend = "numpy"
same_bits_as = { formula = "same" }
[[claim]]
source = "an identity"
says = "exp(x) - 1 is expm1(x)"
backend = "numpy"
code = "x = np.linspace(-1, 1, 5)\nnp.allclose(np.exp(x) - 1, np.expm1(x))"
allclose = { first = "exp(x) - 1", second = "expm1(x)", at = { low = -1, high = 1, count = 5 } }
[[claim]]
source = "numerical analysis"
says = "expm1 is more accurate than exp(x) - 1, and gains most where x is small"
function = "expm1"
formula = "native"
backend = "numpy"
region = "small"
gains_most_over = { formula = "naive" }
[[claim]]
source = "numerical analysis"
says = "expm1 is more accurate than exp(x) - 1"
function = "expm1"
formula = "native"
backend = "numpy"
region = "small"
more_accurate_than = { formula = "naive" }
"""

PRINTED_IN_PART = {1, 2, 6, 7, 9}
"""Numbers of the claims that give fewer digits than there are."""

OPPOSITES = {
    "nan": ("np.array([-1.0])", "np.array([1.0])"),
    "real": ("np.exp(np.array([-3.0]))", "np.exp(np.array([-3j]))"),
    "complex": ("0.5", "2.0"),
}
"""One change to the code of a property that makes it untrue."""


def verdicts(text: str) -> list[dict[str, Any]]:
    return list(execute(make_plan(Study.from_text(text)), workers=1).tables["claims"])


def tables() -> list[str]:
    return ["[[claim]]" + part for part in CLAIMS.split("[[claim]]")[1:]]


def content_of(table: dict[str, Any]) -> str:
    return next(name for name in CONTENTS if name in table)


def mutants(text: str) -> Iterator[str]:
    """Yield a claim with one digit changed in turn, of what it claims and nothing else."""
    (table,) = tomllib.loads(text)["claim"]
    content = content_of(table)
    if content in {"prints", "overflows_above"}:
        said = f'{content} = "{table[content]}"'
        assert said in text
        for place, letter in enumerate(said):
            if letter.isdigit():
                other = str((int(letter) + 1) % 10)
                yield text.replace(said, said[:place] + other + said[place + 1 :])
    elif content == "max_ulp":
        yield text.replace("max_ulp = 0.5", "max_ulp = 0.4")
    elif content == "gives":
        before, after = OPPOSITES[table["gives"]]
        yield text.replace(before, after)
    elif content == "same_bits_as":
        yield text.replace('formula = "same"', 'formula = "naive"')
    elif content == "allclose":
        yield text.replace("np.exp(x) - 1", "np.exp(x) - 2").replace('"exp(x) - 1"', '"exp(x) - 2"')
        yield text.replace("np.exp(x) - 1", "np.exp(x) - 2")
        yield text.replace('"exp(x) - 1"', '"exp(x) - 2"')
    elif content == "gains_most_over":
        yield text.replace('region = "small"', 'region = "large"')
    else:
        yield text.replace('"native"', '"naive"').replace(
            'n = { formula = "naive"', 'n = { formula = "native"'
        )


@pytest.fixture(scope="module")
def true() -> list[dict[str, Any]]:
    return verdicts(MEASURED + CLAIMS)


def test_true_claims_hold(true: list[dict[str, Any]]) -> None:
    found = {record["number"]: record["verdict"] for record in true}
    expected = {
        number: "holds to the digits printed" if number in PRINTED_IN_PART else "holds"
        for number in range(1, len(tables()) + 1)
    }
    assert found == expected, [record["finding"] for record in true]


def test_each_kind_of_claim_is_among_them(true: list[dict[str, Any]]) -> None:
    contents = {content_of(tomllib.loads(text)["claim"][0]) for text in tables()}
    kinds = {CONTENTS[name] for name in contents}
    assert kinds == {record["kind"] for record in true} == set(CONTENTS.values())
    assert contents | {"faster_than"} >= {n for n, kind in CONTENTS.items() if kind != "bound"}


def test_each_of_them_is_false_with_one_digit_changed() -> None:
    changed = [mutant for text in tables() for mutant in mutants(text)]
    assert all(mutant not in tables() for mutant in changed)
    assert len(changed) > 100
    found = verdicts(MEASURED + "".join(changed))
    wrong = [
        (mutant, record["verdict"], record["finding"])
        for mutant, record in zip(changed, found, strict=True)
        if record["verdict"] != "false"
    ]
    assert wrong == []
