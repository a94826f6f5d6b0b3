"""The published JSON Schemas: of study files, and of the rows that come out."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from halfulp.measurement import Figures, Witness
from halfulp.runs.schema import CLASSES, SCHEMA, TABLES, TIMING, TIMING_RATIOS, Column
from halfulp.runs.speed import CASE, FIGURES, RATIOS
from halfulp.study.model import Study

if TYPE_CHECKING:
    from collections.abc import Iterable

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

_TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": ["string", "null"]},
    "int": {"type": ["integer", "null"]},
    "float": {"type": ["number", "null"]},
    "bool": {"type": ["boolean", "null"]},
    "ints": {"type": ["array", "null"], "items": {"type": "integer"}},
    "floats": {"type": ["array", "null"], "items": {"type": "number"}},
}
"""A column's type as JSON has it; any column may be null."""


def study_json_schema() -> dict[str, Any]:
    """Return the JSON Schema of study files, for editors that check TOML against one."""
    schema = Study.model_json_schema(by_alias=True)
    return {"$schema": _DIALECT, **schema, "title": "halfulp study"}


def run_json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a run's tables, and of the objects that `measure --json` prints.

    The tables are the properties of the schema itself; `report --as json` has `measurements`
    instead, each as one line of `measure --json` has it: `$defs/measurement`, and times as `speed`.
    """
    rows = {name: _row(columns) for name, columns in TABLES.items()}
    tables = {name: {"type": "array", "items": {"$ref": f"#/$defs/{name}"}} for name in TABLES}
    return {
        "$schema": _DIALECT,
        "title": "halfulp run",
        "type": "object",
        "properties": {
            "schema": {"const": SCHEMA},
            **tables,
            "measurements": {"type": "array", "items": {"$ref": "#/$defs/measurement"}},
            "speed": {"type": "array", "items": {"$ref": "#/$defs/speed"}},
        },
        "required": ["schema"],
        "anyOf": [{"required": ["accuracy"]}, {"required": ["measurements"]}],
        "$defs": {**rows, "witness": _witness(), "measurement": _measurement(), "speed": _speed()},
    }


def _row(columns: Iterable[Column]) -> dict[str, Any]:
    """Return the schema of a table's row."""
    return _object(
        {column.name: {**_TYPES[column.type], "description": column.meaning} for column in columns}
    )


def _speed() -> dict[str, Any]:
    """Return the schema of a timed case in `report --as json`."""
    columns = {column.name: column for column in (*TIMING, *TIMING_RATIOS)}
    return _row(columns[name] for name in (*CASE, *FIGURES, *RATIOS))


def _witness() -> dict[str, Any]:
    """Return the schema of a witness inside a measurement."""
    columns = {column.name: column for column in TABLES["witnesses"]}
    properties: dict[str, Any] = {}
    for name in (field.name for field in fields(Witness)):
        # Here the plain name is the hexadecimal float; the table's plain name is the decimal.
        spelled = f"{name}_hex" if f"{name}_hex" in columns else name.removesuffix("_decimal")
        column = columns[spelled]
        properties[name] = {**_TYPES[column.type], "description": column.meaning}
    return _object(properties)


def _measurement() -> dict[str, Any]:
    """Return the schema of one line of `measure --json`."""
    meanings = {column.name: column for column in TABLES["accuracy"]}
    counts = {
        name: {"type": "integer", "description": meaning} for name, meaning in CLASSES.items()
    }
    ours: dict[str, dict[str, Any]] = {
        "max_ulp_interval": {
            "type": ["array", "null"],
            "items": {"type": "number"},
            "description": "the enclosure of the maximum, rounded outward",
        },
        "witness": {"anyOf": [{"$ref": "#/$defs/witness"}, {"type": "null"}]},
        "max_steps": {
            "type": ["integer", "null"],
            "description": "largest distance to the correctly rounded result",
        },
        "undecided": {
            "type": ["integer", "null"],
            "description": "judgements of error, rounding and faithfulness that are not proved",
        },
        "classes": {"type": "object", "properties": counts},
    }
    properties = {}
    for name in (field.name for field in fields(Figures)):
        column = meanings.get(name)
        properties[name] = ours.get(name) or (
            {**_TYPES[column.type], "description": column.meaning} if column else {}
        )
    return _object(properties)


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
