"""Every error that halfulp raises on purpose, each with its exit code (docs: exit codes).

A message says what was expected, what came, and what to do.
"""

from __future__ import annotations


class HalfulpError(Exception):
    """Base of all errors with a message meant for the user; halfulp itself failed (exit code 4)."""

    exit_code = 4


class UsageError(HalfulpError):
    """The command line, a study or an expression cannot be understood (exit code 2)."""

    exit_code = 2


class ExpressionError(UsageError):
    """An expression that does not parse, or that names something unknown."""


class MissingError(HalfulpError):
    """Something required is missing, or nothing could be run (exit code 3)."""

    exit_code = 3


class RunError(HalfulpError):
    """A run on disk cannot be read or written (exit code 2: the path is the user's)."""

    exit_code = 2


class DisagreementError(HalfulpError):
    """The oracle and an enclosure contradict each other: halfulp itself is wrong (exit code 4)."""
