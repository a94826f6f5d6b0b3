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
        keys = np.concatenate([np.arange(key, key + count) for key, count in self.runs])
        for place in range(0, self.count, PIECE):
            inputs = encodings.from_keys(self.fmt, keys[place : place + PIECE])[np.newaxis]
            outputs[place : place + PIECE] = subject.evaluate(routine, inputs)
        return outputs
