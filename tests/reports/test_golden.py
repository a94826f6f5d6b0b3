"""Every form, whole, against what was read and accepted before.

`HALFULP_ACCEPT=1 pytest tests/reports/test_golden.py` writes what comes now, to be looked at in the
difference that git shows.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from halfulp._version import __version__
from halfulp.expectations.baseline_model import baseline_of
from halfulp.expectations.comparison import compare
from halfulp_reports import csv, html, markdown, text
from halfulp_reports import json as json_form

if TYPE_CHECKING:
    from collections.abc import Callable

    from halfulp.runs.store import Run

GOLDEN = Path(__file__).with_name("golden")
ACCEPT = bool(os.environ.get("HALFULP_ACCEPT"))
FORMS = {
    form.suffix: form for form in (csv.form, html.form, json_form.form, markdown.form, text.form)
}
COMPARED = {form.suffix: form for form in (html.form, json_form.form, markdown.form, text.form)}
_DRAWN = re.compile(r"(<svg[^>]*>).*?</svg>", re.DOTALL)
_DATA = re.compile(r"(<script type=\"application/json\">).*?</script>", re.DOTALL)


@pytest.fixture
def contents(hand: Any) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    """A run of every kind of row, with times, limits and claims."""
    contents, tables = hand.with_times(
        hand.synthetic(("exp", "erf", "pow"), ("numpy", "math"), ("float16", "float32"))
    )
    place = hand.identity("exp", "numpy", "float32")
    tables["limits"] = [hand.limit(place, verdict) for verdict in ("kept", "broken")]
    tables["claims"] = [hand.claim(n, verdict) for n, verdict in enumerate(("holds", "false"), 1)]
    return contents, tables


def check(name: str, written: str) -> None:
    """Compare with the file of a name, or write it if it is to be accepted."""
    file = GOLDEN / name
    if ACCEPT:
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(written, encoding="utf-8")
    expected = file.read_text(encoding="utf-8") if file.exists() else ""
    assert written == expected, f"HALFULP_ACCEPT=1 accepts it; look at the difference of {file}"


def plain(page: str) -> str:
    """Return a page without its style, its script, and what figures are drawn of."""
    page = re.sub(r"<style>.*?</style>", "<style></style>", page, flags=re.DOTALL)
    page = re.sub(r"<script>.*?</script>", "<script></script>", page, flags=re.DOTALL)
    page = re.sub(r"'sha256-[^']*'", "'sha256-'", page)
    return _DATA.sub(r"\1</script>", _DRAWN.sub(r"\1</svg>", page))


@pytest.mark.parametrize("suffix", FORMS)
def test_a_report_is_as_it_was(
    build: Callable[..., Run], contents: tuple[Any, Any], suffix: str
) -> None:
    written = FORMS[suffix].render(build(*contents))
    check(f"report{suffix}", plain(written) if suffix == ".html" else written)


@pytest.mark.parametrize("suffix", COMPARED)
def test_a_comparison_is_as_it_was(
    build: Callable[..., Run], contents: tuple[Any, Any], suffix: str
) -> None:
    manifest, tables = contents
    before = baseline_of(build(manifest, tables), "before")
    rows = tables["accuracy"]
    rows[0] |= {"max_ulp": 3.5, "max_ulp_low": 3.5, "max_ulp_text": "3.5"}
    rows[1] |= {"status": "crashed", "reason": "signal 11", "max_ulp_text": None}
    rows[2] |= {"seed": 4}
    rows[3] |= {"wrongly_rounded": 7}
    tables["timing"][0]["median_low_ns"] *= 3
    tables["timing"][0]["median_high_ns"] *= 3
    manifest["environment"]["python"] = "3.12.1"
    now = baseline_of(build(manifest, tables), "now")
    written = COMPARED[suffix].render_comparison(compare(before, now))
    written = written.replace(f"halfulp {__version__}", "halfulp VERSION")
    check(f"compare{suffix}", plain(written) if suffix == ".html" else written)
