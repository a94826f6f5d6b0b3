"""Workers as processes: each gets a shard when it has finished the last one.

A worker that somebody kills is replaced, and its shard begun again.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import IO, NamedTuple

from halfulp.exceptions import HalfulpError, UsageError
from halfulp.study.shards import Shard
from halfulp.study.worker import Outcome, Task, outcome_from_json

_GRACE_S = 10.0
"""Seconds that workers get to end their subjects when they are asked to end."""

_ATTEMPTS = 3
"""How often a shard is begun: one that has no memory to be judged in is killed each time."""

LARGEST_TAIL = 2_000
"""Characters of a dead worker's last words that are shown."""


_FROM_OUTSIDE = (-signal.SIGKILL, -signal.SIGTERM, 128 + signal.SIGTERM)
"""How workers end that somebody else ended: a user, or a system short of memory."""


class Finished(NamedTuple):
    """A shard that is done.

    Parameters
    ----------
    shard, outcome
        Which one, and what it came to.
    text
        The outcome as the worker told it.
    seconds
        How long it took.
    """

    shard: Shard
    outcome: Outcome
    text: str
    seconds: float


class _EndedError(HalfulpError):
    """A worker's process is gone."""


class _Process:
    """A worker's process and the shard that it is at."""

    def __init__(self, task: str) -> None:
        # -P: a file called random.py in the current folder must not become the library's `random`.
        command = [sys.executable, "-P", "-m", "halfulp.study.worker", str(os.getpid())]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the process that the user started
        )
        self.shard: Shard | None = None
        self.began = 0.0
        self.attempt = 0
        self._parts: list[bytes] = []
        os.set_blocking(self.stream(1).fileno(), False)
        os.set_blocking(self.stream(2).fileno(), False)
        self.said = b""
        self.send(task)

    def stream(self, number: int) -> IO[bytes]:
        """Return standard input, output or error."""
        found = (self.process.stdin, self.process.stdout, self.process.stderr)[number]
        assert found is not None
        return found

    def send(self, line: str) -> None:
        """Send a line; a worker that is gone is noticed when it is read from."""
        with contextlib.suppress(BrokenPipeError):
            self.stream(0).write(line.encode() + b"\n")
            self.stream(0).flush()

    def listen(self) -> None:
        """Keep the end of what is said on standard error."""
        self.said = (self.said + (self.stream(2).read() or b""))[-LARGEST_TAIL:]

    def begin(self, shard: Shard, attempt: int) -> None:
        """Hand over a shard."""
        self.shard, self.attempt, self.began = shard, attempt, time.monotonic()
        self.send(json.dumps({"shard": [shard.group, shard.number], "skip": list(shard.skip)}))

    def reply(self) -> Finished | None:
        """Return the finished shard if all of the reply has come.

        Raises
        ------
        _EndedError
            If the process has ended.
        UsageError, HalfulpError
            If the worker says so.
        """
        chunk = self.stream(1).read()
        if chunk == b"":
            self.process.wait()
            self.listen()
            words = self.said.decode(errors="replace").strip() or "it said nothing"
            raise _EndedError(
                f"A worker of the judge ended with status {self.process.returncode}: {words}."
            )
        self._parts.append(chunk or b"")
        if not self._parts[-1].endswith(b"\n"):
            return None
        text = b"".join(self._parts).decode().rstrip("\n")
        self._parts.clear()
        shard, self.shard = self.shard, None
        assert shard is not None
        return Finished(shard, _outcome(text), text, time.monotonic() - self.began)

    @property
    def was_killed(self) -> bool:
        """Whether somebody else ended the process."""
        return self.process.poll() in _FROM_OUTSIDE

    def ask_to_end(self) -> None:
        """Ask the process to end its subjects and itself."""
        self.process.terminate()

    def end(self) -> None:
        """Wait a while for the process to end, and kill it then; its subjects die with it."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(_GRACE_S)
        self.process.kill()
        self.process.wait()
        for number in range(3):
            with contextlib.suppress(BrokenPipeError):
                self.stream(number).close()


class Pool:
    """Some workers on one task.

    Parameters
    ----------
    task
        What all of them work on.
    size
        How many processes.
    notice
        Is told what the user should know.
    """

    def __init__(self, task: Task, size: int, notice: Callable[[str], None]) -> None:
        self._text = json.dumps(task.to_json())
        self._notice = notice
        self._selector = selectors.DefaultSelector()
        self._all: list[_Process] = []
        self._idle = [self._start() for _ in range(size)]

    @property
    def has_room(self) -> bool:
        """Whether a worker is idle."""
        return bool(self._idle)

    @property
    def is_busy(self) -> bool:
        """Whether a shard is under way."""
        return len(self._idle) < len(self._all)

    def begin(self, shard: Shard) -> None:
        """Give a shard to an idle worker."""
        worker = self._idle.pop()
        if worker.process.poll() is not None:
            worker = self._replaced(worker)
        worker.begin(shard, attempt=1)

    def finished(self) -> Iterator[Finished]:
        """Wait until at least one worker says something, and yield shards that are done.

        Raises
        ------
        HalfulpError
            If a worker failed, or ended and was not killed, or was killed again and again.
        """
        for key, _ in self._selector.select():
            worker: _Process = key.data
            if worker not in self._all:
                continue  # replaced a moment ago
            if key.fileobj is worker.stream(2):
                worker.listen()
                continue
            try:
                finished = worker.reply()
            except _EndedError as error:
                self._begin_again(worker, error)
                continue
            if finished is not None:
                self._idle.append(worker)
                yield finished

    def close(self) -> None:
        """End all workers."""
        self._selector.close()
        for worker in self._all:
            worker.ask_to_end()
        for worker in self._all:
            worker.end()

    def _start(self) -> _Process:
        worker = _Process(self._text)
        self._all.append(worker)
        for number in (1, 2):
            self._selector.register(worker.stream(number), selectors.EVENT_READ, worker)
        return worker

    def _replaced(self, worker: _Process) -> _Process:
        """Start a worker in the place of one that has ended."""
        self._forget(worker)
        self._all.remove(worker)
        worker.end()
        return self._start()

    def _forget(self, worker: _Process) -> None:
        for number in (1, 2):
            with contextlib.suppress(KeyError):  # forgotten before
                self._selector.unregister(worker.stream(number))

    def _begin_again(self, worker: _Process, error: _EndedError) -> None:
        """Begin the shard of a worker that was killed again; an idle one's place is kept."""
        shard = worker.shard
        if shard is None:
            self._forget(worker)
        elif worker.was_killed and worker.attempt < _ATTEMPTS:
            self._notice(f"{error} Its shard is begun again.")
            self._replaced(worker).begin(shard, worker.attempt + 1)
        else:
            raise error


def _outcome(text: str) -> Outcome:
    document = json.loads(text)
    if "error" in document:
        kind = UsageError if document["usage"] else HalfulpError
        raise kind(document["error"])
    return outcome_from_json(document)
