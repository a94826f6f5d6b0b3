"""What cannot be resumed is refused in a sentence; what fails late loses nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import halfulp
from halfulp.exceptions import HalfulpError, RunError, UsageError
from halfulp.runs import store
from halfulp.runs.schema import TABLES
from halfulp.runs.store import Run
from halfulp.study import fingerprint, runner
from halfulp.study.journal import JOURNAL, Journal
from halfulp.study.model import Study

STUDY = """
schema = 1
title = "a few shards"
[[case]]
functions = ["exp"]
backends = ["numpy", "math"]
formats = ["float32"]
inputs = ["spread:13000", "listed:1,2,3"]
"""


class Impatient:
    """Presses Ctrl-C as soon as so many inputs are done."""

    def __init__(self, inputs: int) -> None:
        self.left = inputs
        self.total: int | None = None

    def start(self, total_inputs: int, rows: int) -> None:
        self.total = total_inputs

    def advance(self, inputs: int) -> None:
        self.left -= inputs
        if self.left <= 0:
            raise KeyboardInterrupt

    def expect(self, seconds: float) -> None: ...
    def message(self, text: str) -> None: ...
    def finish(self) -> None: ...


def begun(folder: Path, inputs: int = 9_000, text: str = STUDY, **options: Any) -> Path:
    """Return the folder of a run that was interrupted after so many inputs."""
    plan = halfulp.api.plan_study(Study.from_text(text, "mine"), **options)
    found = halfulp.api.carry_out(
        plan, out=folder, workers=1, report=False, progress=Impatient(inputs)
    )
    assert found.manifest["status"] == "interrupted"
    return folder


def resumed(folder: Path, **options: Any) -> Run:
    return halfulp.resume(folder, workers=1, report=False, **options)


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / f"{name}.parquet").read_bytes() for name in TABLES}


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return begun(tmp_path_factory.mktemp("interrupted") / "run")


@pytest.fixture
def folder(interrupted: Path, tmp_path: Path) -> Path:
    """Return a copy of an interrupted run."""
    return Path(shutil.copytree(interrupted, tmp_path / "run"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("whole") / "run"
    halfulp.run(Study.from_text(STUDY, "mine"), out=folder, report=False)
    return contents(folder)


def test_a_run_is_resumed_from_python_and_from_elsewhere(
    folder: Path, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    progress = Impatient(10**9)
    run = resumed(Path("..") / "run", progress=progress)
    assert run.manifest["status"] == "complete"
    assert progress.total is not None
    assert 0 < progress.total <= 13_003 - 2 * 4096
    assert contents(folder) == whole
    assert not (folder / JOURNAL).exists()


def test_seed_and_selection_are_those_of_the_beginning(tmp_path: Path) -> None:
    options = {"only": ("backend=math",), "seed": 77}
    folder = begun(tmp_path / "part", **options)
    halfulp.run(Study.from_text(STUDY), out=tmp_path / "once", report=False, **options)
    run = resumed(folder)
    assert {row["backend"] for row in run.rows} == {"math"}
    assert {row["seed"] for row in run.rows} == {77}
    assert contents(folder) == contents(tmp_path / "once")


def test_a_run_without_its_journal_begins_again(folder: Path, whole: dict[str, bytes]) -> None:
    (folder / JOURNAL).unlink()
    resumed(folder)
    assert contents(folder) == whole


def test_a_journal_is_written_anew_on_the_way(
    tmp_path: Path, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("halfulp.study.journal.LARGE", 4_000)
    folder = begun(tmp_path / "run", inputs=12_000)
    lines = [json.loads(line)[1] for line in (folder / JOURNAL).read_text().splitlines()]
    assert any("done" in line for line in lines)
    resumed(folder)
    assert contents(folder) == whole


# -- refused -----------------------------------------------------------------------------------


def test_what_is_no_run_is_not_resumed(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="has none"):
        resumed(tmp_path)


def test_another_version_of_a_library_is_refused_by_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fingerprint.environment()
    now = before | {"numpy": "99.0", "cores": "1024", "system": "Linux 99"}
    monkeypatch.setattr(fingerprint, "environment", lambda: now)
    with pytest.raises(RunError, match=rf"numpy was {before['numpy']} and is 99\.0\. Restore"):
        resumed(folder)
    monkeypatch.undo()
    monkeypatch.setattr(fingerprint, "environment", lambda: before | {"cores": "1024"})
    resumed(folder)


def test_other_code_of_the_judge_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprint, "_code", lambda: iter([b"another"]))
    with pytest.raises(RunError, match="the code of halfulp has changed"):
        resumed(folder)


def test_a_study_changed_in_the_run_is_refused(folder: Path) -> None:
    manifest = json.loads((folder / "run.json").read_text())
    manifest["study"]["text"] = STUDY.replace("listed:1,2,3", "listed:1,2,4")
    (folder / "run.json").write_text(json.dumps(manifest))
    with pytest.raises(RunError, match="the study makes another plan now"):
        resumed(folder)


def test_a_file_that_a_backend_names_must_be_as_it_was(tmp_path: Path) -> None:
    source = tmp_path / "mine.c"
    source.write_text("float our_expf(float x) { return 1.0f + x; }\n")
    text = f"""
schema = 1
[backend.ours]
adapter = "c"
source = "{source}"
symbols = {{ exp = {{ float32 = "our_expf" }} }}
[[case]]
functions = ["exp"]
backends = ["ours"]
formats = ["float32"]
inputs = ["spread:13000"]
"""
    folder = begun(tmp_path / "run", text=text)
    source.write_text(source.read_text() + "/* another */\n")
    with pytest.raises(RunError, match=rf"{source.name} has changed"):
        resumed(folder)


def test_inputs_listed_in_a_file_must_be_as_they_were(tmp_path: Path) -> None:
    listed = tmp_path / "inputs.txt"
    listed.write_text("1\n2\n")
    text = STUDY.replace("listed:1,2,3", f"listed:@{listed}")
    folder = begun(tmp_path / "run", text=text)
    listed.write_text("1\n3\n")
    with pytest.raises(RunError, match="the study makes another plan now"):
        resumed(folder)


def test_another_version_of_a_backend_is_refused(folder: Path) -> None:
    with Journal(folder) as journal:
        records = [json.dumps(record) for record in journal.records]
        (shard,) = [text for text in records if '"versions"' in text][:1]
        older = json.loads(shard)
        older["outcome"]["backends"]["numpy"]["versions"]["numpy"] = "1.0"
        journal.rewrite([json.dumps(older) if text is shard else text for text in records])
    before = (folder / JOURNAL).read_bytes()
    with pytest.raises(RunError, match=r"backend numpy is not what .*: numpy was 1\.0 and is"):
        resumed(folder)
    assert (folder / JOURNAL).read_bytes() == before


def test_a_damaged_journal_is_refused_by_its_line(folder: Path) -> None:
    lines = (folder / JOURNAL).read_bytes().splitlines(keepends=True)
    lines[1] = lines[1].replace(b"counters", b"countess", 1)
    (folder / JOURNAL).write_bytes(b"".join(lines))
    with pytest.raises(RunError, match=rf"{JOURNAL} is damaged: line 2 was changed"):
        resumed(folder)


def test_a_torn_last_line_is_done_again(folder: Path, whole: dict[str, bytes]) -> None:
    content = (folder / JOURNAL).read_bytes()
    (folder / JOURNAL).write_bytes(content[:-100])
    resumed(folder)
    assert contents(folder) == whole


def test_a_run_that_does_not_hold_its_study_is_refused(folder: Path) -> None:
    manifest = json.loads((folder / "run.json").read_text())
    del manifest["study"]["only"]
    (folder / "run.json").write_text(json.dumps(manifest))
    with pytest.raises(RunError, match=r"does not hold the study .* Begin again with `halfulp run"):
        resumed(folder)


# -- what fails late ---------------------------------------------------------------------------


def test_no_room_for_the_tables_keeps_the_journal(
    tmp_path: Path, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = store._write_through

    def full(path: Path, content: bytes) -> None:
        if "parquet" in path.name:
            raise OSError(28, "No space left on device")
        real(path, content)

    monkeypatch.setattr(store, "_write_through", full)
    folder = tmp_path / "run"
    with pytest.raises(HalfulpError, match="no room left") as caught:
        halfulp.run(Study.from_text(STUDY, "mine"), out=folder, report=False)
    assert caught.value.exit_code == 4
    assert caught.value.__notes__ == [
        f"What was finished is saved: `halfulp resume {folder}` goes on with it."
    ]
    monkeypatch.undo()
    progress = Impatient(10**9)
    resumed(folder, progress=progress)
    assert progress.total == 0
    assert contents(folder) == whole


def test_a_failure_of_the_judge_can_be_resumed_once_it_is_mended(
    tmp_path: Path, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def disagree(*_: object) -> None:
        raise halfulp.HalfulpError("the references disagree.")

    monkeypatch.setattr(runner, "confirm", disagree)
    folder = tmp_path / "run"
    with pytest.raises(HalfulpError, match="disagree"):
        halfulp.run(Study.from_text(STUDY, "mine"), out=folder, report=False)
    monkeypatch.undo()
    resumed(folder)
    assert contents(folder) == whole


def test_a_study_that_cannot_be_measured_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = STUDY.replace("inputs", 'regions = ["1.00000001 : 1.00000002"]\ninputs')
    for out in (None, "here"):
        with pytest.raises(UsageError, match="no number of float32"):
            halfulp.run(Study.from_text(text, "mine"), out=out, report=False)
    assert list((tmp_path / "halfulp-runs").iterdir()) == []
    assert [entry.name for entry in (tmp_path / "here").iterdir()] == [".gitignore"]


def test_a_folder_with_an_interrupted_run_says_how_to_go_on(folder: Path) -> None:
    with pytest.raises(RunError, match=r"is not empty\. If it was interrupted, `halfulp resume"):
        halfulp.run(Study.from_text(STUDY, "mine"), out=folder, report=False)
