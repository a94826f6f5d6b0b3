"""What is wrong with a study, in sentences: where, what was expected, what came, what to do.

pydantic finds the problems; its own wording is for programmers, so none of it is shown. What a key
expects is the description of its field, which the published JSON Schema shows too.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, get_args

from halfulp.suggest import nearest

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

Place: TypeAlias = tuple[int | str, ...]
"""Where a problem is: keys of tables and numbers of items, outermost first."""

_NAMED_TABLES = ("region", "formula", "backend")
_NUMBERED = ("case", "exclude", "claim", "limit")


def problems(error: ValidationError, study: type[BaseModel]) -> list[str]:
    """Return one sentence a problem, without repeats, in the order of the file.

    Parameters
    ----------
    error
        What pydantic found.
    study
        The model of the whole file, in which the places of the problems are looked up.
    """
    found = _innermost(error.errors(include_url=False))
    sentences = (_sentence(place, details, study) for place, details in found.items())
    return list(dict.fromkeys(sentences))


def _innermost(found: Sequence[ErrorDetails]) -> dict[Place, ErrorDetails]:
    """Return the first problem of each place that has no problem inside it.

    A list with a bad item is reported by pydantic as too short as well; bounds that are neither a
    text nor a list are reported once for each of the two.
    """
    by_place: dict[Place, ErrorDetails] = {}
    for details in found:
        place = details["loc"]
        is_bounds = place[0] == "region" and place[-1] != "[key]"
        by_place.setdefault(place[:2] if is_bounds else place, details)
    outer = {place[:length] for place in by_place for length in range(1, len(place))}
    return {place: details for place, details in by_place.items() if place not in outer}


def _sentence(place: Place, details: ErrorDetails, study: type[BaseModel]) -> str:
    value = details["input"]
    if place[0] in _NAMED_TABLES and place[-1] == "[key]":
        return (
            f"{_where(place[:1])}: a label has letters, digits, `_`, `-`, `.` and `+` only "
            f"(at most 60), but got {_shown(value)}."
        )
    if details["type"] == "extra_forbidden":
        return _unknown_key(place, study)
    if details["type"] == "value_error":
        return f"{_where(place)}: {details['ctx']['error']}"
    expected = _expected(place, study)
    if details["type"] == "missing":
        return f"{_where(place)} is missing: expected {expected}{_missing_advice(place, value)}."
    return f"{_where(place)}: expected {expected}, but got {_shown(value)}{_advice(place, value)}."


def _unknown_key(place: Place, study: type[BaseModel]) -> str:
    key = str(place[-1])
    known = [field.alias or name for name, field in _model(place[:-1], study).model_fields.items()]
    guess = nearest(key, known)
    advice = f"; did you mean `{guess}`?" if guess else f"; it understands {', '.join(known)}."
    return f"{_where(place)} is not understood by this version of halfulp{advice}"


def _where(place: Place) -> str:
    """Return a place in the words of the file: `case 2, key "inputs", item 1`."""
    words: list[str] = []
    parts = list(place)
    while parts:
        part = parts.pop(0)
        if isinstance(part, int):
            words.append(f"item {part + 1}")
        elif part in _NUMBERED and parts and isinstance(parts[0], int):
            words.append(f"{part} {int(parts.pop(0)) + 1}")
        elif not words and part in _NAMED_TABLES and parts:
            words.append(f"{part} {json.dumps(parts.pop(0), ensure_ascii=False)}")
        else:
            words.append(f"key {json.dumps(part, ensure_ascii=False)}")
    return ", ".join(words)


def _model(place: Place, study: type[BaseModel]) -> type[BaseModel]:
    """Return the model of the table at a place."""
    model = study
    for part in place:
        if isinstance(part, str) and part in model.model_fields:
            model = _table_in(model.model_fields[part].annotation) or model
    return model


def _table_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model that a field's type holds, such as Case in tuple[Case, ...]."""
    if hasattr(annotation, "model_fields"):
        return annotation  # type: ignore[no-any-return] # a class with model_fields is a model
    inner = (_table_in(part) for part in get_args(annotation))
    return next((model for model in inner if model is not None), None)


def _expected(place: Place, study: type[BaseModel]) -> str:
    """Return the description of the innermost field at a place."""
    if place[0] in {"region", "formula"}:
        place = place[:1]  # labels below may be spelled like keys of the study
    if len(place) > 1 and place[-2] in _NUMBERED:
        return "a table"
    named = [number for number, part in enumerate(place) if isinstance(part, str)]
    for number in reversed(named):
        for name, field in _model(place[:number], study).model_fields.items():
            if place[number] == (field.alias or name) and field.description:
                in_list = number + 1 < len(place) and place[0] == "case"
                return f"a text in {field.description}" if in_list else field.description
    return "something else"


def _shown(value: object) -> str:
    """Return a value as TOML's reader sees it, short."""
    match value:
        case str():
            return json.dumps(value if len(value) <= 60 else value[:57] + "...", ensure_ascii=False)
        case bool():
            return str(value).lower()
        case Mapping():
            return "a table"
        case list() | tuple():
            items = f"[{', '.join(_shown(item) for item in value)}]"
            return "a long list" if len(items) > 80 else items if value else "an empty list"
        case dt.date() | dt.time():
            return f"the date or time {value}"
    return str(value) if len(str(value)) <= 60 else f"a number of {len(str(value))} digits"


def _advice(place: Place, value: object) -> str:
    """Return what to do about mistakes that TOML makes easy, or nothing."""
    if place == ("case",) and isinstance(value, Mapping):
        return "; write [[case]], with two brackets"
    if place[0] == "case" and len(place) == 3 and isinstance(value, str) and place[2] != "reason":
        return f"; write [{_shown(value)}]"
    if place == ("schema",) and isinstance(value, int) and value > 1:
        return "; the study was written for a newer version of halfulp"
    if place[0] in {"region", "formula"} and place[-1] in {"schema", "title", "seed"}:
        return "; keys of the study itself must stand above the first [table]"
    return ""


def _missing_advice(place: Place, table: object) -> str:
    if place[0] != "backend" or not isinstance(table, Mapping) or not table:
        return ""
    if all(isinstance(value, Mapping) for value in table.values()):
        return (
            f'; a label with a dot needs quotes, as in [backend."{place[1]}.{next(iter(table))}"]'
        )
    return ""
