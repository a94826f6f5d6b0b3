"""Expressions: parsed once into a tree that every reader shares.

The grammar is a small part of Python's: decimal numbers, names, `+ - * / **`, unary signs,
parentheses and calls. Nothing is ever evaluated by Python itself. A number keeps its source text
and its exact decimal value, because 0.044715 as a float64 is already another number.

Which names may be called is not decided here: `halfulp.functions.parse` resolves them against the
catalogue.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias, TypeVar

from halfulp.exceptions import ExpressionError
from halfulp.formats import floor_log2

MAX_LENGTH = 4_000
"""Longest text accepted, in characters."""

MAX_DEPTH = 100
"""Deepest nesting accepted."""

MAX_EXPONENT = 8_192
"""Largest binary exponent of a constant, either sign; also the oracle's largest precision."""

ARGUMENTS = ("x", "y", "z")
"""The names an expression may use for its arguments, in order."""

CONSTANTS = ("pi",)
"""Named exact constants."""


@dataclass(frozen=True)
class Number:
    """An exact decimal constant with its source text."""

    text: str
    value: Fraction


@dataclass(frozen=True)
class Name:
    """An argument or a named constant."""

    name: str


@dataclass(frozen=True)
class Apply:
    """An operation on one or two operands, or a call.

    `operation` is one of `+ - * / **`, "negate", or the name of a function.
    """

    operation: str
    operands: tuple[Expression, ...]


Expression: TypeAlias = Number | Name | Apply

OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
}
ARITHMETIC = frozenset({*OPERATORS.values(), "negate"})
"""Operations that are not calls."""

_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "negate": 3, "**": 4}
_DECIMAL = re.compile(r"(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE]([+-]?\d[\d_]*))?")

Value = TypeVar("Value")


def parse(text: str) -> Expression:
    """Parse an expression.

    Raises
    ------
    ExpressionError
        If the text is not an expression of this grammar, is longer than `MAX_LENGTH`, nested deeper
        than `MAX_DEPTH`, or holds a constant beyond 2^±`MAX_EXPONENT`.
    """
    source = " ".join(text.split())
    if not source:
        raise ExpressionError("Expected an expression such as exp(x) - 1, but the text is empty.")
    if len(source) > MAX_LENGTH:
        raise ExpressionError(
            f"Expected an expression of at most {MAX_LENGTH} characters, but this one has "
            f"{len(source)}. Give parts of it names of their own, or measure them separately."
        )
    if "#" in source or not source.isascii():
        # Python would drop comments, and read letters as the ASCII ones that they resemble.
        raise ExpressionError(
            f"Expected an expression of ASCII letters, digits and operators, but {_shown(source)} "
            "has other characters."
        )
    tree = _Builder(source).build(_python_tree(source), 0)
    _refuse_huge_constants(tree)
    return tree


def _python_tree(source: str) -> ast.expr:
    """Return Python's syntax tree of a one-line expression, or say where it stops making sense."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python comments on text such as "1if"; ours is below
            return ast.parse(source, mode="eval").body
    except SyntaxError as error:
        place = f" at column {error.offset}" if error.offset else ""
        raise ExpressionError(
            f"Expected an expression such as exp(x) - 1, but {_shown(source)} is not one: "
            f"{error.msg}{place}."
        ) from None
    except (RecursionError, MemoryError, ValueError):
        raise ExpressionError(
            f"The expression {_shown(source)} is nested too deeply (at most {MAX_DEPTH} levels) "
            "or holds characters that no expression has."
        ) from None


class _Builder:
    """Turns the allowed part of Python's syntax tree into ours and refuses the rest."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.encoded = source.encode()

    def build(self, node: ast.expr, depth: int) -> Expression:
        """Return our tree of one node, whose nesting so far is `depth`."""
        if depth > MAX_DEPTH:
            raise ExpressionError(
                f"The expression {_shown(self.source)} is nested too deeply "
                f"(at most {MAX_DEPTH} levels)."
            )
        match node:
            case ast.Constant():
                return self._number(node)
            case ast.Name(id=name):
                if name not in ARGUMENTS + CONSTANTS:
                    raise ExpressionError(
                        f"Unknown name {name!r} in {_shown(self.source)}. Arguments are called "
                        f"{', '.join(ARGUMENTS)}; constants are {', '.join(CONSTANTS)}."
                    )
                return Name(name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return Apply("negate", (self.build(operand, depth + 1),))
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.build(operand, depth + 1)
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in OPERATORS:
                operands = (self.build(left, depth + 1), self.build(right, depth + 1))
                return Apply(OPERATORS[type(operator)], operands)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if args:
                return Apply(name, tuple(self.build(arg, depth + 1) for arg in args))
        raise ExpressionError(
            f"{_shown(self._segment(node))} is not allowed in an expression: use numbers, "
            f"{', '.join(ARGUMENTS)}, + - * / **, parentheses and functions of the catalogue "
            "(`halfulp list functions`)."
        )

    def _segment(self, node: ast.expr) -> str:
        return self.encoded[node.col_offset : node.end_col_offset].decode()

    def _number(self, node: ast.Constant) -> Number:
        text = self._segment(node)
        match = _DECIMAL.fullmatch(text)
        if not match:
            raise ExpressionError(f"{_shown(text)} is not a decimal number such as 2, 0.5 or 1e-3.")
        # The exponent first: nobody computes 10**10**10.
        value = Fraction(text) if abs(int(match[2] or 0)) <= MAX_EXPONENT else None
        if value is None or (value and abs(floor_log2(value)) > MAX_EXPONENT):
            raise ExpressionError(f"The number {_shown(text)} is beyond 2^±{MAX_EXPONENT}.")
        return Number(text, value)


def _shown(text: str, limit: int = 60) -> str:
    """Return text quoted for a message, cut in the middle where it is long."""
    return repr(text if len(text) <= limit else f"{text[: limit - 20]} … {text[-15:]}")


def _refuse_huge_constants(tree: Expression) -> None:
    """Raise if a part without arguments is a rational beyond the cap, before it is evaluated."""
    for part in parts(tree):
        constant(part)


def constant(tree: Expression) -> Fraction | None:
    """Return the exact value of a rational constant expression, or None if it is not one.

    Raises
    ------
    ExpressionError
        If the value is beyond 2^±`MAX_EXPONENT`, or divides by zero.
    """
    match tree:
        case Number(value=value):
            return value
        case Apply(operation, operands) if operation in ARITHMETIC:
            values = [constant(operand) for operand in operands]
            exact = [value for value in values if value is not None]
            return _combine(tree, exact) if len(exact) == len(values) else None
    return None


def folded(tree: Expression) -> Expression:
    """Return the tree with every rational constant part as one exact number.

    An evaluation that rounds would make 0.1*30 something beside 3, and x**(0.1*30) no power.
    """
    if isinstance(tree, Number | Name):
        return tree
    value = constant(tree)
    if value is not None:
        return Number(f"({to_text(tree)})", value)
    return Apply(tree.operation, tuple(folded(operand) for operand in tree.operands))


def _combine(tree: Apply, values: list[Fraction]) -> Fraction | None:
    if tree.operation == "**":
        return _constant_power(tree, *values)
    if tree.operation == "/" and not values[1]:
        raise ExpressionError(f"{_shown(to_text(tree))} divides by zero.")
    result = arithmetic(tree.operation, *values)
    _check_size(tree, result)
    return result


def arithmetic(operation: str, first: Fraction, second: Fraction = Fraction(0)) -> Fraction:
    """Apply one of `+ - * /` or "negate" to rationals, exactly."""
    match operation:
        case "+":
            return first + second
        case "-":
            return first - second
        case "*":
            return first * second
        case "/":
            return first / second
        case "negate":
            return -first
    raise ValueError(operation)


def _constant_power(tree: Apply, base: Fraction, exponent: Fraction) -> Fraction | None:
    if exponent.denominator != 1:
        return None
    if not base and exponent < 0:
        raise ExpressionError(f"{_shown(to_text(tree))} divides by zero.")
    bits = max(base.numerator.bit_length(), base.denominator.bit_length()) - 1
    if bits * abs(exponent) > MAX_EXPONENT or (bits and abs(exponent) > MAX_EXPONENT):
        raise _too_large(tree)
    result = (
        base ** int(exponent)
        if base not in {0, 1, -1}
        else (base ** int(exponent % 2 or (2 if exponent else 0)))
    )
    _check_size(tree, result)
    return result


def _check_size(tree: Apply, value: Fraction) -> None:
    if max(abs(value.numerator).bit_length(), value.denominator.bit_length()) > 4 * MAX_EXPONENT:
        raise _too_large(tree)


def _too_large(tree: Apply) -> ExpressionError:
    return ExpressionError(f"The constant {_shown(to_text(tree))} is beyond 2^±{MAX_EXPONENT}.")


def parts(tree: Expression) -> Iterator[Expression]:
    """Yield every node, operands before the operation that uses them."""
    if isinstance(tree, Apply):
        for operand in tree.operands:
            yield from parts(operand)
    yield tree


def arguments(tree: Expression) -> tuple[str, ...]:
    """Return the argument names used, in the order of `ARGUMENTS`."""
    used = {part.name for part in parts(tree) if isinstance(part, Name)}
    return tuple(name for name in ARGUMENTS if name in used)


def calls(tree: Expression) -> frozenset[str]:
    """Return the names of the functions called."""
    return frozenset(
        part.operation
        for part in parts(tree)
        if isinstance(part, Apply) and part.operation not in ARITHMETIC
    )


def fold(
    tree: Expression,
    number: Callable[[Number], Value],
    name: Callable[[str], Value],
    apply: Callable[[str, tuple[Value, ...]], Value],
) -> Value:
    """Evaluate a tree bottom-up with one callable for each kind of node."""
    match tree:
        case Number():
            return number(tree)
        case Name(name=text):
            return name(text)
        case Apply(operation, operands):
            return apply(operation, tuple(fold(part, number, name, apply) for part in operands))


def to_text(tree: Expression) -> str:
    """Return the text of a tree; parsing it gives the same tree."""
    return _text(tree, 0)


def _text(tree: Expression, context: int) -> str:
    """Return text, in parentheses if its operator binds less tightly than its context asks."""
    match tree:
        case Number(text=text):
            return text
        case Name(name=name):
            return name
        case Apply("negate", (operand,)):
            inner, level = f"-{_text(operand, 3)}", 3
        case Apply(operation, (left, right)) if operation in _PRECEDENCE:
            level = _PRECEDENCE[operation]
            # ** groups to the right, the others to the left.
            towards_left, towards_right = (5, 3) if operation == "**" else (level, level + 1)
            spaced = "**" if operation == "**" else f" {operation} "
            inner = f"{_text(left, towards_left)}{spaced}{_text(right, towards_right)}"
        case Apply(operation, operands):
            return f"{operation}({', '.join(_text(operand, 0) for operand in operands)})"
    return f"({inner})" if level < context else inner
