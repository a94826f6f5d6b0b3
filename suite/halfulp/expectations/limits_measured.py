"""What a row measured of a bounded quantity: its upper end, or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal
from typing import Any, TypeAlias

from halfulp.runs.schema import DEFECTS

Record: TypeAlias = Mapping[str, Any]

BROKEN_STATUSES = ("crashed", "timed out", "failed")
"""What can become of a row that is the routine's own fault."""

_LARGEST_FLOAT = Decimal(2**53)
_DIGITS = 20
_UP = Context(prec=_DIGITS, rounding=ROUND_CEILING, Emax=10**6)


@dataclass(frozen=True)
class Measured:
    """The upper end of a quantity over a row's inputs.

    Parameters
    ----------
    value
        The upper end, of a slowdown the lower one; None if there is none.
    reason
        Why there is none.
    status
        The row's status, or `undecided` where inputs are left out of the value.
    """

    value: Decimal | None
    reason: str = ""
    status: str = "measured"

    @property
    def number(self) -> float | None:
        """The value as a float, if it is one to the last digit that counts."""
        small = self.value is not None and self.value <= _LARGEST_FLOAT
        return float(self.value) if small and self.value is not None else None

    @property
    def text(self) -> str | None:
        """The value as text, rounded up."""
        return None if self.value is None else plain(self.value)


def without_figures(status: str, reason: str | None) -> str:
    """Return what became of a routine that has no figures, as a clause."""
    verb = "" if status in BROKEN_STATUSES else "is " if status == "unavailable" else "was "
    return f"the routine {verb}{status}: {reason}"


def plain(value: Decimal) -> str:
    """Return a decimal of at most 20 digits, rounded up, without an exponent."""
    text = f"{_UP.plus(value):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def measured(row: Record, quantity: str) -> Measured:
    """Return what a row of the table of accuracy measured of a quantity."""
    if row["status"] != "measured":
        return Measured(None, without_figures(row["status"], row["reason"]), row["status"])
    return _READERS[quantity](row)


def quantities(row: Record) -> tuple[str, ...]:
    """Return what can be bounded on a row: among inputs known to be bad, no share means much."""
    return tuple(name for name in _READERS if name not in _SHARES or row["kind"] != "replayed")


def _max_ulp(row: Record) -> Measured:
    return _decided(row, row["max_ulp_text"], "undecided_error", "the error")


def _max_steps(row: Record) -> Measured:
    return _decided(row, row["max_steps"], "undecided_rounding", "the correctly rounded result")


def _decided(row: Record, text: str | None, counter: str, what: str) -> Measured:
    """Return a maximum; with a status of its own where it says nothing of some inputs."""
    value = None if text is None else Decimal(text)
    if open_inputs := row[counter]:
        reason = f"{what} is not decided at {open_inputs:,} input{'s' * (open_inputs > 1)}"
        return Measured(value, reason, "undecided")
    if value is None:
        return Measured(None, "no input has a numeric error", "not measured")
    return Measured(value)


def _wrongly_rounded(row: Record) -> Measured:
    """Return the share of wrong roundings, those that are not decided counted as wrong."""
    assert row["kind"] != "replayed", "known bad inputs have no share"
    nontrivial, undecided = row["nontrivial"], row["undecided_rounding"]
    if nontrivial:
        percent = Decimal(repr(row["wrongly_rounded_percent"]))
        return Measured(percent + 100 * Decimal(undecided) / nontrivial)
    if row["judged"] and not row["wrongly_rounded"] and not undecided:
        return Measured(Decimal(0))
    return Measured(None, "there is no nontrivial input", "not measured")


def _specials(row: Record) -> Measured:
    """Return the wrong special results, inputs without a decided reference counted as wrong."""
    return Measured(Decimal(row["specials"] + row["undecided_error"]))


_SHARES = ("wrongly_rounded_percent",)

_READERS: Mapping[str, Callable[[Record], Measured]] = {
    "max_ulp": _max_ulp,
    "max_steps": _max_steps,
    "wrongly_rounded_percent": _wrongly_rounded,
    "special_mismatches": _specials,
}


def slowdown(ratio: Record) -> Measured:
    """Return the lower end of a ratio of times: what the routine is slower by at least."""
    low = ratio["ratio_low"]
    if ratio["verdict"] == "not comparable" or low is None:
        why = ratio["reason"] or "the two times cannot be compared"
        return Measured(None, why, "not measured")
    return Measured(Decimal(repr(low)))


def timed_as(record: Record) -> str:
    """Return what was timed, in the place of a sampler: the size, and what is not as usual."""
    words = [f"n={record['size']}"]
    words += [f"stride {record['stride']}"] * (record["stride"] not in (None, 1))
    words += [f"{record['threads']} threads"] * (record["threads"] not in (None, 1))
    words += [record["allocation"]] * (record["allocation"] not in (None, "out"))
    words += [record["mode"]] * (record.get("mode") not in (None, "throughput"))
    return ", ".join(words)


class Witnesses:
    """The inputs at which a run saw what breaks a limit.

    Parameters
    ----------
    records
        The run's table of witnesses.
    """

    _QUANTITIES: Mapping[str, tuple[str, ...]] = {
        "max_ulp": ("max_ulp",),
        "max_steps": ("max_steps",),
        "wrongly_rounded_percent": ("max_ulp",),
        "special_mismatches": DEFECTS,
    }

    def __init__(self, records: Iterable[Record]) -> None:
        self._found: dict[tuple[str, str, str], dict[str, Record]] = {}
        for record in records:
            place = record["routine"], record["region"], record["sampler"]
            self._found.setdefault(place, {})[record["quantity"]] = record

    def of(self, row: Record, quantity: str) -> Record | None:
        """Return the witness of a quantity on a row; of special results the first that is wrong."""
        seen = self._found.get((row["routine"], row["region"], row["sampler"]), {})
        names = self._QUANTITIES.get(quantity, ())
        return next((seen[name] for name in names if name in seen), None)

    def columns(self, row: Record, quantity: str) -> dict[str, Any]:
        """Return the columns `witness`, `got`, `want` and `command` of a record of limits."""
        found = self.of(row, quantity)
        if found is None:
            return dict.fromkeys(("witness", "got", "want", "command"))
        return {
            "witness": found["input_hex"],
            "got": found["got_hex"],
            "want": found["want_hex"],
            "command": found["command"],
        }
