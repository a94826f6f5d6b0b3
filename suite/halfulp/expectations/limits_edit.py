"""Limits changed in the files in which they stand: comments and order stay as they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halfulp.exceptions import UsageError
from halfulp.expectations.limits import tightest, written
from halfulp.expectations.limits_measured import plain

if TYPE_CHECKING:
    from halfulp.expectations.limits import Rule, Tables


@dataclass(frozen=True)
class Change:
    """A bound that is to become another."""

    rule: Rule
    quantity: str
    before: float
    after: Decimal

    @property
    def loosens(self) -> bool:
        """Whether more is allowed afterwards."""
        return self.after > written(self.before)

    def __str__(self) -> str:
        was, comes = plain(written(self.before)), plain(self.after)
        return f"{self.rule.place} ({self.rule.selected}): {self.quantity} {was} -> {comes}"


def changes(rules: Sequence[Rule], tables: Tables, *, loosen: bool) -> list[Change]:
    """Return how bounds would fit what a run measured.

    A bound changes only if everything that it bounds was measured; bounds of expected failures and
    of slowdowns never do.

    Parameters
    ----------
    rules
        All that the run was held against.
    tables
        The run's tables.
    loosen
        Whether bounds that are broken may be raised.
    """
    found = [
        Change(rule, quantity, bound, enough)
        for (rule, quantity), (bound, enough) in tightest(rules, tables).items()
        if enough != written(bound)
    ]
    return [change for change in found if loosen or not change.loosens]


def apply(made: Iterable[Change]) -> list[Path]:
    """Write changes into their files and return the files; each is written whole or not at all.

    Raises
    ------
    UsageError
        If a limit stands in no file of the user's, or its file changed since it was read.
    """
    by_file: dict[str, list[Change]] = {}
    for change in made:
        if not change.rule.file:
            raise UsageError(
                f"{change.rule.place} is no limit in a file of yours. Copy it into a file, and "
                "name that with --limits."
            )
        by_file.setdefault(change.rule.file, []).append(change)
    texts = {Path(file): _edited(Path(file), items) for file, items in by_file.items()}
    from halfulp.runs.store import replace_file

    for path, text in texts.items():
        replace_file(path, text.encode())
    return list(texts)


def _edited(path: Path, made: Iterable[Change]) -> str:
    import tomlkit

    source = path.read_bytes().decode()
    document = tomlkit.parse(source)
    tables = document.get("limit", [])
    for change in made:
        number = change.rule.number - 1
        table: Mapping[str, Any] = tables[number] if number < len(tables) else {}
        if table.get(change.quantity) != change.before:
            raise UsageError(
                f"{path} has changed since it was read: {change.rule.place} has no "
                f"{change.quantity} of {plain(written(change.before))} any more. Check again."
            )
        tables[number][change.quantity] = _number(change.after)
    return tomlkit.dumps(document)


def _number(value: Decimal) -> int | float:
    """Return a bound as TOML writes it: whole numbers without a point where they were counts."""
    return int(value) if value == value.to_integral_value() else float(value)
