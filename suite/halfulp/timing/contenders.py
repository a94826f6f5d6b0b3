"""Who takes turns: routines in their subjects' processes, started again after a crash.

All other subjects wait for a message meanwhile, blocked and not spinning, so that one routine has
the machine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self, TypeAlias

from halfulp.backend import Unavailable
from halfulp.subject.protocol import SubjectError

if TYPE_CHECKING:
    from halfulp.backend import Request
    from halfulp.encodings import Bits
    from halfulp.subject.timed import Bound, Sample, Setting, TimedSubject


class Failure(NamedTuple):
    """Why a case has no figures: a status of `halfulp.runs.schema`, and a sentence."""

    status: str
    reason: str


class LostError(Exception):
    """A case cannot go on."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.reason)
        self.failure = failure


Make: TypeAlias = "Callable[[str, int], TimedSubject]"
"""(label of a backend, threads) -> its subject, not started."""

Told: TypeAlias = "Callable[[str, str | None, str, int], None]"
"""Called with backend, routine or None, stage and nanoseconds."""


class Contender(Protocol):
    """A routine that can be timed at one size."""

    @property
    def name(self) -> str:
        """The routine's identity."""
        ...

    def bind(self, seed: int) -> str:
        """Lay the arrays out afresh and return the call in the library's words.

        Raises
        ------
        LostError
            If there is nothing to be timed.
        """
        ...

    def sample(self, calls: int, warm: int = 0, expected_ns: float = 0) -> Sample:
        """Time some calls; `LostError` as above."""
        ...

    def release(self) -> None:
        """Let go of the arrays."""
        ...


@dataclass
class Lane:
    """One backend's process: started when it is needed, again after it has been lost.

    Parameters
    ----------
    label
        The backend's label.
    subject
        Not started.
    told
        Who is told how long each stage took.
    """

    label: str
    subject: TimedSubject
    told: Told
    generation: int = 0
    failure: Failure | None = None
    _routines: dict[str, tuple[int, int]] = field(default_factory=dict)

    def routine(self, name: str, request: Request) -> int:
        """Return the number of a routine that is ready in the running process.

        Raises
        ------
        LostError
            If the backend or the routine is not there.
        """
        if self.failure is not None:
            raise LostError(self.failure)
        if self.subject.pid is None:
            self._start()
        generation, number = self._routines.get(name, (-1, 0))
        if generation != self.generation:
            number = self.attempt(lambda: self.subject.prepare(request))
            if name not in self._routines:
                self.told(self.label, name, "prepare", self.subject.took_ns)
            self._routines[name] = self.generation, number
        return number

    def _start(self) -> None:
        self.generation += 1
        try:
            self.subject.start()
        except Unavailable as error:
            self.failure = Failure("unavailable", str(error))
        except SubjectError as error:
            self.failure = Failure(error.status, error.reason)
        if self.failure is not None:
            raise LostError(self.failure)
        if self.generation == 1:
            self.told(self.label, None, "import", self.subject.took_ns)

    def attempt(self, action: Callable[[], Any]) -> Any:
        """Do something in the subject.

        Raises
        ------
        LostError
            If it fails; a process that has ended is started again when it is next needed.
        """
        try:
            return action()
        except Unavailable as error:
            raise LostError(Failure("unavailable", str(error))) from error
        except SubjectError as error:
            if error.ended:
                self.subject.close()
            raise LostError(Failure(error.status, error.reason)) from error


class Lanes:
    """The processes of all backends, by label and number of threads; a context manager."""

    def __init__(self, make: Make, told: Told) -> None:
        self._make = make
        self._told = told
        self._lanes: dict[tuple[str, int], Lane] = {}

    def lane(self, label: str, threads: int) -> Lane:
        """Return a backend's process."""
        key = label, threads
        if key not in self._lanes:
            self._lanes[key] = Lane(label, self._make(label, threads), self._told)
        return self._lanes[key]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for lane in self._lanes.values():
            lane.subject.close()


@dataclass
class InSubject:
    """A contender in a subject's process.

    Parameters
    ----------
    name
        The routine's identity.
    lane
        Its process.
    request
        What the subject is asked to make ready.
    inputs
        The inputs, taken again and again.
    setting
        How it is called.
    look
        How many results of the timed call itself are looked at.
    seen
        These results, once there is a sample; None where the call does not keep them.
    """

    name: str
    lane: Lane
    request: Request
    inputs: Bits
    setting: Setting
    look: int = 0
    seen: Bits | None = None
    _bound: Bound | None = None
    _generation: int = 0
    _seed: int = 0

    def bind(self, seed: int) -> str:
        """Lay the arrays out afresh and return the call in the library's words."""
        self.release()
        self._seed = seed
        number = self.lane.routine(self.name, self.request)
        subject = self.lane.subject
        self._bound = self.lane.attempt(
            lambda: subject.bind(number, self.inputs, self.setting, seed)
        )
        self._generation = self.lane.generation
        assert self._bound is not None
        return self._bound.shown

    def sample(self, calls: int, warm: int = 0, expected_ns: float = 0) -> Sample:
        """Time some calls; what another routine's crash took away is made again before."""
        if self._lost:
            self.bind(self._seed)
        bound, subject = self._bound, self.lane.subject
        assert bound is not None, "bind comes first"
        made: Sample = self.lane.attempt(lambda: subject.sample(bound, calls, warm, expected_ns))
        if self.look and self.setting.allocation == "out":
            count, self.look = min(self.look, self.setting.size), 0
            fmt = self.request.format
            found: Bits = self.lane.attempt(lambda: subject.outputs(bound, fmt, count))
            # Some libraries never write where they are told to: nothing has touched the zeros.
            self.seen = found if found.any() else None
        return made

    def release(self) -> None:
        """Let go of the arrays."""
        bound, subject = self._bound, self.lane.subject
        self._bound = None
        if bound is not None and not self._lost:
            self.lane.attempt(lambda: subject.release(bound))

    @property
    def _lost(self) -> bool:
        return self._generation != self.lane.generation or self.lane.subject.pid is None
