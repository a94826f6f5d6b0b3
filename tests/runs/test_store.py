"""A run written is the run read, or one clear sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from halfulp.exceptions import HalfulpError, RunError
from halfulp.runs import store
from halfulp.runs.schema import ACCURACY, PROFILE, SCHEMA, TABLES
from halfulp.runs.store import create_run_folder, load_run, replace_file, write_run

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
VALUES = {
    "text": "naïve \N{MATHEMATICAL ITALIC SMALL X}",
    "int": -(2**63),
    "float": 5e-324,
    "bool": True,
    "ints": [0, 2**63 - 1],
    "floats": [0.5, -0.0],
}


def manifest(**values: Any) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "halfulp": "0.1.0",
        "study": {"name": "s", "title": "S", "seed": 0, "text": ""},
        "command": "halfulp run s",
        "started": WHEN.isoformat(),
        "finished": None,
        "status": "complete",
        "environment": {},
        "backends": {},
    } | values


def record(table: str, **values: Any) -> dict[str, Any]:
    return dict.fromkeys((column.name for column in TABLES[table]), None) | values


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_run(tmp_path / "run", manifest(), {"accuracy": [record("accuracy", count=7)]})
    return tmp_path / "run"


@pytest.mark.parametrize("table", TABLES)
def test_every_column_comes_back_as_it_was_null_too(tmp_path: Path, table: str) -> None:
    full = {column.name: VALUES[column.type] for column in TABLES[table]}
    write_run(tmp_path, manifest(), {table: [full, record(table)]})
    run = load_run(tmp_path)
    assert run.records(table) == [full, record(table)]
    assert run.manifest == manifest()
    assert run.path == tmp_path


def test_bool_and_empty_list_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = (store.Column("proved", "bool", ""), store.Column("counts", "ints", ""))
    monkeypatch.setattr(store, "TABLES", {"extra": columns})
    monkeypatch.setattr(store, "TABLES_SINCE", {"extra": 1})
    rows = [{"proved": flag, "counts": counts} for flag, counts in ((True, []), (None, None))]
    write_run(tmp_path, manifest(), {"extra": rows})
    assert load_run(tmp_path).records("extra") == rows


def test_rows_are_the_accuracy_table_and_absent_tables_are_empty(folder: Path) -> None:
    run = load_run(folder)
    assert [row["count"] for row in run.rows] == [7]
    assert run.records("profile") == []
    assert list(run.table("profile").columns) == [column.name for column in PROFILE]


def test_a_frame_keeps_large_integers_beside_nulls(tmp_path: Path) -> None:
    rows = [record("accuracy", count=2**60 + 1), record("accuracy")]
    write_run(tmp_path, manifest(), {"accuracy": rows})
    counts = load_run(tmp_path).table("accuracy")["count"]
    assert counts[0] == 2**60 + 1
    assert counts[1] is pd.NA


def test_a_run_is_found_by_its_run_json_too(folder: Path) -> None:
    assert load_run(folder / "run.json").rows == load_run(str(folder)).rows


def test_an_interrupted_run_is_read(tmp_path: Path) -> None:
    write_run(tmp_path, manifest(status="interrupted", finished=None), {})
    assert load_run(tmp_path).manifest["status"] == "interrupted"


@pytest.mark.parametrize(
    "change",
    [{"surprise": 1}, {"max_ulp": float("nan")}],
    ids=["unknown column", "nan instead of null"],
)
def test_a_wrong_record_is_a_programming_error(tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match=next(iter(change))):
        write_run(tmp_path, manifest(), {"accuracy": [record("accuracy", **change)]})


def test_a_missing_column_or_an_unknown_table_is_a_programming_error(tmp_path: Path) -> None:
    short = record("accuracy")
    del short["reason"]
    with pytest.raises(AssertionError, match="reason"):
        write_run(tmp_path, manifest(), {"accuracy": [short]})
    with pytest.raises(AssertionError, match="surprise"):
        write_run(tmp_path, manifest(), {"surprise": []})


def test_run_json_holds_no_nan(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        write_run(tmp_path, manifest(environment={"load": float("nan")}), {})
    assert not (tmp_path / "run.json").exists()


def test_the_folder_ignores_itself_and_keeps_no_temporary_file(folder: Path) -> None:
    assert (folder / ".gitignore").read_text() == "*\n"
    names = {file.name for file in folder.iterdir()}
    assert names == {".gitignore", "run.json"} | {f"{table}.parquet" for table in TABLES}


@pytest.mark.parametrize("call", range(len(TABLES) + 1))
def test_a_crash_while_writing_leaves_the_old_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    calls = iter(range(10))
    real = store._write_through

    def crash(path: Path, content: bytes) -> None:
        real(path, content[:5])
        if next(calls) == call:
            raise KeyboardInterrupt

    monkeypatch.setattr(store, "_write_through", crash)
    with pytest.raises(KeyboardInterrupt):
        write_run(folder, manifest(command="new"), {})
    run = load_run(folder)
    assert run.manifest["command"] == "halfulp run s"
    assert [row["count"] for row in run.rows] == [7]
    assert not list(folder.glob(".*.tmp"))


def test_a_crash_in_a_new_folder_leaves_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        write_run(tmp_path / "run", manifest(), {})
    with pytest.raises(RunError, match="has none"):
        load_run(tmp_path / "run")


def test_run_folders_are_unique_and_plain(tmp_path: Path) -> None:
    first = create_run_folder(tmp_path / "runs", "my study: a/b", WHEN)
    second = create_run_folder(tmp_path / "runs", "my study: a/b", WHEN)
    assert first.name == "my-study-a-b-20260102-030405"
    assert second.name == first.name + "-2"
    assert create_run_folder(tmp_path, "../..", WHEN).parent == tmp_path


def test_an_unwritable_place_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for attempt in (
        lambda: create_run_folder(tmp_path / "file", "s", WHEN),
        lambda: write_run(tmp_path / "file", manifest(), {}),
        lambda: replace_file(tmp_path / "file" / "report.html", b""),
    ):
        with pytest.raises(RunError, match=r"^Cannot write .*file.*: .*\. Name a folder .*\.$"):
            attempt()


def test_a_full_disk_is_no_error_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "_write_through", full)
    with pytest.raises(HalfulpError, match="no room left") as caught:
        write_run(tmp_path, manifest(), {})
    assert caught.value.exit_code == 4


# -- reading what is no run ------------------------------------------------------------------


def test_no_run_there(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"nowhere is not a folder\. Give the path"):
        load_run(tmp_path / "nowhere")
    with pytest.raises(RunError, match=r"has none\. Give the path"):
        load_run(tmp_path)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '"run"', "{}", '{"schema": "1"}', '{"schema": 0}', '{"schema": 1}',
     '{"schema": NaN}', "[" * 100_000, "\x00"],
)  # fmt: skip
def test_a_run_json_that_is_none_is_refused(folder: Path, text: str) -> None:
    (folder / "run.json").write_text(text)
    with pytest.raises(RunError, match=r"run\.json"):
        load_run(folder)


def test_a_run_json_in_another_encoding_is_refused(folder: Path) -> None:
    (folder / "run.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(RunError, match="damaged"):
        load_run(folder)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"study": {"name": "s"}}, "study.title"),
        ({"backends": {"numpy": {}}}, "backend numpy.adapter"),
        ({"environment": []}, "environment"),
    ],
)
def test_a_manifest_without_its_parts_is_refused(
    folder: Path, change: dict[str, Any], named: str
) -> None:
    (folder / "run.json").write_text(json.dumps(manifest(**change)))
    with pytest.raises(RunError, match=named):
        load_run(folder)


def test_a_newer_run_is_refused_and_says_by_what(folder: Path) -> None:
    (folder / "run.json").write_text(json.dumps(manifest(schema=SCHEMA + 1, halfulp="9.9")))
    with pytest.raises(RunError, match=rf"schema {SCHEMA + 1}.*halfulp 9\.9.*Update halfulp"):
        load_run(folder)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + b"\0" * 100 + b"PAR1"])
def test_a_damaged_table_is_refused(folder: Path, content: bytes) -> None:
    (folder / "witnesses.parquet").write_bytes(content)
    with pytest.raises(RunError, match=r"witnesses\.parquet is damaged.*Run the study again\.$"):
        load_run(folder)


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.99])
def test_a_torn_table_is_refused(folder: Path, cut: float) -> None:
    file = folder / "accuracy.parquet"
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * cut)])
    with pytest.raises(RunError, match=r"accuracy\.parquet is damaged"):
        load_run(folder)


def test_a_missing_table_and_a_foreign_one_are_refused(folder: Path) -> None:
    file = folder / "profile.parquet"
    pq.write_table(pa.table({"bin": [1]}), file)
    with pytest.raises(RunError, match=r"profile\.parquet is damaged.*columns of schema"):
        load_run(folder)
    wrong = {column.name: pa.array(["text"]) for column in PROFILE}
    pq.write_table(pa.table(wrong), file)
    with pytest.raises(RunError, match=r"profile\.parquet is damaged"):
        load_run(folder)
    file.unlink()
    with pytest.raises(RunError, match=r"profile\.parquet, which is missing"):
        load_run(folder)


def test_columns_of_a_later_patch_are_left_out(folder: Path) -> None:
    file = folder / "accuracy.parquet"
    pq.write_table(pq.read_table(file).append_column("new", pa.array([1])), file)
    assert list(load_run(folder).rows[0]) == [column.name for column in ACCURACY]


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    code = (
        "import sys, halfulp.runs, halfulp.runs.store, halfulp.runs.forms\n"
        "halfulp.runs.forms.form_names()\n"
        "print([m for m in ('numpy', 'pandas', 'pyarrow', 'matplotlib', 'jinja2', "
        "'halfulp_reports') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# -- older schemas -------------------------------------------------------------------------------


def test_a_committed_run_of_schema_1_is_read() -> None:
    run = load_run(Path(__file__).parent / "schema-1")
    assert run.manifest["schema"] == 1
    assert [row["status"] for row in run.rows] == ["measured"] * 16
    naive = next(row for row in run.rows if row["formula"] == "naive")
    assert naive["proved"] is None
    assert naive["places"] is None
    assert run.records("timing") == []
    assert run.records("claims") == []
