"""What the pages share: templates that escape every value, and one script with its policy."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from math import cos, pi, sin
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from halfulp.exceptions import RunError
from halfulp_reports import numbers
from halfulp_reports.canvas import THICK, corners, dashes
from halfulp_reports.palette import SERIES
from halfulp_reports.plain import clip
from halfulp_reports.promises import GOOD, tone
from halfulp_reports.routines import anchor

_TEMPLATES = Path(__file__).parent / "templates"
_SCRIPTS = ("page.js", "chart.js")


def render(template: str, **values: Any) -> str:
    """Return a page made from a template."""
    script = "".join(_compact((_TEMPLATES / name).read_text("utf-8")) for name in _SCRIPTS)
    return (
        _environment()
        .get_template(template)
        .render(
            **values,
            script=Markup(script),  # noqa: S704 - our own files, with no text of a run in them
            script_hash=_hash(script),
        )
    )


def _compact(script: str) -> str:
    """Return one of our scripts without indentation and comments; no text of theirs spans lines."""
    lines = (line.strip() for line in script.splitlines())
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("//"))


@cache
def _environment() -> Environment:
    """Return the templates: every value is escaped, and an unknown one is an error."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.do"],
    )
    environment.filters.update(
        anchor=anchor,
        count=numbers.count,
        percent=numbers.percent,
        plural=numbers.plural,
        short=numbers.short,
        about=numbers.about,
        mean=numbers.mean,
        ns=numbers.nanoseconds,
        ratio=numbers.ratio,
        clip=clip,
        tone=tone,
        figure=_figure,
    )
    environment.globals["good"] = GOOD
    return environment


def _figure(text: str) -> str:
    """Return a decimal of a run at four digits, rounded up; what is none is left as it is."""
    try:
        return numbers.rounded_up(numbers.decimal(text))
    except RunError:
        return clip(text, 20)


def _hash(script: str) -> str:
    """Return what names a script in a Content-Security-Policy."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def data_block(data: object) -> Markup:
    """Return data as JSON that can stand in an element of a page, whatever its texts hold."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - nothing that could end the element is left in it


def line_sample(style: int) -> Markup:
    """Return a sample of the line of a style, for a legend."""
    pattern = " ".join(f"{length * 1.7:.2g}" for length in dashes(style))
    return Markup(
        '<svg class="sample" viewBox="0 0 34 8" aria-hidden="true"><path d="M1 4h32" '
        'style="stroke:var(--c{})" stroke-width="{}" stroke-dasharray="{}"/></svg>'
    ).format(style % SERIES + 1, THICK * 1.5, pattern or "none")


def mark_sample(mark: int) -> Markup:
    """Return a sample of the mark of a format, for a legend."""
    count, first = corners(mark)
    turns = [2 * pi * (first + corner / count) for corner in range(count)]
    points = " ".join(f"{8 + 6 * cos(turn):.1f},{8 - 6 * sin(turn):.1f}" for turn in turns)
    return Markup(
        '<svg class="mark" viewBox="0 0 16 16" aria-hidden="true"><polygon points="{}"/></svg>'
    ).format(points)
