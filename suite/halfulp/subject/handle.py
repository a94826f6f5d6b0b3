"""The judge's handle on a subject in a process of its own.

The judge shares one buffer with the subject: an array of encodings an argument, then the output. It
is anonymous memory (memfd) passed by descriptor, so that it vanishes with the last process that
maps it, however that ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import time
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from halfulp.backend import Request, Unavailable, adapter_place
from halfulp.encodings import Bits, bits_type
from halfulp.exceptions import UsageError
from halfulp.formats import Format
from halfulp.subject.fpstate import DEFAULT, FloatingPointState, Flushing, difference
from halfulp.subject.launch import Launch, check_interpreter
from halfulp.subject.messages import SLOTS, Message, request_as_data, stride_bytes
from halfulp.subject.process import SubjectProcess
from halfulp.subject.protocol import SubjectError, check_inputs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import TracebackType

UNWRITTEN = 0xA5
"""Every byte of the output before a routine runs.

An element that a routine forgets then holds the same wrong value in every run, never the right one
that an earlier call left there.
"""

_SAMPLES = 16
_NAP_S, _NAPS = 5e-5, 20
"""Naps before waiting: whoever wakes a waiting process may lose its processor to it."""

_SMALLEST_BUFFER = 1 << 20


class Subject:
    """A backend in a process of its own; a context manager, for use by one thread at a time.

    Parameters
    ----------
    adapter
        Name under which the adapter is installed.
    settings
        The backend's own keys from the study file.
    time_limit_s
        Seconds that one evaluation may take.
    start_limit_s
        Seconds that importing the library, or making a routine ready, may take.
    memory_limit_mb
        Resident memory that the process and its children may hold; 0 for half of the machine's, at
        most 8 GiB.
    python
        Another environment's interpreter; by default the one that runs here.
    folder
        Where relative paths among the settings start; by default the current folder.
    threads
        Threads that the library may use.

    Examples
    --------
    >>> with Subject("math", {}) as subject:  # doctest: +SKIP
    ...     routine = subject.prepare(Request("exp", None, FORMATS["float32"], ("x",)))
    ...     outputs = subject.evaluate(routine, inputs)
    """

    def __init__(
        self,
        adapter: str,
        settings: Mapping[str, Any],
        *,
        time_limit_s: float = 60,
        start_limit_s: float = 120,
        memory_limit_mb: int = 0,
        python: str = "",
        folder: str = "",
        threads: int = 1,
    ) -> None:
        self.adapter = adapter
        self.settings = dict(settings)
        self.time_limit_s = time_limit_s
        self.start_limit_s = start_limit_s
        self.memory_limit_mb = memory_limit_mb
        self.python = python
        self.folder = folder
        self.threads = threads
        self.took_ns = 0
        self.versions: dict[str, str] = {}
        self.facts: dict[str, str] = {}
        self.floating_point_state: FloatingPointState = DEFAULT
        self._settled: FloatingPointState | None = None
        self._process: SubjectProcess | None = None
        self._prepared = 0
        self._routines: dict[int, Request] = {}
        self._buffer: _Buffer | None = None

    @property
    def pid(self) -> int | None:
        """Number of the subject's process, or None while there is none."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start a fresh process and load the library in it; routines are prepared anew.

        Raises
        ------
        Unavailable
            If the library or its device is missing; in the library's words.
        UsageError
            If the adapter or a setting is not known.
        SubjectError
            If the library did not load for another reason.
        """
        self.close()
        check_interpreter(self.python)
        launch = Launch(self.python, adapter_place(self.adapter), self.threads)
        self._process = SubjectProcess(launch, self.memory_limit_mb)
        message = {
            "do": "load",
            "adapter": launch.adapter,
            "settings": self.settings,
            "folder": self.folder,
        }
        try:
            reply = self._exchange(message, self.start_limit_s)
        except BaseException:
            self.close()
            raise
        self.versions, self.facts = dict(reply["versions"]), dict(reply["facts"])
        self._settled = self.floating_point_state

    def probe(self, fmt: Format) -> Flushing | None:
        """Return what the library's own arithmetic does to subnormals; None if it cannot be asked.

        Raises
        ------
        SubjectError
            If the process did not survive the question.
        """
        try:
            reply = self._exchange({"do": "probe", "format": fmt.name}, self.start_limit_s)
        except Unavailable:
            return None
        except SubjectError as error:
            if error.ended:
                raise
            return None
        return Flushing(**reply["flushing"])

    def prepare(self, request: Request) -> int:
        """Make a routine ready and return the number by which `evaluate` knows it.

        Raises
        ------
        Unavailable
            If the library has no such function or format; in the library's words.
        SubjectError
            If something else went wrong.
        """
        routine = self._prepared = self._prepared + 1
        message = {"do": "prepare", "routine": routine, "request": request_as_data(request)}
        self._exchange(message, self.start_limit_s)
        self._routines[routine] = request
        return routine

    def evaluate(self, routine: int, inputs: Bits) -> Bits:
        """Evaluate a prepared routine on encodings of shape (arity, n), C-contiguous.

        Returns
        -------
        Bits
            Encodings of shape (n,): a read-only view of the shared buffer, valid until the next
            call on this handle. Copy it to keep it.

        Raises
        ------
        SubjectError
            "crashed" (with the signal or exit code and the last line of stderr), "timed out" (the
            process group was killed) or "failed" (the routine raised, wrote into its inputs, or
            changed the floating-point state, after which the process is ended).
        ValueError
            If the inputs have another shape or type.
        """
        request = self._request(routine)
        check_inputs(request, inputs)
        count = inputs.shape[1]
        arrays = self._arrays(request.format, len(request.arguments) + 1, count)
        arrays[:-1] = inputs
        arrays[-1:].view(np.uint8).fill(UNWRITTEN)
        self._exchange({"do": "evaluate", "routine": routine, "count": count}, self.time_limit_s)
        if not np.array_equal(arrays[:-1], inputs):
            raise SubjectError("failed", f"{request.function} wrote into its inputs")
        output: Bits = arrays[-1]
        output.flags.writeable = False
        return output

    def run_code(self, code: str) -> dict[str, Any]:
        """Run Python code in the subject and return what `halfulp.subject.snippets.run` does.

        The library is imported under its own name. What the code prints is part of the result.

        Raises
        ------
        SubjectError
            If the code raised ("failed"), ended the process or took too long.
        """
        reply = self._exchange({"do": "run_code", "code": code}, self.time_limit_s)
        result: dict[str, Any] = reply["result"]
        return result

    def stream_keys(
        self, routine: int, key: int, count: int, chunk: int = 1 << 17
    ) -> Iterator[Bits]:
        """Evaluate a routine of one argument at `count` consecutive keys from `key` on.

        The subject makes the inputs and works ahead while the judge reads, so that nothing is
        copied and nobody waits. What `evaluate` checks at every element is checked at samples
        here, and the floating-point state at the end: results count once the stream has ended.

        Parameters
        ----------
        chunk
            How many elements are handed over at a time.

        Yields
        ------
        Bits
            Encodings of shape (chunk,), the last one shorter: a read-only view of the shared
            buffer, valid until the next one is asked for.

        Raises
        ------
        SubjectError
            As `evaluate` does. A stream that is left before its end takes the process with it.
        """
        request = self._request(routine)
        assert len(request.arguments) == 1, "keys of one argument"
        slots = self._arrays(request.format, SLOTS, chunk)
        for slot in slots:
            _mark(slot)
        message = {"routine": routine, "key": key, "count": count, "chunk": chunk}
        finished = False
        with _signal(os.EFD_NONBLOCK) as written, _signal() as read:
            try:
                self._post({"do": "stream_keys", **message}, [written, read])
                yield from self._chunks(slots, count, written, read)
                self._reply(self.time_limit_s)
                finished = True
            finally:
                if not finished and self._process is not None:
                    process, self._process = self._process, None
                    self._forget()
                    process.kill()

    def _chunks(self, slots: Bits, count: int, written: int, read: int) -> Iterator[Bits]:
        """Yield the chunks of a stream as they come, and make room for more."""
        chunk, there = slots.shape[1], 0
        for number, offset in enumerate(range(0, count, chunk)):
            there = (there or self._arrived(written)) - 1
            output = slots[number % SLOTS][: count - offset]
            output.flags.writeable = False
            yield output
            _mark(slots[number % SLOTS])
            os.eventfd_write(read, 1)

    def _arrived(self, written: int) -> int:
        """Wait for chunks and return how many have come."""
        for _ in range(_NAPS):
            with contextlib.suppress(BlockingIOError):
                return os.eventfd_read(written)
            time.sleep(_NAP_S)
        with self._forgetting_the_dead() as process:
            if written in process.wait(self.time_limit_s, [written]):
                return os.eventfd_read(written)
        # Before the last chunk, only a failure is replied.
        raise AssertionError(f"a stream ended early: {self._reply(self.time_limit_s)}")

    def close(self) -> None:
        """End the process and its group, and let go of the shared memory."""
        process, self._process = self._process, None
        self._forget()
        if process is not None:
            process.close()

    def __enter__(self) -> Self:
        """Start the subject."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the subject."""
        self.close()

    def _forget(self) -> None:
        self._routines.clear()
        self._buffer = None
        self._settled = None

    def _exchange(
        self, message: Mapping[str, Any], limit_s: float, descriptors: Sequence[int] = ()
    ) -> Message:
        self._post(message, descriptors)
        return self._reply(limit_s)

    def _post(self, message: Mapping[str, Any], descriptors: Sequence[int] = ()) -> None:
        with self._forgetting_the_dead() as process:
            process.post(message, descriptors)

    def _reply(self, limit_s: float) -> Message:
        """Return the next reply to the last message, if it is a good one."""
        with self._forgetting_the_dead() as process:
            reply = process.reply(limit_s)
        if "floating_point_state" in reply:
            self.floating_point_state = FloatingPointState(**reply["floating_point_state"])
            self._check_state()
        _raise_unless_ok(reply)
        self.took_ns = reply.get("took_ns", 0)  # in the subject, without the message
        return reply

    @contextlib.contextmanager
    def _forgetting_the_dead(self) -> Iterator[SubjectProcess]:
        if self._process is None:
            raise RuntimeError("The subject is not running: start it first.")
        try:
            yield self._process
        except BaseException:  # whatever was raised, the process has been ended
            self._process = None
            self._forget()
            raise

    def _check_state(self) -> None:
        """End a subject whose floating-point state is no longer the one that loading left.

        Its later results would depend on what ran before, those of other routines too.
        """
        if self._settled is None:
            return
        if changes := difference(self._settled, self.floating_point_state):
            self.close()
            raise SubjectError("failed", f"it changed {changes}", ended=True)

    def _request(self, routine: int) -> Request:
        if routine not in self._routines:
            raise RuntimeError("Prepare the routine first; a subject started again knows none.")
        return self._routines[routine]

    def _arrays(self, fmt: Format, rows: int, count: int) -> Bits:
        """Return the shared arrays, shape (rows, count), output last."""
        stride = stride_bytes(count, fmt.width)
        if self._buffer is None or self._buffer.size < rows * stride:
            self._share(rows * stride)
        assert self._buffer is not None
        item = bits_type(fmt)
        flat: Bits = np.frombuffer(self._buffer.memory, item, rows * stride // item.itemsize)
        arrays: Bits = flat.reshape(rows, stride // item.itemsize)[:, :count]
        return arrays

    def _share(self, needed: int) -> None:
        """Share a larger buffer: sizes double, so that few are ever made."""
        size = _SMALLEST_BUFFER
        while size < needed:
            size *= 2
        buffer = _Buffer(size)
        try:
            self._exchange({"do": "map", "size": size}, self.start_limit_s, [buffer.descriptor])
        finally:
            os.close(buffer.descriptor)
        self._buffer = buffer


@contextlib.contextmanager
def _signal(flags: int = 0) -> Iterator[int]:
    """Make a counter that one process adds to and the other waits for.

    A message through a socket would do, but its receiver is woken on the sender's own processor.
    """
    descriptor = os.eventfd(0, flags | os.EFD_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


class _Buffer:
    """Anonymous memory; freed when the last array on it is gone, here and in the subject."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.descriptor = os.memfd_create("halfulp", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(self.descriptor, size)
        # A subject that could shorten it would end the judge with SIGBUS.
        seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
        fcntl.fcntl(self.descriptor, fcntl.F_ADD_SEALS, seals)
        self.memory = mmap.mmap(self.descriptor, size)


def _mark(slot: Bits) -> None:
    """Make samples of a slot, its last element among them, hold what nobody has written."""
    unwritten = int.from_bytes([UNWRITTEN] * slot.itemsize, "little")
    slot[:: max(slot.size // _SAMPLES, 1)] = unwritten
    slot[-1] = unwritten


def _raise_unless_ok(reply: Message) -> None:
    match reply["status"]:
        case "ok":
            return
        case "unavailable":
            raise Unavailable(reply["reason"])
        case "usage":
            raise UsageError(reply["reason"])
        case _:
            raise SubjectError("failed", reply["reason"])
