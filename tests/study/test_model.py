"""The study file: what is accepted, and the sentence for each way to get it wrong."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from halfulp.exceptions import UsageError
from halfulp.study.json_schema import run_json_schema, study_json_schema
from halfulp.study.model import Study, load_study
from halfulp.study.named import shipped_studies
from halfulp.study.problems import problems

CASE = '[[case]]\nfunctions = ["exp"]\nbackends = ["numpy"]\nformats = ["float32"]\n'
MINIMAL = f"schema = 1\n{CASE}"


def sentence(text: str) -> str:
    with pytest.raises(UsageError) as caught:
        Study.from_text(text, "mine")
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_defaults() -> None:
    study = Study.from_text(MINIMAL, "mine")
    (case,) = study.case
    assert (study.title, study.seed, study.name, study.text) == ("", 0, "mine", MINIMAL)
    assert (case.formulas, case.regions, case.inputs, case.exclude) == (
        ("native",),
        ("all",),
        (),
        (),
    )


def test_adapter_settings_are_kept_apart() -> None:
    head = '[backend.gcc-fast]\nadapter = "c"\nflags = ["-O3"]\nsymbols = { exp = "e" }\n'
    backend = Study.from_text(f"schema = 1\n{head}{CASE}").backend["gcc-fast"]
    assert backend.settings == {"flags": ["-O3"], "symbols": {"exp": "e"}}
    assert not backend.required


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            MINIMAL + 'inptus = ["edges"]',
            (
                'case 1, key "inptus" is not understood by this version of halfulp; '
                "did you mean `inputs`?"
            ),
        ),
        (
            f'{MINIMAL}{CASE}inputs = "edges"',
            (
                'case 2, key "inputs": expected a list of samplers, such as ["edges", '
                '"spread:100000"], but got "edges"; write ["edges"].'
            ),
        ),
        (
            MINIMAL + "inputs = [1]",
            (
                'case 1, key "inputs", item 1: expected a text in a list of samplers, such as '
                '["edges", "spread:100000"], but got 1.'
            ),
        ),
        (
            MINIMAL + "inputs = []",
            (
                'case 1, key "inputs": expected a list of samplers, such as ["edges", '
                '"spread:100000"], but got an empty list.'
            ),
        ),
        (
            MINIMAL.replace("[[case]]", "[case]"),
            (
                'key "case": expected at least one [[case]] table, but got a table; write '
                "[[case]], with two brackets."
            ),
        ),
        ("schema = 1", 'key "case" is missing: expected at least one [[case]] table.'),
        (CASE, 'key "schema" is missing: expected the number 1, as in schema = 1.'),
        (
            MINIMAL.replace("1", "2", 1),
            (
                'key "schema": expected the number 1, as in schema = 1, but got 2; the study was '
                "written for a newer version of halfulp."
            ),
        ),
        (
            MINIMAL.replace("1", "true", 1),
            'key "schema": expected the number 1, as in schema = 1, but got true.',
        ),
        (
            f"seed = -1\n{MINIMAL}",
            'key "seed": expected a whole number from 0 to 2^63 - 1, but got -1.',
        ),
        (
            f"seed = 1.5\n{MINIMAL}",
            'key "seed": expected a whole number from 0 to 2^63 - 1, but got 1.5.',
        ),
        (
            f"title = 2020-01-01\n{MINIMAL}",
            (
                'key "title": expected a text, such as "exp in four libraries", but got the '
                "date or time 2020-01-01."
            ),
        ),
        (
            f"schema = 1\n[regions]\n{CASE}",
            'key "regions" is not understood by this version of halfulp; did you mean `region`?',
        ),
        (
            f"schema = 1\n[region]\nseed = 3\n{CASE}",
            (
                'region "seed": expected bounds such as "0.5 : 2", or a list of two for two '
                "arguments, but got 3; keys of the study itself must stand above the first [table]."
            ),
        ),
        (
            f'schema = 1\n[region]\nr = ["1:2", 3]\n{CASE}',
            (
                'region "r": expected bounds such as "0.5 : 2", or a list of two for two '
                'arguments, but got ["1:2", 3].'
            ),
        ),
        (
            f'schema = 1\n[formula]\n"a b" = "x"\n{CASE}',
            (
                'key "formula": a label has letters, digits, `_`, `-`, `.` and `+` only (at '
                'most 60), but got "a b".'
            ),
        ),
        (
            f'schema = 1\n[formula]\nnative = "x"\n{CASE}',
            'key "formula": the label `native` is built in; choose another.',
        ),
        (
            f'schema = 1\n[region]\nall = "1:2"\n{CASE}',
            'key "region": the label `all` is built in; choose another.',
        ),
        (
            f"schema = 1\n[backend.numpy]\nrequired = true\n{CASE}",
            (
                'backend "numpy", key "adapter" is missing: expected the name of an adapter, '
                'such as "numpy".'
            ),
        ),
        (
            f'schema = 1\n[backend.gcc-13.2]\nadapter = "c"\n{CASE}',
            (
                'backend "gcc-13", key "adapter" is missing: expected the name of an adapter, '
                'such as "numpy"; a label with a dot needs quotes, as in [backend."gcc-13.2"].'
            ),
        ),
        (
            f'schema = 1\n[backend.b]\nadapter = "numpy"\npython = 3\n{CASE}',
            (
                'backend "b", key "python": expected the interpreter of another environment, such '
                'as ".venv-main/bin/python", but got 3.'
            ),
        ),
        (
            MINIMAL + 'exclude = [{ backend = "numpy" }]',
            (
                'case 1, exclude 1, key "reason" is missing: expected a text that says why '
                "these rows are left out."
            ),
        ),
        (
            MINIMAL + 'exclude = ["numpy"]',
            'case 1, exclude 1: expected a table, but got "numpy".',
        ),
    ],
)
def test_one_problem_one_sentence(text: str, expected: str) -> None:
    assert sentence(text) == f"Study mine: {expected}"


@pytest.mark.parametrize("key", ["search", "distributed"])
def test_features_of_later_versions_are_refused(key: str) -> None:
    assert f'key "{key}" is not understood by this version' in sentence(f"{key} = 1\n{MINIMAL}")


def test_several_problems_are_listed() -> None:
    text = f'{MINIMAL}inptus = ["edges"]\nregions = "all"'
    first, *problems = sentence(text).split("\n  - ")
    assert first == "Study mine has 2 problems:"
    assert len(problems) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("schema = 1\nfoo\n", "line 2: this is not TOML"),
        ("schema = 1\nschema = 2", "at its end: this is not TOML"),
        ("schema =", "at its end: this is not TOML"),
        (f"schema = {'[' * 5000}", "nested too deeply"),
        (f"schema = {'9' * 5000}", "thousands of digits"),
    ],
)
def test_what_is_not_toml(text: str, expected: str) -> None:
    assert expected in sentence(text)


@given(st.text(max_size=60))
def test_no_text_gets_past_our_own_errors(text: str) -> None:
    assert "pydantic" not in sentence(text)


_DATA = st.recursive(
    st.integers(-3, 3) | st.booleans() | st.text("ab:1", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["adapter", "functions", "x y", "reason"]), inner)
    ),
    max_leaves=6,
)
_KEYS = ["schema", "title", "seed", "region", "formula", "backend", "q"]


@given(st.dictionaries(st.sampled_from(_KEYS), _DATA), st.lists(_DATA))
def test_every_shape_of_data_gets_a_sentence(data: dict[str, object], cases: list[object]) -> None:
    with pytest.raises(ValidationError) as caught:
        Study.model_validate({**data, "case": [*cases, {"bad": 1}]})
    said = problems(caught.value, Study)
    assert said
    assert not any("something else" in text or "Input should" in text for text in said)


# -- where studies are -----------------------------------------------------------------------


def test_shipped_study_by_name_and_by_path() -> None:
    by_name = load_study("quick")
    by_path = load_study(shipped_studies()["quick"])
    assert by_name.model_dump() == by_path.model_dump()
    assert by_name.name == by_path.name == "quick"
    assert by_name.text.startswith("# A first look")


def test_a_wheel_has_them_in_the_package(monkeypatch, tmp_path) -> None:
    from halfulp.study import named

    (tmp_path / "other.toml").write_text(MINIMAL)
    monkeypatch.setattr(named, "_IN_WHEEL", tmp_path)
    assert list(shipped_studies()) == ["other"]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("qiuck", "did you mean `quick`?"),
        ("nothing-like-it", "expected one of "),
        ("missing.toml", "There is no file missing.toml: `halfulp init missing.toml`"),
        ("", "There is no shipped study called ''"),
    ],
)
def test_missing_studies(spec: str, expected: str, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        load_study(spec)
    assert expected in str(caught.value)


def test_unreadable_studies(tmp_path) -> None:
    folder, binary = tmp_path / "folder.toml", tmp_path / "binary.toml"
    folder.mkdir()
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        load_study(folder)
    with pytest.raises(UsageError, match="not text in UTF-8"):
        load_study(binary)


def test_a_byte_order_mark_is_harmless(tmp_path) -> None:
    path = tmp_path / "windows.toml"
    path.write_text(MINIMAL, encoding="utf-8-sig")
    assert load_study(str(path)).name == "windows"


# -- schemas ---------------------------------------------------------------------------------


def test_study_schema_knows_every_key() -> None:
    schema = study_json_schema()
    assert set(schema["properties"]) == {
        "schema",
        "title",
        "seed",
        "region",
        "formula",
        "backend",
        "case",
        "claim",
        "timing",
        "limit",
        "limit_files",
        "corpus",
    }
    assert schema["additionalProperties"] is False
    assert schema["$defs"]["Backend"]["additionalProperties"] is True
    json.dumps(schema, allow_nan=False)


def test_run_schema_knows_every_column() -> None:
    from halfulp.runs.schema import TABLES

    schema = run_json_schema()
    for name, columns in TABLES.items():
        assert list(schema["$defs"][name]["properties"]) == [column.name for column in columns]
    measurement = schema["$defs"]["measurement"]["properties"]
    assert all(measurement.values()), "a figure without a description"
    assert {"routine", "region", "sampler", "kind", "count", "witness"} <= set(measurement)
