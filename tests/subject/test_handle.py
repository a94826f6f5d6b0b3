from __future__ import annotations

import gc
import math
import platform
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest

from halfulp.backend import Request, Unavailable
from halfulp.encodings import from_keys
from halfulp.exceptions import UsageError
from halfulp.expressions import MAX_LENGTH, parse, to_text
from halfulp.formats import FORMATS, Format
from halfulp.subject.fpstate import DEFAULT, FloatingPointState, Flushing
from halfulp.subject.handle import UNWRITTEN, Subject
from halfulp.subject.protocol import Evaluator, SubjectError

Ends = Callable[[int | None], bool]

FLOAT32 = FORMATS["float32"]


def native(function: str = "exp", fmt: Format = FLOAT32) -> Request:
    return Request(function, None, fmt, ("x", "y") if function == "pow" else ("x",))


def bits32(*values: float) -> np.ndarray:
    return np.array([values], np.float32).view(np.uint32)


INPUTS = bits32(-1.0, 0.0, 0.5, 3.0)


def faulty(fault: str, **limits: float) -> Subject:
    return Subject("faulty", {"fault": fault}, **limits)


def outcome(subject: Subject) -> SubjectError:
    """Return how an evaluation of the fault ends."""
    routine = subject.prepare(native())
    with pytest.raises(SubjectError) as caught:
        subject.evaluate(routine, INPUTS)
    return caught.value


# -- what it does ----------------------------------------------------------------------------


def test_a_subject_is_an_evaluator() -> None:
    assert isinstance(Subject("math", {}), Evaluator)


def test_results_are_the_librarys_own() -> None:
    with Subject("numpy", {}) as subject:
        output = subject.evaluate(subject.prepare(native()), INPUTS)
        assert output.tolist() == np.exp(INPUTS[0].view(np.float32)).view(np.uint32).tolist()
        assert subject.versions == {"numpy": np.__version__}
        assert not output.flags.writeable


def test_several_routines_formats_arities_and_sizes_share_one_subject() -> None:
    with Subject("numpy", {}) as subject:
        power = subject.prepare(native("pow", FORMATS["float64"]))
        root = subject.prepare(native("sqrt", FORMATS["float16"]))
        for count in (1, 7, 300_000, 3):  # the buffer grows in between, and is used in part after
            pairs = np.random.default_rng(count).uniform(0, 9, (2, count))
            result = subject.evaluate(power, pairs.view(np.uint64)).view(np.float64)
            assert (result == np.power(*pairs)).all()
            halves = pairs[:1].astype(np.float16)
            result = subject.evaluate(root, halves.view(np.uint16)).view(np.float16)
            assert (result == np.sqrt(halves[0])).all()


def test_no_inputs_give_no_outputs() -> None:
    with Subject("numpy", {}) as subject:
        routine = subject.prepare(native())
        assert subject.evaluate(routine, INPUTS[:, :0]).shape == (0,)
        assert subject.evaluate(routine, INPUTS).shape == (4,)


def difference_of(leaves: int) -> str:
    """Return x minus x minus ..., balanced, without a space."""
    if leaves == 1:
        return "x"
    right = difference_of(leaves // 2)
    return f"{difference_of(leaves - leaves // 2)}-({right})"


def test_a_formula_crosses_as_a_tree_even_if_its_text_would_be_too_long() -> None:
    text = f"{difference_of(950)}+1_0e-3*pi-x**2"
    formula = parse(text)
    assert len(text) < MAX_LENGTH < len(to_text(formula))
    with Subject("math", {}) as subject:
        routine = subject.prepare(Request("exp", formula, FORMATS["float64"], ("x",)))
        output = subject.evaluate(routine, np.array([[-1.0, 0.3]]).view(np.uint64))
    expected = [eval(text, {"x": x, "pi": math.pi}) for x in (-1.0, 0.3)]
    assert output.view(np.float64).tolist() == expected


def test_wrong_use_is_refused() -> None:
    with Subject("math", {}) as subject:
        routine = subject.prepare(native())
        with pytest.raises(ValueError, match="uint32 encodings of shape"):
            subject.evaluate(routine, INPUTS.astype(np.uint64))
        with pytest.raises(ValueError, match="uint32 encodings of shape"):
            subject.evaluate(routine, np.vstack([INPUTS, INPUTS]))
        with pytest.raises(ValueError, match="contiguous"):
            subject.evaluate(routine, np.hstack([INPUTS, INPUTS])[:, ::2])
        with pytest.raises(RuntimeError, match="Prepare"):
            subject.evaluate(routine + 1, INPUTS)
    with pytest.raises(RuntimeError, match="Prepare"):
        subject.evaluate(routine, INPUTS)
    with pytest.raises(RuntimeError, match="start it"):
        subject.prepare(native())


# -- what is not available -------------------------------------------------------------------


def test_unavailable_comes_in_the_librarys_words(bad_adapter: str) -> None:
    with pytest.raises(Unavailable, match="no such device: faulty0"):
        Subject(bad_adapter, {"fault": "unavailable", "at": "load"}).start()
    with (
        Subject(bad_adapter, {"fault": "unavailable", "at": "prepare"}) as subject,
        pytest.raises(Unavailable, match="no such device: faulty0"),
    ):
        subject.prepare(native())


def test_a_library_that_does_not_load_is_a_status(bad_adapter: str) -> None:
    subject = Subject(bad_adapter, {"fault": "bug", "at": "load"})
    with pytest.raises(SubjectError, match="failed: KeyError: 'device'"):
        subject.start()
    assert subject.pid is None


def test_unknown_adapters_and_settings_are_usage_errors() -> None:
    with pytest.raises(UsageError, match="Unknown backend 'nunpy'"):
        Subject("nunpy", {}).start()
    with pytest.raises(UsageError, match="no settings, but got flags"):
        Subject("math", {"flags": ["-O3"]}).start()


# -- what may go wrong -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status", "reason"),
    [
        ("segfault", "crashed", "killed by SIGSEGV; its last words: about to read address 0"),
        ("abort", "crashed", "killed by SIGABRT"),
        ("leave", "crashed", "it exited with code 3"),
        ("leave_politely", "crashed", "it exited with code 5"),
        ("fork_and_leave", "crashed", "it exited with code 0"),
        ("close_descriptors", "crashed", "it closed its connection to the judge"),
        ("write_everywhere", "crashed", "it wrote into its connection to the judge"),
        ("loop", "timed out", "no result within the limit of 0.5 s"),
        ("loop_in_c", "timed out", "no result within the limit of 0.5 s"),
        ("error", "failed", "ArithmeticError: the routine gave up"),
        ("overwrite_inputs", "failed", "exp wrote into its inputs"),
    ],
)
def test_each_fault_is_named(
    bad_adapter: str, ends: Ends, fault: str, status: str, reason: str
) -> None:
    limit = 0.5 if status == "timed out" else 30
    with faulty(fault, time_limit_s=limit) as subject:
        group = subject.pid
        error = outcome(subject)
        assert (error.status, error.reason) == (status, reason)
        if status == "failed":
            assert subject.pid == group
        else:
            assert subject.pid is None
            assert ends(group)
    assert ends(group)


def test_an_output_of_the_wrong_length_fails(bad_adapter: str) -> None:
    with faulty("too_long") as subject:
        assert outcome(subject).status == "failed"


def test_after_a_crash_it_can_be_started_again(bad_adapter: str) -> None:
    with faulty("segfault") as subject:
        for _ in range(2):
            assert outcome(subject).reason.startswith("killed by SIGSEGV")
            subject.start()
        subject.settings = {}
        subject.start()
        assert (subject.evaluate(subject.prepare(native()), INPUTS) == INPUTS).all()


def test_one_subjects_crash_leaves_another_as_it_was(bad_adapter: str) -> None:
    with Subject("numpy", {}) as good, faulty("abort") as bad:
        routine = good.prepare(native())
        before = good.evaluate(routine, INPUTS).copy()
        outcome(bad)
        assert (good.evaluate(routine, INPUTS) == before).all()


def test_printing_much_neither_blocks_nor_fills_memory(bad_adapter: str) -> None:
    gc.collect()
    before = psutil.Process().memory_info().rss
    with faulty("print_much") as subject:
        assert (subject.evaluate(subject.prepare(native()), INPUTS) == INPUTS).all()
    assert psutil.Process().memory_info().rss - before < 20 << 20


def test_forgotten_elements_hold_the_same_pattern_every_time(bad_adapter: str) -> None:
    unwritten = int.from_bytes(bytes([UNWRITTEN] * 4), "little")
    with faulty("forget_last") as subject:
        routine = subject.prepare(native())
        for inputs in (INPUTS, INPUTS ^ 1, bits32(*range(9))):
            output = subject.evaluate(routine, inputs)
            assert output[-1] == unwritten
            assert (output[:-1] == inputs[0, :-1]).all()


def test_one_wrong_element_comes_through_untouched(bad_adapter: str) -> None:
    with faulty("one_wrong") as subject:
        output = subject.evaluate(subject.prepare(native()), INPUTS)
        assert np.flatnonzero(output != INPUTS[0]).tolist() == [2]


def test_a_fork_neither_answers_nor_stays(bad_adapter: str, ends: Ends) -> None:
    with faulty("fork") as subject:
        routine, group = subject.prepare(native()), subject.pid
        for inputs in (INPUTS, INPUTS ^ 1):
            assert (subject.evaluate(routine, inputs) == inputs).all()
    assert ends(group)


def test_a_subject_cannot_shorten_the_shared_memory(bad_adapter: str) -> None:
    with faulty("shrink_buffer") as subject:
        assert (subject.evaluate(subject.prepare(native()), INPUTS) == INPUTS).all()


@pytest.mark.parametrize(
    ("fault", "change"),
    [
        ("round_upward", "the rounding mode from nearest to upward"),
        ("flush", "flush-to-zero from off to on and denormals-are-zero from off to on"),
    ],
)
def test_a_routine_that_changes_the_floating_point_state_has_failed(
    bad_adapter: str, fault: str, change: str
) -> None:
    with faulty(fault) as subject:
        assert subject.floating_point_state == DEFAULT
        error = outcome(subject)
        assert (error.status, error.reason) == ("failed", f"it changed {change}")
        # Whatever it evaluated next would be another process' results.
        assert error.ended
        assert subject.pid is None


def test_the_state_that_loading_left_is_the_librarys_own(
    bad_adapter: str, fast_math: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAULT_FAST_MATH", str(fast_math))
    with Subject("faulty", {"fault": "load_fast_math", "at": "load"}) as subject:
        assert subject.floating_point_state == FloatingPointState("nearest", True, True)
        routine = subject.prepare(native())
        subject.evaluate(routine, INPUTS)
        subject.evaluate(routine, INPUTS)
    with Subject("faulty", {"fault": "load_fast_math"}) as subject:
        assert outcome(subject).reason.startswith("it changed flush-to-zero")


def test_subnormals_are_asked_for_by_the_librarys_own_arithmetic(bad_adapter: str) -> None:
    with Subject("numpy", {}) as subject:
        for name in ("float16", "float32", "float64"):
            assert subject.probe(FORMATS[name]) == Flushing(results=False, operands=False)
        assert subject.probe(FORMATS["bfloat16"]) is None
    with Subject(bad_adapter, {}) as subject:
        assert subject.probe(FLOAT32) is None


def test_memory_beyond_the_limit_ends_the_subject(bad_adapter: str, ends: Ends) -> None:
    with faulty("hog_memory", memory_limit_mb=300) as subject:
        group = subject.pid
        error = outcome(subject)
    assert error.status == "crashed"
    assert error.reason == "killed: it held more memory than the limit of 300 MB"
    assert ends(group)


def test_relative_paths_of_settings_start_at_the_folder(tmp_path: Path) -> None:
    (tmp_path / "kernel.c").write_text("float mine(float x) { return x + 1; }")
    settings = {"source": "kernel.c", "symbols": {"exp": {"float32": "mine"}}}
    with Subject("c", settings, folder=str(tmp_path)) as subject:
        output = subject.evaluate(subject.prepare(native()), bits32(1.0))
        assert output.view(np.float32).tolist() == [2.0]
    with pytest.raises(Unavailable, match=r"There is no source file .*kernel\.c"):
        Subject("c", settings).start()


def test_what_a_library_tells_about_itself_is_kept() -> None:
    with Subject("c", {"flags": ["-O1"]}) as subject:
        assert subject.facts["command"].endswith("-ffp-contract=off -O1")
        assert subject.facts["interpreter"] == f"CPython {platform.python_version()}"
        assert subject.facts["threads"] == "1"


# -- streams ---------------------------------------------------------------------------------


@pytest.mark.parametrize("adapter", ["c", "math", "numpy"])
@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
def test_a_stream_gives_what_evaluations_give(adapter: str, name: str) -> None:
    fmt = FORMATS[name]
    with Subject(adapter, {}) as subject:
        try:
            routine = subject.prepare(Request("exp", None, fmt, ("x",)))
        except Unavailable as reason:
            pytest.skip(str(reason))
        # Across zero, where encodings change their direction, and in chunks that do not fit.
        keys = np.arange(-2500, 2600, dtype=np.int64)
        chunks = [part.copy() for part in subject.stream_keys(routine, -2500, 5100, chunk=999)]
        assert [part.size for part in chunks] == [999] * 5 + [105]
        expected = subject.evaluate(routine, from_keys(fmt, keys)[None])
        assert (np.concatenate(chunks) == expected).all()
        assert list(subject.stream_keys(routine, 0, 0)) == []


def test_long_ranges_are_made_in_pieces() -> None:
    with Subject("c", {}) as subject:
        routine = subject.prepare(Request("sqrt", None, FLOAT32, ("x",)))
        first, count = 0x3F800000 - 70_000, 3 << 16
        whole = np.concatenate([part.copy() for part in subject.stream_keys(routine, first, count)])
    values = np.arange(first, first + count, dtype=np.uint32).view(np.float32)
    assert (whole.view(np.float32) == np.sqrt(values)).all()


@pytest.mark.parametrize(
    ("fault", "status", "reason"),
    [
        ("abort", "crashed", "killed by SIGABRT"),
        ("error", "failed", "ArithmeticError: the routine gave up"),
        ("loop", "timed out", "no result within the limit of 0.5 s"),
        ("overwrite_inputs", "failed", "exp wrote into its inputs"),
        ("round_upward", "failed", "it changed the rounding mode from nearest to upward"),
        ("close_descriptors", "crashed", "it closed its connection to the judge"),
    ],
)
def test_a_streams_faults_are_named(bad_adapter: str, fault: str, status: str, reason: str) -> None:
    with faulty(fault, time_limit_s=0.5 if fault == "loop" else 30) as subject:
        routine = subject.prepare(native())
        with pytest.raises(SubjectError) as caught:
            list(subject.stream_keys(routine, 0, 10_000, chunk=1000))
        assert (caught.value.status, caught.value.reason) == (status, reason)


def test_forgotten_elements_of_a_stream_show(bad_adapter: str) -> None:
    unwritten = int.from_bytes(bytes([UNWRITTEN] * 4), "little")
    with faulty("forget_last") as subject:
        routine = subject.prepare(native())
        for part in subject.stream_keys(routine, 1, 6000, chunk=1000):
            assert part[-1] == unwritten


def test_a_stream_that_is_left_takes_its_process_along(bad_adapter: str, ends: Ends) -> None:
    with faulty("") as subject:
        routine, group = subject.prepare(native()), subject.pid
        stream = subject.stream_keys(routine, 0, 100_000, chunk=100)
        next(stream)
        stream.close()
        assert subject.pid is None
        assert ends(group)
        subject.start()
        assert subject.evaluate(subject.prepare(native()), INPUTS).size == 4


# -- life and death --------------------------------------------------------------------------


def test_close_leaves_no_process_thread_or_descriptor(bad_adapter: str) -> None:
    with faulty("") as subject:  # the starting thread is there from now on
        subject.evaluate(subject.prepare(native()), INPUTS)
    gc.collect()
    threads, descriptors = threading.active_count(), open_descriptors()
    for fault in ("", "abort"):
        with faulty(fault) as subject:
            routine, process = subject.prepare(native()), psutil.Process(subject.pid)
            if fault:
                outcome(subject)
            else:
                subject.evaluate(routine, INPUTS)
        assert not process.is_running()
    gc.collect()
    assert (threading.active_count(), open_descriptors()) == (threads, descriptors)


def test_an_output_outlives_the_subject_without_harm() -> None:
    with Subject("math", {}) as subject:
        output = subject.evaluate(subject.prepare(native("sqrt")), bits32(4.0))
    assert output.view(np.float32).tolist() == [2.0]


def test_a_subject_outlives_the_thread_that_started_it() -> None:
    # PR_SET_PDEATHSIG speaks of the thread that forked, not of its process.
    subject = Subject("math", {})
    starter = threading.Thread(target=subject.start)
    starter.start()
    starter.join()
    time.sleep(0.2)
    with subject:
        assert subject.evaluate(subject.prepare(native("sqrt")), bits32(4.0)).size == 1


def test_an_interrupted_evaluation_ends_the_subject(
    bad_adapter: str, ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty("loop") as subject:
        routine, group = subject.prepare(native()), subject.pid

        def interrupt(*_: object) -> set[int]:
            raise KeyboardInterrupt

        monkeypatch.setattr("halfulp.subject.process._ready", interrupt)
        with pytest.raises(KeyboardInterrupt):
            subject.evaluate(routine, INPUTS)
        assert subject.pid is None
        assert ends(group)


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
