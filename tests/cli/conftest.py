"""A runner that answers at once, and the command line in this process."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from halfulp.runs.schema import SCHEMA, TABLES
from halfulp.study.runner import Results

if TYPE_CHECKING:
    from collections.abc import Callable

    from halfulp.study.plan import Plan, Row


@dataclass
class FakeRunner:
    """Stands in for `halfulp.study.runner`: every row has the same made-up figures."""

    unavailable: dict[str, str] = field(default_factory=dict)  # backend -> reason
    interrupted: bool = False
    error: BaseException | None = None
    plans: list[Plan] = field(default_factory=list)
    keywords: dict[str, Any] = field(default_factory=dict)

    def execute(self, plan: Plan, **keywords: Any) -> Results:
        self.plans.append(plan)
        self.keywords = keywords
        if self.error is not None:
            raise self.error
        progress = keywords.get("progress")
        if progress is not None:
            progress.start(1000 * len(plan.rows), len(plan.rows))
            progress.advance(1000)
            progress.finish()
        status = "interrupted" if self.interrupted else "complete"
        accuracy = [self._row(plan, row, number) for number, row in enumerate(plan.rows)]
        witnesses = [self._witness(row) for row in plan.rows]
        tables = {"accuracy": accuracy, "witnesses": witnesses, "profile": []}
        return Results(tables, self._manifest(plan, status))

    def _manifest(self, plan: Plan, status: str) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "halfulp": "0.1.0",
            "study": {
                "name": plan.name,
                "title": plan.title,
                "seed": plan.seed,
                "text": plan.text,
            },
            "command": "halfulp run",
            "started": "2026-01-01T00:00:00+00:00",
            "finished": None,
            "status": status,
            "environment": {},
            "backends": {},
        }

    def _identity(self, row: Row) -> dict[str, Any]:
        routine = row.routine
        return {
            "routine": routine.identity,
            "function": routine.function,
            "formula": routine.formula,
            "backend": routine.backend,
            "format": routine.format,
            "region": row.region,
            "sampler": row.sampler,
        }

    def _row(self, plan: Plan, row: Row, number: int) -> dict[str, Any]:
        record: dict[str, Any] = dict.fromkeys(column.name for column in TABLES["accuracy"])
        record |= self._identity(row)
        record |= {"bounds": row.bounds, "seed": plan.seed, "status": "measured"}
        if reason := self.unavailable.get(row.routine.backend):
            return record | {"status": "unavailable", "reason": reason}
        if self.interrupted and number:
            return record | {"status": "not measured", "reason": "The run was interrupted."}
        counts = {
            column.name: 0
            for column in TABLES["accuracy"]
            if column.type == "int" and column.name != "seed"
        }
        return (
            record
            | counts
            | {
                "kind": "sampled",
                "count": 1000,
                "judged": 990,
                "nontrivial": 900,
                "max_ulp": 0.5000000000000543,
                "max_ulp_low": 0.5,
                "max_ulp_text": "0.5000000000000543",
                "max_ulp_log2": -0.9999999999998433,
                "mean_ulp": 0.25,
                "max_steps": "1",
                "wrongly_rounded": 3,
                "wrongly_rounded_percent": 0.33,
                "undecided_error": 2,
                "undecided_rounding": 1,
                "specials": 1,
                "nan_returned": 1,
            }
        )

    def _witness(self, row: Row) -> dict[str, Any]:
        record: dict[str, Any] = dict.fromkeys(column.name for column in TABLES["witnesses"])
        return (
            record
            | self._identity(row)
            | {
                "quantity": "max_ulp",
                "input_bits": "0x3f800000",
                "input_hex": "0x1p+0",
                "input": "1.0",
                "got_bits": "0x40000000",
                "got_hex": "0x1p+1",
                "got": "2.0",
                "want_bits": "0x40000001",
                "want_hex": "0x1.000002p+1",
                "want": "2.0000002",
                "error_ulp": 0.5,
                "command": "halfulp measure exp --inputs listed:0x1p+0",
            }
        )


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> FakeRunner:
    fake = FakeRunner()
    module = ModuleType("halfulp.study.runner")
    module.execute = fake.execute  # type: ignore[attr-defined] # a stand-in module
    monkeypatch.setitem(sys.modules, "halfulp.study.runner", module)
    return fake


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


@pytest.fixture
def halfulp(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> Callable[..., Outcome]:
    """Run the command line in this process, in an empty folder; no traceback may show."""
    from halfulp.cli import main

    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Outcome:
        code = main(arguments)
        out, err = capfd.readouterr()
        assert "Traceback" not in err or "--debug" in arguments
        return Outcome(code, out, err)

    return call
