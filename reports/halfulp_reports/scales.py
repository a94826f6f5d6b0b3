"""The axes of figures: inputs in the order of their encodings, and errors in ulp."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from halfulp_reports.canvas import MINUS
from halfulp_reports.numbers import superscript

if TYPE_CHECKING:
    from halfulp.formats import Format

Values = npt.NDArray[np.float64]


def encoding_position(x: Values, record: Format) -> Values:
    """Return where inputs lie in the order of encodings, in binades from zero.

    This is the ordinal over 2^(p-1): straight inside a binade, each binade as wide as the next, the
    subnormals one binade; negative numbers to the left.
    """
    magnitude = np.minimum(np.abs(x), np.ldexp(1.0, record.emax) * (2 - 2.0 ** (1 - record.p)))
    mantissa, exponent = np.frexp(magnitude)
    normal = exponent - record.emin + 2 * mantissa - 1
    subnormal = np.ldexp(np.minimum(magnitude, np.ldexp(1.0, record.emin)), -record.emin)
    position: Values = np.where(subnormal < 1, subnormal, normal)
    return np.copysign(position, x)


@dataclass(frozen=True)
class ErrorScale:
    """The vertical axis: linear up to 1 ulp, where half an ulp must be told from one, then log2."""

    largest: float

    @property
    def unit(self) -> float:
        """Height of 1 ulp, in doublings: a third of the axis or more."""
        return max(1.0, 0.5 * float(np.log2(max(self.largest, 1.0))))

    @property
    def top(self) -> float:
        """Upper end of the axis."""
        return max(float(self.place(np.array([self.largest]))[0]), self.unit) * 1.13

    def place(self, error: Values) -> Values:
        """Return heights of errors."""
        return np.where(error <= 1, error * self.unit, self.unit + np.log2(np.maximum(error, 1)))

    def ticks(self) -> tuple[list[float], list[str]]:
        """Return heights and labels of the ticks."""
        doublings = int(np.ceil(np.log2(max(self.largest, 1.0))))
        step = max(1, -(-doublings // 4))
        powers = range(step, doublings + 1, step)
        values = [0.0, 0.5, 1.0] + [2.0**power for power in powers]
        labels = ["0", "0.5", "1"] + [_power_label(power) for power in powers]
        heights = self.place(np.array(values))
        kept = [n for n, height in enumerate(heights) if height <= self.top]
        return [float(heights[n]) for n in kept], [labels[n] for n in kept]


def _power_label(power: int) -> str:
    return str(2**power) if 0 <= power < 10 else superscript(power)


def input_ticks(record: Format, start: float, stop: float) -> tuple[list[float], list[str]]:
    """Return places and labels of powers of two, evenly spaced, and of zero."""
    step = next((s for s in _STEPS if (stop - start) / s <= 16), _STEPS[-1])
    ticks = {0.0: "0"} if start <= 0 <= stop else {}
    for exponent in range(-(-record.emin // step) * step, record.emax + 1, step):
        for sign, mark in ((1, ""), (-1, MINUS)):
            place = sign * float(exponent - record.emin + 1)
            near_zero = 0.0 in ticks and abs(place) < 0.04 * (stop - start)
            if start <= place <= stop and not near_zero:
                ticks[place] = mark + (superscript(exponent) if exponent else "1")
    return list(ticks), list(ticks.values())


_STEPS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
