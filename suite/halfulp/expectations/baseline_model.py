"""What a baseline holds: an earlier run, from its folder or from the JSON form of its report.

A baseline is data, whoever wrote it: it is checked for its shape, and nothing in it is executed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from halfulp.exceptions import RunError
from halfulp.measurement import Figures
from halfulp.runs.schema import SCHEMA
from halfulp.runs.speed import speed

if TYPE_CHECKING:
    from halfulp.runs.store import Run

CaseKey: TypeAlias = tuple[str, str, str]

ALIKE = ("machine", "processor", "processor features", "cores", "halfulp")
"""Facts of the environment that must be the same where times are compared."""

_LARGEST = 1 << 28


class _Record(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class Seen(_Record):
    """The input of a maximum; hexadecimal floats beside the decimal one."""

    input: str
    input_decimal: str | None = None
    got: str | None = None
    want: str | None = None
    command: str | None = None


class Case(_Record):
    """The figures of a case, as the JSON form has them."""

    routine: str
    region: str
    sampler: str
    bounds: str | None
    seed: int
    kind: str | None
    status: str
    reason: str | None
    count: int | None
    nontrivial: int | None
    max_ulp_interval: tuple[float, float] | None = Field(strict=False)
    max_ulp_text: str | None = Field(pattern=r"^\d+(\.\d+)?$")
    wrongly_rounded: int | None
    specials: int | None
    undecided: int | None
    unfaithful: int | None = None
    mean_ulp: float | None = None
    witness: Seen | None = None

    @property
    def key(self) -> CaseKey:
        """What it is found by."""
        return self.routine, self.region, self.sampler


class Speed(_Record):
    """The times of a case, as the JSON form has them."""

    routine: str
    region: str
    size: int
    allocation: str | None
    stride: int | None
    threads: int | None
    mode: str | None
    median_ns: float | None = None
    median_low_ns: float
    median_high_ns: float = Field(gt=0)
    base: str | None
    ratio_low: float | None
    ratio_high: float | None

    @property
    def key(self) -> tuple[Any, ...]:
        """What it is found by."""
        where = self.routine, self.region, self.size
        return *where, self.allocation, self.stride, self.threads, self.mode


class _Backend(_Record):
    versions: dict[str, str] = Field(default_factory=dict)


class _Document(_Record):
    schema_: int = Field(alias="schema")
    halfulp: str
    environment: dict[str, str]
    backends: dict[str, _Backend]
    corpus: str | None = None
    measurements: list[Case]
    speed: list[Speed] = Field(default_factory=list)


@dataclass(frozen=True)
class Baseline:
    """A run to hold others against.

    Parameters
    ----------
    name
        What messages call it.
    halfulp
        The version that made it.
    environment
        Where it was made.
    versions
        Versions of what was measured, by label of the backend.
    corpus
        What tells its known inputs from others.
    cases, speeds
        Figures, by the keys of the records.
    """

    name: str
    halfulp: str
    environment: dict[str, str]
    versions: dict[str, dict[str, str]]
    corpus: str | None
    cases: dict[CaseKey, Case]
    speeds: dict[tuple[Any, ...], Speed]


def baseline_of(run: Run, name: str | None = None) -> Baseline:
    """Return a run as a baseline.

    Raises
    ------
    RunError
        If it holds what no figure can be.
    """
    about = {key: run.manifest.get(key) for key in ("halfulp", "environment", "backends", "corpus")}
    figures = Figures.from_tables(run.rows, run.records("witnesses"))
    document = {
        "schema": run.manifest["schema"],
        **about,
        "measurements": [row.as_dict() for row in figures],
        "speed": speed(run.records("timing"), run.records("timing_ratios")),
    }
    return _checked(document, name or str(run.path))


def read_baseline(path: Path) -> Baseline:
    """Return the baseline at a path: a run's folder, or a file that `report --as json` wrote.

    Raises
    ------
    RunError
        If there is none, it is damaged, or a newer halfulp wrote it.
    """
    from halfulp.runs.store import MANIFEST, load_run

    if path.is_dir() or path.name == MANIFEST:
        return baseline_of(load_run(path), str(path))
    try:
        if path.stat().st_size > _LARGEST:
            raise RunError(f"{path} is too large to be a baseline.")
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RunError(
            f"There is no baseline {path}: `halfulp report RUN --as json --out {path}` writes one."
        ) from None
    except OSError as error:
        raise RunError(f"The baseline {path} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:
        raise RunError(f"The baseline {path} is damaged: expected JSON, got {error}.") from None
    return _checked(document, str(path))


def _checked(document: object, name: str) -> Baseline:
    schema = document.get("schema") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(schema, int) or schema < 1:
        raise RunError(
            f"{name} is no baseline: expected what `halfulp report RUN --as json` writes."
        )
    if schema > SCHEMA:
        raise RunError(
            f"{name} has schema {schema}, written by halfulp {str(document.get('halfulp'))[:40]}; "
            f"this halfulp reads schemas up to {SCHEMA}. Update halfulp to read it."
        )
    try:
        read = _Document.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part + 1) if isinstance(part, int) else part for part in first["loc"])
        raise RunError(
            f"The baseline {name} is damaged at {place}: {first['msg'][:1].lower()}"
            f"{first['msg'][1:]}. Write it again with `halfulp report RUN --as json`."
        ) from None
    return Baseline(
        name,
        read.halfulp,
        read.environment,
        {label: backend.versions for label, backend in read.backends.items()},
        read.corpus,
        {case.key: case for case in read.measurements},
        {item.key: item for item in read.speed},
    )
