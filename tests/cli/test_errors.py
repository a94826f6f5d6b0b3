"""Every bad input: one clear sentence, the documented exit code, no traceback."""

from __future__ import annotations

import errno
import os

import pytest

from halfulp.exceptions import HalfulpError, MissingError


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        ("frobnicate", 2, "No such command 'frobnicate'"),
        ("measur exp", 2, "Did you mean 'measure'? `halfulp --help`"),
        ("measure", 2, "Missing argument 'FUNCTION'"),
        ("measure exp --frmat float32", 2, "No such option: --frmat"),
        ("measure -exp", 2, "An argument that begins with a minus goes after `--`"),
        ("measure exp --seed", 2, "'--seed' requires an argument"),
        ("measure exp --seed x", 2, "expected a whole number"),
        ("measure exp --seed -1", 2, "Expected a seed from 0 to 2^63 - 1, but got -1."),
        ("measure exp --workers 0", 2, "Expected at least 1 worker, but got 0."),
        ("measure exp2x", 2, "Unknown function 'exp2x'. Did you mean exp2"),
        ("measure __import__('os')", 2, "halfulp: "),
        ("measure exp --formula frob(x)", 2, "Unknown function 'frob'"),
        ("measure exp --formula x+y", 2, "has the arguments x, y, but exp has x"),
        ("measure exp --backend nunpy", 2, "Unknown backend 'nunpy': did you mean `numpy`?"),
        ("measure exp --format float31", 2, "Unknown format 'float31'"),
        ("measure exp --region 2:1", 2, "halfulp: "),
        ("measure exp --region tiny", 2, "Unknown region 'tiny'"),
        ("measure exp --inputs spraed:3", 2, "halfulp: "),
        ("measure exp --backend numpy --format bfloat16", 3, "The backend numpy has no bfloat16;"),
        ("run", 2, "Missing argument 'STUDY'"),
        ("run qiuck", 2, "did you mean `quick`?"),
        ("run none.toml", 2, "There is no file none.toml"),
        ("run quick --only backend", 2, "Expected a selector such as"),
        ("run quick --only bakend=numpy", 2, "did you mean `backend`?"),
        ("run quick --only backend=torch", 2, "no row matches --only backend=torch"),
        ("run quick --seed -3", 2, "Expected a seed"),
        ("run quick --out /proc/nowhere", 2, "Cannot write /proc/nowhere"),
        ("list things", 2, "There is no list of 'things'"),
        ("list function", 2, "did you mean `functions`?"),
        ("schema stduy", 2, "did you mean `study`?"),
        ("report nowhere", 2, "Expected a run's folder"),
        ("report nowhere --as slides", 2, "Unknown form of report 'slides'"),
        ("init study.txt", 2, "Expected a name that ends in .toml"),
        ("init no/where.toml", 2, "Cannot write no/where.toml: No such file or directory."),
    ],
)
def test_bad_input(halfulp, runner, arguments: str, code: int, expected: str) -> None:
    outcome = halfulp(*arguments.split())
    assert outcome.code == code
    assert expected in outcome.err
    assert outcome.err.startswith("halfulp: ")
    assert outcome.err.count("\n") == 1
    assert outcome.out == ""


@pytest.mark.parametrize(
    ("error", "code", "expected"),
    [
        (MissingError("No compiler."), 3, "halfulp: No compiler.\n"),
        (HalfulpError("They disagree."), 4, "halfulp: They disagree.\n"),
        (OSError(errno.ENOSPC, "No space left"), 4, "halfulp: The disk has no room left."),
        (KeyboardInterrupt(), 130, "interrupted"),
        (
            ZeroDivisionError("division by zero"),
            4,
            (
                "halfulp: halfulp itself failed (ZeroDivisionError: division by zero); run "
                "again with --debug to see where, and please report it.\n"
            ),
        ),
    ],
)
def test_what_goes_wrong_inside(halfulp, runner, error, code: int, expected: str) -> None:
    runner.error = error
    outcome = halfulp("measure", "exp", "--quiet")
    assert outcome.code == code
    assert expected in outcome.err


@pytest.mark.parametrize("place", ["before", "after"])
def test_debug_shows_the_traceback(halfulp, runner, place: str) -> None:
    runner.error = ZeroDivisionError("oops")
    words = ["measure", "exp"]
    outcome = halfulp(*(["--debug", *words] if place == "before" else [*words, "--debug"]))
    assert outcome.code == 4
    assert "Traceback" in outcome.err


def test_a_failed_run_leaves_no_empty_folder(halfulp, runner, tmp_path) -> None:
    runner.error = MissingError("Nothing there.")
    assert halfulp("run", "quick").code == 3
    assert list((tmp_path / "halfulp-runs").iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission(halfulp, runner, tmp_path) -> None:
    tmp_path.chmod(0o500)
    outcome = halfulp("run", "quick")
    tmp_path.chmod(0o700)
    assert (outcome.code, outcome.out) == (2, "")
    assert "Cannot write halfulp-runs: Permission denied" in outcome.err
