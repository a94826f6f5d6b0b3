"""The `[timing]` table of a study."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from halfulp.timing.plan import SIZES, Options
from halfulp.timing.regions import NORMAL

_MOST = 10**9

Count = Annotated[int, Field(ge=1, le=_MOST)]
Counts = Annotated[tuple[Count, ...], Field(strict=False, min_length=1)]


class Timing(BaseModel):
    """What is timed beside being judged; absent: nothing is."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    base: str = Field(
        default="",
        description='the backend that times are compared with, such as "numpy" or "native/numpy"',
    )
    sizes: Counts = Field(
        default=SIZES, description="a list of numbers of elements, such as [1, 1_000, 1_000_000]"
    )
    regions: Annotated[tuple[str, ...], Field(strict=False, min_length=1)] = Field(
        default=(NORMAL,),
        description='a list of labels of [region], bounds or names such as "normal" and "huge"',
    )
    margin: float = Field(
        default=0.03,
        gt=0,
        le=1,
        strict=False,
        description="a number such as 0.03: ratios within a factor of 1.03 are equivalent",
    )
    allocations: Annotated[
        tuple[Literal["out", "fresh"], ...], Field(strict=False, min_length=1)
    ] = Field(default=("out",), description='a list of "out" and "fresh"')
    strides: Counts = Field(
        default=(1,), description="a list of distances of neighbouring inputs, such as [1, 2]"
    )
    threads: Counts = Field(default=(1,), description="a list of numbers of threads, such as [1]")
    modes: Annotated[
        tuple[Literal["throughput", "latency"], ...], Field(strict=False, min_length=1)
    ] = Field(default=("throughput",), description='a list of "throughput" and "latency"')
    rounds: int = Field(
        default=30, ge=6, le=100_000, description="a whole number of samples of each, from 6"
    )
    sample_ms: float = Field(
        default=10,
        ge=1,
        le=60_000,
        strict=False,
        description="a number of milliseconds that a sample lasts at least, such as 10",
    )
    call_limit_s: float = Field(
        default=1,
        gt=0,
        le=86_400,
        strict=False,
        description="a number of seconds beyond which a call is not timed, such as 1",
    )

    @property
    def options(self) -> Options:
        """The same as the engine takes it."""
        return Options(**{name: getattr(self, name) for name in type(self).model_fields})
