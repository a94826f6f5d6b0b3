"""`halfulp list functions`: the catalogue as a table, one record in full, and both as JSON."""

from __future__ import annotations

import json
from textwrap import fill
from typing import TYPE_CHECKING, Any

from halfulp.cli.state import table

if TYPE_CHECKING:
    from halfulp.functions import Function
    from halfulp.functions.record import Special

WIDTH = 100
"""Columns that the table takes at most."""

NAMED = 2
"""Adapters that the table names for a function; a record names all."""

SHORTEST = 24
"""Columns that the last cell of a row has in any case."""


def shown(name: str | None, *, as_json: bool) -> str:
    """Return the whole catalogue, or the record of one function or expression.

    Raises
    ------
    UsageError
        If there is no such function.
    """
    from halfulp import functions

    backends = _backends()
    if name is not None:
        record = functions.get(name)
        found = whole(record, backends)
        return json.dumps(found, ensure_ascii=False) if as_json else _record_text(found, record)
    records = list(functions.CATALOGUE.values())
    if as_json:
        return "\n".join(json.dumps(brief(record, backends)) for record in records)
    return _table(records, backends)


def _backends() -> dict[str, dict[str, Any]]:
    """Return the tables of the installed adapters by name, importing none of their libraries."""
    from halfulp.backend import adapter_entry_points, adapter_named

    found = {}
    for name in sorted(adapter_entry_points()):
        try:
            found[name] = dict(adapter_named(name).functions)
        except Exception:  # noqa: S112 - `halfulp list backends` says what is broken
            continue
    return found


# -- the table ---------------------------------------------------------------------------------


def _table(records: list[Function], backends: dict[str, dict[str, Any]]) -> str:
    rows = [("function", "args", "aliases", "native in", "what it is")]
    for record in records:
        having = _few(_having(record, backends))
        aliases = ", ".join(record.aliases)
        rows.append((record.name, ",".join(record.arguments), aliases, having, record.summary))
    widths = [max(map(len, column)) + 2 for column in zip(*rows, strict=True)][:-1]
    room = max(WIDTH - sum(widths), SHORTEST)
    text = table([(*row[:-1], _shortened(row[-1], room)) for row in rows])
    return (
        f"{text}\n\nEvery function can be measured in {', '.join(_formats())}.\n"
        "`halfulp list functions NAME` shows a record."
    )


def _shortened(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 3].rstrip(' ,;(')}..."


def _having(record: Function, backends: dict[str, dict[str, Any]]) -> list[str]:
    return [name for name, names in backends.items() if record.name in names]


def _few(names: list[str]) -> str:
    """Return the first names, those everybody has before the others, and how many more."""
    order = sorted(names, key=lambda name: (name not in ("numpy", "math", "c", "torch"), name))
    more = len(order) - NAMED
    return ", ".join(order[:NAMED]) + (f", +{more}" if more > 0 else "")


def _formats() -> list[str]:
    from halfulp.formats import FORMATS

    return list(FORMATS)


# -- one record --------------------------------------------------------------------------------


def brief(record: Function, backends: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return what the table shows of a record."""
    return {
        "name": record.name,
        "summary": record.summary,
        "arguments": list(record.arguments),
        "aliases": list(record.aliases),
        "formats": _formats(),
        "backends": {name: backends[name][record.name] for name in _having(record, backends)},
    }


def whole(record: Function, backends: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return all that a record says, as data for JSON."""
    from halfulp import expressions
    from halfulp.functions.description import exact_cases, interval, rule_in_words, special_rows

    reference = record.reference
    return {
        **brief(record, backends),
        "definition": record.definition,
        "reference": None if reference is None else expressions.to_text(reference),
        "domain": interval(record.domain) if record.arity == 1 else None,
        "range": interval(record.range),
        "parity": record.parity,
        "monotone_on": [interval(piece) for piece in record.pieces],
        "exact": exact_cases(record),
        "special_rule": rule_in_words(record) or None,
        "special": [_special(row.inputs, row.special) for row in special_rows(record)],
        "points": list(record.points),
    }


def _special(inputs: tuple[str, ...], special: Special) -> dict[str, Any]:
    return {
        "inputs": list(inputs),
        "result": special.result,
        "source": special.source,
        "convention": special.convention,
    }


def _record_text(found: dict[str, Any], record: Function) -> str:
    call = f"{record.name}({', '.join(record.arguments)})" if record.is_catalogue else record.name
    native = [f"{name} ({routine})" for name, routine in found["backends"].items()]
    lines = [("aliases", ", ".join(found["aliases"])), ("definition", found["definition"])]
    lines += [
        (key, found[key] or "") for key in ("reference", "domain", "range", "parity", "exact")
    ]
    lines += [
        ("monotone on", ", ".join(found["monotone_on"])),
        ("points", ", ".join(found["points"])),
        ("formats", ", ".join(found["formats"])),
        ("native in", ", ".join(native)),
    ]
    width = max(len(label) for label, _ in lines) + 2
    kept = [
        fill(text, WIDTH, initial_indent=f"{label:<{width}}", subsequent_indent=" " * width)
        for label, text in lines
        if text
    ]
    return "\n".join([f"{call}: {found['summary']}", "", *kept, *_special_lines(found)])


def _special_lines(found: dict[str, Any]) -> list[str]:
    """Return the special inputs with their sources, an empty line before."""
    if not found["special"]:
        return []
    rows = [("special input", "result", "source")]
    for row in found["special"]:
        source = f"{row['source']} (a convention)" if row["convention"] else row["source"]
        rows.append((", ".join(row["inputs"]), row["result"], source))
    rule = [f"By a rule: {found['special_rule']}."] if found["special_rule"] else []
    return ["", *rule, table(rows)]
