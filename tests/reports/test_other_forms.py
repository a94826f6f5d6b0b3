"""Markdown, CSV, JSON and plain text, on a run made by hand."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import markdown_it
import pytest
from rich.cells import cell_len

from halfulp.exceptions import RunError
from halfulp.measurement import Figures
from halfulp.study.json_schema import run_json_schema
from halfulp_reports import csv as csv_form
from halfulp_reports import json as json_form
from halfulp_reports import markdown, text
from halfulp_reports.plain import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from halfulp.runs.store import Run

FORMS = {"csv": csv_form.form, "json": json_form.form, "md": markdown.form, "txt": text.form}
HOSTILE = (
    "<script>alert(1)</script>", "`` | `x` \\| **b** [a](http://x) @user #1", "=cmd|' /C calc'!A0",
    "\x1b[31mred\x07", "\u202egnal", "emoji \N{COLLISION SYMBOL} " * 50, "x" * 10_000, "", " ",
    "line\nbreak\r\n- item", "\\", "|", "`", "</details>", "&lt;b&gt;",
)  # fmt: skip
LABELS = ("function", "formula", "backend", "region", "sampler", "expression", "note", "command")


@pytest.fixture
def relabelled(build: Callable[..., Run], hand: Any) -> Callable[[str], Run]:
    """Return a run in which every label is the text."""

    def make(label: str) -> Run:
        contents, tables = hand.synthetic(("exp", "erf"), ("numpy",), ("float32",), ("spread:9",))
        for records in tables.values():
            for record in records:
                record.update({name: label for name in LABELS if name in record})
                record["routine"] = f"{label}/{label}/{label}/float32"
                if record.get("reason"):
                    record["reason"] = label
        contents["backends"] = {label: contents["backends"]["numpy"] | {"versions": {label: label}}}
        contents["study"] = dict.fromkeys(("name", "title", "text"), label) | {"seed": 0}
        contents |= {"command": label, "environment": {label: label}}
        return build(contents, tables)

    return make


@pytest.mark.parametrize("name", FORMS)
def test_a_form_says_the_same_every_time_and_bears_a_run_without_rows(
    build: Callable[..., Run], small: Run, hand: Any, name: str
) -> None:
    assert FORMS[name].render(small) == FORMS[name].render(small)
    assert FORMS[name].render(build(hand.manifest(["numpy"]), {}))


# -- markdown --------------------------------------------------------------------------------


def rendered(source: str) -> str:
    """Return HTML as a site makes it: with tables, and with what is HTML left as it is."""
    return str(markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table").render(source))


def test_markdown_begins_with_what_matters_most(small: Run) -> None:
    lines = markdown.form.render(small).splitlines()
    assert lines[0] == "## halfulp: A hand-made run for the page's structure"
    assert "correctly rounded wherever tested" in lines[2]
    assert "The largest error is 9.3 ulp" in lines[3]
    page = rendered("\n".join(lines))
    assert page.count("<table>") == 2
    errors = [line.split("|")[4].strip() for line in lines if line.startswith("| `")]
    assert errors[0] == "≥ 9.3"


@pytest.mark.parametrize("label", HOSTILE)
def test_labels_stay_text_in_markdown(relabelled: Callable[[str], Run], label: str) -> None:
    plain = rendered(markdown.form.render(relabelled("#plain")))
    page = rendered(markdown.form.render(relabelled(label)))
    for tag in ("<tr>", "<td", "<th", "<li>", "<table>", "<details>", "</details>", "<h2>", "<h3>"):
        # Without a command there is no list of commands, and an empty title is replaced.
        assert page.count(tag) == plain.count(tag) or (not label and page.count(tag) < 9), tag
    for tag in ("<script", "<a ", "<strong>", "<em>", "<img", "<b>", "<pre>"):
        assert tag not in page
    assert page.count("<code>") == page.count("</code>") <= plain.count("<code>")


def test_markdown_is_cut_at_its_limit_and_says_so(
    small: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = markdown.form.render(small)
    monkeypatch.setattr(markdown, "MOST_BYTES", 2048)
    cut = markdown.form.render(small)
    assert len(cut.encode()) <= 2048 < len(whole.encode())
    assert cut.endswith("Cut off at 2 KiB: the run's folder has the rest.\n")
    assert whole.startswith(cut.partition("\n\nCut off")[0])


# -- csv -------------------------------------------------------------------------------------


def test_csv_has_a_line_a_row_with_its_witness(small: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(csv_form.form.render(small), newline="")))
    assert len(rows) == len(small.rows)
    first = small.rows[0]
    assert rows[0]["routine"] == first["routine"]
    assert float(rows[0]["max_ulp"]) == first["max_ulp"]
    assert rows[0]["input_hex"] == "0x1.004p+0"
    assert rows[0]["command"].startswith("halfulp measure exp")


@pytest.mark.parametrize("label", [*HOSTILE, "=1+1", "+1+1", "-x", "@SUM(A1)", "\t=1", "＝1"])  # noqa: RUF001 - a spreadsheet takes it for =
def test_no_label_is_a_formula_in_a_spreadsheet(
    relabelled: Callable[[str], Run], label: str
) -> None:
    written = csv_form.form.render(relabelled(label))
    rows = list(csv.reader(io.StringIO(written, newline="")))
    assert {len(row) for row in rows} == {len(rows[0])}
    for cell in (cell for row in rows for cell in row):
        assert not cell.startswith(("=", "@", "\t", "\r", "＝"))  # noqa: RUF001 - as above
        if cell.startswith(("-", "+")):
            float.fromhex(cell) if "0x" in cell else float(cell)
    assert rows[1][1] in {label, f"'{label}"}


def test_numbers_keep_their_sign_in_csv() -> None:
    for number in ("-0x1.8p-3", "-1.5e-300", "-0x1p+0, -2.5", "-inf", "+3"):
        assert csv_form._cell(number) == number
    assert csv_form._cell("-0x1p+0 | calc") == "'-0x1p+0 | calc"
    assert csv_form._cell(-1.5) == -1.5


# -- json ------------------------------------------------------------------------------------


def test_json_rows_are_those_of_measure_in_order(small: Run) -> None:
    written = json_form.form.render(small)
    document = json.loads(written, parse_constant=pytest.fail)
    expected = [
        row.as_dict() for row in Figures.from_tables(small.rows, small.records("witnesses"))
    ]
    expected.sort(key=lambda row: (row["routine"], row["region"], row["sampler"]))
    assert document["measurements"] == json.loads(json.dumps(expected))
    assert document["schema"] == small.manifest["schema"]
    lines = [line.rstrip(",") for line in written.splitlines() if '"routine"' in line]
    assert lines == [json.dumps(row) for row in expected]


def test_json_rows_keep_to_the_published_schema(small: Run) -> None:
    definitions = run_json_schema()["$defs"]
    document = json.loads(json_form.form.render(small))
    for row in document["measurements"]:
        assert list(row) == definitions["measurement"]["required"]
        if row["witness"]:
            assert list(row["witness"]) == definitions["witness"]["required"]


def test_json_of_times_limits_and_claims_keeps_to_the_published_schema(
    build: Callable[..., Run], hand: Any
) -> None:
    contents, tables = hand.with_times(hand.synthetic(("exp",), ("numpy", "math"), ("float32",)))
    place = hand.identity("exp", "numpy", "float32")
    tables |= {"limits": [hand.limit(place, "kept")], "claims": [hand.claim(1, "holds")]}
    definitions = run_json_schema()["$defs"]
    document = json.loads(json_form.form.render(build(contents, tables)))
    for name in ("speed", "limits", "claims"):
        assert document[name]
        for record in document[name]:
            assert set(record) == set(definitions[name]["required"])


def test_json_does_not_tell_when_the_run_took_place(build: Callable[..., Run], hand: Any) -> None:
    contents, tables = hand.synthetic(("exp",), ("numpy",), ("float32",))
    first = json_form.form.render(build(contents, tables))
    later = contents | {"started": "2027-01-01T00:00:00+00:00", "finished": None}
    assert json_form.form.render(build(later, tables)) == first


@pytest.mark.parametrize("label", HOSTILE)
def test_labels_survive_json(relabelled: Callable[[str], Run], label: str) -> None:
    written = json_form.form.render(relabelled(label))
    assert written.isascii()
    assert json.loads(written)["measurements"][0]["note"] in {label, None}
    assert json.loads(written)["study"]["title"] == label


@pytest.mark.parametrize("damage", [{"max_steps": "many"}, {"mean_ulp": float("inf")}])
def test_what_is_no_number_is_a_damaged_run(
    build: Callable[..., Run], hand: Any, damage: dict[str, Any]
) -> None:
    row = hand.accuracy(hand.identity("exp", "numpy", "float32"), **damage)
    with pytest.raises(RunError, match="damaged"):
        json_form.form.render(build(hand.manifest(["numpy"]), {"accuracy": [row]}))


# -- plain text ------------------------------------------------------------------------------


@pytest.mark.parametrize("label", [*HOSTILE, "\N{CJK UNIFIED IDEOGRAPH-4E2D}" * 90])
def test_text_fits_a_hundred_columns_and_steers_no_terminal(
    relabelled: Callable[[str], Run], label: str
) -> None:
    written = text.form.render(relabelled(label))
    for line in written.split("\n"):
        assert cell_len(line) <= text.WIDTH
        assert line == "" or visible(line) == line


def test_text_shows_what_was_found_and_what_is_missing(small: Run) -> None:
    lines = text.form.render(small).splitlines()
    assert lines[0] == "A hand-made run for the page's structure"
    assert any(line.startswith("The largest error is 9.3 ulp") for line in lines)
    (row,) = [line for line in lines if line.split()[:3] == ["pow", "numpy", "float16"]]
    assert row.split()[3] == "<="
    assert (
        "  unavailable: erf/native/numpy/float16, erf/native/numpy/float32: numpy has no erf"
        in lines
    )


def test_an_interrupted_run_says_so_first_in_every_form(
    build: Callable[..., Run], hand: Any
) -> None:
    contents, tables = hand.synthetic(("exp",), ("numpy",), ("float32",))
    run = build(contents | {"status": "interrupted", "finished": None}, tables)
    for name in ("md", "txt"):
        assert "This run is" in FORMS[name].render(run).splitlines()[2]
    assert json.loads(json_form.form.render(run))["status"] == "interrupted"


def test_nothing_measured_is_said(build: Callable[..., Run], hand: Any) -> None:
    row = hand.missing(hand.identity("exp", "numpy", "float32"), "crashed", "signal 11")
    run = build(hand.manifest(["numpy"]), {"accuracy": [row]})
    for name in ("md", "txt"):
        assert "Nothing was measured" in FORMS[name].render(run)
        assert "signal 11" in FORMS[name].render(run)
