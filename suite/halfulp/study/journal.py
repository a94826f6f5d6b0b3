"""The journal of a run: what is finished so far, a line each, so that no kill loses it.

A line is a JSON list of a checksum and a record. It is handed to the system as soon as a shard is
finished, which is all that it takes to survive the death of this process; the disk is waited for
once a second at most, which bounds what a power failure can take.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn, Self

from halfulp.exceptions import HalfulpError, RunError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

JOURNAL = "journal.jsonl"
"""The journal's name in the folder of its run."""

SYNC_S = 1.0
"""Seconds of work that a power failure may take; waiting for the disk costs milliseconds."""

LARGE = 16 << 20
"""Bytes from which on a journal is worth writing anew, shorter."""

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Journal:
    """The open journal of a run; a context manager. As long as it is open, nobody else opens it.

    Parameters
    ----------
    folder
        The run's folder. A journal is begun if there is none.

    Attributes
    ----------
    records
        What it held when it was opened. A last line that is torn is as if never written.

    Raises
    ------
    RunError
        If another process has it open, it is damaged, or it cannot be opened.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / JOURNAL
        self._descriptor = _opened(self.path)
        try:
            content = _content(self._descriptor)
            self.records, self._size = _whole_records(content, self.path)
            if self._size < len(content):
                os.ftruncate(self._descriptor, self._size)
        except BaseException:
            os.close(self._descriptor)
            raise
        self._lines = len(self.records)
        self._shortest = 0
        self._synced = time.monotonic()

    @property
    def holds_results(self) -> bool:
        """Whether there is more in it than the line that says what run it is of."""
        return self._lines > 1

    @property
    def is_large(self) -> bool:
        """Whether it has grown so much that it should be written anew: seldom, however it grows."""
        return self._size > max(LARGE, 2 * self._shortest)

    def add(self, record: str) -> None:
        """Append a record, given as the text of a JSON value without a line break.

        Raises
        ------
        HalfulpError
            If the disk is full or fails. What was there before stays whole.
        """
        line = _line(record)
        try:
            _write(self._descriptor, line)
            self._sync()
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._size)
            _refuse(self.path, error)
        self._size += len(line)
        self._lines += 1

    def rewrite(self, records: Iterable[str]) -> None:
        """Replace everything by records that say the same in fewer bytes, at once or not at all.

        A disk without room for both keeps the journal as it is.
        """
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
        lines = [_line(record) for record in records]
        try:
            descriptor = _written(temporary, b"".join(lines))
            temporary.replace(self.path)
        except OSError:
            self._shortest = self._size  # not again before it has doubled
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            return
        os.close(self._descriptor)
        self._descriptor = descriptor
        self._size = self._shortest = sum(map(len, lines))
        self._lines = len(lines)

    def close(self) -> None:
        """Wait for the disk and let others open the journal; a second call does nothing."""
        if self._descriptor >= 0:
            with suppress(OSError):
                os.fdatasync(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1

    def remove(self) -> None:
        """Close the journal and delete it: its run is complete."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
        self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the journal."""
        self.close()

    def _sync(self) -> None:
        now = time.monotonic()
        if now - self._synced >= SYNC_S:
            os.fdatasync(self._descriptor)
            self._synced = time.monotonic()


# -- the file ----------------------------------------------------------------------------------


def _opened(path: Path) -> int:
    """Open a journal for this process alone."""
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            _refuse(path, error)
        try:
            _lock(descriptor, path)
            if _is_at(descriptor, path):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # it was written anew, or removed, while we waited for it


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise RunError(
            f"Another process is carrying out the run in {path.parent} right now. "
            "Wait until it has finished, or end it first."
        ) from None
    except OSError:
        return  # a file system without locks: there is nothing to ask


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _content(descriptor: int) -> bytes:
    with os.fdopen(os.dup(descriptor), "rb") as file:
        file.seek(0)
        return file.read()


def _write(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def _written(path: Path, content: bytes) -> int:
    """Write a new journal through to the disk and return it, open and locked."""
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC)
    try:
        _lock(descriptor, path)
        _write(descriptor, content)
        os.fdatasync(descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _refuse(path: Path, error: OSError) -> NoReturn:
    cause = error.strerror or type(error).__name__
    if error.errno in _NO_ROOM:
        raise HalfulpError(
            f"The disk has no room left to write {path}. Free some space and try again."
        ) from error
    raise HalfulpError(f"Cannot write {path}: {cause}.") from error


# -- lines -------------------------------------------------------------------------------------


def _line(record: str) -> bytes:
    body = record.encode()
    return b'["%08x",%b]\n' % (zlib.crc32(body), body)


def _record(line: bytes) -> Any:
    """Return the record of a line without its line break.

    Raises
    ------
    ValueError
        If it is not one that `_line` made.
    """
    body = line[12:-1]
    if line != b'["%08x",%b]' % (zlib.crc32(body), body):
        raise ValueError("its checksum does not fit")
    return json.loads(body)


def _whole_records(content: bytes, path: Path) -> tuple[list[Any], int]:
    """Return the records of a journal, and the length of what holds them.

    Raises
    ------
    RunError
        If a line is damaged that is not the last.
    """
    records: list[Any] = []
    *lines, rest = content.split(b"\n")
    for number, line in enumerate(lines, start=1):
        try:
            records.append(_record(line))
        except ValueError as error:
            if number < len(lines) or rest:
                raise RunError(
                    f"{path} is damaged: line {number} was changed after it was written ({error}). "
                    "Run the study again."
                ) from None
            rest = line + b"\n"
    return records, len(content) - len(rest)
