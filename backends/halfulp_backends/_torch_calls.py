"""Other ways to call PyTorch, as programs do: the setting `call` of the adapter `torch`.

`out` is the default: the output is given where the function takes one. `fresh` lets the function
make its output. `loop` calls it once an element, from Python. `numpy` calls NumPy's function on the
tensor's own memory.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from halfulp.backend import Unavailable
from halfulp.exceptions import UsageError
from halfulp_backends._arrays import imported
from halfulp_backends.torch import TorchLibrary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from halfulp_backends._arrays import Array, Operation


def library_named(call: str) -> type[TorchLibrary]:
    """Return the class of the library that is called in this way.

    Raises
    ------
    UsageError
        If there is no such way.
    """
    if call not in _WAYS:
        raise UsageError(
            f"The setting `call` of the adapter torch: expected one of {', '.join(_WAYS)}, "
            f"but got {call!r}."
        )
    return _WAYS[call]


class _Fresh(TorchLibrary):
    """Functions make their output themselves."""

    def takes_out(self, name: str) -> bool:  # noqa: ARG002 - none is given any
        """Tell that no output is given."""
        return False


class _Loop(_Fresh):
    """Functions, and formulas whole, are called once an element."""

    title = "PyTorch, once an element"
    together = 1  # each element is alone anyway

    def finished(self, operation: Operation) -> Operation:
        """Return a loop over the elements, each a tensor of no dimension."""
        empty_like = self.module.empty_like

        def loop(*tensors: Array) -> Array:
            result = empty_like(tensors[0])
            for place, elements in enumerate(zip(*tensors, strict=True)):
                result[place] = operation(*elements)
            return result

        return loop


class _NumPy(_Fresh):
    """NumPy's functions read the tensor's memory, and their result becomes a tensor."""

    title = "NumPy on a tensor"
    operators = MappingProxyType(
        {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "**": "pow",
         "negate": "negative"}
    )  # fmt: skip
    differences = MappingProxyType({})

    def __init__(self, adapter: Any, torch: Any, device: str) -> None:
        super().__init__(adapter, torch, device)
        self._numpy = imported("numpy", "NumPy")
        # For good, as nan and infinity are results: a context would be a part of each timed call.
        self._numpy.seterr(all="ignore")

    @property
    def versions(self) -> dict[str, str]:
        """PyTorch and NumPy."""
        return {**super().versions, "numpy": str(self._numpy.__version__)}

    def named(self, name: str) -> Operation:
        """Return NumPy's function of this name as one of tensors."""
        function = getattr(self._numpy, name, None)
        if function is None:
            raise Unavailable(f"NumPy has no {name}.")
        torch = self.module

        def on_memory(*tensors: Array) -> Array:
            return torch.from_numpy(function(*(tensor.numpy() for tensor in tensors)))

        return on_memory


_WAYS: Mapping[str, type[TorchLibrary]] = MappingProxyType(
    {"out": TorchLibrary, "fresh": _Fresh, "loop": _Loop, "numpy": _NumPy}
)
