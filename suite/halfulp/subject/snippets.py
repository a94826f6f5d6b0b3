"""Code of a document, run in the subject, and its result as JSON values.

What the code prints goes into a text of its own. Numbers travel as hexadecimal floats, so that what
is compared is what was computed and not what a library prints of it. Standard library only.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_NUMBERS = 1_000
"""Most numbers that a result may have: a document prints few."""

_MOST_PRINTED = 20_000
_SHORT_NAMES = {"numpy": "np"}


def names_for(packages: Iterable[str]) -> dict[str, Any]:
    """Return what code finds imported: `math`, and the packages of its backend."""
    names: dict[str, Any] = {"__name__": "__main__", "math": importlib.import_module("math")}
    for package in packages:
        names[package] = importlib.import_module(package)
        if package in _SHORT_NAMES:
            names[_SHORT_NAMES[package]] = names[package]
    return names


def run(code: str, names: dict[str, Any]) -> dict[str, Any]:
    """Run code and return its last expression's value, its format and what was printed.

    Parameters
    ----------
    code
        Statements as in a notebook's cell.
    names
        The names that the code finds; it may add to them.

    Returns
    -------
    dict
        `value`, nested lists of numbers (see `_as_data`); `format`, the name of the element type,
        or ""; `printed`.

    Raises
    ------
    TypeError
        If the value is nothing that a document prints as numbers.
    """
    tree = ast.parse(code, "<the claim's code>")
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed, value = io.StringIO(), None
    with contextlib.redirect_stdout(printed):
        # Running the study's own code is the purpose; this process is there for it.
        exec(compile(tree, "<the claim's code>", "exec"), names)  # noqa: S102
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "<the claim's code>", "eval"), names)  # noqa: S307
    data = _as_data(value, [0])
    return {
        "value": data,
        "format": str(getattr(value, "dtype", "")).rpartition(".")[2],
        "printed": printed.getvalue()[:_MOST_PRINTED],
    }


def _as_data(value: Any, seen: list[int]) -> Any:
    """Return a value as JSON: lists, null, booleans, text in a table, and numbers as texts.

    Floats are hexadecimal, integers decimal, complex numbers tables of two texts. `seen` counts the
    numbers so far.
    """
    match value:
        case None | bool():
            return value
        case str():
            return {"text": value[:_MOST_PRINTED]}
        case list() | tuple():
            return [_as_data(item, seen) for item in value]
    seen[0] += 1
    if seen[0] > MOST_NUMBERS:
        raise TypeError(f"the result has more than {MOST_NUMBERS} numbers")
    match value:
        case int():
            return str(value)
        case float():
            return float(value).hex()
        case complex():
            return {"re": value.real.hex(), "im": value.imag.hex()}
    if not hasattr(value, "tolist") or type(plain := value.tolist()) is type(value):
        raise TypeError(
            f"the result is a {type(value).__name__}, and no number, truth value, text or array"
        )
    return _as_data(plain, seen)
