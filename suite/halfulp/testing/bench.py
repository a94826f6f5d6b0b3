"""An adapter on the bench: its subject's process, and what the checks ask of it."""

from __future__ import annotations

import unittest
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from halfulp.backend import Adapter, Request, Unavailable, adapter_named
from halfulp.encodings import Bits, bits_type
from halfulp.formats import FORMATS, Format
from halfulp.functions import CATALOGUE, parse
from halfulp.subject.protocol import SubjectError
from halfulp.subject.timed import TimedSubject

if TYPE_CHECKING:
    from halfulp.subject.fpstate import Flushing

_USUAL = ("exp", "expm1", "sin", "tanh", "erf", "pow", "atan2")
"""Functions that are looked at closely where an adapter has them; else its first ones."""

_FEW = 5


class ConformanceError(AssertionError):
    """An adapter does not keep the contract; the sentence says in what."""


@dataclass
class Bench:
    """An adapter, its settings and its subject, which is started when it is first needed.

    Parameters
    ----------
    name
        Under which the adapter is installed.
    settings
        The backend's own keys, as a study would give them.
    functions
        Those that are tried one by one; by default every one of the adapter's.
    """

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    functions: Sequence[str] = ()
    _subject: TimedSubject | None = None
    _flushing: dict[str, Flushing | None] = field(default_factory=dict)
    _routines: dict[Request, int | None] = field(default_factory=dict)

    @cached_property
    def adapter(self) -> Adapter:
        """The adapter, imported here without its library."""
        return adapter_named(self.name)

    @property
    def formats(self) -> list[Format]:
        """The formats that the adapter serves."""
        return [FORMATS[name] for name in self.adapter.formats]

    @property
    def served(self) -> list[str]:
        """The functions of the catalogue that are tried one by one."""
        asked = self.functions or self.adapter.functions
        return [name for name in asked if name in CATALOGUE]

    @property
    def few(self) -> list[str]:
        """A few functions, of one argument and of two."""
        usual = [name for name in _USUAL if name in self.served]
        return (usual or self.served)[:_FEW]

    @cached_property
    def reason(self) -> str | None:
        """Why the library or its device is missing, in its words, or None if it is there."""
        try:
            self._start()
        except Unavailable as error:
            return str(error)
        return None

    @property
    def subject(self) -> TimedSubject:
        """The subject's process, started.

        Raises
        ------
        unittest.SkipTest
            If the library or its device is missing.
        """
        if self.reason is not None:
            raise unittest.SkipTest(f"{self.name} is unavailable: {self.reason}")
        return self._subject or self._start()

    def _start(self) -> TimedSubject:
        _retire_others(self)
        subject = TimedSubject(self.name, self.settings)
        try:
            subject.start()
        except SubjectError as error:
            raise ConformanceError(f"{self.name} cannot be loaded: {error}") from None
        self._subject = subject
        return subject

    def close(self) -> None:
        """End the subject."""
        subject, self._subject = self._subject, None
        self._routines.clear()
        if subject is not None:
            subject.close()

    def flushing(self, fmt: Format) -> bool:
        """Tell whether the library's arithmetic takes or makes zeros of subnormals."""
        if fmt.name not in self._flushing:
            self._flushing[fmt.name] = self.subject.probe(fmt)
        return bool(self._flushing[fmt.name])

    def native(self, function: str, fmt: Format) -> Request:
        """Return the request of the backend's own routine."""
        return Request(function, None, fmt, CATALOGUE[function].arguments)

    def formula(self, text: str, fmt: Format, arguments: tuple[str, ...] = ("x",)) -> Request:
        """Return the request of an expression."""
        return Request(text, parse(text), fmt, arguments)

    def prepared(self, request: Request) -> int | None:
        """Return a routine of the subject, or None where it is unavailable."""
        subject = self.subject
        if request not in self._routines:
            try:
                self._routines[request] = subject.prepare(request)
            except Unavailable as error:
                if not str(error):
                    raise self._failed(request, "is refused without a word") from None
                self._routines[request] = None
            except SubjectError as error:
                raise self._failed(request, error) from None
        return self._routines[request]

    def evaluated(self, request: Request, *rows: Bits) -> Bits:
        """Return a copy of a prepared routine's results."""
        routine = self.prepared(request)
        assert routine is not None, "prepared before"
        inputs = np.ascontiguousarray(np.stack(rows).astype(bits_type(request.format)))
        try:
            return self.subject.evaluate(routine, inputs).copy()
        except SubjectError as error:
            raise self._failed(request, error) from None

    def _failed(self, request: Request, what: object) -> ConformanceError:
        self.close()  # the process may have ended, or be in a state that nobody knows
        return ConformanceError(f"{self.name}: {request.function} in {request.format.name} {what}")


_benches: list[Bench] = []
"""The bench whose subject is running; libraries are large, and one at a time is enough."""


def _retire_others(bench: Bench) -> None:
    while _benches:
        _benches.pop().close()
    _benches.append(bench)
