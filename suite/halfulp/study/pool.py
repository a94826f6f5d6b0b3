"""Workers as processes: each gets a shard when it has finished the last one."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
from collections.abc import Iterator
from typing import IO, Any, NamedTuple

from halfulp.exceptions import HalfulpError, UsageError
from halfulp.study.worker import Outcome, Task, outcome_from_json

_GRACE_S = 10.0
"""Seconds that workers get to end their subjects when they are asked to end."""

LARGEST_TAIL = 2_000
"""Characters of a dead worker's last words that are shown."""


class Shard(NamedTuple):
    """A shard to carry out, and the rows that need not be evaluated in it."""

    group: int
    number: int
    skip: tuple[int, ...]


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

    def reply(self) -> str | None:
        """Return a reply if all of it has come.

        Raises
        ------
        HalfulpError
            If the process has ended.
        """
        chunk = self.stream(1).read()
        if chunk == b"":
            self.process.wait()
            self.listen()
            raise HalfulpError(
                f"A worker of the judge ended with status {self.process.returncode}: "
                f"{self.said.decode(errors='replace').strip() or 'it said nothing'}"
            )
        self._parts.append(chunk or b"")
        if not self._parts[-1].endswith(b"\n"):
            return None
        line = b"".join(self._parts).decode()
        self._parts.clear()
        return line

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
    """

    def __init__(self, task: Task, size: int) -> None:
        self._text = json.dumps(task.to_json())
        self._idle = [_Process(self._text) for _ in range(size)]
        self._selector = selectors.DefaultSelector()
        self._all = list(self._idle)
        for worker in self._all:
            for number in (1, 2):
                self._selector.register(worker.stream(number), selectors.EVENT_READ, worker)

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
        worker.shard = shard
        worker.send(json.dumps({"shard": [shard.group, shard.number], "skip": list(shard.skip)}))

    def finished(self) -> Iterator[tuple[Shard, Outcome]]:
        """Wait until at least one worker says something, and yield shards that are done.

        Raises
        ------
        HalfulpError
            If a worker failed or ended.
        """
        for key, _ in self._selector.select():
            worker: _Process = key.data
            if key.fileobj is worker.stream(2):
                worker.listen()
                continue
            line = worker.reply()
            if line is not None:
                shard, worker.shard = worker.shard, None
                assert shard is not None
                self._idle.append(worker)
                yield shard, _outcome(json.loads(line))

    def close(self) -> None:
        """End all workers."""
        self._selector.close()
        for worker in self._all:
            worker.ask_to_end()
        for worker in self._all:
            worker.end()


def _outcome(document: dict[str, Any]) -> Outcome:
    if "error" in document:
        kind = UsageError if document["usage"] else HalfulpError
        raise kind(document["error"])
    return outcome_from_json(document)
