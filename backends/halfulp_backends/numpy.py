"""NumPy: its ufuncs, and formulas as arrays evaluate them, operator by operator in the format."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from halfulp.backend import Arrays, Call, Evaluate, Request, Settings, Unavailable
from halfulp_backends._calls import Operation, array_call
from halfulp_backends._formulas import compiled, refuse_settings, refuse_unless_served

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from fractions import Fraction
    from types import ModuleType

    import numpy.typing as npt

    from halfulp.formats import Format

    Array: TypeAlias = npt.NDArray[Any]

OPERATORS = {
    "+": "add",
    "-": "subtract",
    "*": "multiply",
    "/": "divide",
    "**": "power",
    "negate": "negative",
}


@dataclass(frozen=True)
class NumPyAdapter:
    """The adapter `numpy`.

    NumPy's i0 and sinc are absent: they are no ufuncs, and so have no `out=` and no fixed dtype.
    """

    name: str = "numpy"
    requires: tuple[str, ...] = ("numpy",)
    formats: tuple[str, ...] = ("float16", "float32", "float64")
    note: str = ""
    functions: Mapping[str, str] = field(
        default_factory=lambda: {
            **{
                same: same
                for same in (
                    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt"),
                    *("sin", "cos", "tan", "sinh", "cosh", "tanh", "hypot", "logaddexp"),
                )
            },
            "pow": "power",
            "asin": "arcsin",
            "acos": "arccos",
            "atan": "arctan",
            "atan2": "arctan2",
            "asinh": "arcsinh",
            "acosh": "arccosh",
            "atanh": "arctanh",
        }
    )

    def load(self, settings: Settings) -> NumPyLibrary:
        """Import NumPy."""
        refuse_settings(self, settings)
        try:
            import numpy as np
        except ImportError as error:
            raise Unavailable(f"NumPy cannot be imported: {error}") from error
        return NumPyLibrary(self, np)


class NumPyLibrary:
    """NumPy, loaded."""

    def __init__(self, adapter: NumPyAdapter, np: ModuleType) -> None:
        self._adapter = adapter
        self._np = np
        self.versions = {"numpy": str(np.__version__)}

    @property
    def facts(self) -> dict[str, str]:
        """The processor features that NumPy was built for, and those that it found and may use."""
        try:
            simd = self._np.show_config(mode="dicts")["SIMD Extensions"]
        except (TypeError, KeyError):  # before NumPy 1.25, or built without any
            return {}
        known = {"baseline": simd.get("baseline"), "dispatch": simd.get("found")}
        return {name: " ".join(features) for name, features in known.items() if features}

    def routine(self, request: Request) -> Evaluate:
        """Return a ufunc over the whole array, or a formula of ufuncs."""
        refuse_unless_served(self._adapter, "NumPy", request)
        dtype = self._np.dtype(request.format.name)
        if request.formula is None:
            compute = self._native(self._adapter.functions[request.function])
        else:
            compute = self._formula(request, dtype)
        return self._evaluate(dtype, compute)

    def bind(self, request: Request, arrays: Arrays) -> Call:
        """Return the call of a ufunc, or of a formula of ufuncs, on arrays that lie ready."""
        refuse_unless_served(self._adapter, "NumPy", request)
        if arrays.latency:
            raise Unavailable("NumPy takes whole arrays: no element waits for another.")
        np, dtype = self._np, self._np.dtype(request.format.name)
        inputs = [np.frombuffer(view, dtype)[:: arrays.stride] for view in arrays.inputs]
        out = None if arrays.output is None else np.frombuffer(arrays.output, dtype)
        names = {**OPERATORS, **self._adapter.functions}
        operations = {
            ours: Operation(getattr(np, name), f"numpy.{name}") for ours, name in names.items()
        }
        constant = self._constant(request.format, dtype)
        run, shown = array_call(request, "NumPy", constant, operations, inputs, out)
        np.seterr(all="ignore")  # for good: a context would be a part of each call
        return Call(run, shown)

    def _evaluate(
        self, dtype: npt.DTypeLike, compute: Callable[[Sequence[Array], Array], None]
    ) -> Evaluate:
        np = self._np

        def evaluate(inputs: Sequence[memoryview], output: memoryview) -> None:
            arrays = [np.frombuffer(view, dtype) for view in inputs]
            with np.errstate(all="ignore"):  # nan and infinity are results, not accidents
                compute(arrays, np.frombuffer(output, dtype))

        return evaluate

    def _native(self, name: str) -> Callable[[Sequence[Array], Array], None]:
        ufunc = getattr(self._np, name)

        def native(arrays: Sequence[Array], out: Array) -> None:
            assert len(arrays) == ufunc.nin, f"{name} takes {ufunc.nin} arguments"
            ufunc(*arrays, out=out)

        return native

    def _formula(
        self, request: Request, dtype: npt.DTypeLike
    ) -> Callable[[Sequence[Array], Array], None]:
        np, constant = self._np, self._constant(request.format, dtype)
        names = {**OPERATORS, **self._adapter.functions}
        operations = {ours: self._operation(name, dtype) for ours, name in names.items()}
        formula = compiled(request, "NumPy", constant, operations)

        def evaluate(arrays: Sequence[Array], out: Array) -> None:
            np.copyto(out, formula(arrays), casting="no")

        return evaluate

    def _constant(self, fmt: Format, dtype: npt.DTypeLike) -> Callable[[Fraction], Array]:
        """Return what makes a number an array of one element in the format.

        A Python float would be rounded twice, and which type a scalar is promoted to has changed
        between NumPy's versions.
        """
        np, unsigned = self._np, f"u{fmt.width // 8}"

        def constant(value: Fraction) -> Array:
            bits: Array = np.array([fmt.round(value)], unsigned)
            return bits.view(dtype)

        return constant

    def _operation(self, name: str, dtype: npt.DTypeLike) -> Callable[..., Array]:
        """Return a ufunc that refuses to leave the format, and more operands than it has."""
        ufunc = getattr(self._np, name)

        def operation(*operands: Array) -> Array:
            # A ufunc takes one operand too many for `out`, and would write into the input.
            assert len(operands) == ufunc.nin, f"{name} takes {ufunc.nin} arguments"
            result: Array = ufunc(*operands)
            assert result.dtype == dtype, f"{name} left {dtype} for {result.dtype}"
            return result

        return operation


adapter = NumPyAdapter()
