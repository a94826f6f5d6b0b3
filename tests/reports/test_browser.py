"""The page in a real browser, Chromium without a window and without a network."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from halfulp.runs.store import Run

pytestmark = pytest.mark.timeout(120)
Browser: TypeAlias = Any
"""The browser of the fixture `show`, open at a page."""

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>`${alert(3)}` </title>"


def names(browser: Browser) -> list[str]:
    """The functions in the rows of the summary that can be seen, from the top."""
    found: list[str] = browser(
        "[...document.querySelectorAll('#matrix tbody tr')].filter(r => r.offsetHeight)"
        ".map(r => r.cells[0].innerText.trim())"
    )
    return found


def test_the_page_renders_without_a_complaint_and_asks_for_nothing(
    small: Run, show: Callable[[Run], Browser]
) -> None:
    page = show(small)
    assert page("document.querySelector('h1').offsetHeight") > 0
    assert page("document.querySelectorAll('.heat tbody tr').length") > 20
    assert page("getComputedStyle(document.querySelector('.key')).display") == "grid"
    assert page.complaints() == []


def test_the_policy_stops_another_script_and_every_request(
    small: Run, show: Callable[[Run], Browser]
) -> None:
    page = show(small)
    page(
        "document.body.append(Object.assign(document.createElement('script'),"
        "{textContent: 'window.broken = 1'})); "
        "document.body.append(Object.assign(new Image(), {src: 'http://localhost/x'})); 0"
    )
    assert page("window.broken") is None
    assert page("fetch('http://localhost/x').then(() => 'loaded', () => 'refused')") == "refused"
    assert any("Content Security Policy" in str(event) for event in page.complaints())


def test_nothing_is_wider_than_a_narrow_window(small: Run, show: Callable[[Run], Browser]) -> None:
    page = show(small)
    for width in (360, 1280):
        page.send(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=800, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        assert page("document.documentElement.scrollWidth") <= width
    page.send("Emulation.clearDeviceMetricsOverride")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_differ_and_are_legible(
    small: Run, show: Callable[[Run], Browser], scheme: str
) -> None:
    page = show(small)
    page.send(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
    )
    light = (
        "(e, p) => getComputedStyle(e)[p].match(/[0-9.]+/g).slice(0, 3)"
        ".reduce((sum, part) => sum + part / 765, 0)"
    )
    paper = page(f"({light})(document.body, 'backgroundColor')")
    assert (paper > 0.9) == (scheme == "light")
    for selector in ("p", ".quiet", "td.g-more", ".heat th", "button.copy", "select"):
        ink = page(f"({light})(document.querySelector('{selector}') ?? document.body, 'color')")
        assert abs(ink - paper) > 0.3, selector
    page.send("Emulation.setEmulatedMedia", features=[])


def test_the_summary_is_sorted_by_a_click_and_back(
    build: Callable[..., Run], hand: Any, show: Callable[[Run], Browser]
) -> None:
    contents, tables = hand.manifest(["numpy"]), {"accuracy": []}
    errors = {"exp": "0.7", "log": "3.5", "erf": None, "cos": "1e700", "sin": "12"}
    for name, error in errors.items():
        place = hand.identity(name, "numpy", "float32")
        row = hand.accuracy(place, max_ulp_text=error, max_ulp=None)
        tables["accuracy"].append(row)
    page = show(build(contents, tables))
    orders = []
    for _ in range(4):
        orders.append(names(page))
        page("document.querySelector('[data-column=\"1\"] button').click()")
    assert orders == [
        ["exp", "log", "erf", "cos", "sin"],
        ["cos", "sin", "log", "exp", "erf"],
        ["exp", "log", "sin", "cos", "erf"],
        ["exp", "log", "erf", "cos", "sin"],
    ]
    assert page("document.querySelector('[data-column=\"1\"]').ariaSort") == "descending"
    assert page("document.querySelector('#status').textContent") == (
        "Sorted by numpy, float32, descending."
    )
    page("document.querySelector('[data-column=\"0\"] button').click()")
    assert names(page) == sorted(errors)
    assert page.complaints() == []


def test_the_summary_is_filtered_by_words_and_by_grade(
    build: Callable[..., Run], hand: Any, show: Callable[[Run], Browser]
) -> None:
    page = show(build(*hand.synthetic(("exp", "expm1", "erf", "pow"))))
    page(
        "{const i = document.querySelector('#filter-words'); i.value = 'EXP';"
        "i.dispatchEvent(new Event('input'))} 0"
    )
    assert names(page) == ["exp", "expm1"]
    assert page("document.querySelector('#tools').innerText").endswith("2 of 4 rows")
    page(
        "{const i = document.querySelector('#filter-words'); i.value = '';"
        "const s = document.querySelector('#filter-grade'); s.value = ':has(.special)';"
        "s.dispatchEvent(new Event('change'))} 0"
    )
    assert names(page) == ["pow"]
    assert page.complaints() == []


def test_commands_are_copied_from_the_list_and_from_a_witness(
    small: Run, show: Callable[[Run], Browser]
) -> None:
    page = show(small)
    page.send(
        "Browser.grantPermissions",
        permissions=["clipboardReadWrite", "clipboardSanitizedWrite"],
    )
    for place in ("[data-command]", "[data-repeat]"):
        copied = page(
            "(async () => { await navigator.clipboard.writeText('');"
            f"const b = document.querySelector('{place} button'); b.click();"
            "for (let n = 0; n < 100 && b.textContent != 'copied'; n++)"
            "  await new Promise(done => setTimeout(done, 20));"
            "return b.textContent + ': ' + await navigator.clipboard.readText(); })()"
        )
        command = page("document.querySelector('[data-command] code').textContent")
        assert command.startswith("halfulp measure exp --backend numpy")
        assert copied == f"copied: {command}"
    assert page.complaints() == []


def test_every_control_has_a_name_and_can_be_reached_by_keyboard(
    small: Run, show: Callable[[Run], Browser]
) -> None:
    page = show(small)
    tree = page.send("Accessibility.getFullAXTree")["nodes"]
    controls = [
        node
        for node in tree
        if node.get("role", {}).get("value") in {"button", "searchbox", "combobox", "link"}
    ]
    assert len(controls) > 20
    assert all(node["name"]["value"] for node in controls)
    assert page(
        "[...document.querySelectorAll('button, input, select')].every(e => e.tabIndex == 0)"
    )


def test_everything_is_readable_without_the_script(
    small: Run, show: Callable[[Run], Browser], browser: Browser
) -> None:
    browser.send("Emulation.setScriptExecutionDisabled", value=True)
    try:
        page = show(small)
        assert page("document.querySelectorAll('button').length") == 0
        assert page("getComputedStyle(document.querySelector('#tools')).display") == "none"
        assert names(page) == ["exp", "erf", "pow"]
        assert page("document.querySelector('[data-command] code').textContent")
    finally:
        browser.send("Emulation.setScriptExecutionDisabled", value=False)


def test_hostile_labels_do_nothing_in_a_browser(
    build: Callable[..., Run], hand: Any, show: Callable[[Run], Browser]
) -> None:
    contents, tables = hand.synthetic(("exp", "log"), ("numpy",), ("float32",))
    for records in tables.values():
        for record in records:
            labels = ("function", "formula", "backend", "region", "sampler", "command", "note")
            record.update({name: HOSTILE for name in labels if name in record})
            record["routine"] = "/".join([HOSTILE] * 3 + ["float32"])
    contents["study"]["title"] = contents["command"] = HOSTILE
    page = show(build(contents, tables))
    page("document.querySelector('[data-column=\"1\"] button').click()")
    page("document.querySelector('[data-command] button').click()")
    assert names(page)
    assert page("document.querySelector('[data-command] code').textContent") == HOSTILE
    assert page("document.querySelectorAll('script:not([type])').length") == 1
    assert page("document.images.length") == 0
    assert page.complaints() == []


def test_the_page_is_printed_whole(small: Run, show: Callable[[Run], Browser]) -> None:
    page = show(small)
    page.send("Emulation.setEmulatedMedia", media="print")
    assert page("[...document.querySelectorAll('.heat')].every(t => t.offsetHeight > 0)")
    assert page("getComputedStyle(document.querySelector('button.copy')).display") == "none"
    printed = base64.b64decode(page.send("Page.printToPDF", printBackground=True)["data"])
    assert printed.startswith(b"%PDF")
    page.send("Emulation.setEmulatedMedia", media="")


def test_the_summary_is_sorted_by_time_where_there_is_one(
    build: Callable[..., Run], hand: Any, show: Callable[[Run], Browser]
) -> None:
    contents, tables = hand.synthetic(("exp", "log", "sin"), ("numpy",), ("float32",))
    for function, ns in (("exp", 3.0), ("log", 40.0)):
        place = hand.identity(function, "numpy", "float32")
        hand.timed(tables, place, place["routine"], ns)
    page = show(build(contents, tables))
    page("document.querySelector('[data-column=\"1\"] button').click()")
    page(
        "{const s = document.querySelector('#sort-by'); s.value = 'time';"
        "s.dispatchEvent(new Event('change'))} 0"
    )
    assert names(page) == ["log", "exp", "sin"]  # what has no time comes last either way
    page("document.querySelector('[data-column=\"1\"] button').click()")
    assert names(page) == ["exp", "log", "sin"]
    assert page.complaints() == []


def test_without_times_nothing_is_sorted_by_them(
    small: Run, show: Callable[[Run], Browser]
) -> None:
    page = show(small)
    assert page("[...document.querySelector('#sort-by').options].map(o => o.value)") == [
        "error",
        "wrong",
    ]
