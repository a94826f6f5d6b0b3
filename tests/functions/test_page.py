"""The catalogue in words: the page of documentation is fresh, and says what the records say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from halfulp.functions import CATALOGUE, GROUPS
from halfulp.functions.description import exact_cases, interval, point, special_rows
from halfulp.functions.page import page
from halfulp.functions.record import Interval

COMMITTED = Path(__file__).parents[2] / "docs" / "catalogue.md"


def test_the_committed_page_is_fresh() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == page(), (
        "docs/catalogue.md is stale: run `make catalogue` and commit what it writes"
    )


def test_the_module_writes_the_page_and_loads_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from halfulp.functions.page import main; main(sys.argv[1:]);"
        "print([name for name in ('numpy', 'mpmath', 'flint') if name in sys.modules])"
    )
    target = tmp_path / "page.md"
    command = [sys.executable, "-c", code, str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert target.read_text(encoding="utf-8") == page()


def test_the_page_names_every_function_and_alias(function_name: str) -> None:
    record, text = CATALOGUE[function_name], page()
    assert f"| `{record.name}({', '.join(record.arguments)})`" in text
    assert all(f"`{alias}`" in text for alias in record.aliases)


def test_every_row_of_a_table_has_as_many_cells_as_its_head() -> None:
    for block in page().split("\n\n"):
        lines = [line.replace("\\|", "") for line in block.splitlines() if line.startswith("|")]
        assert len({line.count("|") for line in lines}) <= 1, lines[0]


def test_the_groups_are_the_catalogue() -> None:
    assert [record.name for records in GROUPS.values() for record in records] == list(CATALOGUE)


def test_exact_cases_have_words(function_name: str) -> None:
    assert exact_cases(CATALOGUE[function_name])


def test_special_rows_are_those_of_the_record(function_name: str) -> None:
    record = CATALOGUE[function_name]
    rows = special_rows(record)
    assert {row.inputs for row in rows} >= {("nan",) * record.arity}
    assert {(text,) for text in record.specials or ()} <= {row.inputs for row in rows}
    for inputs, special in rows:
        assert record.special(*map(point, inputs)) == special


@pytest.mark.parametrize(
    ("bounds", "text"),
    [
        (Interval("0", "inf", open_high=True), "[0, inf)"),
        (Interval("-inf", "1", open_low=True, open_high=True), "(-inf, 1)"),
        (Interval("-1", "1"), "[-1, 1]"),
    ],
)
def test_intervals(bounds: Interval, text: str) -> None:
    assert interval(bounds) == text
