"""What the figures of a run depend on beside its plan, so that a run ends as it began."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halfulp.environment import environment
from halfulp.exceptions import RunError
from halfulp.runs.schema import SCHEMA
from halfulp.study.worker import Task

if TYPE_CHECKING:
    from halfulp.study.names import BackendSpec
    from halfulp.study.plan import Plan
    from halfulp.study.shards import Group

FORMAT = 1
"""How journals are written."""

_PACKAGE = Path(__file__).parents[1]

IRRELEVANT = ("system", "processor", "cores", "memory")
"""Facts of the environment that change no figure of accuracy."""

_LISTED_INPUTS = 1 << 16
"""Inputs of a list that are compared; a list may come from a file."""


def fingerprint(plan: Plan, groups: Sequence[Group]) -> dict[str, Any]:
    """Return what must be the same when a run is resumed, as JSON values."""
    relevant = {key: text for key, text in environment().items() if key not in IRRELEVANT}
    return {
        "journal": FORMAT,
        "schema": SCHEMA,
        "environment": relevant,
        "code": _digest(_code()),
        "plan": _digest(_plan(plan, groups)),
        "files": {str(path): _digest([path.read_bytes()]) for path in _files(plan)},
    }


def check(before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise RunError unless `fingerprint` returns now what it returned when the run began."""
    told = list(_differences(before, now))
    if told:
        raise RunError(
            f"This run cannot be resumed, because its figures would not be those of one run: "
            f"{'; '.join(told)}. Restore what has changed, or run the study again."
        )


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for part in ("environment", "files"):
        first, second = before.get(part, {}), now[part]
        for name in sorted(first.keys() | second.keys()):
            if first.get(name) != second.get(name):
                if part == "files":
                    yield f"{name} has changed"
                else:
                    was, came = (facts.get(name, "unknown") for facts in (first, second))
                    yield f"{name} was {was} and is {came}"
    for part, text in (
        ("journal", "its journal was written in another form"),
        ("schema", "halfulp writes another schema now"),
        ("code", "the code of halfulp has changed"),
        ("plan", "the study makes another plan now"),
    ):
        if before.get(part) != now[part]:
            yield text


def _digest(parts: Iterator[bytes] | Sequence[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()


def _code() -> Iterator[bytes]:
    """Yield the source of the judge: a version under development keeps its number."""
    for path in sorted(_PACKAGE.rglob("*.py")):
        place = path.relative_to(_PACKAGE)
        if place.parts[0] != "cli":
            yield str(place).encode()
            yield path.read_bytes()


def _plan(plan: Plan, groups: Sequence[Group]) -> Iterator[bytes]:
    """Yield rows and backends, how they are cut, and the inputs that are listed."""
    specs = {label: _placed(spec) for label, spec in plan.backends.items()}
    yield json.dumps(Task(plan.rows, specs, plan.seed).to_json(), sort_keys=True).encode()
    for group in groups:
        size = len(group.source)
        yield json.dumps([size, group.shards, *(group.span(0) if size else ())]).encode()
        if group.sampler.kind == "replayed":
            yield group.source.take(0, min(size, _LISTED_INPUTS)).tobytes()


def _placed(spec: BackendSpec) -> BackendSpec:
    """Return a backend with its folder written out, if it can name anything there."""
    return replace(spec, folder=str(_folder(spec)) if spec.settings else "")


def _folder(spec: BackendSpec) -> Path:
    return Path(spec.folder or os.getcwd())  # noqa: PTH109 - as a manifest has it


def _files(plan: Plan) -> list[Path]:
    """Return the files that backends name in their settings, such as sources."""
    found = {
        _folder(spec) / text
        for spec in plan.backends.values()
        for setting in spec.settings.values()
        for text in _texts(setting)
    }
    return sorted(filter(_is_file, found))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # too long for a path, say
        return False


def _texts(setting: object) -> Iterator[str]:
    """Yield the texts in a setting, at any depth."""
    if isinstance(setting, str):
        yield setting
    elif isinstance(setting, Mapping):
        for value in setting.values():
            yield from _texts(value)
    elif isinstance(setting, list | tuple):
        for value in setting:
            yield from _texts(value)
