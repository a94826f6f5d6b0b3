"""What the figures draw, in numbers; how they look is looked at."""

from __future__ import annotations

import numpy as np
import pytest

from halfulp.formats import FORMATS
from halfulp_reports import canvas, histograms, plots, svg
from halfulp_reports.plots import Curve, Panel
from halfulp_reports.scales import ErrorScale, encoding_position


def error_figure(panels: list[Panel], words: str) -> str:
    """Return the figure as a page has it."""
    return svg.inline_svg(plots.error_figure(panels), words)


@pytest.mark.parametrize("name", FORMATS)
def test_inputs_lie_in_the_order_of_encodings(name: str) -> None:
    record = FORMATS[name]
    top = record.max_magnitude
    ordinals = np.unique(np.linspace(-top, top, 1001).astype(np.int64).clip(-top, top))
    values = np.array([float(record.value(record.from_ordinal(int(n)))) for n in ordinals])
    expected = ordinals / 2.0 ** (record.p - 1)
    np.testing.assert_allclose(encoding_position(values, record), expected, rtol=1e-12)


def test_infinities_lie_at_the_ends() -> None:
    record = FORMATS["float16"]
    ends = encoding_position(np.array([-np.inf, 65504.0, np.inf]), record)
    assert ends[1] == ends[2] == -ends[0]


@pytest.mark.parametrize("largest", [0.0, 0.5, 1.0, 1.7, 9.0, 2.0**23, 2.0**53])
def test_the_error_scale_rises_and_shows_a_half_and_one(largest: float) -> None:
    scale = ErrorScale(largest)
    heights = scale.place(np.array([0, 0.25, 0.5, 1, 2, 4, 2.0**53]))
    assert (np.diff(heights) > 0).all()
    assert heights[3] < scale.top
    assert float(scale.place(np.array([largest]))[0]) < scale.top
    places, labels = scale.ticks()
    assert labels[:3] == ["0", "0.5", "1"]
    assert len(places) <= 8


def test_bins_of_several_samplers_are_laid_over_one_another() -> None:
    record = FORMATS["float32"]
    edges = np.linspace(100, 140, plots.CELLS + 1)
    bins = [
        {"low": 1.0, "high": 2.0, "max_ulp": 0.5, "mean_ulp": 0.1, "count": 30},
        {"low": 1.0, "high": 1.0, "max_ulp": 3.0, "mean_ulp": 0.5, "count": 10},
        {"low": 2.0, "high": 2.0, "max_ulp": 0.2, "mean_ulp": None, "count": 0},
    ]
    largest, mean = plots.over_cells(bins, edges, record)
    one = int(np.searchsorted(edges, 127, side="right") - 1)
    assert largest[one] == 3.0
    assert mean[one] == pytest.approx(0.2)
    assert largest[one + 1] == 0.5
    assert np.isnan(largest[one - 1])


def test_shares_are_of_all_inputs_and_keep_the_tails() -> None:
    counts = [0] * 252
    counts[64], counts[128], counts[189], counts[190], counts[251] = 6, 1, 1, 1, 1
    shares = histograms.shares(Curve(0, histograms=[counts, [1, 2, 3]]))
    assert shares[65] == 60
    assert (shares[0], shares[-1]) == (20, 20)
    assert shares.sum() == 100
    assert histograms.reach_of(shares) == histograms._TAIL


def test_paths_are_short_and_end_where_they_should() -> None:
    drawn = "M 10 20 \nL 12.04 20 \nL 14.06 20 \nL 14.06 5 \nM 30 30 \nL 31 32.5 \nz\n"
    assert svg._compact(drawn) == "M10 20h4.1v-15M30 30l1 2.5z"


def test_going_back_along_a_line_is_not_joined() -> None:
    assert svg._compact("M 0 0 \nL 5 0 \nL 2 0 \n") == "M0 0h5h-3"


@pytest.mark.parametrize(
    "bins",
    [
        [],
        [{"low": None, "high": None, "max_ulp": None, "mean_ulp": None, "count": 0}],
        [{"low": 1.0, "high": 1.0, "max_ulp": 0.0, "mean_ulp": 0.0, "count": 1}],
        [{"low": -1e300, "high": 1e300, "max_ulp": 2.0**53, "mean_ulp": 2.0**40, "count": 1}],
        [{"low": 0.0, "high": float("inf"), "max_ulp": 1.0, "mean_ulp": 1.0, "count": 1}],
    ],
    ids=["none", "null", "one exact", "all", "infinite"],
)
def test_a_figure_of_unusual_bins_is_drawn(bins: list[dict[str, float | None]]) -> None:
    panel = Panel(FORMATS["float16"], [Curve(0, bins, [])])
    drawn = error_figure([panel], "words <&>")
    assert drawn.startswith("<svg viewBox=")
    assert "<title>words &lt;&amp;&gt;</title>" in drawn
    assert " id=" not in drawn
    assert "nan" not in drawn


def test_the_user_s_own_settings_of_matplotlib_change_nothing() -> None:
    import matplotlib as mpl

    panel = Panel(FORMATS["float16"], [])
    before = error_figure([panel], "")
    with mpl.rc_context({"font.size": 30, "svg.fonttype": "path", "axes.grid": False}):
        assert error_figure([panel], "") == before


def test_wrong_special_values_have_a_rail_above_the_axis() -> None:
    quiet = {"low": -4.0, "high": -2.0, "max_ulp": 0.4, "mean_ulp": 0.1, "count": 9, "specials": 0}
    bad = {"low": 2.0, "high": 4.0, "max_ulp": 0.0, "mean_ulp": None, "count": 0, "specials": 7}
    record = FORMATS["float16"]
    without = error_figure([Panel(record, [Curve(0, [quiet]), Curve(1, [quiet])])], "")
    drawn = error_figure([Panel(record, [Curve(0, [quiet]), Curve(1, [quiet, bad])])], "")
    assert "> special</text>" in drawn
    assert "> special</text>" not in without
    thick = f'stroke-width="{2 * canvas.THICK:g}"'
    rails = [path for path in drawn.split("<path") if thick in path]
    assert len(rails) == 1
    assert "var(--c2)" in rails[0]
