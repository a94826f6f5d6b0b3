"""Code of claims, in real subjects: what comes back, and what goes wrong."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from halfulp.expectations.claims_bench import Bench
from halfulp.expectations.claims_exact import Real, known
from halfulp.expectations.claims_verdicts import NotSettled
from halfulp.subject.handle import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halfulp.expectations.claims_text import Item


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with Bench(lambda label: Subject(label, {}, time_limit_s=2)) as made:
        yield made


def numbers(*values: float) -> tuple[Item, ...]:
    return tuple(known(Fraction(value)) for value in values)


@pytest.mark.parametrize(
    ("code", "items", "shape", "form"),
    [
        ("np.array([0.1, 2], dtype='f4')", numbers(0.10000000149011612, 2), "[nn]", "float32"),
        ("np.array([[1, 2], [3, 4]])", numbers(1, 2, 3, 4), "[[nn][nn]]", "float64"),
        ("np.float16(0.1)", numbers(0.0999755859375), "n", "float16"),
        ("x = 3\nfor _ in range(2):\n    x *= x\nx", numbers(81), "n", "float64"),
        ("(1, [2.5, True])", (*numbers(1, 2.5), True), "[n[nn]]", "float64"),
        ("2**200", numbers(2.0**200), "n", "float64"),
        ("np.all(np.isfinite([1.0]))", (True,), "n", "float64"),
        ("float('-inf'), math.nan", (Real(special="-inf"), Real(special="nan")), "[nn]", "float64"),
        ("complex(1, -2)", numbers(1, -2), "nn", "float64"),
        ("print('x is', 2.5, 'or so')", numbers(2.5), None, "float64"),
        ("'[1.5, 2]'", numbers(1.5, 2), "[nn]", "float64"),
        ("print(7)\n8", numbers(8), "n", "float64"),
        ("import numpy\nnumpy is np", (True,), "n", "float64"),
    ],
)
def test_values_come_back_exactly(
    bench: Bench, code: str, items: tuple[Item, ...], shape: str | None, form: str
) -> None:
    outcome = bench.run("numpy", code)
    assert (outcome.items, outcome.shape, outcome.format.name) == (items, shape, form)
    assert outcome.is_complex == ("complex" in code)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("1 / 0", "it failed: ZeroDivisionError: division by zero"),
        ("torch.expm1(1)", "NameError"),
        ("x = (", "SyntaxError"),
        ("import os\nos.abort()", "it crashed: killed by SIGABRT"),
        ("import sys\nsys.exit(3)", "it crashed: it exited with code 3"),
        ("while True:\n    pass", "it took too long: no result within the limit of 2 s"),
        ("object()", "the result is a object"),
        ("[0.0] * 1001", "more than 1000 numbers"),
        ("[]", "an array without a number"),
        ("x = 1", "gave no number and printed none"),
        ("print('none')", "gave no number and printed none"),
        ("[1, None]", "something among its numbers that is none"),
    ],
)
def test_what_gives_nothing_is_unavailable_and_says_why(
    bench: Bench, code: str, words: str
) -> None:
    with pytest.raises(NotSettled) as caught:
        bench.run("math", code)
    assert caught.value.verdict == "unavailable"
    assert words in caught.value.reason
    assert bench.run("math", "1 + 1").items == numbers(2), "the next claim is not touched by it"


def test_what_code_writes_to_its_outputs_is_not_taken_for_a_reply(bench: Bench) -> None:
    code = "import os\nfor number in (1, 2):\n    os.write(number, b'\\xff' * 300_000)\n5"
    assert bench.run("math", code).items == numbers(5)
    assert bench.run("math", "print('y' * 10**6)\n6").items == numbers(6)


def test_a_claim_finds_nothing_of_another(bench: Bench) -> None:
    bench.run("math", "leftover = 1\nleftover")
    with pytest.raises(NotSettled, match="NameError"):
        bench.run("math", "leftover")


def test_code_that_changes_the_rounding_mode_gives_nothing(bench: Bench) -> None:
    code = "import ctypes\nctypes.CDLL('libm.so.6').fesetround(0x800)\n1.0"
    with pytest.raises(NotSettled, match="changed the rounding"):
        bench.run("math", code)
    assert bench.run("math", "1.0 / 3.0").items == numbers(1 / 3)


def test_a_backend_that_cannot_start_is_asked_once(bad_adapter: str) -> None:
    settings = {"fault": "unavailable", "at": "load"}
    started = []

    def make(label: str) -> Subject:
        started.append(label)
        return Subject(bad_adapter, settings)

    with Bench(make) as bench:
        for _ in range(2):
            with pytest.raises(NotSettled, match="no such device: faulty0"):
                bench.run("absent", "1")
    assert started == ["absent"]


def test_no_subject_is_left_behind() -> None:
    made = []

    def make(label: str) -> Subject:
        made.append(Subject(label, {}))
        return made[-1]

    with Bench(make) as bench:
        bench.run("math", "1")
        assert made[0].pid is not None
    assert made[0].pid is None


def test_tensors_come_back_exactly() -> None:
    pytest.importorskip("torch")
    with Bench(lambda label: Subject(label, {})) as bench:
        outcome = bench.run("torch", "torch.tensor([0.1, 2.0], dtype=torch.bfloat16)")
        assert outcome.items == numbers(0.10009765625, 2)
        assert (outcome.shape, outcome.format.name) == ("[nn]", "bfloat16")
        assert bench.run("torch", "torch.allclose(torch.ones(2), torch.ones(2))").items == (True,)
