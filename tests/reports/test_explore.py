"""The figures to explore: their data, and what they do in a browser."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from halfulp.formats import FORMATS
from halfulp_reports import explore
from halfulp_reports.explore import error_chart, speed_chart
from halfulp_reports.page import data_block
from halfulp_reports.pictures import Pictures
from halfulp_reports.summary import summarise

if TYPE_CHECKING:
    from collections.abc import Callable

    from halfulp.runs.store import Run

pytestmark = pytest.mark.timeout(120)
BOX = (
    "(r => [r.x, r.y, r.width, r.height])({}.querySelector('.canvas svg').getBoundingClientRect())"
)
FIRST = "document.querySelector('[data-explore=\"{}\"]')"


def charts(run: Run) -> dict[str, Any]:
    """Return the data of every function's figure."""
    summary = summarise(run)
    pictures = Pictures(summary)
    return {section.function: error_chart(section, pictures) for section in summary.sections}


# -- data --------------------------------------------------------------------------------------


def test_no_error_of_a_bin_is_lost_and_none_is_shown_smaller(small: Run) -> None:
    chart = charts(small)["exp"]
    assert [panel["format"] for panel in chart["panels"]] == ["float16", "float32"]
    for panel in chart["panels"]:
        edges = np.array(panel["edges"])
        assert (np.diff(edges) > 0).all()
        backends = dict(zip(("numpy", "math"), panel["curves"], strict=True))
        for row in small.records("profile"):
            if row["function"] != "exp" or row["format"] != panel["format"] or not row["count"]:
                continue
            curve = backends[row["backend"]]
            assert curve["label"] == row["backend"]
            middle = (row["low"] + row["high"]) / 2
            cell = int(np.searchsorted(edges, middle, side="right")) - 1
            assert curve["max"][cell] >= row["max_ulp"]


def test_cells_are_few_and_of_equal_number_in_every_list(small: Run) -> None:
    for chart in charts(small).values():
        for panel in chart["panels"]:
            cells = len(panel["edges"]) - 1
            assert 2 < cells <= explore.MOST_CELLS
            assert len(panel["condition"]) == cells
            for curve in panel["curves"]:
                assert len(curve["max"]) == len(curve["mean"]) == cells


def test_what_looks_alike_is_one_cell_and_a_bad_bin_is_not_merged_away() -> None:
    rows = np.array([[0.5] * 300 + [9.0] + [0.5] * 300, [0.25] * 601])
    assert explore._starts(rows) == [0, 300, 301]
    noise = np.random.default_rng(1).uniform(0, 0.5, (2, 900))
    noise[0, 411] = 77.0
    starts = explore._starts(noise)
    assert np.fmax.reduceat(noise[0], starts).max() == 77.0


def test_cells_without_inputs_stay_empty() -> None:
    rows = np.array([[0.5, np.nan, np.nan, 0.5]])
    assert explore._starts(rows) == [0, 1, 3]


def test_edges_of_float32_are_short_and_come_back_exactly() -> None:
    values = np.float32([1e-40, 0.1, 3.4028235e38]).astype(np.float64)
    written = explore._shortest(values, FORMATS["float32"])
    assert (np.float32(written) == np.float32(values)).all()
    assert len(json.dumps(written)) < len(json.dumps(values.tolist()))


def test_data_cannot_end_the_element_in_which_it_stands() -> None:
    label = "</script><script>alert(1)</script><!-- ]]> & \u2028"
    block = str(data_block({"label": label}))
    assert not set("<>&") & set(block)
    assert json.loads(block) == {"label": label}


def test_points_hold_time_error_and_where_they_stand(build: Callable[..., Run], hand: Any) -> None:
    run = build(*hand.with_times(hand.synthetic(("exp", "log"), ("numpy", "math"), ("float32",))))
    summary = summarise(run)
    chart = speed_chart(summary, Pictures(summary))
    assert chart is not None
    assert len(chart["points"]) == 4
    assert chart["functions"] == ["exp", "log"]
    for point in chart["points"]:
        assert point["interval"][0] < point["ns"] < point["interval"][1]
        assert "ns an element" in point["said"]
        assert point["anchor"].startswith(f"{chart['functions'][point['function']]}/native/")
    json.dumps(chart, allow_nan=False)


def test_without_times_there_is_no_figure_of_them(small: Run) -> None:
    summary = summarise(small)
    assert speed_chart(summary, Pictures(summary)) is None


# -- in a browser ------------------------------------------------------------------------------


@pytest.fixture
def page(build: Callable[..., Run], hand: Any, show: Callable[[Run], Any]) -> Any:
    contents = hand.synthetic(("exp", "pow"), ("numpy", "math"), ("float16", "float32"))
    return show(build(*hand.with_times(contents)))


def start(page: Any, kind: str) -> str:
    """Open a figure and return the expression that finds it."""
    place = FIRST.format(kind)
    page(f"{place}.querySelector('.start').click()")
    return place


def key(page: Any, place: str, name: str, times: int = 1) -> None:
    for _ in range(times):
        page(
            f"{place}.querySelector('.canvas').dispatchEvent("
            f"new KeyboardEvent('keydown', {{key: '{name}', bubbles: true}}))"
        )


def test_a_figure_is_drawn_when_asked_for(page: Any) -> None:
    assert page(f"{FIRST.format('error')}.querySelectorAll('svg').length") == 0
    place = start(page, "error")
    assert page(f"{place}.querySelectorAll('.canvas svg path').length") > 6
    assert page(f"{place}.querySelector('.start').ariaExpanded") == "true"
    page(f"{place}.querySelector('.start').click()")
    assert page(f"{place}.querySelector('.canvas').offsetHeight") == 0
    assert page.complaints() == []


def test_the_cursor_reads_inputs_in_hex_and_decimal_and_every_error(page: Any) -> None:
    place = start(page, "error")
    key(page, place, "ArrowRight", 3)
    said = page(f"{place}.querySelector('.said').textContent")
    assert said.startswith("Inputs from -0x1.")
    assert " (-" in said
    values = page(f"[...{place}.querySelectorAll('.toggles .value')].map(v => v.textContent)")
    assert len(values) == 2
    for value in values:
        largest, mean = value.split(", mean ")
        assert 0 < float(mean.split(";")[0]) < float(largest) < 1
    assert page.complaints() == []


def test_the_mouse_reads_what_is_below_it(page: Any) -> None:
    place = start(page, "error")
    page(f"{place}.querySelector('.canvas').scrollIntoView({{block: 'center'}})")
    box = page(BOX.format(place))
    x, y = box[0] + box[2] * 0.8, box[1] + box[3] * 0.5
    page.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    said = page(f"{place}.querySelector('.said').textContent")
    assert said.startswith("Inputs from 0x1")
    assert "Condition number" in said


def test_a_curve_is_hidden_and_shown_again(page: Any) -> None:
    place = start(page, "error")
    drawn = f"{place}.querySelectorAll('.canvas path[stroke-width]').length"
    assert page(drawn) == 4
    page(f"{place}.querySelector('.toggles button').click()")
    assert page(drawn) == 2
    assert page(f"{place}.querySelector('.toggles button').ariaPressed") == "false"
    page(f"{place}.querySelector('.toggles button').click()")
    assert page(drawn) == 4


def test_dragging_zooms_and_escape_shows_all(page: Any) -> None:
    place = start(page, "error")
    page(f"{place}.querySelector('.canvas').scrollIntoView({{block: 'center'}})")
    labels = f"[...{place}.querySelectorAll('.canvas text')].map(t => t.textContent)"
    before = page(labels)
    box = page(BOX.format(place))
    y = box[1] + box[3] / 2
    for kind, part, button in (
        ("mousePressed", 0.6, 1),
        ("mouseMoved", 0.65, 1),
        ("mouseReleased", 0.7, 0),
    ):
        page.send(
            "Input.dispatchMouseEvent", type=kind, x=box[0] + box[2] * part, y=y, button="left",
            buttons=button, clickCount=1,
        )  # fmt: skip
    assert page(labels) != before
    key(page, place, "Escape")
    assert page(labels) == before
    assert page.complaints() == []


@pytest.mark.parametrize("layout", range(4))
def test_inputs_are_laid_out_in_four_ways(page: Any, layout: int) -> None:
    place = start(page, "error")
    page(
        f"{{const s = {place}.querySelectorAll('select')[1]; s.value = '{layout}';"
        "s.dispatchEvent(new Event('change'))} 0"
    )
    path = page(f"{place}.querySelector('.canvas path[stroke-width]').getAttribute('d')")
    assert path.count("H") > 3
    assert "NaN" not in path
    key(page, place, "ArrowRight", 2)
    assert page(f"{place}.querySelector('.said').textContent").startswith("Inputs from")
    key(page, place, "+", 12)
    assert "NaN" not in page(f"{place}.querySelector('.canvas svg').outerHTML")
    assert page.complaints() == []


def test_another_format_has_its_own_axis(page: Any) -> None:
    place = start(page, "error")
    labels = f"{place}.querySelector('.canvas').textContent"
    before = page(labels)
    page(
        f"{{const s = {place}.querySelectorAll('select')[0]; s.value = '1';"
        "s.dispatchEvent(new Event('change'))} 0"
    )
    assert page(labels) != before


def test_marks_are_read_filtered_and_lead_to_their_routine(page: Any) -> None:
    place = start(page, "speed")
    marks = f"{place}.querySelectorAll('.canvas polygon').length"
    assert page(marks) == 8
    key(page, place, "ArrowRight", 2)
    assert "ns an element" in page(f"{place}.querySelector('.said').textContent")
    key(page, place, "Enter")
    target = page("decodeURIComponent(location.hash.slice(1))")
    assert page("document.getElementById(decodeURIComponent(location.hash.slice(1))) != null"), (
        target
    )
    page(
        f"{{const s = {place}.querySelector('select'); s.value = '2';"
        "s.dispatchEvent(new Event('change'))} 0"
    )
    assert page(marks) == 4
    page(f"{place}.querySelector('.toggles button').click()")
    assert page(marks) == 2
    assert page.complaints() == []


def test_figures_to_explore_are_not_printed(page: Any) -> None:
    place = start(page, "error")
    page.send("Emulation.setEmulatedMedia", media="print")
    assert page(f"getComputedStyle({place}).display") == "none"
    page.send("Emulation.setEmulatedMedia", media="")
