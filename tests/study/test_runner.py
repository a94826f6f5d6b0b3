"""Carrying out a plan: the same tables however it is carried out, and every row for itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from halfulp.exceptions import UsageError
from halfulp.runs.schema import TABLES
from halfulp.study.model import Study
from halfulp.study.plan import make_plan
from halfulp.study.runner import Results, execute
from halfulp.study.shards import SHARD_INPUTS, all_shards, groups

if TYPE_CHECKING:
    from halfulp.study.plan import Plan

STUDY = """
schema = 1
title = "a few of everything"
seed = 7
[region]
near = "-2 : 2"
[formula]
logistic = "1 / (1 + exp(-x))"
[[case]]
functions = ["exp", "sin"]
backends = ["numpy", "math"]
formats = ["float32"]
regions = ["all", "near"]
inputs = ["spread:9000", "edges"]
[[case]]
functions = ["sigmoid"]
formulas = ["logistic"]
backends = ["numpy"]
formats = ["float16"]
inputs = ["grid:5000"]
[[case]]
functions = ["pow"]
backends = ["math"]
formats = ["float64"]
inputs = ["spread:300"]
"""

ONLY_EXP = """
schema = 1
title = "exp"
[[case]]
functions = ["exp"]
backends = ["numpy", "math"]
formats = ["float32"]
inputs = ["spread:9000", "edges"]
"""


def plan(text: str) -> Plan:
    return make_plan(Study.from_text(text))


def tables(results: Results) -> dict[str, list[dict[str, Any]]]:
    return {name: results.tables.get(name, []) for name in TABLES}


def rows_of(results: Results, *backends: str) -> dict[str, list[dict[str, Any]]]:
    return {
        name: [row for row in rows if row["backend"] in backends]
        for name, rows in tables(results).items()
    }


@pytest.fixture(scope="module")
def reference() -> Results:
    return execute(plan(STUDY), workers=1)


def test_every_row_is_measured_in_the_order_of_the_plan(reference: Results) -> None:
    made = plan(STUDY)
    named = [(row["routine"], row["region"], row["sampler"]) for row in reference.accuracy]
    assert named == [(row.routine.identity, row.region, row.sampler) for row in made.rows]
    assert {row["status"] for row in reference.accuracy} == {"measured"}
    assert reference.status == "complete"
    for name, columns in TABLES.items():
        assert all(list(row) and set(row) == {column.name for column in columns}
                   for row in tables(reference)[name])  # fmt: skip


@pytest.mark.parametrize("workers", [2, 3])
def test_the_number_of_workers_changes_no_bit(workers: int, reference: Results) -> None:
    results = execute(plan(STUDY), workers=workers)
    assert tables(results) == tables(reference)
    assert json.dumps(tables(results)) == json.dumps(tables(reference))
    assert results.manifest["backends"] == reference.manifest["backends"]


def test_a_callable_in_this_process_gets_the_same_figures_as_the_library() -> None:
    made = plan(ONLY_EXP)
    assert sum(group.shards for group in groups(made.rows, made.seed)) > 2
    here = execute(made, callables={"numpy": np.exp})
    there = execute(made, workers=2)
    assert json.dumps(tables(here)) == json.dumps(tables(there))


def test_rows_on_the_same_inputs_are_one_group() -> None:
    made = groups(plan(STUDY).rows, 7)
    assert [len(group.rows) for group in made] == [2] * 8 + [1, 1]
    shards = list(all_shards(made))
    assert len(shards) == sum(group.shards for group in made)
    for group in made:
        spans = [group.span(number) for number in range(group.shards)]
        assert sum(count for _, count in spans) == len(group.source)
        assert [start for start, _ in spans] == list(range(0, len(group.source), SHARD_INPUTS))


class Listener:
    """Hears how far a run has come; may raise when it is told."""

    def __init__(self, interrupt_after: int | None = None) -> None:
        self.total = self.done = self.finishes = 0
        self.messages: list[str] = []
        self.interrupt_after = interrupt_after

    def start(self, total_inputs: int, rows: int) -> None:
        self.total, self.rows = total_inputs, rows

    def advance(self, inputs: int) -> None:
        self.done += inputs
        if self.interrupt_after is not None and self.done >= self.interrupt_after:
            raise KeyboardInterrupt

    def expect(self, seconds: float) -> None:
        self.expected = seconds

    def message(self, text: str) -> None:
        self.messages.append(text)

    def finish(self) -> None:
        self.finishes += 1


def test_progress_counts_every_input_once() -> None:
    heard = Listener()
    execute(plan(ONLY_EXP), workers=2, progress=heard)
    assert heard.rows == 4
    assert heard.done == heard.total > 9000
    assert heard.finishes == 1
    assert heard.messages == []


@pytest.mark.parametrize("callables", [{}, {"numpy": np.exp}], ids=["workers", "here"])
def test_an_interrupted_run_keeps_the_rows_that_were_finished(callables: Any) -> None:
    made = plan(ONLY_EXP.replace('"spread:9000", "edges"', '"grid:50", "spread:20000"'))
    results = execute(made, workers=1, progress=Listener(interrupt_after=5000), callables=callables)
    assert results.status == results.manifest["status"] == "interrupted"
    status = {(row["backend"], row["sampler"]): row["status"] for row in results.accuracy}
    assert status == {
        ("numpy", "grid:50"): "measured",
        ("math", "grid:50"): "measured",
        ("numpy", "spread:20000"): "not measured",
        ("math", "spread:20000"): "not measured",
    }
    whole = execute(plan(ONLY_EXP.replace('"spread:9000", "edges"', '"grid:50"')), workers=1)
    finished = [row for row in results.accuracy if row["sampler"] == "grid:50"]
    assert finished == whole.accuracy
    assert all("interrupted" in row["reason"] for row in results.accuracy if row not in finished)


def test_a_region_without_a_number_is_a_sentence() -> None:
    with pytest.raises(UsageError, match="no number of float32"):
        execute(plan(ONLY_EXP.replace("inputs", 'regions = ["1.00000001 : 1.00000002"]\ninputs')))


# -- rows that go wrong ------------------------------------------------------------------------

FAULTY = """
schema = 1
title = "routines that go wrong"
[backend.crashes]
adapter = "faulty"
fault = "segfault"
[backend.hangs]
adapter = "faulty"
fault = "loop"
time_limit_s = 1
[backend.raises]
adapter = "faulty"
fault = "error"
[backend.absent]
adapter = "faulty"
fault = "unavailable"
at = "load"
[backend.lacks-it]
adapter = "faulty"
fault = "unavailable"
at = "prepare"
[backend.overwrites]
adapter = "faulty"
fault = "overwrite_inputs"
[backend.fine]
adapter = "faulty"
[[case]]
functions = ["exp"]
backends = [
  "crashes", "numpy", "hangs", "raises", "fine", "absent", "lacks-it", "overwrites", "math",
]
formats = ["float32"]
inputs = ["spread:9000"]
"""


@pytest.fixture(scope="module")
def kept() -> list[Results]:
    return []


@pytest.fixture
def faulty(bad_adapter: str, kept: list[Results]) -> Results:
    """Return what the faulty study came to; it is carried out once."""
    if not kept:
        heard = Listener()
        kept.append(execute(plan(FAULTY), workers=2, progress=heard))
        assert heard.done == heard.total
        kept[0].manifest["heard"] = heard.messages
    return kept[0]


def test_what_goes_wrong_is_the_status_of_its_row_and_of_no_other(faulty: Results) -> None:
    status = {row["backend"]: row["status"] for row in faulty.accuracy}
    assert status == {
        "crashes": "crashed",
        "numpy": "measured",
        "hangs": "timed out",
        "raises": "failed",
        "fine": "measured",
        "absent": "unavailable",
        "lacks-it": "unavailable",
        "overwrites": "failed",
        "math": "measured",
    }
    reason = {row["backend"]: row["reason"] for row in faulty.accuracy}
    for backend, words in {
        "crashes": "SIGSEGV",
        "hangs": "limit of 1 s",
        "raises": "the routine gave up",
        "absent": "no such device: faulty0",
        "lacks-it": "no such device: faulty0",
        "overwrites": "wrote into its inputs",
    }.items():
        assert words in reason[backend]
    without = execute(plan(ONLY_EXP.replace(', "edges"', "")), workers=2)
    assert rows_of(faulty, "numpy", "math") == rows_of(without, "numpy", "math")


def test_a_row_without_figures_has_none(faulty: Results) -> None:
    failed = {row["backend"] for row in faulty.accuracy if row["status"] != "measured"}
    assert len(failed) == 6
    for row in faulty.accuracy:
        figures = [row["count"], row["max_ulp"], row["histogram"], row["specials"]]
        assert figures == [None] * 4 or row["backend"] not in failed
    assert not any(row["backend"] in failed for row in faulty.witnesses + faulty.profile)


def test_the_manifest_says_why_a_backend_is_missing(faulty: Results) -> None:
    backends = faulty.manifest["backends"]
    assert backends["absent"]["status"] == "unavailable"
    assert "no such device" in backends["absent"]["reason"]
    assert backends["numpy"]["status"] == backends["lacks-it"]["status"] == "available"
    assert backends["numpy"]["versions"]["numpy"] == np.__version__


def test_the_user_hears_of_a_crash_once(faulty: Results) -> None:
    heard = [text for text in faulty.manifest["heard"] if "crashed" in text]
    assert len(heard) == 1
    assert heard[0].startswith("exp/native/crashes/float32 crashed: ")
    assert not any("unavailable" in text for text in faulty.manifest["heard"])


HALF_BROKEN = """
from halfulp_faults import FAULTS, _Faulty, _Library

class _HalfLibrary(_Library):
    def routine(self, request):
        if request.formula is None and request.format.width == 16:
            return FAULTS["segfault"]
        return _Library.routine(self, request)

class _Half(_Faulty):
    name = "half"

    def load(self, settings):
        return _HalfLibrary(settings)

adapter = _Half()
"""


def test_routines_of_a_backend_are_measured_after_one_of_them_crashed(
    bad_adapter: str, tmp_path: Path
) -> None:
    installed = tmp_path / "installed"
    (installed / "half_broken.py").write_text(HALF_BROKEN)
    entries = installed / "halfulp_faults-1.dist-info" / "entry_points.txt"
    entries.write_text(entries.read_text() + "half = half_broken:adapter\n")
    text = ONLY_EXP.replace('"numpy", "math"', '"half"')
    text = text.replace('"float32"', '"float16", "float32"')
    results = execute(plan(text), workers=1)
    status = [(row["format"], row["status"]) for row in results.accuracy]
    assert status == [("float16", "crashed")] * 2 + [("float32", "measured")] * 2
    whole = execute(plan(text.replace('"float16", ', "")), workers=1)
    assert [row for row in results.accuracy if row["format"] == "float32"] == whole.accuracy


KILLED = """
import os, signal
from pathlib import Path
from halfulp_faults import _Faulty, _Library, _copy

def evaluate(inputs, output):
    count = Path(os.environ["KILLS"])
    left = int(count.read_text())
    if left:
        count.write_text(str(left - 1))
        os.kill(os.getpid(), signal.SIGKILL)
    _copy(inputs, output)

class _KilledLibrary(_Library):
    def routine(self, request):
        return evaluate

class _Killed(_Faulty):
    name = "half"

    def load(self, settings):
        return _KilledLibrary(settings)

adapter = _Killed()
"""


@pytest.mark.parametrize(("kills", "status"), [(0, "measured"), (1, "measured"), (2, "crashed")])
def test_a_subject_that_is_killed_evaluates_its_shard_again_once(
    bad_adapter: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kills: int,
    status: str,
) -> None:
    installed = tmp_path / "installed"
    (installed / "half_broken.py").write_text(KILLED)
    entries = installed / "halfulp_faults-1.dist-info" / "entry_points.txt"
    entries.write_text(entries.read_text() + "half = half_broken:adapter\n")
    (tmp_path / "kills").write_text(str(kills))
    monkeypatch.setenv("KILLS", str(tmp_path / "kills"))
    text = ONLY_EXP.replace('"numpy", "math"', '"half"').replace(', "edges"', "")
    (row,) = execute(plan(text), workers=1).accuracy
    assert row["status"] == status
    assert row["reason"] == ("killed by SIGKILL" if kills == 2 else None)
    assert row["count"] == (None if kills == 2 else 9000)
