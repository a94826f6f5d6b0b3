"""The judge stands on plain arithmetic: nothing that a library may get wrong is called by it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def test_the_judge_gives_the_same_figures_when_every_other_function_raises() -> None:
    script = Path(__file__).with_name("guarded_judge.py")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["guards"] == [True, True]
    for name in ("numpy.exp", "numpy.log2", "numpy.floor", "numpy.ldexp", "numpy.frexp",
                 "numpy.power", "numpy.rint", "math.log2"):  # fmt: skip
        assert name in report["refused"]
    assert {"add", "subtract", "bitwise_and", "right_shift"} <= set(report["used"])
    assert report["same"]
