"""The `[[claim]]` table of a study: something that a document says, and how it is settled.

A claim has a source, the document's words, and exactly one content. No verdict stands in it: each
is computed from the run (`halfulp.expectations.claims`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError

Number = int | float | str
"""A number as it is written: TOML's own, or a text such as "0x1p-10" or "1/3"."""


def _as_one(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    """Report what fits no alternative once, at its key, and not once an alternative."""
    try:
        return validate(value)
    except ValidationError:
        raise PydanticCustomError("no_alternative", "none of the alternatives") from None


Point = Number | Annotated[tuple[Number, ...], Field(strict=False, min_length=2, max_length=2)]
Points = Annotated[tuple[Point, ...], Field(strict=False, min_length=1, max_length=1_000)]
Constants = Annotated[
    tuple[Number, ...],
    Field(strict=False, min_length=1, max_length=1_000),
    WrapValidator(_as_one),
]

MOST_STEPS = 12
"""Most steps of an iteration: its exact value is one expression, which doubles in each."""


class _Table(BaseModel):
    """A TOML table: types as they are written, no unknown keys, never changed after reading."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Spaced(_Table):
    """Equally spaced points, both ends among them."""

    low: Number = Field(description="a number, such as -1")
    high: Number = Field(description="a number, such as 1")
    count: int = Field(ge=2, le=1_000, description="a whole number of points, such as 10")


Places = Annotated[Points | Spaced, WrapValidator(_as_one)]


class Exact(_Table):
    """Exact real numbers: a function at points, constant expressions, or an iteration."""

    function: str = Field("", description='a catalogue name or an expression, such as "expm1"')
    at: Places = Field((), description="a list of points, such as [1, 2, 3]")
    values: Constants = Field((), description='a list of constant expressions, such as ["exp(1)"]')
    iterate: str = Field("", description="an expression of x that is applied to itself, as text")
    start: Number = Field(0, description="the number that an iteration starts from, such as 0")
    times: int = Field(
        1,
        ge=1,
        le=MOST_STEPS,
        description=f"how many times an iteration is applied, from 1 to {MOST_STEPS}",
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Exact:
        given = [name for name in ("function", "values", "iterate") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(
                "expected exactly one of function (with at), values and iterate, but got "
                f"{' and '.join(given) or 'none of them'}."
            )
        return self


class Other(_Table):
    """Another routine: the one that a claim selects, with these parts replaced."""

    function: str | None = Field(None, description='a function, such as "exp"')
    formula: str | None = Field(None, description='the label of a formula, such as "naive"')
    backend: str | None = Field(None, description='the label of a backend, such as "numpy"')
    format: str | None = Field(None, description='a format, such as "float64"')

    @model_validator(mode="after")
    def _something(self) -> Other:
        if not self.parts:
            raise ValueError("expected a function, formula, backend or format to compare with.")
        return self

    @property
    def parts(self) -> dict[str, str]:
        """What is replaced."""
        return self.model_dump(exclude_none=True)


class Allclose(_Table):
    """Two expressions that a document holds to be close, and where."""

    first: str = Field(description='an expression, such as "log1p(exp(x))"')
    second: str = Field(description='an expression, such as "expm1(x)"')
    at: Places = Field(description="a list of points, such as [-1, 0, 1]")
    rtol: Number = Field("1e-5", description="a number, such as 1e-5")
    atol: Number = Field("1e-8", description="a number, such as 1e-8")


BOUNDS = ("max_ulp", "mean_ulp", "max_steps", "wrongly_rounded_percent", "unfaithful", "specials")
"""Quantities of an accuracy row that a claim may bound."""

CONTENTS = {
    "prints": "example",
    "gives": "property",
    "overflows_above": "property",
    "same_bits_as": "property",
    **dict.fromkeys(BOUNDS, "bound"),
    "allclose": "relation",
    "faster_than": "relation",
    "more_accurate_than": "relation",
    "gains_most_over": "relation",
}
"""The kind of claim by the key that makes it one."""

Property = Literal["finite", "infinite", "nan", "real", "complex"]
_Bound = Annotated[float | None, Field(strict=False, ge=0, description="a number, 0 or more")]


class Claim(_Table):
    """Something that a document says, with what is needed to settle it."""

    source: str = Field(min_length=1, description="a text that says where the claim stands")
    says: str = Field(min_length=1, description="a text: the claim, in the document's words")

    code: str = Field("", description="Python code as text; its last expression is the result")
    expression: str = Field("", description='an expression, such as "1/(1 + expm1(-x))"')
    at: Places = Field((), description="a list of points, such as [-1, 0, 1]")

    function: str = Field("*", description='a glob on the function, such as "exp*"')
    formula: str = Field("*", description='a glob on the label of the formula, such as "naive"')
    backend: str = Field("*", description='the label of a backend, or a glob, such as "torch*"')
    format: str = Field("*", description='a format, or a glob, such as "float*"')
    region: str = Field("*", description='a glob on the label of the region, such as "tiny"')

    prints: str | None = Field(None, min_length=1, description="a text: what the document prints")
    exact: Exact | None = Field(None, description='a table such as { values = ["exp(1)"] }')
    compare: dict[str, Exact] = Field(
        default_factory=dict,
        description='a table of names and exact values, such as { "exp(x)" = { values = [1] } }',
    )

    gives: Property | None = Field(
        None, description='one of "finite", "infinite", "nan", "real" and "complex"'
    )
    overflows_above: str | None = Field(
        None, description='a number as text, such as "88.72"; its digits are what is claimed'
    )
    same_bits_as: Other | None = Field(None, description='a table such as { backend = "numpy" }')

    max_ulp: _Bound = None
    mean_ulp: _Bound = None
    max_steps: _Bound = None
    wrongly_rounded_percent: _Bound = None
    unfaithful: _Bound = None
    specials: _Bound = None

    allclose: Allclose | None = Field(
        None, description="a table with first, second and at, and rtol and atol if they are given"
    )
    faster_than: Other | None = Field(None, description='a table such as { formula = "naive" }')
    more_accurate_than: Other | None = Field(
        None, description='a table such as { formula = "naive" }'
    )
    gains_most_over: Other | None = Field(None, description='a table such as { formula = "naive" }')

    @property
    def kind(self) -> str:
        """`example`, `bound`, `property` or `relation`."""
        return CONTENTS[self.content]

    @property
    def content(self) -> str:
        """The key that makes the claim one of its kind; of bounds the first."""
        return next(name for name in CONTENTS if getattr(self, name) is not None)

    @property
    def other(self) -> Other | None:
        """The other routine of a comparison."""
        return (
            self.same_bits_as or self.faster_than or self.more_accurate_than or self.gains_most_over
        )

    @property
    def selectors(self) -> dict[str, str]:
        """Globs by key, as `halfulp.routines.selector` takes them."""
        return {key: getattr(self, key) for key in _SELECTORS}

    @model_validator(mode="after")
    def _one_content(self) -> Claim:
        given = [name for name in CONTENTS if getattr(self, name) is not None]
        if not given:
            raise ValueError(f"expected something to settle: one of {', '.join(CONTENTS)}.")
        if len(given) > 1 and {CONTENTS[name] for name in given} != {"bound"}:
            raise ValueError(
                f"expected one content, but got {', '.join(given)}; write a claim for each."
            )
        if problem := _problem(self):
            raise ValueError(problem)
        return self


_SELECTORS = ("function", "formula", "backend", "format", "region")
_RUN_BY = {
    "prints": "code or an expression that gives it, or exact values",
    "gives": "code or an expression",
    "allclose": "code or a backend",
}


def _problem(claim: Claim) -> str | None:
    """Return what a claim lacks or has too much of, as a sentence, or None."""
    content, has_run = claim.content, bool(claim.code or claim.expression)
    if claim.code and claim.expression:
        return "expected code or an expression, but got both; write a claim for each."
    if content not in _RUN_BY and has_run:
        return f"{content} is settled from rows that selectors choose, and takes no code."
    if (claim.exact or claim.compare) and content != "prints":
        return "exact and compare are for a claim with prints."
    if bool(claim.at) != bool(claim.expression):
        return "expression and at go together: an expression, and the points at which it is taken."
    if content in {"prints", "gives"} and not (has_run or (content == "prints" and claim.exact)):
        return f"{content} needs {_RUN_BY[content]}, and none is given."
    if content == "gains_most_over" and claim.region == "*":
        return "expected the region in which the routine gains most."
    if (has_run or content == "allclose") and set("*?[") & set(claim.backend):
        return "expected the label of one backend in which this is run."
    if (claim.expression or (content == "allclose" and not claim.code)) and claim.format == "*":
        return 'expected a format in which the expression is evaluated, such as "float64".'
    return None
