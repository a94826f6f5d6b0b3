"""The conformance kit, on an adapter that keeps the contract and on many that do not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from halfulp.testing import CHECKS, Check, ConformanceError, check_adapter, conformance_checks

if TYPE_CHECKING:
    from collections.abc import Iterator

BROKEN = Path(__file__).parent / "broken"

FAULTS = {
    "OtherName": ("keeps the contract", "calls itself 'another'"),
    "UnknownFormat": ("keeps the contract", "formats that nobody knows: .*float31"),
    "Eager": ("imports its library only when it loads", "imports colorsys when it is imported"),
    "AnySetting": ("refuses unknown settings", "takes a setting that it cannot know"),
    "NoVersion": ("says what it measures", "tells no version"),
    "SilentlyUnavailable": ("gives reasons for what it lacks", "says only ''"),
    "CannotLoad": ("gives reasons for what it lacks", "cannot be loaded: .*no licence"),
    "ClaimsEverything": ("gives reasons for what it lacks", "claims to have halfulp_no_such"),
    "KeyErrors": ("gives reasons for what it lacks", "should be unavailable, but .*KeyError"),
    "RefusesItsOwn": ("has routines or reasons for all it names", "exp in float32 .*not today"),
    "FlushesOnTheWay": ("moves every encoding as it is", r"0x00000001 .* became 0x00000000"),
    "LosesSignOfZero": ("moves every encoding as it is", r"1 of .* 0x80000000 \(-0x0p\+0\) became"),
    "ForgetsTheLast": ("fills every output", "other results for"),
    "OtherTail": ("fills every output", "other results for"),
    "WritesIntoInputs": ("fills every output", "exp in float32 failed: exp wrote into its inputs"),
    "Random": ("gives the same bits again", "gives other bits"),
    "WrongName": ("means what the catalogue means", "log10.* but the routine gives"),
    "WrongOrder": ("means what the catalogue means", "pow.* but the routine gives"),
    "DividesByReciprocal": ("rounds each operator once", "x / y in float32 at .* but the formula"),
    "RoundsConstantsTwice": ("rounds constants once", "the constant 1.0004.* but the formula uses"),
    "ExcessPrecision": ("names excess precision", "fact `excess_precision` should name float32"),
    "Contracts": ("names contraction", "fact `contraction` should name float32, but .* nothing"),
    "DoesNotWait": ("waits for its device", "is still being computed"),
}


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install the broken adapters for subjects and for the entry points of this process."""
    record = tmp_path / "halfulp_broken-1.dist-info"
    record.mkdir()
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: halfulp-broken\nVersion: 1\n")
    names = (*FAULTS, "Good", "SaysItContracts", "Waits")
    lines = [f"broken-{name} = halfulp_broken:adapter_{name}" for name in names if name != "Eager"]
    lines += ["broken-Eager = halfulp_eager:adapter"]
    (record / "entry_points.txt").write_text("\n".join(["[halfulp.adapters]", *lines, ""]))
    for module in BROKEN.glob("*.py"):
        (tmp_path / module.name).symlink_to(module)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(tmp_path)


def checks(name: str) -> Iterator[Check]:
    """Yield the checks of a broken adapter, and end its subject."""
    found = conformance_checks(f"broken-{name}")
    yield from found
    found[0].bench.close()


def test_a_good_adapter_passes() -> None:
    check_adapter("broken-Good")


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_fails_the_check_that_is_for_it(name: str) -> None:
    failing, words = FAULTS[name]
    for check in checks(name):
        if check.name == failing:
            with pytest.raises(ConformanceError, match=words):
                check()


@pytest.mark.parametrize("name", ["OtherName", "SilentlyUnavailable", "WrongOrder"])
def test_a_fault_fails_the_whole_as_well(name: str) -> None:
    with pytest.raises(ConformanceError):
        check_adapter(f"broken-{name}")


def test_every_check_has_an_adapter_that_fails_it() -> None:
    assert {check for check, _ in FAULTS.values()} == CHECKS.keys()


@pytest.mark.parametrize(
    ("name", "check"), [("SaysItContracts", "names contraction"), ("Waits", "waits for its device")]
)
def test_what_is_named_or_waited_for_is_no_fault(name: str, check: str) -> None:
    next(found for found in checks(name) if found.name == check)()


def test_a_check_that_fails_leaves_the_others_a_fresh_subject() -> None:
    by_name = {check.name: check for check in checks("WritesIntoInputs")}
    with pytest.raises(ConformanceError):
        by_name["fills every output"]()
    with pytest.raises(ConformanceError, match="wrote into its inputs"):
        by_name["rounds each operator once"]()


def test_without_the_library_the_checks_are_skipped_and_the_reason_is_checked(
    tmp_path: Path,
) -> None:
    # As an author would use it: in a test module of pytest, here on a machine without a GPU.
    module = tmp_path / "test_ours.py"
    module.write_text(
        "import pytest\n"
        "from halfulp.testing import conformance_checks\n"
        "@pytest.mark.parametrize('check', conformance_checks('torch-mps'), ids=str)\n"
        "def test_ours(check):\n"
        "    check()\n"
    )
    pytest.importorskip("torch")
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", str(module)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "torch-mps is unavailable: PyTorch has no device mps: Could not run" in done.stdout
    assert "4 passed, 11 skipped" in done.stdout
