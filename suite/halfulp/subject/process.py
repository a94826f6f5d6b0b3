"""The life of a subject's process: started, talked to with a limit, ended without a trace.

Every way in which a process can end badly comes out of here as a `SubjectError`. Linux only: memory
and descriptors are passed, the process is watched through a pidfd, and it dies with its judge.
"""

from __future__ import annotations

import contextlib
import math
import os
import queue
import select
import signal
import socket
import subprocess
import threading
import time
from concurrent.futures import Future
from typing import IO, TYPE_CHECKING, Any

from halfulp.subject.launch import SUBJECT_MARK, Launch
from halfulp.subject.memory import default_limit_mb, resident_mb
from halfulp.subject.messages import CONNECTION_LOST, Garbled, Inbox, Message, pack
from halfulp.subject.protocol import SubjectError
from halfulp.subject.strays import descendants, end_strays

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

TAIL_BYTES = 1 << 16
"""How much of what a subject prints is kept; the rest is read and forgotten."""

_GRACE_S = 2.0
_MAX_LINE = 300
_LOOK_S = 0.05
"""Seconds between two looks at a subject's memory: at 4 GB/s it grows by 200 MB meanwhile."""

_FROM_OUTSIDE = (signal.SIGKILL, signal.SIGTERM)
"""Signals that a user or a system short of memory sends, and no routine that goes wrong."""

_running: set[int] = set()
"""Subjects of this process, so that none is taken for a stray."""


class SubjectProcess:
    """A running `python -m halfulp.subject` and the connection to it.

    Parameters
    ----------
    launch
        What to start.
    memory_limit_mb
        Resident memory that it and its children may hold; 0 for the default.
    """

    def __init__(self, launch: Launch, memory_limit_mb: int = 0) -> None:
        self._mark = launch.mark
        self._memory_limit_mb = memory_limit_mb or default_limit_mb()
        self._looked = time.monotonic()
        self._connection, theirs = socket.socketpair()
        with theirs:
            self._process = _spawn(theirs.fileno(), launch)
        _running.add(self._process.pid)
        self._watch = os.pidfd_open(self._process.pid)
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._tails = (_Tail(self._process.stdout), _Tail(self._process.stderr))
        self._inbox = Inbox()
        self._sent = 0

    @property
    def pid(self) -> int:
        """The process, which also leads a process group of this number."""
        return self._process.pid

    def post(self, message: Mapping[str, Any], descriptors: Sequence[int] = ()) -> None:
        """Send a message that will be replied to; replies to earlier ones are passed over.

        Parameters
        ----------
        message
            JSON values.
        descriptors
            Open files to hand over.
        """
        self._sent += 1
        with self._ending():
            self._send({"id": self._sent, **message}, descriptors)

    def wait(self, limit_s: float, descriptors: Sequence[int]) -> set[int]:
        """Return which of some descriptors are readable; none if the process has more to tell.

        Raises
        ------
        SubjectError
            As `reply` does.
        """
        with self._ending():
            ready = self._waited(time.monotonic() + limit_s, descriptors)
            if not ready:
                raise _too_slow(limit_s)
            return ready & set(descriptors)

    def reply(self, limit_s: float) -> Message:
        """Return the next reply to the message that was posted last.

        Parameters
        ----------
        limit_s
            Seconds until the subject counts as timed out.

        Raises
        ------
        SubjectError
            "crashed" or "timed out". The process group has then been killed, as it has after any
            other exception, such as KeyboardInterrupt, that left a reply unread.
        """
        with self._ending():
            return self._next_reply(time.monotonic() + limit_s, limit_s)

    @contextlib.contextmanager
    def _ending(self) -> Iterator[None]:
        """End the process after any exception."""
        try:
            yield
        except BaseException:
            self._end()
            raise

    def close(self) -> None:
        """End the process: close the connection, wait a moment, then kill its group."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._wait(_GRACE_S)
        self._end()

    def kill(self) -> None:
        """End the process and its group at once."""
        self._end()

    def _send(self, message: Mapping[str, Any], descriptors: Sequence[int]) -> None:
        data = pack(message)
        # A process that has ended is reported by `_next_reply`, which knows how to say how.
        with contextlib.suppress(ConnectionError):
            sent = socket.send_fds(self._connection, [data], descriptors) if descriptors else 0
            self._connection.sendall(data[sent:])

    def _next_reply(self, deadline: float, limit_s: float) -> Message:
        """Return the next reply to the last message, passing over any other."""
        while True:
            try:
                message = self._inbox.take()
            except Garbled:
                raise SubjectError("crashed", "it wrote into its connection to the judge") from None
            if message is None:
                self._read(deadline, limit_s)
            elif message.get("id") == self._sent:
                return message

    def _read(self, deadline: float, limit_s: float) -> None:
        """Wait for bytes; the end of the process counts even if a child keeps the socket open."""
        ready = self._waited(deadline)
        if not ready:
            raise _too_slow(limit_s)
        data = b""
        if self._connection.fileno() in ready:
            with contextlib.suppress(ConnectionError):
                data = self._connection.recv(1 << 16)
        if not data:
            raise self._crash()
        self._inbox.add(data)

    def _waited(self, deadline: float, others: Sequence[int] = ()) -> set[int]:
        """Return the descriptors that have something, none at the deadline; watch the memory."""
        while True:
            now = time.monotonic()
            if now - self._looked >= _LOOK_S:
                self._looked = now
                self._check_memory()
            left = min(deadline - now, _LOOK_S)
            ready = _ready((self._connection.fileno(), self._watch, *others), left)
            if ready or now >= deadline:
                return ready

    def _check_memory(self) -> None:
        if resident_mb(descendants(self._process.pid)) > self._memory_limit_mb:
            limit = f"the limit of {self._memory_limit_mb} MB"
            raise SubjectError("crashed", f"killed: it held more memory than {limit}")

    def _crash(self) -> SubjectError:
        """Return the error that says how the process ended."""
        ended = self._wait(_GRACE_S)
        code = self._end()
        reason = _ending(code) if ended else "it closed its connection to the judge and went on"
        words = self._tails[1].last_line()
        if words:
            reason = f"{reason}; its last words: {words}"
        return SubjectError("crashed", reason, killed=ended and -code in _FROM_OUTSIDE)

    def _wait(self, limit_s: float) -> bool:
        """Wait for the process to end, without reaping it, and tell whether it did."""
        return self._process.returncode is not None or bool(_ready((self._watch,), limit_s))

    def _end(self) -> int:
        """Kill the process group, release everything and return the exit code."""
        if self._process.returncode is None:
            # Before the reaping, so that the number cannot be another group's. A process that has
            # ended by itself keeps its exit code; what it left running is killed.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            _running.discard(self._process.pid)
            end_strays(SUBJECT_MARK, self._mark, frozenset(_running))
            self._connection.close()
            os.close(self._watch)
            for tail in self._tails:
                tail.join(_GRACE_S)
        return self._process.returncode


def _too_slow(limit_s: float) -> SubjectError:
    return SubjectError("timed out", f"no result within the limit of {limit_s:g} s")


def _ready(descriptors: Sequence[int], limit_s: float) -> set[int]:
    """Return the descriptors that have something to read or have ended, after at most limit_s."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return {descriptor for descriptor, _ in poll.poll(max(0, math.ceil(limit_s * 1000)))}


def _ending(code: int) -> str:
    """Return how a process ended, in words."""
    if code == CONNECTION_LOST:
        return "it closed its connection to the judge"
    if code >= 0:
        return f"it exited with code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:  # real-time signals have no names
        return f"killed by signal {-code}"


class _Tail(threading.Thread):
    """Reads what a subject prints, so that it never blocks, and keeps the end of it."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(name="halfulp-tail", daemon=True)
        self._stream = stream
        self._kept = b""
        self.start()

    def run(self) -> None:
        """Read to the end of the stream."""
        with self._stream:
            while data := os.read(self._stream.fileno(), TAIL_BYTES):
                self._kept = (self._kept + data)[-TAIL_BYTES:]

    def last_line(self) -> str:
        """Return the last line that is not blank, printable and cut to a sensible length."""
        lines = [line for line in self._kept.decode(errors="replace").splitlines() if line.strip()]
        line = lines[-1].strip()[:_MAX_LINE] if lines else ""
        return "".join(letter if letter.isprintable() else "?" for letter in line)


# -- starting --------------------------------------------------------------------------------
#
# Linux delivers PR_SET_PDEATHSIG when the *thread* that started a process ends (prctl(2)). A
# subject started in a short-lived worker thread would be killed under the judge's hands, so all of
# them are started by one thread that lasts as long as the process.

_Job = tuple[int, Launch, "Future[subprocess.Popen[bytes]]"]

_lock = threading.Lock()
_starter: tuple[int, queue.SimpleQueue[_Job]] | None = None


def _spawn(descriptor: int, launch: Launch) -> subprocess.Popen[bytes]:
    """Start a subject that serves on this descriptor."""
    started: Future[subprocess.Popen[bytes]] = Future()
    _jobs().put((descriptor, launch, started))
    return started.result()


def _jobs() -> queue.SimpleQueue[_Job]:
    """Return the queue of the starting thread; a forked copy of this process gets its own."""
    global _starter
    with _lock:
        if _starter is None or _starter[0] != os.getpid():
            _starter = os.getpid(), queue.SimpleQueue()
            threading.Thread(
                target=_start_forever, args=(_starter[1],), name="halfulp-starter", daemon=True
            ).start()
        return _starter[1]


def _start_forever(jobs: queue.SimpleQueue[_Job]) -> None:
    while True:
        descriptor, launch, started = jobs.get()
        try:
            started.set_result(_popen(descriptor, launch))
        except BaseException as error:  # it belongs to the thread that asked
            started.set_exception(error)


def _popen(descriptor: int, launch: Launch) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        launch.command(descriptor),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        pass_fds=(descriptor,),
        start_new_session=True,  # Ctrl-C in the terminal is for the judge, who then ends us
        env=launch.environment,
    )
