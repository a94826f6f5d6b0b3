"""Judge with plain arrays, then with arrays that refuse every function but plain arithmetic.

Run by test_independence.py in a process of its own, because numpy and math are changed under it.
Prints a JSON object: the functions used, whether the figures are the same, and what was refused.
"""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace
from typing import Any

import numpy as np

from conftest import planted  # beside this script
from halfulp.formats import FORMATS
from halfulp.judge.judging import judge
from halfulp.judge.tally import to_json

ALLOWED = frozenset(
    word
    for words in (
        ("add", "subtract", "multiply", "divide", "floor_divide", "remainder", "sqrt", "negative"),
        ("absolute", "minimum", "maximum", "left_shift", "right_shift", "invert"),
        ("bitwise_and", "bitwise_or", "bitwise_xor", "logical_and", "logical_or", "logical_not"),
        ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"),
    )
    for word in words
)

used: set[str] = set()


class RefusedError(Exception):
    """A function that the judge must do without."""


class Guarded(np.ndarray[Any, Any]):
    """An array on which only the allowed functions work, operators included."""

    def __array_ufunc__(
        self, function: np.ufunc, method: str, *inputs: Any, **keywords: Any
    ) -> Any:
        check(function.__name__)
        if "out" in keywords:
            keywords["out"] = tuple(bare(each) for each in keywords["out"])
        return guarded(getattr(function, method)(*map(bare, inputs), **keywords))

    def __array_function__(self, function: Any, types: Any, args: Any, keywords: Any) -> Any:
        return guarded(super().__array_function__(function, types, args, keywords))


def check(name: str) -> None:
    used.add(name)
    if name not in ALLOWED:
        raise RefusedError(name)


def bare(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, Guarded) else value


def guarded(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return type(value)(guarded(each) for each in value)
    return value.view(Guarded) if isinstance(value, np.ndarray) else value


def refuse_the_rest() -> list[str]:
    """Replace every other function of numpy and math by one that raises; return their names."""
    refused = []
    for module in (np, math):
        for name, value in list(vars(module).items()):
            is_function = isinstance(value, np.ufunc) or (module is math and callable(value))
            if is_function and getattr(value, "__name__", name) not in ALLOWED:
                setattr(module, name, refusing(name))
                refused.append(f"{module.__name__}.{name}")
    return refused


def refusing(name: str) -> Any:
    def refuse(*_: Any, **__: Any) -> Any:
        raise RefusedError(name)

    return refuse


def is_refused(call: Any) -> bool:
    try:
        call()
    except RefusedError:
        return True
    return False


def main() -> None:
    made = [planted(fmt, 5, 300) for fmt in FORMATS.values()]
    truths = [each.truth(range(300)) for each in made]
    plain = [
        to_json(judge(truth, each.inputs, each.outputs, each.axis))
        for truth, each in zip(truths, made, strict=True)
    ]
    refused = refuse_the_rest()
    again = [
        to_json(judge(wrapped(truth), guarded(each.inputs), guarded(each.outputs), each.axis))
        for truth, each in zip(truths, made, strict=True)
    ]
    one = guarded(np.ones(2))
    report = {
        "used": sorted(used),
        "same": json.dumps(again) == json.dumps(plain),
        "refused": refused,
        "guards": [
            is_refused(lambda: np.exp(1.0)),
            is_refused(lambda: np.where(one, one, one) ** 2),
        ],
    }
    print(json.dumps(report))  # noqa: T201 - read by the test


def wrapped(truth: Any) -> Any:
    arrays = {field.name: getattr(truth, field.name) for field in fields(truth)}
    return replace(truth, **{name: guarded(value) for name, value in arrays.items()})


if __name__ == "__main__":
    main()
