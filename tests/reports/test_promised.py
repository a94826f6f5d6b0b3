"""Limits and claims in every form, on rows made by hand."""

from __future__ import annotations

import csv as csv_module
import io
import json
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from halfulp.exceptions import UsageError
from halfulp.runs.schema import CLAIM_VERDICTS, LIMIT_VERDICTS
from halfulp_reports import csv, html, image, markdown, parquet, text
from halfulp_reports import json as json_form
from halfulp_reports.promises import tone

if TYPE_CHECKING:
    from collections.abc import Callable

    from halfulp.runs.store import Run

HOSTILE = "</script><script>alert(1)</script>\"'` \N{COLLISION SYMBOL} $x_2$"


@pytest.fixture
def promised(build: Callable[..., Run], hand: Any) -> Callable[..., Run]:
    """Return a run with limits and claims of the verdicts given."""

    def make(limits: list[str], claims: list[str], **values: Any) -> Run:
        contents, tables = hand.synthetic(("exp",), ("numpy",), ("float32",))
        place = hand.identity("exp", "numpy", "float32")
        tables["limits"] = [hand.limit(place, verdict, **values) for verdict in limits]
        tables["claims"] = [hand.claim(n, verdict) for n, verdict in enumerate(claims, 1)]
        return build(contents, tables)

    return make


@pytest.mark.parametrize(
    ("limits", "claims", "first"),
    [
        ([], [], "No verdict."),
        (["kept", "loose", "fails as expected"], ["holds", "holds to the digits printed"], "Kept."),
        (["kept", "broken"], [], "Not kept."),
        (["passes unexpectedly"], [], "Not kept."),
        ([], ["false", "holds"], "Not kept."),
        (["kept", "not measured"], ["holds"], "Not settled."),
        (["broken", "not measured"], [], "Not kept."),
        ([], ["unavailable"], "Not settled."),
    ],
)
def test_the_verdict_comes_first_and_the_open_is_no_pass(
    promised: Callable[..., Run], limits: list[str], claims: list[str], first: str
) -> None:
    page = html.form.render(promised(limits, claims))
    verdict = page.partition('<p class="verdict')[2]
    assert verdict.partition("<strong>")[2].startswith(first)
    assert page.index('<p class="verdict') < page.index("The largest error is")


def test_every_verdict_of_the_schema_has_a_sign(promised: Callable[..., Run]) -> None:
    tones = {verdict: tone(verdict) for verdict in (*LIMIT_VERDICTS, *CLAIM_VERDICTS)}
    assert {tones[v] for v in ("kept", "loose", "fails as expected", "holds")} == {"good"}
    assert {tones[v] for v in ("broken", "passes unexpectedly", "false")} == {"bad"}
    assert {tones[v] for v in ("not measured", "unavailable")} == {"open"}
    html.form.render(promised(list(LIMIT_VERDICTS), list(CLAIM_VERDICTS)))


def test_what_is_broken_comes_before_what_is_kept(promised: Callable[..., Run]) -> None:
    run = promised(["kept", "not measured", "broken"], ["holds", "false"])
    page = html.form.render(run)
    limits = page[page.index('id="limits"') : page.index('id="claims"')]
    order = [limits.index(f"</span> {verdict}<") for verdict in ("broken", "not measured", "kept")]
    assert order == sorted(order)
    assert page.index('id="limits"') < page.index('id="claims"') < page.index('id="summary"')
    for form in (markdown.form, text.form):
        said = form.render(run)
        assert "1 of 3 limits is broken." in said
        assert "1 of 2 claims is false." in said
        assert said.index("broken") < said.index("The largest error is")


def test_labels_of_limits_and_claims_stay_text(build: Callable[..., Run], hand: Any) -> None:
    contents, tables = hand.synthetic(("exp",), ("numpy",), ("float32",))
    place = hand.identity("exp", "numpy", "float32")
    columns = ("rule", "selectors", "reason", "note", "issue", "witness", "command", "quantity")
    tables["limits"] = [hand.limit(place, "broken", **dict.fromkeys(columns, HOSTILE))]
    words = ("source", "says", "claimed", "computed", "exact", "finding", "code", "backend")
    tables["claims"] = [hand.claim(1, "false", **dict.fromkeys(words, HOSTILE * 300))]
    run = build(contents, tables)
    page = html.form.render(run)
    assert "<script>alert" not in page
    assert page.count("</script>") == page.count("<script")
    assert "<script" not in markdown.form.render(run)
    assert all(len(line) <= 110 for line in text.form.render(run).splitlines())


# -- parquet -----------------------------------------------------------------------------------


def test_parquet_holds_the_rows_in_their_types_with_the_witness(small: Run) -> None:
    table = pq.read_table(io.BytesIO(parquet.form.render(small)))
    assert table.num_rows == len(small.rows)
    rows = table.to_pylist()
    assert [row["routine"] for row in rows] == [row["routine"] for row in small.rows]
    assert isinstance(rows[0]["max_ulp"], float)
    assert rows[0]["histogram"] == small.rows[0]["histogram"]
    written = list(csv_module.DictReader(io.StringIO(csv.form.render(small))))
    for row, line in zip(rows, written, strict=True):
        for name in ("input_bits", "got_hex", "want", "command", "status", "max_ulp_text"):
            assert (row[name] or "") == line[name]


def test_json_holds_limits_and_claims(promised: Callable[..., Run]) -> None:
    document = json.loads(json_form.form.render(promised(["kept"], ["false", "holds"])))
    assert [item["verdict"] for item in document["limits"]] == ["kept"]
    assert [item["verdict"] for item in document["claims"]] == ["false", "holds"]


# -- plots by name -----------------------------------------------------------------------------


@pytest.fixture
def timed(build: Callable[..., Run], hand: Any) -> Run:
    """A run with errors and times."""
    return build(*hand.with_times(hand.synthetic(("exp", "pow"), ("numpy", "math"), ("float32",))))


@pytest.mark.parametrize("form", [image.png, image.svg], ids=["png", "svg"])
def test_every_plot_is_drawn_by_its_name(timed: Run, form: image.ImageForm) -> None:
    names = form.plots(timed)
    assert names == ["accuracy-speed", "error/exp", "error/pow", "speed/exp", "speed/pow"]
    pictures = {form.render_plot(timed, name) for name in names}
    assert len(pictures) == len(names)
    starts = b"\x89PNG" if form.suffix == ".png" else b"<?xml"
    for picture in pictures:
        assert picture.startswith(starts)
        assert b"#0100" not in picture  # a stand-in that was left
        assert b"#02000" not in picture
    assert form.render(timed) == form.render_plot(timed, "accuracy-speed")


def test_a_plot_that_is_none_is_told_with_those_there_are(timed: Run) -> None:
    with pytest.raises(UsageError, match="no plot 'error/exq': did you mean `error/exp`"):
        image.png.render_plot(timed, "error/exq")


def test_a_run_without_figures_has_no_plot(build: Callable[..., Run], hand: Any) -> None:
    run = build(hand.manifest(["numpy"]), {})
    assert image.svg.plots(run) == []
    with pytest.raises(UsageError, match="nothing to plot"):
        image.svg.render(run)


def test_labels_in_a_picture_stay_text(build: Callable[..., Run], hand: Any) -> None:
    contents, tables = hand.synthetic(("exp",), ("numpy",), ("float32",))
    for name in ("accuracy", "profile", "witnesses"):
        for record in tables[name]:
            record.update(function=HOSTILE, backend=HOSTILE * 300, formula=HOSTILE)
            record["routine"] = "x"
    run = build(contents, tables)
    (name,) = image.svg.plots(run)
    drawn = image.svg.render_plot(run, name).decode()
    assert "<script" not in drawn
    assert image.png.render_plot(run, name).startswith(b"\x89PNG")
