"""The subject's side: a process that loads one library and evaluates what the judge asks for.

It imports the standard library, the contract, the adapter and its library, nothing else: what is
measured must behave as it does in a plain Python process. Requests come over a socket that was
passed by descriptor, never over stdin or stdout, on which a library may print what it likes.
"""

from __future__ import annotations

import mmap
import os
import platform
import resource
import signal
import socket
import sys
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from halfulp.backend import Evaluate, Library, Request, Unavailable, adapter_at
from halfulp.exceptions import UsageError
from halfulp.formats import FORMATS, Format
from halfulp.subject import snippets
from halfulp.subject.fpstate import floating_point_state
from halfulp.subject.lifetime import ask_for_death, die_with_parent
from halfulp.subject.messages import (
    CONNECTION_LOST,
    SLOTS,
    Inbox,
    Message,
    item_code,
    pack,
    request_from_data,
    stride_bytes,
)
from halfulp.subject.probe import flushing
from halfulp.subject.ramps import PIECE, Ramp, ramp_of, runs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from halfulp.subject.timing import Stopwatch

_MAX_WORDS = 2_000


def main() -> None:
    """Serve the judge until it hangs up; argv begins with the descriptor and its pid."""
    descriptor, judge = (int(argument) for argument in sys.argv[1:3])
    die_with_parent(judge)
    os.register_at_fork(after_in_child=ask_for_death)
    # Whoever the library executes must not hold the connection open, nor may a crash leave a core.
    os.set_inheritable(descriptor, False)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError):  # where memory runs out all the same, the kernel shall take us
        Path("/proc/self/oom_score_adj").write_text("1000")
    with socket.socket(fileno=descriptor) as connection:
        _Host(connection).serve()


class _WroteIntoInputsError(Exception):
    """A routine wrote into the inputs that it was given."""

    def __init__(self, function: str) -> None:
        super().__init__(f"{function} wrote into its inputs")


class _Host:
    """Answers each message with exactly one reply that bears the same id."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._process = os.getpid()
        self._inbox = Inbox()
        self._descriptors: list[int] = []
        self._library: Library | None = None
        self._packages: tuple[str, ...] = ()
        self._routines: dict[int, tuple[Request, Evaluate]] = {}
        self._buffer = memoryview(b"")
        self._ramp: Ramp = ramp_of(None)
        self._pieces: dict[int, memoryview] = {}
        self._stopwatch: Stopwatch | None = None

    def serve(self) -> None:
        """Answer until the connection is closed."""
        while message := self._receive():
            reply = self._answer(message)
            if os.getpid() != self._process:
                os._exit(0)  # a routine forked, and this is the copy: it has nothing to say here
            self._send({"id": message["id"], **reply})

    def _receive(self) -> Message | None:
        while (message := self._inbox.take()) is None:
            try:
                data, descriptors, _, _ = socket.recv_fds(self._connection, 1 << 16, 4)
            except OSError:
                _leave()
            self._descriptors += descriptors
            if not data:
                return None
            self._inbox.add(data)
        return message

    def _send(self, reply: Message) -> None:
        try:
            self._connection.sendall(pack(reply))
        except OSError:  # a routine closed descriptors that are not its own
            _leave()

    def _answer(self, message: Message) -> Message:
        begin = time.perf_counter_ns()
        try:
            reply: Message = getattr(self, f"_do_{message['do']}")(message)
        except Unavailable as error:
            return {"status": "unavailable", "reason": str(error)[:_MAX_WORDS]}
        except UsageError as error:
            return {"status": "usage", "reason": str(error)[:_MAX_WORDS]}
        except _WroteIntoInputsError as error:
            return {"status": "failed", "reason": str(error), **_state()}
        except Exception as error:  # whatever a library raises is its result
            return {"status": "failed", "reason": _words(error), **_state()}
        return {"status": "ok", "took_ns": time.perf_counter_ns() - begin, **reply}

    def _do_load(self, message: Message) -> Message:
        if message["folder"]:
            os.chdir(message["folder"])  # where relative paths among the settings start
        adapter = adapter_at(message["adapter"])
        self._library, self._packages = adapter.load(message["settings"]), adapter.requires
        self._ramp = ramp_of(self._library)
        facts = {**getattr(self._library, "facts", {}), **_own_facts()}
        return {"versions": _texts(self._library.versions), "facts": _texts(facts), **_state()}

    def _do_probe(self, message: Message) -> Message:
        assert self._library is not None, "load comes first"
        return {"flushing": asdict(flushing(self._library, FORMATS[message["format"]]))}

    def _do_run_code(self, message: Message) -> Message:
        """Run code of a document; each piece finds the library and nothing of the others."""
        names = snippets.names_for(self._packages)
        return {"result": snippets.run(message["code"], names), **_state()}

    def _do_prepare(self, message: Message) -> Message:
        assert self._library is not None, "load comes first"
        request = request_from_data(message["request"])
        self._routines[message["routine"]] = request, self._library.routine(request)
        return _state()

    def _do_map(self, message: Message) -> Message:
        descriptor = self._descriptors.pop()
        try:
            self._buffer = memoryview(mmap.mmap(descriptor, message["size"]))
        finally:
            os.close(descriptor)
        return {}

    def _do_evaluate(self, message: Message) -> Message:
        request, evaluate = self._routines[message["routine"]]
        *inputs, output = self._views(request, message["count"])
        evaluate(inputs, output)
        return _state()

    def _do_bind(self, message: Message) -> Message:
        """Bind a routine to arrays of its own, to be timed."""
        assert self._library is not None, "load comes first"
        if self._stopwatch is None:
            from halfulp.subject.timing import Stopwatch

            self._stopwatch = Stopwatch(self._library)
        request, evaluate = self._routines[message["routine"]]
        *pool, _ = self._views(request, message["count"])
        return {**self._stopwatch.bind(request, evaluate, pool, message), **_state()}

    def _do_sample(self, message: Message) -> Message:
        assert self._stopwatch is not None, "bind comes first"
        return self._stopwatch.sample(message)

    def _do_outputs(self, message: Message) -> Message:
        """Show what a timed call has left in its output."""
        assert self._stopwatch is not None, "bind comes first"
        view = self._stopwatch.outputs(message)
        used = len(view) * view.itemsize
        self._buffer[:used] = view.cast("B")
        return {}

    def _do_release(self, message: Message) -> Message:
        assert self._stopwatch is not None, "bind comes first"
        return {**self._stopwatch.release(message), **_state()}

    def _do_stream_keys(self, message: Message) -> Message:
        """Evaluate consecutive keys, a chunk after the other; the inputs are made here."""
        request, evaluate = self._routines[message["routine"]]
        key, count, chunk = message["key"], message["count"], message["chunk"]
        slots = self._views_of(request.format, chunk, SLOTS)
        read, written = self._descriptors.pop(), self._descriptors.pop()
        try:
            room = SLOTS
            for number, offset in enumerate(range(0, count, chunk)):
                room = (room or os.eventfd_read(read)) - 1
                output = slots[number % SLOTS][: count - offset]
                self._evaluate_keys(request, evaluate, key + offset, output)
                os.eventfd_write(written, 1)
        finally:
            os.close(read)
            os.close(written)
        return _state()

    def _evaluate_keys(
        self, request: Request, evaluate: Evaluate, key: int, output: memoryview
    ) -> None:
        for run in runs(request.format, key, len(output)):
            inputs = self._piece(request.format, run.length)
            self._ramp(run.first, run.step, inputs)
            evaluate([inputs], output[run.offset : run.offset + run.length])
            last = run.first + run.step * (run.length - 1)
            if (inputs[0], inputs[-1]) != (run.first, last):
                raise _WroteIntoInputsError(request.function)

    def _piece(self, fmt: Format, count: int) -> memoryview:
        """Return room for inputs that nobody else sees."""
        if fmt.width not in self._pieces:
            self._pieces[fmt.width] = memoryview(bytearray(PIECE * fmt.width // 8)).cast(
                item_code(fmt.width)
            )
        return self._pieces[fmt.width][:count]

    def _views(self, request: Request, count: int) -> list[memoryview]:
        """Return a view an argument and, last, that of the output."""
        return self._views_of(request.format, count, len(request.arguments) + 1)

    def _views_of(self, fmt: Format, count: int, rows: int) -> list[memoryview]:
        width = fmt.width
        stride, used = stride_bytes(count, width), count * width // 8
        starts = (place * stride for place in range(rows))
        return [self._buffer[start : start + used].cast(item_code(width)) for start in starts]


def _leave() -> NoReturn:
    """End at once, with the code that says that the connection to the judge is gone."""
    os._exit(CONNECTION_LOST)


def _texts(facts: Mapping[str, object]) -> dict[str, str]:
    return {str(name): str(text) for name, text in facts.items()}


def _own_facts() -> dict[str, str]:
    """Return what is to be known of this process once the library is loaded."""
    with suppress(OSError):
        threads = len(list(Path("/proc/self/task").iterdir()))
        return {"interpreter": _interpreter(), "threads": str(threads)}
    return {"interpreter": _interpreter()}


def _interpreter() -> str:
    return f"{platform.python_implementation()} {platform.python_version()}"


def _state() -> dict[str, Any]:
    return {"floating_point_state": asdict(floating_point_state())}


def _words(error: Exception) -> str:
    text = str(error)[:_MAX_WORDS]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
