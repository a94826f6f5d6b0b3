"""Floating-point formats as data, and exact scalar arithmetic on their encodings.

An encoding is an unsigned integer of `width` bits: one sign bit, then the magnitude. Two integer
scales are derived from it:

- the *ordinal* counts representable numbers: +0 and -0 share 0, neighbours differ by one, the
  infinities follow the largest finite number. Distances in steps are differences of ordinals.
- the *key* also tells -0 (-1) from +0 (0) and includes nans beyond the infinities. It is a
  bijection from all encodings onto [-2^(width-1), 2^(width-1)), so ranges of keys enumerate inputs.

Everything here is exact: integers and `fractions.Fraction`, never a Python float. Array versions
of the same maps are in `halfulp.encodings`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Literal

from halfulp.exceptions import UsageError

Overflow = Literal["infinity", "nan", "saturate"]


def floor_log2(value: Fraction) -> int:
    """Return floor(log2(|value|)) of a nonzero rational, exactly."""
    numerator, denominator = abs(value.numerator), value.denominator
    estimate = numerator.bit_length() - denominator.bit_length()
    # The estimate is right or one too large.
    below = (
        numerator << -estimate < denominator
        if estimate < 0
        else (numerator < denominator << estimate)
    )
    return estimate - 1 if below else estimate


def power_of_two(exponent: int) -> Fraction:
    """Return 2**exponent as a Fraction, for either sign of the exponent."""
    return Fraction(1 << exponent) if exponent >= 0 else Fraction(1, 1 << -exponent)


@dataclass(frozen=True)
class Format:
    """A binary floating-point format.

    Parameters
    ----------
    name
        The spelling used everywhere in halfulp.
    p
        Precision in bits, the hidden bit included.
    emin, emax
        Exponents of the smallest and largest normal binade, as in IEEE 754: values of a binade e
        lie in [2^e, 2^(e+1)).
    width
        Bits of an encoding.
    max_magnitude
        Encoding of the largest finite number.
    has_inf
        Whether an encoding of infinity exists (it then follows `max_magnitude`).
    overflow
        What a result too large gives: "infinity", "nan" or "saturate" to the largest finite.
    aliases
        Other spellings understood.
    """

    name: str
    p: int
    emin: int
    emax: int
    width: int
    max_magnitude: int
    has_inf: bool = True
    overflow: Overflow = "infinity"
    aliases: tuple[str, ...] = field(default=(), compare=False)

    # -- constants ---------------------------------------------------------------------------

    @cached_property
    def sign_bit(self) -> int:
        """The encoding of -0."""
        return 1 << (self.width - 1)

    @cached_property
    def smallest_subnormal(self) -> Fraction:
        """The smallest positive number, 2^(emin-p+1)."""
        return power_of_two(self.emin - self.p + 1)

    @cached_property
    def smallest_normal(self) -> Fraction:
        """The smallest positive normal number, 2^emin."""
        return power_of_two(self.emin)

    @cached_property
    def max_finite(self) -> Fraction:
        """The largest finite number."""
        return self.value(self.max_magnitude)

    @cached_property
    def overflow_threshold(self) -> Fraction:
        """T = max_finite + ulp(max_finite)/2: |R| >= T overflows under round to nearest even."""
        return self.max_finite + self.ulp(self.max_finite) / 2

    @cached_property
    def infinity(self) -> int:
        """The encoding of +infinity.

        Raises
        ------
        ValueError
            If the format has none.
        """
        if not self.has_inf:
            raise ValueError(f"{self.name} has no infinity")
        return self.max_magnitude + 1

    @cached_property
    def nan(self) -> int:
        """The encoding of a quiet nan: the IEEE default, or the first one without infinities."""
        if self.has_inf:
            return self.infinity | 1 << (self.p - 2)
        return self.max_magnitude + 1

    @cached_property
    def key_range(self) -> tuple[int, int]:
        """Smallest and largest key over all encodings."""
        return -self.sign_bit, self.sign_bit - 1

    # -- encodings ---------------------------------------------------------------------------

    def magnitude(self, bits: int) -> int:
        """Return the encoding without its sign."""
        return bits & (self.sign_bit - 1)

    def is_negative(self, bits: int) -> bool:
        """Tell whether the sign bit is set (also of zeros and nans)."""
        return bits >= self.sign_bit

    def is_nan(self, bits: int) -> bool:
        """Tell whether an encoding is a nan."""
        return self.magnitude(bits) > self.max_magnitude + self.has_inf

    def is_inf(self, bits: int) -> bool:
        """Tell whether an encoding is an infinity."""
        return self.has_inf and self.magnitude(bits) == self.max_magnitude + 1

    def is_finite(self, bits: int) -> bool:
        """Tell whether an encoding is a number."""
        return self.magnitude(bits) <= self.max_magnitude

    def ordinal(self, bits: int) -> int:
        """Return the signed count of numbers from zero; +0 and -0 are both 0."""
        magnitude = self.magnitude(bits)
        return -magnitude if self.is_negative(bits) else magnitude

    def from_ordinal(self, ordinal: int) -> int:
        """Return the encoding of an ordinal (0 gives +0)."""
        return self.sign_bit - ordinal if ordinal < 0 else ordinal

    def key(self, bits: int) -> int:
        """Return the place of an encoding in the total order in which -0 precedes +0."""
        return -1 - self.magnitude(bits) if self.is_negative(bits) else bits

    def from_key(self, key: int) -> int:
        """Return the encoding at a key."""
        return self.sign_bit | (-1 - key) if key < 0 else key

    def significand(self, bits: int) -> tuple[int, int]:
        """Return (m, e) with the number equal to m * 2^e exactly and |m| < 2^p."""
        magnitude = self.magnitude(bits)
        biased, fraction = magnitude >> (self.p - 1), magnitude & ((1 << (self.p - 1)) - 1)
        if biased:
            fraction |= 1 << (self.p - 1)
        exponent = self.emin + max(biased, 1) - 1 - (self.p - 1)
        return (-fraction if self.is_negative(bits) else fraction), exponent

    def value(self, bits: int) -> Fraction:
        """Return the exact value of a finite encoding.

        Raises
        ------
        ValueError
            If the encoding is an infinity or a nan.
        """
        if not self.is_finite(bits):
            raise ValueError(f"{bits:#x} is not a finite {self.name}")
        significand, exponent = self.significand(bits)
        # One construction: this is asked once an input.
        return (
            Fraction(significand << exponent)
            if exponent >= 0
            else Fraction(significand, 1 << -exponent)
        )

    # -- reals -------------------------------------------------------------------------------

    def ulp_exponent(self, real: Fraction) -> int:
        """Return the exponent of ulp(real); the result is clamp(floor(log2|R|), emin, emax)-p+1."""
        binade = floor_log2(real) if real else self.emin
        return min(max(binade, self.emin), self.emax) - self.p + 1

    def ulp(self, real: Fraction) -> Fraction:
        """Return ulp(R) = 2^(clamp(floor(log2|R|), emin, emax) - p + 1), of any real number.

        This is the distance between neighbouring floats in the binade of the exact result, as in
        J.-M. Muller, "On the definition of ulp(x)" (2005); for R = 0 the smallest subnormal.
        """
        return power_of_two(self.ulp_exponent(real))

    def overflowed(self, negative: bool = False) -> int:
        """Return the encoding that a result of magnitude >= T rounds to."""
        magnitude = {
            "infinity": self.max_magnitude + 1,
            "nan": self.nan,
            "saturate": self.max_magnitude,
        }[self.overflow]
        return magnitude | (self.sign_bit if negative else 0)

    def round(self, real: Fraction, *, negative_zero: bool = False) -> int:
        """Round a rational to nearest, ties to even, once, with this format's own emin.

        Parameters
        ----------
        real
            The exact value.
        negative_zero
            The sign to give an exact zero. A nonzero value that underflows keeps its own sign.

        Returns
        -------
        int
            The encoding; beyond the overflow threshold what `overflow` says.
        """
        if not real:
            return self.sign_bit if negative_zero else 0
        negative = real < 0
        real = abs(real)
        if real >= self.overflow_threshold:
            return self.overflowed(negative)
        exponent = self.ulp_exponent(real)
        scaled = real / power_of_two(exponent)
        # In units of its ulp the magnitude is the rounded integer plus the binades below it;
        # a carry into the next binade lands on the right encoding by itself.
        binades = exponent - (self.emin - self.p + 1)
        magnitude = round(scaled) + (binades << (self.p - 1))
        return magnitude | (self.sign_bit if negative else 0)

    def round_enclosure(self, low: Fraction, high: Fraction) -> int | None:
        """Return the common rounding of every real in [low, high], or None if it is not decided."""
        first, last = self.round(low), self.round(high)
        return first if first == last else None

    def neighbours(self, real: Fraction) -> tuple[Fraction, Fraction]:
        """Return the largest number <= real and the smallest >= real.

        Raises
        ------
        ValueError
            If real lies outside the finite range.
        """
        if abs(real) > self.max_finite:
            raise ValueError(f"{real} is beyond the largest {self.name}")
        unit = self.ulp(real)
        below = real // unit * unit
        return below, below if below == real else below + unit

    def key_at_least(self, real: Fraction) -> int:
        """Return the smallest key whose number is >= real; infinity's if none is finite."""
        if real > self.max_finite:
            return self.max_magnitude + 1
        if real < -self.max_finite:
            return self.key(self.sign_bit | self.max_magnitude)
        above = self.neighbours(real)[1]
        return self.key(self.round(above, negative_zero=True))

    def key_at_most(self, real: Fraction) -> int:
        """Return the largest key whose number is <= real; -infinity's if none is finite."""
        if real < -self.max_finite:
            return -2 - self.max_magnitude
        if real > self.max_finite:
            return self.max_magnitude
        return self.key(self.round(self.neighbours(real)[0]))

    # -- text --------------------------------------------------------------------------------

    def hex(self, bits: int) -> str:
        """Return a hexadecimal float as C's %a prints it, "nan", "inf" or "-inf"."""
        if self.is_nan(bits):
            return "nan"
        sign = "-" if self.is_negative(bits) else ""
        if self.is_inf(bits):
            return sign + "inf"
        significand, exponent = self.significand(bits)
        significand = abs(significand)
        if not significand:
            return sign + "0x0p+0"
        shift = self.p - significand.bit_length()  # subnormals are shown normalised
        fraction = ((significand << shift) & ((1 << (self.p - 1)) - 1)) << (-(self.p - 1) % 4)
        digits = f"{fraction:0{-(-(self.p - 1) // 4)}x}".rstrip("0")
        binade = exponent + self.p - 1 - shift
        return f"{sign}0x1{'.' if digits else ''}{digits}p{binade:+d}"

    def bits_text(self, bits: int) -> str:
        """Return the encoding in hexadecimal, padded to the width of the format."""
        return f"0x{bits:0{self.width // 4}x}"


def _ieee(name: str, p: int, width: int, *aliases: str) -> Format:
    """Return an IEEE 754 interchange-like format, which p and width determine."""
    emax = (1 << (width - p - 1)) - 1
    infinity = ((1 << (width - p)) - 1) << (p - 1)
    return Format(name, p, 1 - emax, emax, width, infinity - 1, aliases=aliases)


FORMATS: dict[str, Format] = {
    record.name: record
    for record in (
        _ieee("float16", 11, 16, "binary16", "half", "np.float16", "f16"),
        _ieee("bfloat16", 8, 16, "bf16", "ml_dtypes.bfloat16"),
        _ieee("float32", 24, 32, "binary32", "single", "np.float32", "f32"),
        _ieee("float64", 53, 64, "binary64", "double", "np.float64", "f64"),
    )
}
"""Every format that routines can be measured in, by name, narrowest first."""


def format_named(spelling: str) -> Format:
    """Return the format with this name or alias.

    Raises
    ------
    UsageError
        If no format is spelled like that.
    """
    for record in FORMATS.values():
        if spelling == record.name or spelling in record.aliases:
            return record
    raise UsageError(
        f"Unknown format {spelling!r}. halfulp knows {', '.join(FORMATS)}; "
        "binary32, double, np.float32 and the like are understood too."
    )
