"""Where claims are carried out: a subject a backend, apart from those that measure rows."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from halfulp.backend import Request, Unavailable
from halfulp.encodings import bits_type
from halfulp.expectations.claims_exact import Real, known
from halfulp.expectations.claims_text import PrintedText
from halfulp.expectations.claims_verdicts import UNAVAILABLE, NotSettled
from halfulp.formats import FORMATS, Format
from halfulp.subject.protocol import SubjectError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType

    from halfulp.encodings import Bits
    from halfulp.expectations.claims_text import Item
    from halfulp.subject.handle import Subject


@dataclass(frozen=True)
class Outcome:
    """What code or an expression gave.

    Parameters
    ----------
    items
        Its numbers and truth values in order; a complex number is two.
    shape
        Brackets, with an n for each number; None where what is known was only printed.
    format
        The format of its numbers.
    is_complex
        Whether they are complex.
    """

    items: tuple[Item, ...]
    shape: str | None
    format: Format
    is_complex: bool = False


class Bench:
    """Subjects by label, started when they are needed; a context manager.

    Parameters
    ----------
    make
        Returns the subject of a backend, not started.
    """

    def __init__(self, make: Callable[[str], Subject]) -> None:
        self._make = make
        self._subjects: dict[str, Subject] = {}
        self._missing: dict[str, str] = {}

    def __enter__(self) -> Self:
        """Return the bench; nothing is started yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End all subjects."""
        for subject in self._subjects.values():
            subject.close()

    def run(self, label: str, code: str) -> Outcome:
        """Run code in a backend's subject.

        Raises
        ------
        NotSettled
            If the backend is missing, or the code raised, crashed, took too long or gave nothing.
        """
        return _outcome(self._asked(label, lambda subject: subject.run_code(code)))

    def evaluate(self, label: str, request: Request, inputs: Bits) -> Bits:
        """Evaluate a routine on encodings of shape (arity, n) and return a copy of the results.

        Raises
        ------
        NotSettled
            As `run`.
        """
        outputs: Bits = self._asked(
            label, lambda subject: subject.evaluate(subject.prepare(request), inputs).copy()
        )
        return outputs

    def values(self, label: str, request: Request, at: Sequence[tuple[Fraction, ...]]) -> Outcome:
        """Evaluate a routine at exact points, each rounded to the format first."""
        fmt = request.format
        encodings = [[fmt.round(value) for value in column] for column in zip(*at, strict=True)]
        outputs = self.evaluate(label, request, np.array(encodings, dtype=bits_type(fmt)))
        items = tuple(decoded(fmt, int(bits)) for bits in outputs)
        return Outcome(items, None, fmt)

    def _asked(self, label: str, ask: Callable[[Subject], Any]) -> Any:
        subject = self._started(label)
        try:
            return ask(subject)
        except Unavailable as error:
            raise NotSettled(UNAVAILABLE, str(error)) from None
        except SubjectError as error:
            if error.ended:
                self._subjects.pop(label).close()
            raise NotSettled(UNAVAILABLE, f"{_HOW[error.status]}: {error.reason}") from None

    def _started(self, label: str) -> Subject:
        """Return a started subject; a backend that is missing is asked once."""
        if label in self._missing:
            raise NotSettled(UNAVAILABLE, self._missing[label])
        if label not in self._subjects:
            subject = self._make(label)
            try:
                subject.start()
            except (Unavailable, SubjectError) as error:
                reason = error.reason if isinstance(error, SubjectError) else str(error)
                self._missing[label] = reason
                raise NotSettled(UNAVAILABLE, reason) from None
            self._subjects[label] = subject
        return self._subjects[label]


_HOW = {"crashed": "it crashed", "timed out": "it took too long", "failed": "it failed"}


def decoded(fmt: Format, bits: int) -> Real:
    """Return the number, infinity or nan of an encoding."""
    if fmt.is_nan(bits):
        return Real(special="nan")
    if fmt.is_inf(bits):
        return Real(special="-inf" if fmt.is_negative(bits) else "inf")
    return known(fmt.value(bits))


def _outcome(result: dict[str, Any]) -> Outcome:
    """Return what a subject's reply says: the value, or else the numbers that were printed."""
    value = result["value"]
    is_text = isinstance(value, dict) and "text" in value
    if value is None or is_text:
        printed = PrintedText(value["text"] if is_text else result["printed"])
        if not printed.numbers:
            raise NotSettled(UNAVAILABLE, "the code gave no number and printed none")
        items = tuple(number.item for number in printed.numbers)
        return Outcome(items, printed.shape, FORMATS["float64"])
    leaves = list(_leaves(value))
    if not leaves:
        raise NotSettled(UNAVAILABLE, "the code gave an array without a number")
    items = tuple(item for leaf in leaves for item in _items(leaf))
    fmt = FORMATS.get(result["format"], FORMATS["float64"])
    return Outcome(items, _shape(value), fmt, any(isinstance(leaf, dict) for leaf in leaves))


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _shape(value: Any) -> str:
    if isinstance(value, list):
        return f"[{''.join(_shape(item) for item in value)}]"
    return "nn" if isinstance(value, dict) else "n"


def _items(leaf: Any) -> list[Item]:
    match leaf:
        case bool():
            return [leaf]
        case {"re": real, "im": imaginary}:
            return [*_items(real), *_items(imaginary)]
        case str() if leaf.lstrip("-").isdigit():
            return [known(Fraction(leaf))]
        case str():
            return [_from_hex(leaf)]
    raise NotSettled(UNAVAILABLE, "the code gave something among its numbers that is none")


def _from_hex(text: str) -> Real:
    if text == "nan":
        return Real(special="nan")
    if text.endswith("inf"):
        return Real(special="-inf" if text.startswith("-") else "inf")
    return known(Fraction(*float.fromhex(text).as_integer_ratio()))
