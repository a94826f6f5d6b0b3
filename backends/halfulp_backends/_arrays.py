"""What libraries of arrays share: routines over whole arrays, formulas operator by operator.

A library adds how encodings become its arrays and back, and a table of names. Where a name is not
enough, because an argument is to be fixed, the library's table of differences says what to call.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial, reduce
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from halfulp.backend import Adapter, Arrays, Call, DeviceTimer, Request, Unavailable
from halfulp.expressions import ARITHMETIC, Apply, calls, to_text
from halfulp.formats import Format, power_of_two
from halfulp.subject.messages import item_code
from halfulp_backends._calls import Operation as Timed
from halfulp_backends._calls import array_call
from halfulp_backends._formulas import compiled, refuse_unless_served

if TYPE_CHECKING:
    from fractions import Fraction

Array: TypeAlias = Any
"""Each library has arrays of its own, and some of their types come untyped."""

Operation: TypeAlias = Callable[..., Array]

Difference: TypeAlias = Callable[[Any], Operation]
"""The library's module -> what to call for a name that differs."""

Compute: TypeAlias = Callable[[Sequence[Array], Array], Array]
"""Arguments and room for the result -> the result, which may lie in that room."""

_LONGEST_WORDS = 300


class ArrayLibrary(ABC):
    """A library of arrays, loaded.

    Parameters
    ----------
    adapter
        Formats and the table of names.
    module
        The module in which names are looked up.
    """

    title: ClassVar[str]
    """What to call the library in messages."""

    operators: ClassVar[Mapping[str, str]]
    """Names of `+ - * / **` and "negate"."""

    borrowed: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Names of functions that serve in formulas only, because they are another library's."""

    differences: ClassVar[Mapping[str, Difference]] = MappingProxyType({})
    """Table entry -> what to call instead of a name."""

    shown: ClassVar[str] = "{}"
    """How a name of the table is written by the library's users, such as "torch.{}"."""

    has_strides: ClassVar[bool] = True
    """Whether an array can take every second element of another without a copy."""

    together: ClassVar[int] = 1
    """Elements that the library's loops take at a time, where the last ones may be computed by
    other code. Evaluations are filled up to a multiple of it, so that a result does not depend on
    its place and a witness can be repeated alone."""

    refusals: tuple[type[Exception], ...] = (RuntimeError, TypeError)
    """What the library raises for a type that a function is not made for, or a kernel that does not
    compile; NotImplementedError is a RuntimeError."""

    def __init__(self, adapter: Adapter, module: Any) -> None:
        self.adapter = adapter
        self.module = module

    @property
    @abstractmethod
    def versions(self) -> Mapping[str, str]:
        """Names and versions of what is measured."""

    @property
    def facts(self) -> Mapping[str, str]:
        """What else decides about the figures; see `halfulp.backend.Library`."""
        return {}

    @abstractmethod
    def dtype(self, fmt: Format) -> Any:
        """Return the library's type of a format's numbers."""

    @abstractmethod
    def place(self, view: memoryview, fmt: Format) -> Array:
        """Return an array of the numbers with these encodings, bit for bit."""

    @abstractmethod
    def fetch(self, result: Array, output: memoryview, fmt: Format) -> None:
        """Write a result's encodings, bit for bit; a single element fills the whole view."""

    def room(self, output: memoryview, fmt: Format) -> Array:  # noqa: ARG002 - for libraries with out=
        """Return an array to be given as `out=`, or None where the library makes its own."""
        return None

    def takes_out(self, name: str) -> bool:  # noqa: ARG002 - depends on the name where there is any
        """Tell whether the routine of this name takes `out=`."""
        return False

    def synchronise(self, result: Array) -> None:  # noqa: B027 - nothing to wait for without a device
        """Wait until a result is there."""

    def within(self, fmt: Format) -> AbstractContextManager[Any]:  # noqa: ARG002 - for libraries with modes
        """Return the context in which arrays of a format are made and computed with."""
        return nullcontext()

    def finished(self, operation: Operation) -> Operation:
        """Return an operation on arrays as it is to be called, such as compiled."""
        return operation

    def named(self, name: str) -> Operation:
        """Return what an entry of the table stands for.

        Raises
        ------
        Unavailable
            If this version of the library does not have it.
        """
        try:
            if name in self.differences:
                return self.differences[name](self.module)
            found: Operation = reduce(getattr, name.split("."), self.module)
        except AttributeError as error:
            raise Unavailable(f"{self.title} has no {name}: {words(error)}") from error
        return found

    def routine(self, request: Request) -> ArrayRoutine:
        """Return a routine over whole arrays, tried on one input."""
        refuse_unless_served(self.adapter, self.title, request)
        with self.within(request.format):
            compute = self._native(request) if request.formula is None else self.formula(request)
        routine = ArrayRoutine(self, request.format, compute)
        self._try(routine, request)
        return routine

    def bind(self, request: Request, arrays: Arrays) -> Call:
        """Return the call that is timed, on arrays that lie ready."""
        fmt, stride = request.format, arrays.stride
        if arrays.latency:
            raise Unavailable(f"{self.title} takes whole arrays: no element waits for another.")
        if stride != 1 and not self.has_strides:
            raise Unavailable(f"{self.title} has no strided arrays.")
        routine = self.routine(request)
        with self.within(fmt):
            placed = [self.place(view, fmt)[::stride] for view in arrays.inputs]
            room = None if arrays.output is None else self.room(arrays.output, fmt)
            run, shown = self._call(request, routine, placed, room)
        last: list[Array] = [None]

        def repeat(times: int) -> None:
            with self.within(fmt):
                for _ in itertools.repeat(None, times):
                    last[0] = run()

        return Call(run, shown, repeat, lambda: self.synchronise(last[0]), self.device_timer())

    def _call(
        self, request: Request, routine: ArrayRoutine, placed: list[Array], room: Array
    ) -> tuple[Callable[[], Any], str]:
        """Return what a user of the library would write, and its text."""
        if not self.is_eager(request):
            text = to_text(request.formula) if request.formula else request.function
            return partial(routine.compute, placed, room), f"{self.title}: {text}"
        tree = request.formula
        last = tree.operation if isinstance(tree, Apply) else request.function
        names = self._names(request)
        out = room if self.takes_out(names[last]) else None
        operations = {
            ours: Timed(self.named(name), self.shown.format(name)) for ours, name in names.items()
        }
        constant = partial(self._constant, request.format)
        return array_call(request, self.title, constant, operations, placed, out)

    def is_eager(self, request: Request) -> bool:  # noqa: ARG002 - some compile formulas only
        """Tell whether a request is carried out as calls of the library, one after the other."""
        return type(self).finished is ArrayLibrary.finished  # neither compiled nor looped over

    def device_timer(self) -> DeviceTimer | None:
        """Return the device's own clock, if there is one."""
        return None

    def _constant(self, fmt: Format, value: Fraction) -> Array:
        # An array of one element: a Python number would be rounded twice, and which type it is
        # promoted to depends on the library.
        return self.place(_view([fmt.round(value)], fmt), fmt)

    def _names(self, request: Request) -> dict[str, str]:
        """Return the table entries of all that a request calls, operators among them."""
        functions = {**self.borrowed, **self.adapter.functions}
        called = {request.function} if request.formula is None else calls(request.formula)
        return {**self.operators, **{name: functions[name] for name in called & functions.keys()}}

    def formula(self, request: Request) -> Compute:
        """Return a request's formula, an operation after the other."""
        fmt = request.format
        assert self.operators.keys() == ARITHMETIC
        operations = {
            ours: self._operation(name, fmt) for ours, name in self._names(request).items()
        }
        node = compiled(request, self.title, partial(self._constant, fmt), operations)
        finished = self.finished(lambda *arrays: node(arrays))
        return lambda arrays, _: finished(*arrays)

    def _native(self, request: Request) -> Compute:
        name = self.adapter.functions[request.function]
        operation = self.named(name)
        if self.takes_out(name):
            return lambda arrays, room: operation(*arrays, out=room)
        finished = self.finished(operation)
        return lambda arrays, _: finished(*arrays)

    def _operation(self, name: str, fmt: Format) -> Operation:
        """Return an operation that refuses to leave the format."""
        operation, dtype = self.named(name), self.dtype(fmt)

        def checked(*operands: Array) -> Array:
            result = operation(*operands)
            assert result.dtype == dtype, f"{name} left {dtype} for {result.dtype}"
            return result

        return checked

    def _try(self, routine: ArrayRoutine, request: Request) -> None:
        """Raise Unavailable, in the library's words, if it refuses a routine in this format."""
        fmt = request.format
        half = _view([fmt.round(power_of_two(-1))] * self.together, fmt)
        try:
            routine([half] * len(request.arguments), _view([0] * self.together, fmt))
        except self.refusals as error:
            what = request.function if request.formula is None else "the formula"
            raise Unavailable(
                f"{self.title} refuses {what} in {fmt.name}: {words(error)}"
            ) from error


class ArrayRoutine:
    """A routine of a library of arrays; keeps `halfulp.backend.Staged`."""

    def __init__(self, library: ArrayLibrary, fmt: Format, compute: Compute) -> None:
        self.library = library
        self.format = fmt
        self.compute = compute

    def __call__(self, inputs: Sequence[memoryview], output: memoryview) -> None:
        """Evaluate: encodings in, encodings out."""
        missing = -len(output) % self.library.together
        if not missing:
            self._evaluate(inputs, output)
            return
        filled = _view([0] * (len(output) + missing), self.format)
        self._evaluate([_filled_up(view, missing) for view in inputs], filled)
        output.cast("B")[:] = filled.cast("B")[: output.nbytes]

    def stage(self, inputs: Sequence[memoryview], output: memoryview) -> ArrayStage:
        """Put inputs and output in place, as they are: nothing is filled up."""
        with self.library.within(self.format):
            arrays = [self.library.place(view, self.format) for view in inputs]
            return ArrayStage(self, arrays, self.library.room(output, self.format), output)

    def _evaluate(self, inputs: Sequence[memoryview], output: memoryview) -> None:
        stage = self.stage(inputs, output)
        stage.run()
        stage.synchronise()
        stage.fetch()


class ArrayStage:
    """A routine with its arrays in place; keeps `halfulp.backend.Stage`."""

    def __init__(
        self, routine: ArrayRoutine, arrays: Sequence[Array], room: Array, output: memoryview
    ) -> None:
        self._routine = routine
        self._arrays = arrays
        self._room = room
        self._output = output
        self._result: Array = None

    def run(self) -> None:
        """Compute once."""
        routine = self._routine
        with routine.library.within(routine.format):
            self._result = routine.compute(self._arrays, self._room)

    def synchronise(self) -> None:
        """Wait until the result is there."""
        self._routine.library.synchronise(self._result)

    def fetch(self) -> None:
        """Write the results as encodings."""
        routine = self._routine
        dtype, expected = self._result.dtype, routine.library.dtype(routine.format)
        if dtype != expected:
            raise TypeError(f"the result is {dtype}, not {expected}")
        with routine.library.within(routine.format):
            routine.library.fetch(self._result, self._output, routine.format)


def imported(name: str, title: str) -> Any:
    """Import a library, or raise Unavailable in its own words."""
    try:
        return import_module(name)
    except (ImportError, OSError) as error:  # OSError: a shared object of it does not load
        raise Unavailable(f"{title} cannot be imported: {words(error)}") from error


def words(error: Exception) -> str:
    """Return what a library said: its first paragraph, cut after a sentence if it is long."""
    text = " ".join(str(error).strip().partition("\n\n")[0].split()) or type(error).__name__
    if len(text) <= _LONGEST_WORDS:
        return text
    sentences = text[:_LONGEST_WORDS].rpartition(". ")[0]
    return f"{sentences}." if sentences else f"{text[:_LONGEST_WORDS]}..."


def _filled_up(view: memoryview, missing: int) -> memoryview:
    """Return a copy that goes on with `missing` times the last element."""
    last = bytes(view[-1:])
    longer = memoryview(bytearray(bytes(view) + last * missing))
    return longer.cast(item_code(8 * view.itemsize))


def _view(encodings: Sequence[int], fmt: Format) -> memoryview:
    view = memoryview(bytearray(len(encodings) * fmt.width // 8)).cast(item_code(fmt.width))
    for place, bits in enumerate(encodings):
        view[place] = bits
    return view
