"""Selectors: one vocabulary of globs for `--only` and exclusions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halfulp.exceptions import UsageError
from halfulp.routines import SELECTOR_KEYS, Routine, matches, parse_selector, parse_selectors

EXPM1 = Routine("expm1", "by-tanh", "numpy-main", "float32")


def test_identity() -> None:
    assert EXPM1.identity == "expm1/by-tanh/numpy-main/float32"


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], True),
        (["backend=numpy*"], True),
        (["backend=numpy"], False),
        (["backend=math", "backend=numpy*"], True),
        (["backend=numpy*", "format=float64"], False),
        (["format=binary32"], True),
        (["format=np.float32"], True),
        (["region=ti?y"], True),
        (["region = tiny"], True),
        (["function=EXPM1"], False),
    ],
)
def test_alternatives_of_a_key_and_all_keys(texts: list[str], expected: bool) -> None:
    assert matches(EXPM1, "tiny", parse_selectors(texts)) is expected


@pytest.mark.parametrize("text", ["function=log(1+exp(x))", "function=log(1 + exp(x))"])
def test_spaces_in_expressions_do_not_matter(text: str) -> None:
    routine = Routine("log(1 + exp(x))", "native", "numpy", "float32")
    assert matches(routine, "all", [parse_selector(text)])


@pytest.mark.parametrize("text", ["", "backend", "=numpy", "backend=", "backend numpy"])
def test_malformed(text: str) -> None:
    with pytest.raises(UsageError):
        parse_selector(text)


def test_unknown_key_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="'bakend': did you mean `backend`"):
        parse_selector("bakend=numpy")


@given(st.text(max_size=20), st.sampled_from(SELECTOR_KEYS))
def test_a_selector_accepts_the_very_text(text: str, key: str) -> None:
    parts = dict.fromkeys(SELECTOR_KEYS, text)
    if text.strip():
        assert parse_selector(f"{key}={text}").accepts({**parts, key: text.strip()}) or (
            key == "format"
        )
