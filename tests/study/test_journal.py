"""The journal's file: whatever ends its writer, what was added is there, and nothing else is."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from halfulp.exceptions import HalfulpError, RunError
from halfulp.study import journal as module
from halfulp.study.journal import JOURNAL, Journal

if TYPE_CHECKING:
    from collections.abc import Iterator

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def write(folder: Path, *records: Any) -> Path:
    with Journal(folder) as journal:
        for record in records:
            journal.add(json.dumps(record))
    return folder / JOURNAL


def read(folder: Path) -> list[Any]:
    with Journal(folder) as journal:
        return journal.records


@given(records=st.lists(VALUES, max_size=5), more=st.lists(VALUES, max_size=3))
def test_what_was_added_is_there_when_it_is_opened_again(
    records: list[Any], more: list[Any]
) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write(folder, *records)
        with Journal(folder) as journal:
            assert journal.records == records
            assert journal.holds_results == (len(records) > 1)
            for record in more:
                journal.add(json.dumps(record))
        assert read(folder) == records + more


@given(records=st.lists(VALUES, min_size=1, max_size=4), data=st.data())
def test_a_line_torn_anywhere_is_as_if_never_written(records: list[Any], data: Any) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        path = write(folder, *records)
        content = path.read_bytes()
        lines = content.splitlines(keepends=True)
        cut = data.draw(st.integers(0, len(content)))
        path.write_bytes(content[:cut])
        whole = sum(1 for number in range(len(lines)) if len(b"".join(lines[: number + 1])) <= cut)
        with Journal(folder) as journal:
            assert journal.records == records[:whole]
            journal.add('"next"')
        assert read(folder) == [*records[:whole], "next"]


@given(records=st.lists(VALUES, min_size=2, max_size=4), data=st.data())
def test_a_line_that_was_changed_is_told_unless_it_is_the_last(
    records: list[Any], data: Any
) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        path = write(folder, *records)
        content = bytearray(path.read_bytes())
        place_of_change = data.draw(st.integers(0, len(content) - 1))
        before = content[place_of_change]
        content[place_of_change] ^= 1 << data.draw(st.integers(0, 7))
        assume(ord("\n") not in (before, content[place_of_change]))  # lines stay lines
        line = content[:place_of_change].count(b"\n") + 1
        path.write_bytes(content)
        if line == len(records):
            assert read(folder) == records[:-1]
        else:
            with pytest.raises(RunError, match=rf"{JOURNAL} is damaged: line {line} was changed"):
                read(folder)


def test_zeros_at_the_end_as_power_failures_leave_them_are_no_record(tmp_path: Path) -> None:
    path = write(tmp_path, 1, 2)
    with path.open("ab") as file:
        file.write(b"\0" * 5000)
    assert read(tmp_path) == [1, 2]
    write(tmp_path, 3)
    assert read(tmp_path) == [1, 2, 3]


def test_only_one_process_has_a_journal_open(tmp_path: Path) -> None:
    with Journal(tmp_path), pytest.raises(RunError, match="Another process is carrying out"):
        Journal(tmp_path)
    Journal(tmp_path).close()
    code = f"import time, pathlib; from halfulp.study.journal import Journal; \
j = Journal(pathlib.Path({str(tmp_path)!r})); print('open', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        with pytest.raises(RunError, match="Wait until it has finished, or end it first"):
            Journal(tmp_path)
        other.kill()
    Journal(tmp_path).close()


def test_a_writer_that_is_killed_loses_nothing_that_it_added(tmp_path: Path) -> None:
    code = f"""
import pathlib
from halfulp.study.journal import Journal
journal = Journal(pathlib.Path({str(tmp_path)!r}))
for number in range(10**9):
    journal.add('[%d, "%s"]' % (number, "x" * 5000))
    print(number, flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        for line in other.stdout:
            if line == "300\n":
                other.send_signal(signal.SIGKILL)
                break
        told = [300, *map(int, other.stdout.read().split())]
    found = [record[0] for record in read(tmp_path)]
    assert found == list(range(len(found)))
    assert len(found) - 1 in (told[-1], told[-1] + 1)


# -- written anew ------------------------------------------------------------------------------


def test_a_rewritten_journal_stays_locked_and_is_appended_to(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        for number in range(100):
            journal.add(str(number))
        journal.rewrite(['"all"', "[0, 99]"])
        with pytest.raises(RunError, match="Another process"):
            Journal(tmp_path)
        journal.add('"more"')
    assert read(tmp_path) == ["all", [0, 99], "more"]
    assert [entry.name for entry in tmp_path.iterdir()] == [JOURNAL]


def test_a_journal_is_written_anew_seldom_however_much_it_must_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGE", 1000)
    kept: list[str] = []
    written = rewrites = 0
    with Journal(tmp_path) as journal:
        for number in range(1000):
            record = json.dumps([number, "x" * 50])
            kept.append(record)
            journal.add(record)
            if journal.is_large:
                journal.rewrite(kept)
                rewrites += 1
                written += len(kept)
    assert rewrites <= 8
    assert written <= 2 * len(kept)


def test_a_disk_without_room_for_a_second_journal_keeps_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with Journal(tmp_path) as journal:
        journal.add("1")
        monkeypatch.setattr(module, "_written", full)
        journal.rewrite(["2"])
        journal.add("3")
    assert read(tmp_path) == [1, 3]


# -- a disk that is full -----------------------------------------------------------------------


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size, so that a real write fails half-way."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_a_sentence_and_what_was_there_stays_whole(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.add('"before"')
        with (
            room_for(1000),
            pytest.raises(HalfulpError, match=r"no room left to write .*Free some space") as caught,
        ):
            journal.add(json.dumps("x" * 2000))
        assert caught.value.exit_code == 4
        assert (tmp_path / JOURNAL).stat().st_size < 100  # the half that was written is gone
        journal.add('"after"')
    assert read(tmp_path) == ["before", "after"]


def test_a_disk_that_fails_when_it_is_waited_for_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(module, "SYNC_S", 0.0)
    with Journal(tmp_path) as journal:
        journal.add("1")
        monkeypatch.setattr(os, "fdatasync", fail)
        with pytest.raises(HalfulpError, match=r"Cannot write .*: Input/output error\."):
            journal.add("2")
    assert read(tmp_path) == [1]


def test_the_disk_is_waited_for_at_most_once_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, waits = [0.0], []
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(os, "fdatasync", waits.append)
    with Journal(tmp_path) as journal:
        for _ in range(100):
            clock[0] += 0.1
            journal.add("1")
        assert 9 <= len(waits) <= 10
    assert 10 <= len(waits) <= 11


def test_a_journal_that_cannot_be_opened_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / JOURNAL).mkdir()
    with pytest.raises(HalfulpError, match=rf"Cannot write .*{JOURNAL}: Is a directory"):
        Journal(tmp_path)
