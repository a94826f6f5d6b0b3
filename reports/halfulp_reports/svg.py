"""Matplotlib's SVG made fit for a page: small, without ids, coloured by the page's variables.

Figures are drawn in stand-in colours, one for each role, which become CSS variables here, so that
one drawing serves light and dark. Every drawing of `halfulp_reports.plots` keeps inside its axes
and draws no marker: no clip path, definition or id is needed, and many figures can share a page.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from io import StringIO
from typing import TYPE_CHECKING

from halfulp_reports.canvas import style
from halfulp_reports.palette import INK, VARIABLES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_KEPT = ("fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity")
_DEFAULTS = {("stroke-width", "1"), ("stroke-dasharray", "none")}


def inline_svg(figure: Figure, alternative: str) -> str:
    """Return a figure as an <svg> element for a page, with its text alternative."""
    buffer = StringIO()
    with style():
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    drawn = ET.fromstring(buffer.getvalue())  # noqa: S314 - matplotlib's output, not the user's
    root = ET.Element(
        "svg",
        {"viewBox": drawn.attrib["viewBox"], "role": "img", "aria-label": alternative},
    )
    ET.SubElement(root, "title").text = alternative
    for element in drawn.iter():
        kind = element.tag.rpartition("}")[2]
        if kind == "path":
            _add_path(root, element)
        elif kind == "text":
            _add_text(root, element)
    return ET.tostring(root, encoding="unicode")


def _add_path(root: ET.Element, path: ET.Element) -> None:
    """Copy a drawn path; backgrounds and tick marks are in no stand-in colour and are left out."""
    style = _declared(path)
    colours = {style.get("stroke"), style.get("fill")} & VARIABLES.keys()
    if not colours:
        return
    style.setdefault("fill", "none")
    attributes = {"d": _compact(path.attrib["d"])}
    variables = [f"{name}:{_variable(style[name])}" for name in ("fill", "stroke") if name in style]
    attributes["style"] = ";".join(variables)
    for name in _KEPT[2:]:
        if name in style and (name, style[name]) not in _DEFAULTS:
            attributes[name] = style[name]
    ET.SubElement(root, "path", attributes)


def _add_text(root: ET.Element, text: ET.Element) -> None:
    """Copy a text, in the page's own typeface."""
    style = _declared(text)
    attributes = {
        "x": f"{float(text.attrib['x']):.1f}",
        "y": f"{float(text.attrib['y']):.1f}",
        "font-size": style["font-size"],
    }
    rotation = text.attrib.get("transform", "")
    if not rotation.startswith("rotate(-0 "):
        attributes["transform"] = rotation
    if style.get("text-anchor", "start") != "start":
        attributes["text-anchor"] = style["text-anchor"]
    attributes["style"] = f"fill:{_variable(style.get('fill', INK))}"
    ET.SubElement(root, "text", attributes).text = text.text


def _declared(element: ET.Element) -> dict[str, str]:
    pairs = (part.partition(":") for part in element.attrib.get("style", "").split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs if value}


def _variable(colour: str) -> str:
    return f"var({VARIABLES[colour]})" if colour in VARIABLES else colour


def _compact(path: str) -> str:
    """Return a path of lines in relative steps of a tenth, joined where they go straight on."""
    commands: list[str] = []
    here = (0, 0)
    step = (0, 0)  # the step not yet written, so that steps in line with it can be added to it
    for command, x, y in re.findall(r"([ML]) (\S+) (\S+)", path):
        point = (round(float(x) * 10), round(float(y) * 10))
        move = (point[0] - here[0], point[1] - here[1])
        here = point
        if command == "M":
            commands += [_relative(step), f"M{_tenths(point[0])} {_tenths(point[1])}"]
            step = (0, 0)
        elif _in_line(step, move):
            step = (step[0] + move[0], step[1] + move[1])
        else:
            commands.append(_relative(step))
            step = move
    return "".join([*commands, _relative(step), "z" if path.rstrip().endswith("z") else ""])


def _in_line(step: tuple[int, int], move: tuple[int, int]) -> bool:
    """Tell whether two steps go the same way along one axis."""
    along = step[0] * move[0] + step[1] * move[1]
    return along >= 0 and ((step[0] == move[0] == 0) or (step[1] == move[1] == 0))


def _relative(step: tuple[int, int]) -> str:
    if step == (0, 0):
        return ""
    if step[1] == 0:
        return f"h{_tenths(step[0])}"
    if step[0] == 0:
        return f"v{_tenths(step[1])}"
    return f"l{_tenths(step[0])} {_tenths(step[1])}"


def _tenths(value: int) -> str:
    whole, tenth = divmod(abs(value), 10)
    text = f"{whole}.{tenth}" if tenth else f"{whole}"
    return f"-{text}" if value < 0 else text
