"""Known worst inputs: kept, replayed, merged; and files that are no corpus."""

from __future__ import annotations

import math
import struct
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import halfulp
from halfulp.exceptions import UsageError
from halfulp.expectations.corpus import COLUMNS, Corpus, Entry, merged, parse_corpus
from halfulp.expectations.corpus_growth import check_results, exact_bounds

HEADER = ",".join(COLUMNS)
LINE = "exp,float32,0x3f800000,0x2b7e1p-16,0x2b7e2p-16,0.5,exp/native/c/float32,by hand"


def entry(bits: int, error: str = "1", source: str = "a test") -> Entry:
    low, high = exact_bounds("exp", "float16", (bits,))
    return Entry("exp", "float16", (bits,), low, high, error, "exp/native/c/float16", source)


errors = st.sampled_from(["", "0.6", "1", "2.5"])
corpora = st.lists(
    st.builds(entry, st.integers(0, 40), errors, st.sampled_from("ab")),
    unique_by=lambda item: item.key,
).map(lambda entries: Corpus(tuple(entries)))


@given(corpora, corpora, corpora)
def test_merging_is_the_same_in_any_order(a, b, c) -> None:
    every = merged([a, b, c])
    assert every == merged([c, merged([b, a])]) == merged([every, a])
    assert {item.key for item in every.entries} == {
        item.key for corpus in (a, b, c) for item in corpus.entries
    }


@given(corpora)
def test_a_file_holds_what_it_was_written_from(corpus) -> None:
    assert parse_corpus(corpus.text(), "corpus.csv") == corpus


@pytest.mark.parametrize("x", [1.0, -0.25, 10.0, -1e-3, 80.0])
def test_the_bounds_hold_the_exact_result(x) -> None:
    low, high = _bounds(x)
    value = halfulp.reference("exp", x)
    assert low <= value.lo <= value.hi <= high
    assert high - low < Fraction(math.exp(x)) / 2**100


def _bounds(x: float) -> tuple[Fraction, Fraction]:
    bits = int.from_bytes(struct.pack(">d", x))
    low, high = exact_bounds("exp", "float64", (bits,))
    found = Entry("exp", "float64", (bits,), low, high, "", "", "").bounds
    assert found is not None
    return found


def test_special_results_are_told_by_name() -> None:
    infinity, nan = 0x7F800000, 0x7FC00000
    assert exact_bounds("exp", "float32", (infinity,)) == ("inf", "inf")
    assert exact_bounds("log", "float32", (0xBF800000,)) == ("nan", "nan")
    assert exact_bounds("exp", "float32", (0x44000000,)) == ("overflow", "overflow")
    assert exact_bounds("exp", "float32", (nan,)) == ("nan", "nan")
    assert exact_bounds("sin", "float32", (0x80000000,)) == ("0x0p+0", "0x0p+0")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not a corpus: expected the header"),
        ("a,b\n", "is not a corpus: expected the header"),
        (f"{HEADER}\nexp,float32\n", "line 2: expected 8 cells"),
        (f"{HEADER}\n{LINE}\n{LINE}\n", "line 3: the same input stands in line 2"),
        (f"{HEADER}\n\n{LINE.replace('exp,', 'exq,', 1)}\n", "line 3: "),
        (f"{HEADER}\n{LINE.replace('float32', 'float33', 1)}\n", "line 2: Unknown format"),
        (
            f"{HEADER}\n{LINE.replace('0x3f800000', '1.0')}\n",
            "line 2: expected 1 encoding of float32",
        ),
        (f"{HEADER}\n{LINE.replace('0x3f800000', '0x3f8000000')}\n", "line 2: expected 1 encoding"),
        (f"{HEADER}\n{LINE.replace('0x3f800000', '0x0 0x0')}\n", "line 2: expected 1 encoding"),
        (
            f"{HEADER}\n{LINE.replace('0x2b7e1p', '0x2b7e3p')}\n",
            "line 2: low is 0x2b7e3p-16, which",
        ),
        (f"{HEADER}\n{LINE.replace('0x2b7e1p-16', 'nan')}\n", "line 2: expected nan or"),
        (
            f"{HEADER}\n{LINE.replace('0x2b7e1p-16', '__import__(1)')}\n",
            "line 2: Expected a number",
        ),
        (f"{HEADER}\n{LINE.replace('0.5', '1e9999')}\n", "line 2: expected a number of ulp"),
        (f"{HEADER}\n{LINE.replace('0x2b7e1p-16', '0x1p-999999999')}\n", "line 2: "),
        (f'{HEADER}\n"{LINE}\n', "line 2: this is not CSV"),
        (f"{HEADER}\n{LINE}{'x' * 20_000}\n", "line 2: a cell has more than 10,000 characters"),
    ],
)
def test_malformed_files(text, said) -> None:
    with pytest.raises(UsageError) as caught:
        parse_corpus(text, "corpus.csv")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_wrong_exact_result_is_found() -> None:
    check_results(parse_corpus(f"{HEADER}\n{LINE}\n", "corpus.csv"), "corpus.csv")
    wrong = LINE.replace("0x2b7e1p-16", "0x2b7f1p-16").replace("0x2b7e2p-16", "0x2b7f2p-16")
    with pytest.raises(UsageError, match="is said to lie between 0x2b7f1p-16 and 0x2b7f2p-16"):
        check_results(parse_corpus(f"{HEADER}\n{wrong}\n", "corpus.csv"), "corpus.csv")


def test_corpora_that_contradict_each_other() -> None:
    other = LINE.replace("0x2b7e1p-16", "0x2b7f1p-16").replace("0x2b7e2p-16", "0x2b7f2p-16")
    first, second = (parse_corpus(f"{HEADER}\n{line}\n", "x") for line in (LINE, other))
    with pytest.raises(UsageError, match="Two corpora contradict each other about exp"):
        merged([first, second])


# -- in a project ----------------------------------------------------------------------------------

ONLY = ("accuracy.toml", "--only", "backend=ours")


def test_what_a_run_finds_is_kept_and_replayed_first(project) -> None:
    project.write("corpus.csv", HEADER + "\n")
    assert project.check(*ONLY).returncode == 0
    project.inject("if (x == 1.0f) return 1.75f;")  # at an input of `edges`
    found = project.check(*ONLY, "--update-corpus")
    assert found.returncode == 1
    assert "1 input added" in found.stderr
    (kept,) = parse_corpus(project.read("corpus.csv"), "corpus.csv").entries
    assert (kept.inputs, kept.routine) == ((0x3F800000,), "expm1/native/ours/float32")
    assert "study accuracy" in kept.source

    study = project.read("accuracy.toml").replace('"corpus", "edges", ', '"spread:100", "corpus", ')
    project.write("accuracy.toml", study)
    again = project.check(*ONLY, "--out", "again")
    assert again.returncode == 1
    first = halfulp.load_run(project.folder / "again").rows[0]
    assert (first["sampler"], first["kind"], first["count"]) == ("corpus", "replayed", 1)
    assert first["max_ulp_text"] == kept.error_ulp
    before = project.read("corpus.csv")
    assert project.check(*ONLY, "--update-corpus").returncode == 1
    assert project.read("corpus.csv") == before  # what is known is not added again


def test_a_corpus_is_begun_if_that_is_asked_for(project) -> None:
    (project.folder / "corpus.csv").unlink()
    missing = project.check(*ONLY)
    assert missing.returncode == 2
    assert "`halfulp check STUDY --update-corpus` begins one" in missing.stderr
    assert project.check(*ONLY, "--update-corpus").returncode == 0
    assert project.read("corpus.csv").startswith(HEADER)


def test_two_files_are_merged_by_the_command_line(project) -> None:
    project.write("theirs.csv", f"{HEADER}\n{LINE}\n")
    done = project.halfulp("corpus", "corpus.csv", "theirs.csv", "--out", "all.csv")
    assert done.returncode == 0, done.stderr
    both = parse_corpus(project.read("all.csv"), "all.csv").entries
    ours = parse_corpus(project.read("corpus.csv"), "corpus.csv").entries
    assert [item.function for item in both] == ["exp", *["expm1"] * len(ours)]
    assert project.halfulp("corpus", "all.csv", "corpus.csv").stdout == project.read("all.csv")
    assert project.halfulp("corpus", "nowhere.csv").returncode == 2


def test_a_study_without_a_corpus_has_none_to_replay(project) -> None:
    study = project.read("accuracy.toml").replace('corpus = "corpus.csv"\n', "")
    project.write("accuracy.toml", study)
    done = project.check(*ONLY)
    assert done.returncode == 2
    assert 'need a study that names their file, as in corpus = "corpus.csv"' in done.stderr
