"""Formulas as Python calls without anything around them, to be timed.

`halfulp_backends._formulas` evaluates a tree by closures, which cost more than many an operation on
a small array. Here the tree becomes the source of one lambda, the call that a user would write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from halfulp.backend import Unavailable
from halfulp.expressions import Apply, Expression, Name, calls, fold, to_text
from halfulp_backends._formulas import pi

if TYPE_CHECKING:
    from fractions import Fraction

    from halfulp.backend import Request
    from halfulp.expressions import Number


@dataclass(frozen=True)
class Operation:
    """What an operator or a function of a formula becomes.

    Parameters
    ----------
    apply
        The library's callable.
    shown
        Its name in the library, such as "numpy.exp".
    template
        How it is written, with {0}, {1} for operands, where it is no call: such as "{0} - {1}".
    """

    apply: Callable[..., Any]
    shown: str
    template: str = ""


@dataclass
class _Source:
    """Source being written: the code, what to show for it, and the objects that it names."""

    request: Request
    constant: Callable[[Fraction], Any]
    operations: Mapping[str, Operation]
    namespace: dict[str, Any] = field(default_factory=dict)

    def write(self, tree: Expression) -> tuple[str, str]:
        """Return the code of a tree, and the text to show for it."""
        return fold(tree, self._number, self._name, self._apply)

    def _named(self, thing: Any) -> str:
        name = f"_{len(self.namespace)}"
        self.namespace[name] = thing
        return name

    def _number(self, node: Number) -> tuple[str, str]:
        return self._named(self.constant(node.value)), node.text

    def _name(self, text: str) -> tuple[str, str]:
        if text in self.request.arguments:
            return text, text
        return self._named(self.constant(pi())), text

    def _apply(self, name: str, operands: tuple[tuple[str, str], ...]) -> tuple[str, str]:
        operation = self.operations[name]
        code, shown = zip(*operands, strict=True)
        if operation.template:
            return f"({operation.template.format(*code)})", f"({operation.template.format(*shown)})"
        known = next((key for key, value in self.namespace.items() if value is operation.apply), "")
        return (
            f"{known or self._named(operation.apply)}({', '.join(code)})",
            f"{operation.shown}({', '.join(shown)})",
        )


def expression(
    request: Request,
    library: str,
    constant: Callable[[Fraction], Any],
    operations: Mapping[str, Operation],
    namespace: dict[str, Any],
) -> tuple[str, str]:
    """Return a request as Python source and as a text to show; constants go to the namespace.

    Raises
    ------
    Unavailable
        If the library has not all that is called, or there is nothing to call.
    """
    tree = request.formula or Apply(
        request.function, tuple(Name(name) for name in request.arguments)
    )
    if not isinstance(tree, Apply):
        raise Unavailable(f"{to_text(tree)} has no operation that could be timed.")
    if missing := sorted(calls(tree) - operations.keys()):
        raise Unavailable(f"{library} has no {', '.join(missing)}.")
    return _Source(request, constant, operations, namespace).write(tree)


def array_call(
    request: Request,
    library: str,
    constant: Callable[[Fraction], Any],
    operations: Mapping[str, Operation],
    arrays: Sequence[Any],
    out: Any = None,
) -> tuple[Callable[[], Any], str]:
    """Return a request over whole arrays as one callable, and as a text to show.

    Parameters
    ----------
    request
        Its formula, or its function if that is None.
    library
        What to call the library in messages.
    constant
        Turns an exact number into the library's value.
    operations
        By operator ("negate" among them) or catalogue name; all take `out=` if there is one.
    arrays
        One an argument.
    out
        The library's array for the results; None to leave it to the last operation.

    Raises
    ------
    Unavailable
        If the library has not all that is called.
    """
    namespace = dict(zip(request.arguments, arrays, strict=True))
    code, shown = expression(request, library, constant, operations, namespace)
    if out is not None:
        namespace["out"] = out
        code, shown = (text.removesuffix(")") + ", out=out)" for text in (code, shown))
    return lambda_of(code, namespace), shown


def lambda_of(code: str, namespace: dict[str, Any]) -> Callable[[], Any]:
    """Return `lambda: code`, compiled once."""
    made: Callable[[], Any] = eval(f"lambda: {code}", namespace)  # noqa: S307 - our own source, written from a tree
    return made
