"""The loop over scalars that a Python program writes, to be timed.

The inputs are a list of Python's floats. Results go into a new list, or one by one into an array of
the format. Where math raises for one of the inputs, what is timed is the evaluation that is judged.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from halfulp.backend import Call, Unavailable
from halfulp_backends._calls import Operation, expression

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from halfulp.backend import Arrays, Evaluate, Request

_Item: TypeAlias = Literal["f", "d"]

_CODES: dict[str, _Item] = {"float32": "f", "float64": "d"}
_INFIX = {
    "+": "{0} + {1}",
    "-": "{0} - {1}",
    "*": "{0} * {1}",
    "/": "{0} / {1}",
    "negate": "-{0}",
}
_TRIED = 1 << 14
"""How many elements are tried: inputs repeat after fewer."""

_FRESH = """\
def loop():
    return [{code} for {point} in {columns}]
"""

_STORED = """\
def loop():
    out = results
    for place, value in enumerate({columns}):
        {point} = value
        out[place] = {code}
"""


def loop(
    request: Request,
    arrays: Arrays,
    operations: Mapping[str, Callable[..., float]],
    evaluate: Evaluate,
) -> Call:
    """Return the loop of a request.

    Parameters
    ----------
    request, arrays
        What is called on what.
    operations
        What the adapter evaluates formulas with.
    evaluate
        The evaluation that is judged, where the plain loop will not do.

    Raises
    ------
    Unavailable
        If the arrays are not such as a list of floats can be.
    """
    if arrays.latency:
        raise Unavailable("Python's loop is timed as it is; latency is timed in C.")
    code = _CODES.get(request.format.name)
    found = None if code is None else _plain(request, arrays, operations, code)
    if found is not None:
        return found
    if arrays.output is None or arrays.stride != 1:
        raise Unavailable("Only the evaluation into a given array can be timed here.")
    return Call(partial(evaluate, arrays.inputs, arrays.output), "")


def _plain(
    request: Request, arrays: Arrays, operations: Mapping[str, Callable[..., float]], item: _Item
) -> Call | None:
    """Return the plain loop, or None if it raises for some input."""
    names = request.arguments
    namespace: dict[str, Any] = {}
    code, shown = expression(request, "Python's math", float, _written(operations), namespace)
    inputs = [view.cast("B").cast(item)[:: arrays.stride] for view in arrays.inputs]
    for name, column in zip(names, inputs, strict=True):
        namespace[f"all_{name}"] = column[:_TRIED].tolist()
    if arrays.output is not None:
        namespace["results"] = arrays.output.cast("B").cast(item)
    run = _function(_FRESH if arrays.output is None else _STORED, code, names, namespace)
    try:
        run()
    except (ValueError, ArithmeticError):
        return None
    for name, column in zip(names, inputs, strict=True):
        namespace[f"all_{name}"] = column.tolist()
    stored = "" if arrays.output is None else ", stored in out one by one"
    inner = shown[1:-1] if shown.startswith("(") else shown
    return Call(run, f"[{inner} for {', '.join(names)} in points]{stored}")


def _function(
    template: str, code: str, names: tuple[str, ...], namespace: dict[str, Any]
) -> Callable[[], object]:
    """Return the loop as a function, compiled from its source."""
    columns = ", ".join(f"all_{name}" for name in names)
    source = template.format(
        code=code,
        point=", ".join(names),
        columns=columns if len(names) == 1 else f"zip({columns})",
    )
    exec(source, namespace)  # noqa: S102 - our own source, written from a tree
    run: Callable[[], object] = namespace["loop"]
    return run


def _written(operations: Mapping[str, Callable[..., float]]) -> dict[str, Operation]:
    """Return operations as a program writes them: `math`'s own functions, infix operators."""
    written = {}
    for name, careful in operations.items():
        if name in _INFIX:
            written[name] = Operation(careful, name, _INFIX[name])
        else:
            plain = "pow" if name == "**" else name
            written[name] = Operation(getattr(math, plain), f"math.{plain}")
    return written
