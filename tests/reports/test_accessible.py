"""The page against the rules of axe-core, in light, in dark, and as others print it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from halfulp.runs.store import Run

pytestmark = pytest.mark.timeout(200)
SERIOUS = {"serious", "critical"}


@pytest.fixture(scope="module")
def rules() -> str:
    """The script of axe-core."""
    found = find_spec("axe_core_python")
    assert found is not None
    assert found.submodule_search_locations is not None
    return (Path(found.submodule_search_locations[0]) / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def full(build: Callable[..., Run], hand: Any) -> Run:
    """A run in which every section of the page has something to show."""
    contents, tables = hand.with_times(
        hand.synthetic(("exp", "erf", "pow"), ("numpy", "math"), ("float16", "float32"))
    )
    place = hand.identity("exp", "numpy", "float32")
    verdicts = ("kept", "broken", "not measured")
    tables["limits"] = [hand.limit(place, verdict) for verdict in verdicts]
    tables["claims"] = [
        hand.claim(n, v) for n, v in enumerate(("holds", "false", "unavailable"), 1)
    ]
    return build(contents, tables)


def violations(page: Any, rules: str) -> list[str]:
    """Return the serious violations that axe-core sees, each with the first element."""
    page(f"{rules}; 0")
    found = page(
        "axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.map("
        "v => [v.impact, v.id, v.nodes[0].html.slice(0, 200), v.nodes[0].failureSummary]))"
    )
    return [str(each) for each in found if each[0] in SERIOUS]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_rule_of_axe_is_seriously_violated(
    full: Run, show: Callable[[Run], Any], rules: str, scheme: str
) -> None:
    page = show(full)
    page.send(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
    )
    page("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    page("document.querySelectorAll('.explore .start').forEach(b => b.click())")
    assert violations(page, rules) == []
    page.send("Emulation.setEmulatedMedia", features=[])


def test_the_rules_see_a_violation(full: Run, show: Callable[[Run], Any], rules: str) -> None:
    page = show(full)
    page("document.querySelector('.quiet').style.color = '#ddd'; 0")
    page("document.documentElement.removeAttribute('lang')")
    found = "".join(violations(page, rules))
    assert "color-contrast" in found
    assert "html-has-lang" in found
