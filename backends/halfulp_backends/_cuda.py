"""The CUDA C++ of a formula: the body of a kernel, operator by operator in the format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from halfulp.backend import Request, Unavailable
from halfulp.expressions import calls, to_text
from halfulp.formats import FORMATS, Format
from halfulp_backends._c.generate import Body, Calls
from halfulp_backends._c.names import CType

_NAMES = {
    **{
        same: same
        for same in (
            *("exp", "exp2", "exp10", "expm1", "log", "log2", "log10", "log1p"),
            *("sqrt", "rsqrt", "cbrt", "pow", "hypot"),
            *("sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinpi", "cospi"),
            *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh"),
            *("erf", "erfc", "erfinv", "lgamma", "j0", "j1", "y0", "y1"),
        )
    },
    "gamma": "tgamma",
    "ndtr": "normcdf",
    "ndtri": "normcdfinv",
    "i0": "cyl_bessel_i0",
    "i1": "cyl_bessel_i1",
}
"""Catalogue name -> CUDA's, overloaded for float and double (CUDA Math API)."""

_TYPES = {"float16": "float16", "float32": "float", "float64": "double"}
"""Formats as CuPy's kernels have them; float16 is CuPy's own class, computed with as float."""


@dataclass(frozen=True)
class KernelSource:
    """What an elementwise kernel is made of: statements of one element, and what precedes them."""

    body: str
    preamble: str


class _CudaType(CType):
    """A format as CUDA has it."""

    def literal(self, fmt: Format, bits: int) -> str:
        """Return a constant by its encoding, which no compiler rounds."""
        if fmt.name == "float64":
            return f"__longlong_as_double({bits:#x}LL)"
        single = FORMATS["float32"]
        if fmt.name == "float16":
            bits = single.infinity if fmt.is_inf(bits) else single.round(fmt.value(bits))
        return f"(({self.name})__int_as_float({bits:#x}))"


class _KernelBody(Body):
    """The statements of one element, whose arguments are scalars."""

    def _name(self, name: str) -> str:
        return super()._name(name).removesuffix("[i]")

    def _expression(self, operation: str, operands: Sequence[str]) -> str:
        if self.request.format.name == "float16":  # which functions take as float
            operands = [f"(float){operand}" for operand in operands]
        return super()._expression(operation, operands)


def kernel_source(request: Request) -> KernelSource:
    """Return the kernel of a request's formula.

    Raises
    ------
    Unavailable
        If it calls a function that CUDA has not.
    """
    assert request.formula is not None
    if missing := sorted(calls(request.formula) - _NAMES.keys()):
        raise Unavailable(
            f"CUDA has no {', '.join(missing)}, which {to_text(request.formula)} calls."
        )
    name = _TYPES[request.format.name]
    body = _KernelBody(request, _CudaType(name, None), Calls(_NAMES))
    result = body.value(request.formula)
    return KernelSource(
        "\n".join([*body.statements, f"out = {result};"]), f"typedef {name} number;"
    )
