"""`halfulp time` and `halfulp doctor --timing` as a user runs them."""

from __future__ import annotations

import json
import re

import pytest

from halfulp.cli import main

QUICK = ("--rounds", "8", "--sample-ms", "1", "-q")


def test_a_table_of_times_and_ratios(capfd: pytest.CaptureFixture[str]) -> None:
    words = ["time", "expm1", "--backend", "numpy", "--backend", "c", "--size", "1000", *QUICK]
    assert main(words) == 0
    out = capfd.readouterr().out
    assert "expm1 in float32, normal inputs, output given" in out
    assert "1,000 elements, within L1" in out
    assert "numpy native" in out
    assert "c native" in out
    assert "1 ratios, each with an interval of 95 % (Bonferroni)" in out
    assert all(len(line) <= 100 for line in out.splitlines() if not line.startswith(("*", "1 ")))


def test_json_is_a_line_a_case(capfd: pytest.CaptureFixture[str]) -> None:
    words = ["time", "exp", "--formula", "native", "--formula", "1/exp(-x)", "--size", "1"]
    assert main([*words, "--size", "200", "--format", "float64", "--json", *QUICK]) == 0
    rows = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [(row["formula"], row["size"]) for row in rows] == [
        ("native", 1), ("native", 200), ("1 / exp(-x)", 1), ("1 / exp(-x)", 200),
    ]  # fmt: skip
    assert all(row["status"] == "measured" and row["median_ns"] > 0 for row in rows)
    assert ["verdict" in row for row in rows] == [False, False, True, True]


def test_one_region_after_the_other(capfd: pytest.CaptureFixture[str]) -> None:
    words = ["time", "exp", "--format", "float64", "--size", "2000", "--json", *QUICK]
    regions = ["normal", "subnormal-results", "0.5:2"]
    assert main([*words, *(word for region in regions for word in ("--region", region))]) == 0
    rows = {row["region"]: row for row in map(json.loads, capfd.readouterr().out.splitlines())}
    assert list(rows) == regions
    # Subnormal results take a slow path on x86-64 and in NumPy's own loops.
    assert rows["subnormal-results"]["element_ns"] > 2 * rows["normal"]["element_ns"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--rounds", "2"], 2, "Expected for rounds a whole number of samples of each, from 6"),
        (["--size", "0"], 2, "Expected for sizes a list of numbers of elements"),
        (["--allocation", "new"], 2, 'Expected for allocations a list of "out" and "fresh"'),
        (["--region", "hug"], 2, "Unknown region 'hug': did you mean `huge`?"),
        (["--base", "c"], 2, "The base 'c' is no backend that is timed"),
        (["--backend", "nmupy"], 2, "did you mean `numpy`?"),
        (["--mode", "latency", "--size", "1"], 3, "exp/native/numpy/float32 is unavailable: NumPy"),
        (["--region", "2:1"], 2, "reversed"),
    ],
)  # fmt: skip
def test_what_cannot_be_timed_is_a_sentence(
    words: list[str], code: int, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["time", "exp", *words]) == code
    err = capfd.readouterr().err
    assert said in err
    assert "Traceback" not in err


def test_the_footer_says_how_much_of_the_time_was_spent_in_samples(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert main(["time", "exp", "--backend", "numpy", "--backend", "c", "--size", "9", *QUICK]) == 0
    footer = capfd.readouterr().out.splitlines()[-1]
    found = re.search(r"([\d.]+) s of samples in ([\d.]+) s\.$", footer)
    assert found is not None
    sampled, wall = map(float, found.groups())
    assert 0 <= sampled < wall


def test_doctor_measures_the_noise_of_the_machine(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from halfulp.timing import noise, plan

    monkeypatch.setattr(noise, "Options", lambda: plan.Options(rounds=12, sample_ms=1))
    assert main(["doctor", "--timing", "-q"]) == 0
    out = capfd.readouterr().out
    assert "noise: 20 routines at 10,000 elements, 1 repetition" in out
    assert "a routine against itself" in out
    assert "differences that can be told" in out


def test_doctor_wants_at_least_one_repetition(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--timing", "--repetitions", "0"]) == 2
    assert "Expected at least 1 repetition, but got 0." in capfd.readouterr().err
