"""Finding a C compiler, and building shared objects once for each content."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from halfulp.backend import Unavailable

_CANDIDATES = ("cc", "gcc", "clang")
_ALWAYS = ("-shared", "-fPIC", "-Werror=implicit-function-declaration", "-Wl,--no-undefined")
_MOST_LINES = 6


@dataclass(frozen=True)
class Compiler:
    """A C compiler: the words of its command."""

    command: tuple[str, ...]

    @cached_property
    def version(self) -> str:
        """Its own first line about itself."""
        told = _run([*self.command, "--version"], None)
        return (told.stdout or told.stderr).partition("\n")[0].strip() or "unknown"

    def build(self, source: str, name: str, flags: Sequence[str], link: Sequence[str]) -> Path:
        """Return the shared object of a source text, built unless an equal one is in the cache.

        Parameters
        ----------
        source
            C.
        name
            What the compiler calls it in its words.
        flags, link
            Arguments before and after the source.

        Raises
        ------
        Unavailable
            If it does not compile or link; in the compiler's words.
        """
        path = self._cached(source, flags, link)
        if not path.exists():
            with tempfile.TemporaryDirectory(dir=path.parent) as folder:
                (Path(folder) / f"{name}.c").write_text(source)
                self._compile(f"{name}.c", path, flags, link, folder)
        return path

    def build_file(self, source: Path, flags: Sequence[str], link: Sequence[str]) -> Path:
        """Return the shared object of a user's source file; what it includes counts as content.

        Raises
        ------
        Unavailable
            If the file is missing, or does not compile or link; in the compiler's words.
        """
        if not source.is_file():
            raise Unavailable(f"There is no source file {source.absolute()}.")
        expanded = self._checked([*self.command, *flags, "-E", str(source)], None).stdout
        path = self._cached(expanded, flags, link)
        if not path.exists():
            self._compile(str(source), path, flags, link, None)
        return path

    def _compile(
        self, source: str, path: Path, flags: Sequence[str], link: Sequence[str], folder: str | None
    ) -> None:
        """Compile into a temporary name, and rename: others may be building the same."""
        handle, unfinished = tempfile.mkstemp(dir=path.parent, suffix=".part")
        os.close(handle)
        try:
            command = [*self.command, *_ALWAYS, *flags, source, "-o", unfinished, *link, "-lm"]
            self._checked(command, folder)
            Path(unfinished).replace(path)
        finally:
            Path(unfinished).unlink(missing_ok=True)

    def _checked(
        self, command: Sequence[str], folder: str | None
    ) -> subprocess.CompletedProcess[str]:
        done = _run(command, folder)
        if done.returncode:
            raise Unavailable(f"{self.command[-1]} says: {_words(done.stderr)}")
        return done

    def _cached(self, content: str, flags: Sequence[str], link: Sequence[str]) -> Path:
        parts = [self.version, *self.command, "flags", *flags, "link", *link, content]
        if any("native" in flag for flag in flags):
            parts.append(_processor())  # a cache may lie in a home that several machines share
        digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
        return cache_folder() / f"{digest[:40]}.so"


def find_compiler(named: str) -> Compiler:
    """Return the compiler with this name, or the system's: $CC, cc, gcc or clang.

    Raises
    ------
    Unavailable
        If there is none.
    """
    told = named or os.environ.get("CC", "")
    for command in [shlex.split(told)] if told.strip() else [[name] for name in _CANDIDATES]:
        if shutil.which(command[0]):
            return Compiler(tuple(command))
    if told:
        raise Unavailable(f"There is no C compiler {told}.")
    raise Unavailable(
        f"There is no C compiler ({', '.join(_CANDIDATES)}): install one, or name one by $CC or "
        "the setting `compiler`."
    )


def cache_folder() -> Path:
    """Return the folder of the builds, made if need be; a temporary one if it cannot be written."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    home = Path(base) if Path(base).is_absolute() else Path("~/.cache").expanduser()
    for folder in (home / "halfulp" / "c", _temporary()):
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError:
            continue
        # Shared objects are executed: in a folder for all, somebody else may have put one there.
        if os.access(folder, os.W_OK | os.X_OK) and folder.stat().st_uid == os.geteuid():
            return folder
    raise Unavailable(f"Neither {home} nor {_temporary()} can be written to keep what is built.")


def _temporary() -> Path:
    return Path(tempfile.gettempdir()) / f"halfulp-{os.geteuid()}"


def _run(command: Sequence[str], folder: str | None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )


def _words(said: str) -> str:
    """Return the lines that name errors, or the last ones."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return "; ".join(_errors(lines)[:_MOST_LINES] or lines[-_MOST_LINES:]) or "nothing"


def _errors(lines: Iterable[str]) -> list[str]:
    return [line for line in lines if "error" in line or "undefined reference" in line]


def _processor() -> str:
    """Return what -march=native depends on."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return "unknown"
    wanted = ("flags", "Features", "model name", "cpu family", "CPU part")
    return "\n".join(dict.fromkeys(line for line in lines if line.startswith(wanted)))
