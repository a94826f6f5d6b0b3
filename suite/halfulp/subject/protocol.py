"""What every handle on a subject offers, and how it says that a routine gave no results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, Self, TypeAlias, runtime_checkable

from halfulp.encodings import Bits, bits_type
from halfulp.exceptions import HalfulpError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from halfulp.backend import Request
    from halfulp.subject.fpstate import FloatingPointState

Status: TypeAlias = Literal["crashed", "timed out", "failed"]
"""Why there are no results: the process died, it was too slow, or the routine went wrong."""


class SubjectError(HalfulpError):
    """A routine gave no results; a status of that routine, never of the run.

    Parameters
    ----------
    status
        "crashed", "timed out" or "failed".
    reason
        One sentence that names what happened.
    ended
        Whether the process is gone, so that the handle must be started again: always after the
        first two, and after "failed" if the routine left a process that nobody should go on with.
    killed
        Whether somebody else ended the process, which is no fault of the routine.
    """

    def __init__(
        self, status: Status, reason: str, ended: bool | None = None, killed: bool = False
    ) -> None:
        super().__init__(f"{status}: {reason}")
        self.status: Status = status
        self.reason = reason
        self.ended = status != "failed" if ended is None else ended
        self.killed = killed

    def __reduce__(self) -> tuple[type[SubjectError], tuple[Status, str, bool, bool]]:
        """Pickle by the constructor's own arguments: errors cross from the judge's workers."""
        return type(self), (self.status, self.reason, self.ended, self.killed)


@runtime_checkable
class Evaluator(Protocol):
    """A handle on a subject, for use by one thread at a time."""

    @property
    def versions(self) -> Mapping[str, str]:
        """Names and versions of what is measured, once started."""
        ...

    @property
    def floating_point_state(self) -> FloatingPointState:
        """The subject's state as last reported: after the library loaded, then after each call."""
        ...

    def start(self) -> None:
        """Make the library ready.

        Raises
        ------
        Unavailable
            If the library or its device is missing; in the library's words.
        UsageError
            If a setting is not understood.
        SubjectError
            If the library did not load for another reason.
        """
        ...

    def prepare(self, request: Request) -> int:
        """Make a routine ready and return the number by which `evaluate` knows it.

        Raises
        ------
        Unavailable
            If the library has no such function or format; in the library's words.
        SubjectError
            If something else went wrong.
        """
        ...

    def evaluate(self, routine: int, inputs: Bits) -> Bits:
        """Evaluate a prepared routine.

        Parameters
        ----------
        routine
            What `prepare` returned since the last start.
        inputs
            Encodings of shape (arity, n), C-contiguous, of the unsigned type of the format.

        Returns
        -------
        Bits
            Encodings of shape (n,), read-only, valid until the next call on this handle.

        Raises
        ------
        SubjectError
            If there are no results; the status and the reason say why.
        ValueError
            If the inputs have another shape or type.
        """
        ...

    def close(self) -> None:
        """Leave no process and no memory behind; a closed handle can be started again."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def check_inputs(request: Request, inputs: Bits) -> None:
    """Raise ValueError unless inputs are (arity, n) encodings of the request's format."""
    expected = bits_type(request.format)
    arity = len(request.arguments)
    if inputs.ndim != 2 or inputs.shape[0] != arity or inputs.dtype != expected:
        raise ValueError(
            f"Expected {expected} encodings of shape ({arity}, n) for {request.function}, "
            f"but got {inputs.dtype} of shape {inputs.shape}."
        )
    if not inputs.flags.c_contiguous:
        raise ValueError("Expected inputs that lie in one C-contiguous piece.")
