"""Evaluating runs of neighbouring inputs: streamed where a subject makes its own inputs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from halfulp import encodings
from halfulp.encodings import Bits
from halfulp.formats import Format
from halfulp.subject.handle import Subject
from halfulp.subject.protocol import Evaluator

STREAMED = 1 << 18
"""A run of so many inputs or more is streamed; shorter ones are handed over together."""

PIECE = 1 << 18
"""Inputs that are handed over at once."""


@dataclass(frozen=True)
class Runs:
    """Runs of neighbouring keys: first key and length of each."""

    fmt: Format
    runs: list[tuple[int, int]]

    @property
    def count(self) -> int:
        """The number of inputs."""
        return sum(count for _, count in self.runs)

    def evaluated(self, subject: Evaluator, routine: int) -> Bits:
        """Return a routine's results at all inputs, encodings of shape (count,).

        Raises
        ------
        SubjectError
            As the subject does.
        """
        outputs = np.empty(self.count, dtype=encodings.bits_type(self.fmt))
        if len(self.runs) == 1 and self.count >= STREAMED and isinstance(subject, Subject):
            place = 0
            for chunk in subject.stream_keys(routine, *self.runs[0]):
                outputs[place : place + len(chunk)] = chunk
                place += len(chunk)
            return outputs
        inputs = self._encodings()[np.newaxis]
        for place in range(0, self.count, PIECE):
            piece = np.ascontiguousarray(inputs[:, place : place + PIECE])
            outputs[place : place + PIECE] = subject.evaluate(routine, piece)
        return outputs

    def _encodings(self) -> Bits:
        """Return the inputs of all runs; of one sign they are an encoding and its neighbours."""
        found = np.empty(self.count, dtype=encodings.bits_type(self.fmt))
        upward = np.arange(max(count for _, count in self.runs)).astype(found.dtype)
        place = 0
        for key, count in self.runs:
            part = found[place : place + count]
            if key >= 0:
                np.add(upward[:count], found.dtype.type(key), out=part)
            elif key + count <= 0:
                first = found.dtype.type(self.fmt.from_key(key))
                np.subtract(first, upward[:count], out=part)
            else:
                part[:] = encodings.from_keys(self.fmt, np.arange(key, key + count))
            place += count
        return found
