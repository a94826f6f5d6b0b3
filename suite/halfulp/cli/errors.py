"""Errors as the command line shows them: one clear sentence and the documented exit code."""

from __future__ import annotations

import errno
import re
import sys
import traceback

from halfulp.exceptions import HalfulpError

_NOT_AN_INTEGER = re.compile(r"Input should be a valid integer.*|'[^']*' is not a valid integer.*")
"""The parser's words for it, in newer and older versions."""

FAILED = 4
INTERRUPTED = 130
BROKEN_PIPE = 141


class InterruptionError(HalfulpError):
    """The user pressed Ctrl-C."""

    exit_code = INTERRUPTED


def explain(error: BaseException, *, debug: bool) -> int:
    """Say on stderr what went wrong, and return the exit code.

    Parameters
    ----------
    error
        What was raised.
    debug
        Whether to show the traceback too.
    """
    if debug:
        traceback.print_exception(error)
    sentence, code = _sentence(error)
    say(" ".join([sentence, *getattr(error, "__notes__", ())]))
    return code


def say(sentence: str) -> None:
    """Print a sentence for the user on stderr."""
    print(f"halfulp: {sentence}", file=sys.stderr, flush=True)  # noqa: T201 - stderr is for this


def _sentence(error: BaseException) -> tuple[str, int]:
    if isinstance(error, HalfulpError):
        return str(error), error.exit_code
    if isinstance(error, KeyboardInterrupt):
        return "interrupted.", INTERRUPTED
    if hasattr(error, "format_message"):  # the parser's errors, whose class moved between versions
        return _usage(error), 2
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "The disk has no room left. Free some space and run again.", FAILED
    described = f"{type(error).__name__}: {error}".rstrip(": ").replace("\n", " ")
    advice = "run again with --debug to see where, and please report it"
    return f"halfulp itself failed ({described}); {advice}.", FAILED


def _usage(error: BaseException) -> str:
    """Return a sentence about a command line that the parser refused."""
    message = error.format_message().rstrip(".")  # type: ignore[attr-defined] # checked by caller
    message = _NOT_AN_INTEGER.sub("expected a whole number", message)
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "halfulp"
    dashed = getattr(error, "option_name", "")
    about = ""
    if message.startswith("No such option") and not dashed.startswith("--"):
        about = " An argument that begins with a minus goes after `--`, or in parentheses."
    stop = "" if message.endswith("?") else "."
    return f"{message}{stop} `{command} --help` shows what is understood.{about}"
