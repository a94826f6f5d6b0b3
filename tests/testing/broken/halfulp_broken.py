"""A good adapter of the standard library alone, and many that are broken in one thing each."""

from __future__ import annotations

import math
import random
import threading
import time
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

from halfulp.backend import Arrays, Call, Evaluate, Request, Unavailable
from halfulp.exceptions import UsageError
from halfulp.expressions import Apply, Expression, Name, Number
from halfulp.reference.arithmetic import rounded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from halfulp.formats import Format


class Good:
    """Keeps the contract: float32, three functions in double and rounded once, and formulas."""

    requires: ClassVar[tuple[str, ...]] = ()
    formats: ClassVar[tuple[str, ...]] = ("float32",)
    functions: ClassVar[dict[str, str]] = {"exp": "exp", "log10": "log10", "pow": "pow"}
    note = ""
    versions: ClassVar[dict[str, str]] = {"good": "1"}
    facts: ClassVar[dict[str, str]] = {}

    @property
    def name(self) -> str:
        return f"broken-{type(self).__name__}"

    def load(self, settings: Mapping[str, Any]) -> Good:
        if settings:
            raise UsageError(f"The adapter has no setting {', '.join(settings)}.")
        return self

    def routine(self, request: Request) -> Evaluate:
        if request.format.name not in self.formats:
            raise Unavailable(f"There is no {request.format.name} here.")
        if request.formula is not None:
            return self.evaluation(request, self.formula)
        if request.function not in self.functions:
            raise Unavailable(f"There is no {request.function} here.")
        return self.evaluation(request, self.native)

    def evaluation(self, request: Request, element: Callable[..., int]) -> Evaluate:
        def evaluate(inputs: Sequence[memoryview], output: memoryview) -> None:
            for place, encodings in enumerate(zip(*inputs, strict=True)):
                output[place] = element(request, *encodings)

        return evaluate

    def native(self, request: Request, *encodings: int) -> int:
        fmt = request.format
        function = getattr(math, self.functions[request.function])
        try:
            return encoded(fmt, function(*(float(fmt.value(bits)) for bits in encodings)))
        except (ValueError, OverflowError):
            return fmt.nan

    def formula(self, request: Request, *encodings: int) -> int:
        named = dict(zip(request.arguments, encodings, strict=True))
        assert request.formula is not None
        return self.tree(request.format, request.formula, named)

    def tree(self, fmt: Format, tree: Expression, named: dict[str, int]) -> int:
        match tree:
            case Number(value=value):
                return self.constant(fmt, value)
            case Name(name=name):
                return named[name]
            case Apply(operation, operands):
                values = [self.tree(fmt, operand, named) for operand in operands]
                return self.operator(fmt, operation, *values)
        raise TypeError(tree)

    def constant(self, fmt: Format, value: Fraction) -> int:
        return fmt.round(value)

    def operator(self, fmt: Format, operation: str, *values: int) -> int:
        return rounded(fmt, operation, *values)


def encoded(fmt: Format, value: float) -> int:
    return fmt.nan if math.isnan(value) else fmt.round(Fraction(value))


def exact(fmt: Format, tree: Expression, named: dict[str, int]) -> Fraction:
    """Return the value of a sum of products without any rounding."""
    match tree:
        case Number(value=value):
            return value
        case Name(name=name):
            return fmt.value(named[name])
        case Apply("+", (x, y)):
            return exact(fmt, x, named) + exact(fmt, y, named)
        case Apply("-", (x, y)):
            return exact(fmt, x, named) - exact(fmt, y, named)
        case Apply("*", (x, y)):
            return exact(fmt, x, named) * exact(fmt, y, named)
    raise ArithmeticError


class OtherName(Good):
    name = "another"


class UnknownFormat(Good):
    formats = ("float31",)


class AnySetting(Good):
    def load(self, settings: Mapping[str, Any]) -> Good:
        return self


class NoVersion(Good):
    versions: ClassVar[dict[str, str]] = {}


class SilentlyUnavailable(Good):
    def load(self, settings: Mapping[str, Any]) -> Good:
        raise Unavailable


class CannotLoad(Good):
    def load(self, settings: Mapping[str, Any]) -> Good:
        raise RuntimeError("no licence") if not settings else UsageError(f"no {settings}")


class ClaimsEverything(Good):
    def routine(self, request: Request) -> Evaluate:
        return self.evaluation(request, lambda _, *encodings: encodings[0])


class KeyErrors(Good):
    def routine(self, request: Request) -> Evaluate:
        if request.formula is None:
            self.functions[request.function]
        return super().routine(request)


class RefusesItsOwn(Good):
    def routine(self, request: Request) -> Evaluate:
        if request.function in self.functions:
            raise ValueError("not today")
        return super().routine(request)


class FlushesOnTheWay(Good):
    def tree(self, fmt: Format, tree: Expression, named: dict[str, int]) -> int:
        flushed = {
            name: bits if fmt.magnitude(bits) >> (fmt.p - 1) else bits & fmt.sign_bit
            for name, bits in named.items()
        }
        return super().tree(fmt, tree, flushed)


class LosesSignOfZero(Good):
    def tree(self, fmt: Format, tree: Expression, named: dict[str, int]) -> int:
        return super().tree(fmt, tree, {key: bits if fmt.magnitude(bits) else 0
                                        for key, bits in named.items()})  # fmt: skip


class ForgetsTheLast(Good):
    def evaluation(self, request: Request, element: Callable[..., int]) -> Evaluate:
        evaluate = super().evaluation(request, element)
        return lambda inputs, output: evaluate([view[:-1] for view in inputs], output[:-1])


class OtherTail(Good):
    """The last elements, fewer than eight, take another routine."""

    def evaluation(self, request: Request, element: Callable[..., int]) -> Evaluate:
        evaluate = super().evaluation(request, element)

        def with_tail(inputs: Sequence[memoryview], output: memoryview) -> None:
            evaluate(inputs, output)
            for place in range(len(output) - len(output) % 8, len(output)):
                output[place] ^= 1

        return with_tail


class WritesIntoInputs(Good):
    def evaluation(self, request: Request, element: Callable[..., int]) -> Evaluate:
        evaluate = super().evaluation(request, element)

        def writing(inputs: Sequence[memoryview], output: memoryview) -> None:
            evaluate(inputs, output)
            inputs[0][0] ^= 1

        return writing


class Random(Good):
    def native(self, request: Request, *encodings: int) -> int:
        return super().native(request, *encodings) ^ random.getrandbits(1)


class WrongName(Good):
    functions: ClassVar[dict[str, str]] = {**Good.functions, "log10": "log2"}


class WrongOrder(Good):
    def native(self, request: Request, *encodings: int) -> int:
        return super().native(request, *reversed(encodings))


class DividesByReciprocal(Good):
    def operator(self, fmt: Format, operation: str, *values: int) -> int:
        if operation == "/":
            one = fmt.round(Fraction(1))
            return rounded(fmt, "*", values[0], rounded(fmt, "/", one, values[1]))
        return super().operator(fmt, operation, *values)


class RoundsConstantsTwice(Good):
    formats = ("float16",)

    def constant(self, fmt: Format, value: Fraction) -> int:
        return fmt.round(Fraction(float(value)))


class ExcessPrecision(Good):
    def formula(self, request: Request, *encodings: int) -> int:
        named = dict(zip(request.arguments, encodings, strict=True))
        try:
            value = exact(request.format, request.formula, named)  # type: ignore[arg-type] # there is one
        except (ArithmeticError, ValueError):
            value = Fraction(0)
        return request.format.round(value) if value else super().formula(request, *encodings)


class Contracts(Good):
    def tree(self, fmt: Format, tree: Expression, named: dict[str, int]) -> int:
        match tree:
            case Apply("-", (Apply("*", _), _)):
                return fmt.round(exact(fmt, tree, named))
        return super().tree(fmt, tree, named)


class SaysItContracts(Contracts):
    facts: ClassVar[dict[str, str]] = {"contraction": "float32"}


class DoesNotWait(Good):
    """Works in the background, like a device; says at once that it has ended."""

    def __init__(self) -> None:
        self.lock = threading.Lock()

    def evaluation(self, request: Request, element: Callable[..., int]) -> Evaluate:
        evaluate = super().evaluation(request, element)

        def after_the_others(inputs: Sequence[memoryview], output: memoryview) -> None:
            with self.lock:
                evaluate(inputs, output)

        return after_the_others

    def bind(self, request: Request, arrays: Arrays) -> Call:
        def work() -> None:
            time.sleep(0.2)
            self.lock.release()

        def run() -> None:
            if self.lock.acquire(blocking=False):
                threading.Thread(target=work).start()

        return Call(run, "")


class Waits(DoesNotWait):
    def bind(self, request: Request, arrays: Arrays) -> Call:
        def synchronise() -> None:
            with self.lock:
                pass

        return Call(super().bind(request, arrays).run, "", synchronise=synchronise)


ADAPTERS = {
    kind.__name__: kind
    for kind in list(globals().values())
    if isinstance(kind, type) and issubclass(kind, Good)
}


def __getattr__(name: str) -> Good:
    """Return the adapter called adapter_NAME."""
    if name.startswith("adapter_"):
        return ADAPTERS[name.removeprefix("adapter_")]()
    raise AttributeError(name)
