from __future__ import annotations

from pathlib import Path

import pytest

from halfulp.cli import main
from halfulp.subject.fpstate import FloatingPointState


def test_every_adapter_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    for words in ("machine\n", "processor features", "judge\n", "\nmath\n", "\nnumpy\n", "\nc\n"):
        assert words in said
    numpy = said.partition("\nnumpy\n")[2]
    assert "float32" in numpy
    assert "keeps subnormals" in numpy
    assert "as IEEE 754 has it by default" in numpy


def test_the_backends_of_a_study_are_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = tmp_path / "study.toml"
    study.write_text("""
        schema = 1
        [backend.fast]
        adapter = "c"
        flags = ["-O2", "-ffast-math"]
        [backend.gone]
        adapter = "c"
        library = "libnone.so"
        [[case]]
        functions = ["exp"]
        backends = ["fast", "gone"]
        formats = ["float32"]
    """)
    assert main(["doctor", str(study)]) == 0
    said = capsys.readouterr().out
    assert "-ffp-contract=off -O2 -ffast-math" in said
    assert "gone\n  unavailable  The library libnone.so cannot be loaded" in said
    assert "\nnumpy\n" not in said


def test_a_judge_in_another_state_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(
        "halfulp.subject.fpstate.floating_point_state",
        lambda: FloatingPointState(flush_to_zero=True),
    )
    monkeypatch.setattr("halfulp.backend.adapter_entry_points", dict)
    assert main(["doctor"]) == 4
    assert "flush-to-zero from off to on in halfulp's own process" in capsys.readouterr().err
