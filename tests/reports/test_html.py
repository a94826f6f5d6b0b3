"""The page, read by a parser, on a run made by hand."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections import Counter
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from halfulp.exceptions import RunError
from halfulp.functions import CATALOGUE
from halfulp_reports import html
from halfulp_reports.html import form

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from halfulp.runs.store import Run

VOID = {"meta", "br", "hr", "img", "link", "input", "wbr", "col"}
HOSTILE = "\"'><script>alert(1)</script><!-- $x^2$ {{ 7*7 }} \N{COLLISION SYMBOL} ]]> &amp; </svg>"


class Page(HTMLParser):
    """Every element with its attributes and text; asserts that elements nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self._open):
            self.texts.append(data)

    def all(self, tag: str) -> Iterator[dict[str, str]]:
        return (attributes for name, attributes in self.elements if name == tag)

    @property
    def text(self) -> str:
        """All text, parted by elements, with white space made single."""
        return " ".join(" ".join(self.texts).split())


@pytest.fixture
def page(small: Run) -> Page:
    return Page(form.render(small))


def test_the_page_loads_nothing_and_runs_one_script(small: Run, page: Page) -> None:
    text = form.render(small)
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"link", "iframe", "object", "embed", "img", "base", "form", "use"}
    for _, attributes in page.elements:
        assert not any(name.startswith("on") for name in attributes)
        for name in ("href", "src", "xlink:href", "action", "data"):
            assert attributes.get(name, "#").startswith("#")
    assert "url(" not in text
    assert "@import" not in text
    assert "http" not in text.replace("http-equiv", "")
    policies = [a["content"] for a in page.all("meta") if "http-equiv" in a]
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    expected = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert policies == [expected]
    assert len(script.encode()) < 25_000


def test_the_page_is_whole_for_a_screen_reader(page: Page) -> None:
    figures = [a for a in page.all("svg") if a.get("aria-hidden") != "true"]
    assert len(figures) == 3
    for attributes in figures:
        assert attributes["role"] == "img"
        assert "Largest errors: " in attributes["aria-label"]
    assert sum(tag == "title" for tag, _ in page.elements) == 1 + len(figures)
    assert all(a.get("scope") in {"row", "col", "colgroup"} for a in page.all("th"))
    assert sum(tag == "caption" for tag, _ in page.elements) == len(list(page.all("table")))
    (root,) = page.all("html")
    assert root["lang"] == "en"


def test_ids_are_unique_and_every_link_has_its_target(page: Page) -> None:
    ids = Counter(a["id"] for _, a in page.elements if "id" in a)
    assert not [name for name, number in ids.items() if number > 1]
    targets = {a["href"][1:] for a in page.all("a")}
    assert targets <= ids.keys()
    assert {"summary", "exp/native/numpy/float16", "pow"} <= targets


def test_the_words_of_a_figure_say_what_it_shows(build: Callable[..., Run], hand: Any) -> None:
    page = Page(form.render(build(*hand.synthetic(("exp",), ("numpy",), ("float16",)))))
    (figure,) = [a for a in page.all("svg") if a.get("role") == "img"]
    assert figure["aria-label"] == (
        "Error of exp over its input, and histogram of the signed error. Largest errors: "
        "numpy float16 at most 0.5001 ulp, rounded up, at 0x1.004p+0."
    )


def test_curves_differ_by_dashes_and_not_only_by_colour(page: Page) -> None:
    samples = [a for a in page.all("path") if a.get("d") == "M1 4h32"]
    dashes = {a["style"]: a["stroke-dasharray"] for a in samples}
    assert len(dashes) == 2
    assert len(set(dashes.values())) == 2


def test_nothing_but_page_variables_colours_a_figure(page: Page) -> None:
    paths = [a for a in page.all("path") if "d" in a]
    assert paths
    for attributes in paths:
        for declaration in attributes["style"].split(";"):
            assert declaration.partition(":")[2].startswith(("var(--", "none"))


def test_a_maximum_just_above_a_half_is_not_shown_as_a_half(
    build: Callable[..., Run], hand: Any
) -> None:
    place = hand.identity("exp", "numpy", "float64")
    rows = [hand.accuracy(place, max_ulp=0.5000000000000543)]
    page = Page(form.render(build(hand.manifest(["numpy"]), {"accuracy": rows})))
    assert "The largest error is 0.5001 ulp" in page.text
    for number in (text.strip() for text in page.texts):
        assert number not in {"0.5", "0.50"}
    assert any(a.get("title") == "0.5000000000000543, sampled" for a in page.all("span"))


def test_kinds_are_marked(page: Page) -> None:
    assert "≤" in page.text
    assert "≥" in page.text
    assert "a lower bound" in page.text
    assert "Exhaustive here: 2 of 10 routines." in page.text


def test_what_is_unavailable_is_listed_with_its_reason(page: Page) -> None:
    after = page.text.partition("What was not measured These rows")[2]
    assert "unavailable numpy has no erf" in after
    assert "erf/native/numpy/float16" in after
    titles = [a.get("title") for a in page.all("a")]
    assert "unavailable: numpy has no erf" in titles


def test_special_values_have_their_witness(page: Page) -> None:
    assert "Wrong special values" in page.text
    assert "a zero of the wrong sign" in page.text
    assert "halfulp measure pow --backend numpy" in page.text


def test_an_interrupted_run_says_so_first(build: Callable[..., Run], hand: Any) -> None:
    contents, tables = hand.synthetic(("exp",), ("numpy",), ("float32",))
    place = hand.identity("log", "numpy", "float32")
    tables["accuracy"].append(hand.missing(place, "not measured", "the run was interrupted"))
    contents |= {"status": "interrupted", "finished": None}
    page = Page(form.render(build(contents, tables)))
    assert page.text.index("This run is interrupted.") < page.text.index("The largest error")
    assert "not measured the run was interrupted 1 log/native/numpy/float32" in page.text
    assert "not finished" in page.text


def test_undecided_inputs_are_shown(build: Callable[..., Run], hand: Any) -> None:
    place = hand.identity("exp", "numpy", "float32")
    rows = [hand.accuracy(place, undecided_error=2, undecided_rounding=1)]
    page = Page(form.render(build(hand.manifest(["numpy"]), {"accuracy": rows})))
    assert "2 error, 1 rounding" in page.text
    assert "Undecided 3 never counted as right" in page.text


@pytest.mark.parametrize("rows", [0, 1])
def test_a_run_without_figures_has_a_page(build: Callable[..., Run], hand: Any, rows: int) -> None:
    row = hand.missing(hand.identity("exp", "numpy", "float32"), "crashed", "signal 11")
    page = Page(form.render(build(hand.manifest(["numpy"]), {"accuracy": [row][:rows]})))
    assert "Nothing was measured" in page.text
    assert ("crashed signal 11" in page.text) == bool(rows)


def test_a_format_and_a_function_that_nobody_knows(build: Callable[..., Run], hand: Any) -> None:
    contents, tables = hand.synthetic(("exp",), ("numpy",), ("float32",))
    for name in ("accuracy", "profile", "witnesses"):
        for record in tables[name]:
            record["format"] = "posit32"
    assert "posit32" in Page(form.render(build(contents, tables))).text


def test_the_ranges_of_every_format_are_shown_the_first_open(page: Page) -> None:
    ranges = [a for a in page.all("details") if a.get("class") == "where"]
    assert ["open" in a for a in ranges] == [True, False] * 3
    assert "Where the errors lie in float16" in page.text
    assert "nan and ∞ none due; none wrong" in page.text
    assert "2 wrong: a zero of the wrong sign" in page.text


def test_commands_repeat_what_was_found_and_not_what_had_to_come(
    build: Callable[..., Run], hand: Any
) -> None:
    contents, tables = hand.synthetic(("exp",), ("numpy",), ("float32",), ("edges",))
    place = hand.identity("exp", "numpy", "float32", sampler="edges")
    tables["witnesses"].append(hand.witness(place, "nan_expected", command="halfulp due"))
    page = Page(form.render(build(contents, tables)))
    commands = [a["data-command"] for a in page.all("li") if "data-command" in a]
    assert commands == ["1.0"]
    assert [a["data-repeat"] for a in page.all("td") if "data-repeat" in a] == commands
    assert "halfulp due" not in page.text


def test_the_first_table_has_different_functions_if_there_are_enough(
    build: Callable[..., Run], hand: Any
) -> None:
    page = Page(form.render(build(*hand.synthetic(formats=("float32",)))))
    first = page.text.partition("the worst routine of each function")[2].partition("Summary")[0]
    assert first.count("at least") == html.MOST_RANKED
    named = [name for name in re.findall(r"[a-z0-9]+", first) if name in {"exp", "log", "sin"}]
    assert len(named) == len(set(named))
    few = Page(form.render(build(*hand.synthetic(("exp", "log")))))
    assert "the worst routine of each function" not in few.text


# -- hostile text ----------------------------------------------------------------------------


@pytest.mark.parametrize("text", [HOSTILE, "x" * 10_000, "\u202egnal", "\x00\x1b[31m", " "])
def test_hostile_labels_stay_text(build: Callable[..., Run], hand: Any, text: str) -> None:
    contents, tables = hand.with_times(
        hand.synthetic(("exp", "log"), ("numpy",), ("float32",), ("spread:9",))
    )
    plain = Page(form.render(build(contents, tables)))
    timed = ("timing", "timing_ratios", "timing_fits")
    for name in ("accuracy", "profile", "witnesses", *timed):
        for record in tables[name]:
            if record["function"] == "exp":
                named = [
                    "function",
                    "formula",
                    "backend",
                    "region",
                    "expression",
                    "note",
                    "command",
                    "warnings",
                    "verdict",
                    "stage",
                ]
                record.update({key: text for key in named if key in record})
                record["routine"] = f"{text}/{text}/{text}/float32"
    said = {"reason": text, "note": text, "versions": {text: text}, "settings": {text: text}}
    contents["backends"] = {text: contents["backends"]["numpy"] | said}
    contents["study"] = dict.fromkeys(("name", "title", "text"), text) | {"seed": 0}
    contents |= {"command": text, "environment": {text: text}}
    page = Page(form.render(build(contents, tables)))
    tags = {tag for tag, _ in page.elements}
    assert not tags - {tag for tag, _ in plain.elements} - {"details", "summary", "ul", "li"}
    assert not any(name.startswith("on") for _, a in page.elements for name in a)
    if text == HOSTILE:
        assert HOSTILE in "".join(page.texts)
        words = next(a["aria-label"] for a in page.all("svg") if a.get("role") == "img")
        assert HOSTILE[:50] in words


def test_a_lone_surrogate_in_run_json_does_not_stop_the_report(
    build: Callable[..., Run], hand: Any
) -> None:
    contents, tables = hand.synthetic(("exp",), ("numpy",), ("float32",))
    run = build(contents, tables)
    run.manifest["command"] = "\ud800"
    assert b"?" in form.render(run).encode("utf-8", "replace")


def test_a_maximum_that_is_no_number_is_a_damaged_run(build: Callable[..., Run], hand: Any) -> None:
    place = hand.identity("exp", "numpy", "float32")
    rows = [hand.accuracy(place, max_ulp_text="<b>lots</b>")]
    with pytest.raises(RunError, match="damaged"):
        form.render(build(hand.manifest(["numpy"]), {"accuracy": rows}))


# -- size ------------------------------------------------------------------------------------


def test_beyond_the_figures_that_a_page_holds_the_tables_stay(
    build: Callable[..., Run], hand: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(html, "MOST_FIGURES", 1)
    page = Page(form.render(build(*hand.synthetic(("exp", "log"), ("math",), ("float32",)))))
    assert sum(a.get("role") == "img" for a in page.all("svg")) == 1
    assert "No figure: a page holds 1." in page.text
    assert "Figures of log by routine" in page.text


@pytest.mark.parametrize(
    ("functions", "backends", "seconds", "most"),
    [(1, 1, 4, 500_000), (40, 5, 20, 4_000_000)],
    ids=["one routine", "200 routines"],
)
def test_a_report_is_quick_and_small(
    build: Callable[..., Run], hand: Any, functions: int, backends: int, seconds: int, most: int
) -> None:
    names = tuple(CATALOGUE)[:functions]
    made_by = tuple(f"backend-{number}" for number in range(backends))
    run = build(*hand.with_times(hand.synthetic(names, made_by, ("float32",))))
    # The time of this process: others may keep the machine busy.
    start = time.process_time()
    page = form.render(run)
    assert time.process_time() - start < seconds
    assert len(page.encode()) < most
    assert page.count('role="img"') <= html.MOST_FIGURES


def test_the_same_run_gives_the_same_page(small: Run) -> None:
    assert form.render(small) == form.render(small)
