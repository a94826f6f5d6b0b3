"""How a subject's process is started: with which interpreter, what it can import, under which mark.

Another interpreter gets two packages from here, by a finder that knows their names only: halfulp's
own and the adapter's. Nothing else of this environment is in its reach, and it needs no installed
halfulp and no entry point.
"""

from __future__ import annotations

import os
import secrets
import sys
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

from halfulp.backend import Unavailable

THREADS = (
    "BLIS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
)
"""Environment that says to libraries how many threads they may use, whatever cores there are."""

_OURS = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "__PYVENV_LAUNCHER__")
"""What is said to this interpreter, and would mislead another."""

_BOOTSTRAP = """\
import sys
if sys.version_info < (3, 11):
    sys.exit("halfulp needs Python 3.11 or newer, but this is Python %d.%d" % sys.version_info[:2])
from importlib.machinery import PathFinder
class Lent:
    homes = dict(argument.split("=", 1) for argument in sys.argv[3:])
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return PathFinder.find_spec(name, [cls.homes[name]]) if name in cls.homes else None
sys.path[:] = [entry for entry in sys.path if entry]
sys.meta_path.insert(0, Lent)
from halfulp.subject.host import main
main()
"""
"""First program of another interpreter. `-P` would need a Python that knows it."""


@dataclass(frozen=True)
class Launch:
    """What is started.

    Parameters
    ----------
    python
        Path of another environment's interpreter, or "" for this one.
    adapter
        Where the adapter is, as `module:attribute`; its package is lent to another interpreter.
    threads
        Threads that the library may use.
    """

    python: str = ""
    adapter: str = ""
    threads: int = 1

    mark: str = field(default_factory=lambda: secrets.token_hex(16), init=False)

    @cached_property
    def environment(self) -> dict[str, str]:
        """The environment of the process."""
        inherited = {
            name: text for name, text in os.environ.items() if not (self.python and name in _OURS)
        }
        threads = dict.fromkeys(THREADS, str(self.threads))
        return {**inherited, **threads, SUBJECT_MARK: self.mark}

    def command(self, descriptor: int) -> list[str]:
        """Return the words of the command of a subject that serves on this descriptor."""
        told = [str(descriptor), str(os.getpid())]
        if not self.python:
            # -P: a file called random.py in the current folder must not become the library's.
            return [sys.executable, "-P", "-m", "halfulp.subject", *told]
        packages = ("halfulp", self.adapter.partition(":")[0].partition(".")[0])
        homes = [f"{package}={_home(package)}" for package in dict.fromkeys(packages)]
        return [self.python, "-c", _BOOTSTRAP, *told, *homes]


SUBJECT_MARK = "HALFULP_SUBJECT"
"""Environment variable that a subject and everything that it starts have in common."""


def check_interpreter(python: str) -> None:
    """Raise Unavailable if there is no program at the path of another interpreter."""
    if python and not os.access(python, os.X_OK):
        raise Unavailable(f"There is no interpreter {python}.")


def _home(package: str) -> Path:
    """Return the folder in which a top-level package or module lies."""
    spec = find_spec(package)
    assert spec is not None, f"{package} has been imported from somewhere"
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations))).resolve().parent
    assert spec.origin is not None, f"{package} is a file"
    return Path(spec.origin).absolute().parent
