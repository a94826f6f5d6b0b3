"""The command line: one module a verb, each thin over the Python interface.

stdout is data, stderr is progress and errors. Importing this package loads no library that takes
time, so that `halfulp --help` answers at once; each verb imports what it needs when it runs.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from halfulp.cli.errors import BROKEN_PIPE, explain

if TYPE_CHECKING:
    from collections.abc import Sequence

_ANYWHERE = ("--debug", "--quiet", "-q")
"""Options of halfulp itself that are understood after the verb too."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    Parameters
    ----------
    arguments
        What the user typed after `halfulp`; by default those of this process.
    """
    typed = _hoisted(sys.argv[1:] if arguments is None else list(arguments))
    try:
        from halfulp.cli.app import app

        code = app(args=typed, prog_name="halfulp", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        return _stop_writing()
    except SystemExit as stop:  # typer turns a broken pipe into this
        if isinstance(stop.__context__, BrokenPipeError):
            return _stop_writing()
        raise
    except (Exception, KeyboardInterrupt) as error:
        return explain(error, debug="--debug" in typed)
    return code if isinstance(code, int) else 0


def _hoisted(typed: list[str]) -> list[str]:
    """Return the arguments with the options of halfulp itself in front of the verb."""
    end = typed.index("--") if "--" in typed else len(typed)
    ours = [word for word in typed[:end] if word in _ANYWHERE]
    return ours + [word for word in typed[:end] if word not in _ANYWHERE] + typed[end:]


def _stop_writing() -> int:
    """Leave quietly because the reader of stdout has gone, as `| head` does."""
    # Python flushes stdout once more at its exit, and would complain there.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BROKEN_PIPE
