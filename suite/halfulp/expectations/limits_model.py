"""The `[[limit]]` table: a bound that routines must keep, in a study or in a file of its own."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from halfulp.routines import SELECTOR_KEYS
from halfulp.runs.schema import LIMIT_QUANTITIES

_Number = Annotated[float | None, Field(ge=0, allow_inf_nan=False)]
_Count = Annotated[int | None, Field(ge=0)]


class _Table(BaseModel):
    """A TOML table: types as they are written, no unknown keys, never changed after reading."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Limit(_Table):
    """Bounds for the routines that its globs select; a case may be bound by several limits.

    For each quantity the most specific limit holds: `halfulp.expectations.limits`.
    """

    function: str = Field(
        default="*", min_length=1, description='a glob on the function, such as "exp*"'
    )
    formula: str = Field(
        default="*",
        min_length=1,
        description='a glob on the label of the formula, such as "native"',
    )
    backend: str = Field(
        default="*",
        min_length=1,
        description='a glob on the label of the backend, such as "numpy*"',
    )
    format: str = Field(
        default="*", min_length=1, description='a glob on the format, such as "float*"'
    )
    region: str = Field(
        default="*", min_length=1, description='a glob on the label of the region, such as "tiny"'
    )
    max_ulp: _Number = Field(default=None, description="a number of ulp, 0 or more, such as 1.0")
    max_steps: _Count = Field(
        default=None, description="a whole number of steps, 0 or more, such as 1"
    )
    wrongly_rounded_percent: _Number = Field(
        default=None, description="a percentage of the nontrivial inputs, 0 or more, such as 12.5"
    )
    special_mismatches: _Count = Field(
        default=None, description="a whole number of wrong special results, 0 or more, such as 0"
    )
    max_slowdown: _Number = Field(
        default=None, description="a ratio to the time of the study's base, such as 1.1"
    )
    expect: Literal["pass", "fail"] = Field(
        default="pass", description='"pass", or "fail" for bounds that are known not to be kept'
    )
    reason: str = Field(
        default="", min_length=1, description="a text that says why the limit is as it is"
    )
    issue: str = Field(
        default="", min_length=1, description="a text that names an issue, such as its URL"
    )

    @property
    def globs(self) -> dict[str, str]:
        """Its selectors as written, those that choose everything left out."""
        written = {key: getattr(self, key) for key in SELECTOR_KEYS}
        return {key: glob for key, glob in written.items() if glob != "*"}

    @property
    def bounds(self) -> dict[str, float]:
        """Its bounds by quantity."""
        written = {name: getattr(self, name) for name in LIMIT_QUANTITIES}
        return {name: bound for name, bound in written.items() if bound is not None}

    @model_validator(mode="after")
    def _says_something(self) -> Limit:
        if self.expect == "fail" and not self.reason:
            raise ValueError('expect = "fail" needs a reason.')
        if self.expect == "pass" and not self.bounds:
            raise ValueError(
                f"expected a bound, one of {', '.join(LIMIT_QUANTITIES)}, but got none of them."
            )
        return self


class LimitFile(_Table):
    """A file of limits."""

    schema_: int = Field(
        default=1, alias="schema", ge=1, le=1, description="the number 1, as in schema = 1"
    )
    limit: Annotated[tuple[Limit, ...], Field(strict=False)] = Field(
        default=(), description="[[limit]] tables"
    )
