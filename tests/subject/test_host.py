from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

JUDGE = """
import sys
import numpy as np
from halfulp.backend import Request
from halfulp.formats import FORMATS
from halfulp.subject.handle import Subject

adapter, fault = sys.argv[1:]
subject = Subject(adapter, {"fault": fault} if fault else {}, time_limit_s=60)
subject.start()
print(subject.pid, flush=True)
routine = subject.prepare(Request("exp", None, FORMATS["float32"], ("x",)))
subject.evaluate(routine, np.zeros((1, 1000), np.uint32))
"""

STDLIB_ONLY = """
import sys
import halfulp.subject.host
import halfulp_backends.stdlib_math as stdlib_math
from halfulp.backend import Request
from halfulp.formats import FORMATS

routine = stdlib_math.adapter.load({}).routine(Request("exp", None, FORMATS["float32"], ("x",)))
print(sorted(name for name in sys.modules if "." not in name and not name.startswith("_")))
"""


@pytest.mark.parametrize("fault", ["loop", "loop_in_c", "fork_and_loop"])
def test_killing_the_judge_leaves_no_process(
    bad_adapter: str,
    members: Callable[[int], list[int]],
    ends: Callable[[int], bool],
    fault: str,
) -> None:
    before = set(Path("/dev/shm").iterdir())
    with subprocess.Popen(
        [sys.executable, "-c", JUDGE, bad_adapter, fault], stdout=subprocess.PIPE, text=True
    ) as judge:
        assert judge.stdout is not None
        subject = int(judge.stdout.readline())
        time.sleep(0.3)  # in the middle of the evaluation
        assert len(members(subject)) == (2 if fault == "fork_and_loop" else 1)
        judge.kill()
    assert ends(subject)
    assert set(Path("/dev/shm").iterdir()) <= before


def test_a_judge_that_forgets_to_close_leaves_no_subject(ends: Callable[[int], bool]) -> None:
    judge = subprocess.run(
        [sys.executable, "-c", JUDGE, "math", ""], capture_output=True, text=True, check=True
    )
    assert ends(int(judge.stdout))


def test_ctrl_c_in_the_terminal_is_for_the_judge() -> None:
    from halfulp.subject.handle import Subject

    with Subject("math", {}) as subject:
        assert subject.pid is not None
        assert os.getpgid(subject.pid) == os.getsid(subject.pid) == subject.pid
        os.kill(subject.pid, signal.SIGINT)
        subject.start()


def test_a_subject_whose_judge_is_gone_does_not_start() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "halfulp.subject", "0", "1"], capture_output=True, check=False
    )
    assert ended.returncode == -signal.SIGKILL


def test_a_subject_imports_nothing_beyond_the_standard_library_and_the_contract() -> None:
    listed = subprocess.run(
        [sys.executable, "-c", STDLIB_ONLY], capture_output=True, text=True, check=True
    )
    foreign = set(eval(listed.stdout)) - set(sys.stdlib_module_names)
    # Whatever .pth files of this environment import is not the subject's doing.
    bare = subprocess.run(
        [sys.executable, "-c", "import sys; print(list(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert foreign - set(eval(bare.stdout)) == {"halfulp", "halfulp_backends"}


def test_the_subjects_own_process_has_one_thread_and_no_numpy(bad_adapter: str) -> None:
    from halfulp.subject.handle import Subject

    with Subject(bad_adapter, {}) as subject:
        assert subject.versions == {"faulty": "1", "threads": "1", "numpy loaded": "False"}


def test_a_file_beside_the_user_does_not_shadow_a_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from halfulp.subject.handle import Subject

    (tmp_path / "random.py").write_text("raise SystemExit('shadowed')")
    monkeypatch.chdir(tmp_path)
    with Subject("numpy", {}) as subject:
        assert subject.versions
