"""The exact results of many inputs, as arrays that a judge can hold outputs against."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from halfulp import encodings
from halfulp.encodings import Bits, Bool, Int
from halfulp.exceptions import DisagreementError
from halfulp.formats import Format
from halfulp.functions.record import Function
from halfulp.reals import encode
from halfulp.reference.enclosures import balls
from halfulp.reference.oracle import oracle
from halfulp.reference.referee import agree
from halfulp.reference.saturation import Saturation, active, interval_keys, saturations
from halfulp.reference.values import Flag, Limit, Scaled, Undecided

WORTH_SOLVING = 256
"""Fewer inputs are cheaper one by one than the thresholds of a function are to solve."""

CHECKED = 256
"""One input of so many is asked of the oracle as well, chosen by its encoding."""

ORACLE_SECONDS = 0.5
"""The time that the oracle has for checks of one shard."""


class Kind(IntEnum):
    """What an exact result is."""

    NUMBER = 0
    NAN = 1
    PLUS_INF = 2
    MINUS_INF = 3
    UNDECIDED = 4


_LIMITS = {"nan": Kind.NAN, "inf": Kind.PLUS_INF, "-inf": Kind.MINUS_INF}


@dataclass(frozen=True)
class Truth:
    """Exact results in units of their ulp; all arrays have shape (n,).

    Parameters
    ----------
    fmt
        The format of the results.
    kind
        A `Kind` an input.
    rounded
        Encodings of the correctly rounded results, of every kind (0 where undecided).
    unit, whole, low, high, flags
        As in `halfulp.reference.values.Scaled`; zeros where the kind is no number.
    nontrivial
        Where the result is neither trivial, nor saturated, nor exact by overflow or underflow.
    """

    fmt: Format
    kind: npt.NDArray[np.uint8]
    rounded: Bits
    unit: Int
    whole: Int
    low: Int
    high: Int
    flags: Int
    nontrivial: Bool


def truth(function: Function, fmt: Format, inputs: Bits) -> Truth:
    """Return the exact results at these inputs.

    Parameters
    ----------
    inputs
        Encodings of shape (arity, n).
    """
    columns = _Columns(function, fmt, inputs)
    columns.find_ordinary()
    if function.arity == 1:
        columns.settle_by_table()
        if inputs.shape[1] > WORTH_SOLVING:
            for saturation in saturations(function, fmt):
                columns.settle_saturated(saturation)
    columns.ask()
    return columns.truth(_active_mask(function, fmt, columns.keys))


@lru_cache(maxsize=1 << 14)
def confirm(function: Function, fmt: Format, *bits: int) -> None:
    """Hold the enclosure at an input against the oracle.

    Raises
    ------
    DisagreementError
        If they contradict each other.
    """
    proved, arbiter = balls(function, fmt).scaled(*bits), oracle(function, fmt).scaled(*bits)
    if not agree(proved, arbiter):
        shown = ", ".join(fmt.hex(encoding) for encoding in bits)
        raise DisagreementError(
            f"The references disagree at {function.name}({shown}) in {fmt.name}: Arb gives "
            f"{proved}, mpmath {arbiter}. Please report this; no figure of it can be trusted."
        )


def _active_mask(function: Function, fmt: Format, places: Int) -> Bool:
    """Return where inputs lie in the function's active region."""
    if function.arity > 1 or not function.is_catalogue:
        return np.ones(places.shape, dtype=np.bool_)
    mask = np.zeros(places.shape, dtype=np.bool_)
    for low, high in active(function, fmt):
        mask |= (places >= low) & (places <= high)
    return mask


class _Budget:
    """Keeps the oracle to half a second a shard.

    mpmath takes seconds for some Bessel functions. Which inputs are checked changes no figure.
    """

    def __init__(self) -> None:
        self._since = time.perf_counter()
        self._spent = 0.0

    def allows(self) -> bool:
        """Tell whether the oracle may be asked again."""
        return self._spent < ORACLE_SECONDS

    def __enter__(self) -> None:
        self._since = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._spent += time.perf_counter() - self._since


class _Columns:
    """Columns of a `Truth` while they are filled."""

    def __init__(self, function: Function, fmt: Format, inputs: Bits) -> None:
        count = inputs.shape[1]
        self.function = function
        self.fmt = fmt
        self.inputs = inputs
        self.keys = encodings.keys(fmt, inputs[0])
        self.open = np.ones(count, dtype=np.bool_)
        self.ordinary = np.zeros(count, dtype=np.bool_)
        self.kind = np.zeros(count, dtype=np.uint8)
        self.rounded = np.zeros(count, dtype=encodings.bits_type(fmt))
        self.scaled = np.zeros((5, count), dtype=np.int64)

    def settle_by_table(self) -> None:
        """Settle inputs outside the domain, and tell ordinary inputs from those of tables."""
        if not self.function.is_catalogue or self.function.special_rule is not None:
            return
        low, high = interval_keys(self.fmt, self.function.domain)
        inside = (self.keys >= low) & (self.keys <= high)
        table = [encode(self.fmt, text) for text in self.function.specials or () if text != "nan"]
        special = encodings.is_nan(self.fmt, self.inputs[0])
        for bits in table:
            special |= self.inputs[0] == self.inputs.dtype.type(bits)
        outside = ~inside & ~special
        self._settle(outside, Kind.NAN, self.fmt.nan)
        self.ordinary = inside & ~special

    def find_ordinary(self) -> None:
        """Tell inputs for which the rule of special inputs need not be asked."""
        if not self.function.ordinary:
            return
        inside = np.ones(self.ordinary.shape, dtype=np.bool_)
        one = self.fmt.key(encode(self.fmt, "1"))
        for column, interval in zip(self.inputs, self.function.ordinary, strict=True):
            keys = encodings.keys(self.fmt, column)
            low, high = interval_keys(self.fmt, interval)
            inside &= (keys >= low) & (keys <= high)
            for key in (0, one):
                inside &= (keys != key) & (keys != -1 - key)
        self.ordinary |= inside

    def settle_saturated(self, saturation: Saturation) -> None:
        """Settle the inputs of a saturated range."""
        low, high = saturation.keys
        mask = (self.keys >= low) & (self.keys <= high) & self.open
        self._settle(mask, Kind.NUMBER, saturation.scaled.rounded)
        self.scaled[:, mask] = np.array(saturation.scaled[1:], dtype=np.int64)[:, None]

    def _settle(self, mask: Bool, kind: Kind, rounded: int) -> None:
        self.kind[mask] = kind
        self.rounded[mask] = rounded
        self.open &= ~mask

    def ask(self) -> None:
        """Ask for the enclosure of every input that is still open."""
        referee = balls(self.function, self.fmt)
        places = self.open.nonzero()[0].tolist()
        ordinary = self.ordinary[self.open].tolist()
        inputs = self.inputs[:, self.open].T.tolist()
        results = [
            referee.scaled_ordinary(*bits) if is_ordinary else referee.scaled(*bits)
            for bits, is_ordinary in zip(inputs, ordinary, strict=True)
        ]
        self._check_some(inputs)
        numbers: list[tuple[int, Scaled]] = []
        for place, bits, result in zip(places, inputs, results, strict=True):
            # mpmath is asked where Arb does not decide.
            final = self._by_oracle(bits) if isinstance(result, Undecided) else result
            if isinstance(final, Scaled):
                numbers.append((place, final))
            elif isinstance(final, Limit):
                self._limit(place, final)
            else:
                self.kind[place] = Kind.UNDECIDED
        self._fill(numbers)

    def _by_oracle(self, bits: list[int]) -> Scaled | Limit | Undecided:
        return oracle(self.function, self.fmt).scaled(*bits)

    def _check_some(self, inputs: list[list[int]]) -> None:
        """Hold some inputs against the oracle, within its share of the time."""
        budget = _Budget()
        for bits in inputs:
            if sum(bits) % CHECKED == 0 and budget.allows():
                with budget:
                    confirm(self.function, self.fmt, *bits)

    def _fill(self, numbers: list[tuple[int, Scaled]]) -> None:
        """Fill in numeric results."""
        if not numbers:
            return
        places = [place for place, _ in numbers]
        self.rounded[places] = np.array([scaled.rounded for _, scaled in numbers], dtype=np.uint64)
        self.scaled[:, places] = np.array([scaled[1:] for _, scaled in numbers], dtype=np.int64).T

    def _limit(self, place: int, result: Limit) -> None:
        self.kind[place] = _LIMITS[result.text]
        magnitude = self.fmt.nan if result.text == "nan" else self.fmt.infinity
        self.rounded[place] = magnitude | (self.fmt.sign_bit if result.text == "-inf" else 0)
        self.scaled[4, place] = Flag.CONVENTION if result.convention else 0

    def truth(self, in_active_region: Bool) -> Truth:
        """Return the finished columns."""
        unit, whole, low, high, flags = self.scaled
        overflowed = (unit == self.fmt.emax - self.fmt.p + 1) & (
            (whole == 1 << self.fmt.p) | (whole == -(1 << self.fmt.p))
        )
        vanished = (self.rounded & self.rounded.dtype.type(self.fmt.sign_bit - 1)) == 0
        decided = (self.kind == Kind.NUMBER) & ~overflowed & ~vanished
        return Truth(
            self.fmt,
            self.kind,
            self.rounded,
            unit,
            whole,
            low,
            high,
            flags,
            in_active_region & decided,
        )


def is_exact(truth: Truth) -> Bool:
    """Return where the result is a number of the format, exactly."""
    found: Bool = (truth.flags & int(Flag.EXACT)) != 0
    return found
