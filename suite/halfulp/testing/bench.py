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
    _flushing: dict[str, Flushing | None] = field(default_factory=dict)

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
        """The functions that are tried one by one."""
        return [*(self.functions or self.adapter.functions)]

    @property
    def few(self) -> list[str]:
        """A few functions, of one argument and of two."""
        usual = [name for name in _USUAL if name in self.served]
        return (usual or self.served)[:_FEW]

    @cached_property
    def subject(self) -> TimedSubject:
        """The subject's process, started.

        Raises
        ------
        unittest.SkipTest
            If the library or its device is missing.
        """
        _retire_others(self)
        subject = TimedSubject(self.name, self.settings)
        try:
            subject.start()
        except Unavailable as error:
            raise unittest.SkipTest(f"{self.name} is unavailable: {error}") from None
        return subject

    def close(self) -> None:
        """End the subject."""
        subject = self.__dict__.pop("subject", None)
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
        try:
            return self.subject.prepare(request)
        except Unavailable:
            return None

    def evaluated(self, routine: int, fmt: Format, *rows: Bits) -> Bits:
        """Return a copy of a routine's results."""
        inputs = np.ascontiguousarray(np.stack(rows).astype(bits_type(fmt)))
        return self.subject.evaluate(routine, inputs).copy()


_benches: list[Bench] = []
"""The bench whose subject is running; libraries are large, and one at a time is enough."""


def _retire_others(bench: Bench) -> None:
    while _benches:
        _benches.pop().close()
    _benches.append(bench)
