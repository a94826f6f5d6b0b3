"""What functions and formats are called in C."""

from __future__ import annotations

from dataclasses import dataclass

from halfulp.formats import Format

C_NAMES: dict[str, str] = {
    **{
        same: same
        for same in (
            *("exp", "exp2", "exp10", "expm1", "log", "log2", "log10", "log1p"),
            *("sqrt", "cbrt", "pow", "hypot"),
            *("sin", "cos", "tan", "asin", "acos", "atan", "atan2"),
            *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh"),
            *("erf", "erfc", "lgamma", "j0", "j1", "y0", "y1"),
            # C23 has these; where a library does not yet, the compiler or the linker says so.
            *("rsqrt", "sinpi", "cospi", "tanpi", "asinpi", "acospi", "atanpi"),
            *("exp2m1", "exp10m1", "log2p1", "log10p1"),
        )
    },
    "gamma": "tgamma",
}
"""Catalogue name -> the name in <math.h>, without the suffix of a format."""


@dataclass(frozen=True)
class CType:
    """A format as C has it.

    Parameters
    ----------
    name
        The type.
    suffix
        What <math.h> adds to a function's name, or None if it has no function of this type.
    flags
        Flags without which the compiler would not evaluate in the format.
    """

    name: str
    suffix: str | None
    flags: tuple[str, ...] = ()

    def literal(self, fmt: Format, bits: int) -> str:
        """Return a constant of this type; hexadecimal, so that no compiler rounds it."""
        if fmt.is_inf(bits):
            return f"(({self.name})__builtin_inf())"
        text = fmt.hex(bits)
        return f"{text}f" if self.name == "float" else f"(({self.name}){text})"


# Without -fexcess-precision=16 a chain of _Float16 operations is evaluated in float.
_NOT_IN_FLOAT = ("-fexcess-precision=16",)

C_TYPES: dict[str, CType] = {
    "float16": CType("_Float16", None, _NOT_IN_FLOAT),
    "bfloat16": CType("__bf16", None, _NOT_IN_FLOAT),
    "float32": CType("float", "f"),
    "float64": CType("double", ""),
}
"""By name of the format."""
