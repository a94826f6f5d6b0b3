"""`halfulp list functions`: the table, a record, and both for machines."""

from __future__ import annotations

import json

import pytest

from halfulp.functions import CATALOGUE


def test_the_table_fits_a_hundred_columns(halfulp) -> None:
    lines = halfulp("list", "functions").out.splitlines()
    assert max(map(len, lines)) <= 100
    end = lines.index("")
    assert [line.split()[0] for line in lines[1:end]] == list(CATALOGUE)
    heads = lines[0]
    row = next(line for line in lines if line.startswith("gamma "))
    assert row[heads.index("aliases") :].startswith("tgamma")
    assert row[heads.index("native in") :].startswith("c, math, +")
    assert row.endswith("gamma function")
    assert "float16, bfloat16, float32, float64" in lines[end + 1]


def test_summaries_are_cut_where_they_do_not_fit(halfulp) -> None:
    lines = halfulp("list", "functions").out.splitlines()
    (row,) = (line for line in lines if line.startswith("atan2 "))
    assert row.endswith("...")
    assert CATALOGUE["atan2"].summary in halfulp("list", "functions", "atan2").out


def test_all_as_json_a_line_each(halfulp) -> None:
    found = [json.loads(line) for line in halfulp("list", "functions", "--json").out.splitlines()]
    assert [each["name"] for each in found] == list(CATALOGUE)
    (gamma,) = (each for each in found if each["name"] == "gamma")
    assert gamma["aliases"] == ["tgamma"]
    assert gamma["backends"]["c"] == "tgamma"
    assert gamma["backends"]["math"] == "math.gamma"
    assert "numpy" not in gamma["backends"]
    assert gamma["formats"] == ["float16", "bfloat16", "float32", "float64"]


def test_one_record_by_an_alias(halfulp) -> None:
    out = halfulp("list", "functions", "tgamma").out
    assert out.startswith("gamma(x): gamma function\n")
    assert "native in    c (tgamma), " in out
    assert "math (math.gamma)" in out
    assert "By a rule: nan at negative integers" in out
    assert "-0             -inf    C23 F.10.5.4\n" in out


def test_a_convention_is_called_one(halfulp) -> None:
    assert "limit (a convention)" in halfulp("list", "functions", "digamma").out


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_record_as_text_and_as_json(halfulp, name: str) -> None:
    record = CATALOGUE[name]
    assert halfulp("list", "functions", name).out.startswith(f"{name}(")
    found = json.loads(halfulp("list", "functions", name, "--json").out)
    assert found["definition"] == record.definition
    assert found["points"] == list(record.points)
    assert {"inputs", "result", "source", "convention"} == set(found["special"][0])


def test_an_expression_has_a_record_too(halfulp) -> None:
    out = halfulp("list", "functions", "log(1+exp(x))").out
    assert out.startswith("log(1 + exp(x)): an expression over the reals\n")


def test_an_unknown_function_is_answered_with_the_nearest(halfulp) -> None:
    outcome = halfulp("list", "functions", "exmp1")
    assert outcome.code == 2
    assert "expm1" in outcome.err


def test_only_functions_take_a_name_or_json(halfulp) -> None:
    for words in (("backends", "numpy"), ("studies", "--json")):
        outcome = halfulp("list", *words)
        assert outcome.code == 2
        assert "only functions do" in outcome.err
    outcome = halfulp("list", "function")
    assert outcome.code == 2
    assert "did you mean `functions`?" in outcome.err
