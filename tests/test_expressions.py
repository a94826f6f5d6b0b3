"""Expressions: what parses, what prints back, and what is refused at once."""

from __future__ import annotations

import time
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halfulp import functions
from halfulp.exceptions import ExpressionError
from halfulp.expressions import (
    ARITHMETIC,
    MAX_LENGTH,
    Apply,
    Expression,
    Name,
    Number,
    arguments,
    calls,
    constant,
    fold,
    folded,
    parse,
    parts,
    to_text,
)

X, Y = Name("x"), Name("y")


def number(text: str) -> Number:
    return Number(text, Fraction(text))


numbers = st.builds(
    lambda whole, places: number(f"{whole}" if not places else f"{whole}.{places}"),
    st.integers(1, 9),
    st.text("0123456789", max_size=3),
)


def grown(children: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    binary = st.builds(
        lambda o, a, b: Apply(o, (a, b)), st.sampled_from(["+", "-", "*", "/"]), children, children
    )
    # Constant powers are refused when they are large, so the exponents are not constant here.
    power = st.builds(lambda a, b: Apply("**", (a, Apply("+", (Y, b)))), children, children)
    call = st.builds(
        lambda f, a: Apply(f, (a,)), st.sampled_from(["exp", "log1p", "sin"]), children
    )
    two = st.builds(lambda a, b: Apply("pow", (a, b)), children, children)
    negated = st.builds(lambda a: Apply("negate", (a,)), children)
    return binary | power | call | two | negated


trees = st.recursive(numbers | st.sampled_from([X, Y, Name("pi")]), grown, max_leaves=25)


def divides_by_zero(tree: Expression) -> bool:
    try:
        for part in parts(tree):
            constant(part)
    except ExpressionError:
        return True
    return False


@settings(max_examples=300, deadline=None)
@given(trees)
def test_a_tree_prints_as_a_text_that_parses_to_the_same_tree(tree: Expression) -> None:
    text = to_text(tree)
    if divides_by_zero(tree):
        with pytest.raises(ExpressionError):
            parse(text)
    else:
        assert parse(text) == tree


@settings(max_examples=200, deadline=None)
@given(trees)
def test_folding_keeps_values_and_leaves_no_constant_operation(tree: Expression) -> None:
    if divides_by_zero(tree):
        return
    short = folded(tree)
    assert constant(short) == constant(tree)
    assert arguments(short) == arguments(tree) or isinstance(short, Number)
    for part in parts(short):
        assert isinstance(part, Number) or constant(part) is None
    assert folded(parse(to_text(short))) == folded(parse(to_text(tree))) or not calls(tree)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("-x**2", Apply("negate", (Apply("**", (X, number("2"))),))),
        ("(-x)**2", Apply("**", (Apply("negate", (X,)), number("2")))),
        ("x**-y", Apply("**", (X, Apply("negate", (Y,))))),
        ("x**y**2", Apply("**", (X, Apply("**", (Y, number("2")))))),
        ("(x**y)**2", Apply("**", (Apply("**", (X, Y)), number("2")))),
        ("x - y - 1", Apply("-", (Apply("-", (X, Y)), number("1")))),
        ("x - (y - 1)", Apply("-", (X, Apply("-", (Y, number("1")))))),
        ("x / y * 2", Apply("*", (Apply("/", (X, Y)), number("2")))),
        ("x*-y", Apply("*", (X, Apply("negate", (Y,))))),
        ("+x", X),
        ("pow(x, y)", Apply("pow", (X, Y))),
        ("  x \n + y\t", Apply("+", (X, Y))),
    ],
)
def test_operators_group_as_in_python(text: str, tree: Expression) -> None:
    assert parse(text) == tree
    assert parse(to_text(tree)) == tree


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.044715", Fraction(44715, 10**6)),
        ("0.1", Fraction(1, 10)),
        ("1e-3", Fraction(1, 1000)),
        (".5", Fraction(1, 2)),
        ("2.", Fraction(2)),
        ("1_000.2_5", Fraction(100025, 100)),
        ("1E+2", Fraction(100)),
        ("1e2000", Fraction(10**2000)),
        (
            "0.1000000000000000055511151231257827",
            Fraction(1000000000000000055511151231257827, 10**34),
        ),
    ],
)
def test_numbers_keep_their_text_and_their_exact_decimal_value(text: str, value: Fraction) -> None:
    assert parse(text) == Number(text, value)
    assert to_text(parse(f"x + {text}")) == f"x + {text}"


HOSTILE = {
    "import": "__import__('os').system('true')",
    "attribute": "x.__class__",
    "call of an attribute": "x.exp(1)",
    "lambda": "(lambda: x)()",
    "comprehension": "[x for x in (1, 2)]",
    "generator": "sum(x for x in y)",
    "string": "'x'",
    "f-string": "f'{x}'",
    "bytes": "b'x'",
    "subscript": "x[0]",
    "walrus": "(x := 2)",
    "assignment": "x = 2",
    "statement": "import os",
    "two lines": "x; y",
    "keyword argument": "exp(x=1)",
    "starred argument": "exp(*x)",
    "double starred": "exp(**x)",
    "no argument": "exp()",
    "keyword": "x if y else z",
    "yield": "(yield x)",
    "await": "await x",
    "comparison": "x < y",
    "boolean": "x and y",
    "true": "True",
    "none": "None",
    "ellipsis": "...",
    "tuple": "x, y",
    "dictionary": "{x: y}",
    "floor division": "x // y",
    "modulo": "x % y",
    "matrix product": "x @ y",
    "shift": "x << 100000000000",
    "inverse": "~x",
    "imaginary": "1j",
    "hexadecimal": "0x10",
    "unknown name": "os",
    "private name": "__builtins__",
    "number glued to a keyword": "1if x else y",
    "number glued to a name": "0x",
    "leading zeros": "007",
    "empty": "",
    "blank": " \n\t ",
    "comment": "# x",
    "comment after": "x # y",
    "open parenthesis": "exp(x",
    "null byte": "x\0",
    "only null bytes": "\0" * 100,
    "escape characters": "\x1b[31mx",
    "surrogate": "x + \ud800",
    "other letters": "\uff58 + 1",
    "other digits": "x + \u0663",
    "mathematical letters": "\U0001d465",
    "superscript": "x\u00b2",
    "minus sign": "x \u2212 1",
    "power tower": "10**10**10",
    "taller tower": "9**9**9**9",
    "tower in a call": "exp(x * 10**10**10)",
    "tiny tower": "10**-10**10",
    "tower of a negative": "(-7)**(10**12)",
    "tower of a fraction": "(1/3)**(10**9)",
    "squaring chain": "((((((2**999)**9)**9)**9)**9)**9)",
    "product of large": "*".join(["2**8000"] * 40),
    "huge exponent": "1e999999999",
    "exponent without end": "1e" + "9" * 3000,
    "large exponent": "1e2500",
    "small exponent": "1e-2500",
    "many digits": "9" * 3990,
    "division by zero": "x + 2 / (1 - 1)",
    "negative power of zero": "0**-1",
    "deep parentheses": "(" * 10_000 + "x" + ")" * 10_000,
    "deep parentheses within the length": "(" * 1_900 + "x" + ")" * 1_900,
    "deep minus": "-" * 10_000 + "x",
    "deep minus within the length": "-" * 3_900 + "x",
    "deep power": "**".join("x" * 10_000),
    "deep power within the length": "**".join("x" * 1_300),
    "deep calls": "exp(" * 10_000 + "x" + ")" * 10_000,
    "deep calls within the length": "exp(" * 700 + "x" + ")" * 700,
    "open brackets": "[" * 3_000,
    "long sum": "+".join("x" * 500_000),
    "long sum within the length": "+".join("x" * 1_900),
    "long name": "x" * 1_000_000,
    "long number": "1" * 1_000_000,
    "megabyte of blanks": " " * 1_000_000,
    "megabyte of other letters": "\u00e4" * 1_000_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_refused_at_once_in_a_short_sentence(text: str) -> None:
    begun = time.perf_counter()
    with pytest.raises(ExpressionError) as caught:
        functions.parse(text)
    assert time.perf_counter() - begun < 0.9
    assert 20 < len(str(caught.value)) < 400
    assert str(caught.value).endswith((".", ")", "all."))
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_expressions_up_to_the_limits_are_accepted() -> None:
    assert parse("-" * 99 + "x") != X
    assert parse("+".join("x" * 100)) == parse(" + ".join("x" * 100))
    assert len(to_text(parse("x + " + "9" * 2_400))) < MAX_LENGTH


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("softplush(x)", "Unknown function 'softplush'"),
        ("tan(x", "Expected an expression"),
        ("sgrt(x)", "Did you mean sqrt"),
        ("exp(x, y)", "exp takes 1 argument, but the expression gives it 2"),
        ("pow(x)", "pow takes 2 arguments, but the expression gives it 1"),
        ("w + 1", "Unknown name 'w'"),
    ],
)
def test_the_sentence_names_what_is_wrong(text: str, sentence: str) -> None:
    with pytest.raises(ExpressionError, match=sentence.replace("(", r"\(")):
        functions.parse(text)


def test_aliases_become_canonical() -> None:
    assert functions.parse("ln(expit(x)) + power(x, y)") == parse("log(sigmoid(x)) + pow(x, y)")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1*30", Fraction(3)),
        ("-(1/3)", Fraction(-1, 3)),
        ("2**-3", Fraction(1, 8)),
        ("(-2)**3", Fraction(-8)),
        ("(2/3)**2", Fraction(4, 9)),
        ("1**(10**30)", Fraction(1)),
        ("(-1)**(10**30 + 1)", Fraction(-1)),
        ("0**(10**30)", Fraction(0)),
        ("0**0", Fraction(1)),
        ("2**0.5", None),
        ("pi", None),
        ("exp(0)", None),
        ("x - x", None),
    ],
)
def test_constants_are_computed_exactly_where_they_are_rational(
    text: str, value: Fraction | None
) -> None:
    assert constant(parse(text)) == value


def test_parts_arguments_and_calls_describe_a_tree() -> None:
    tree = parse("log1p(exp(-y)) + x**2 * pi")
    assert arguments(tree) == ("x", "y")
    assert calls(tree) == {"log1p", "exp"}
    assert list(parts(tree))[-1] == tree
    assert not ARITHMETIC & calls(tree)


def test_fold_evaluates_operands_before_the_operation() -> None:
    def shown(operation: str, values: tuple[str, ...]) -> str:
        return f"[{operation} {' '.join(values)}]"

    text = fold(parse("exp(x) - 1.50"), lambda n: n.text, str.upper, shown)
    assert text == "[- [exp X] 1.50]"
