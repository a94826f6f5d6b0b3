"""The page in a real browser, Chromium without a window and without a network.

The browser is spoken to by its DevTools protocol over two pipes, one JSON object a message.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from halfulp_reports.html import form

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from halfulp.runs.store import Run

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason="no chromium is installed"),
    pytest.mark.timeout(120),
]
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>`${alert(3)}` </title>"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions",
    "--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe",
    "--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=127.0.0.1:9",
)  # fmt: skip


class Browser:
    """A browser with one page; what the page logs, raises and asks of the network is kept."""

    def __init__(self, home: Path) -> None:
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        # Chromium reads from descriptor 3 and writes to 4; high numbers are clear of both.
        ends = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 20) for fd in (to_browser, from_browser)]

        def place() -> None:
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        self._process = subprocess.Popen(
            [PROGRAM or "", *FLAGS, f"--user-data-dir={home}", "about:blank"],
            preexec_fn=place,  # noqa: PLW1509 - it only moves two descriptors
            close_fds=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for fd in (*ends, to_browser, from_browser):
            os.close(fd)
        self._waiting = b""
        self._number = 0
        self._session: dict[str, str] = {}
        self.events: list[dict[str, Any]] = []
        self._attach()

    def _attach(self) -> None:
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        self.send("Page.bringToFront")

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Carry out a method and return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if method.partition(".")[0] not in {"Target", "Browser"}:
            message |= self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._waiting:
            ready, _, _ = select.select([self._read], [], [], 60)
            assert ready, "the browser does not answer"
            part = os.read(self._read, 1 << 20)
            assert part, "the browser has ended"
            self._waiting += part
        text, _, self._waiting = self._waiting.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        return message

    def open(self, page: Path) -> None:
        """Load a page from its file and wait for it."""
        self.events.clear()
        self.send("Page.navigate", url=page.as_uri())
        while not self("document.readyState == 'complete' && location.protocol == 'file:'"):
            time.sleep(0.02)

    def __call__(self, script: str) -> Any:
        """Return the value of an expression in the page."""
        answer = self.send(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True,
            userGesture=True,
        )  # fmt: skip
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def complaints(self) -> list[dict[str, Any]]:
        """Return what the page logged or raised, and what it asked for beside itself."""
        self("0")
        wrong = {"Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"}
        wrong |= {"Page.javascriptDialogOpening"}
        asked = [e for e in self.events if e.get("method") == "Network.requestWillBeSent"]
        return [e for e in self.events if e.get("method") in wrong] + asked[1:]

    def close(self) -> None:
        self.send("Browser.close")
        self._process.wait(20)
        for fd in (self._read, self._write):
            os.close(fd)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    started = Browser(tmp_path_factory.mktemp("browser"))
    yield started
    started.close()


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Callable[[Run], Browser]:
    """Open the page of a run."""

    def show_run(run: Run) -> Browser:
        page = tmp_path / "report.html"
        page.write_text(form.render(run), encoding="utf-8")
        browser.open(page)
        return browser

    return show_run


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
    assert page("document.querySelectorAll('script').length") == 1
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
