"""Options that several verbs have, and how figures are shown."""

from __future__ import annotations

from decimal import ROUND_UP, Context, Decimal

import typer

SEED = typer.Option(None, "--seed", metavar="S", help="Seed of the samplers, from 0.")
WORKERS = typer.Option(
    None, "--workers", metavar="N", help="Number of processes; by default one a core."
)

_DIGITS = 6
_LONG = 10**9
"""Errors from here on are shown with an exponent."""


def shown_ulp(text: str | None) -> str:
    """Return a maximum in few digits, rounded up, so that no error is shown smaller than it is."""
    if text is None:
        return "none"
    exact = Decimal(text)
    if exact >= _LONG:
        return f"{_rounded_up(exact, 3):.2e}"
    return f"{_rounded_up(exact, _DIGITS):f}"


def _rounded_up(value: Decimal, digits: int) -> Decimal:
    return Context(prec=digits, rounding=ROUND_UP).create_decimal(value)
