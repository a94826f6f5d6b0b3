"""What `run.json` says of a plan that is, or was, carried out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from halfulp._version import __version__
from halfulp.backend import adapter_named
from halfulp.environment import environment
from halfulp.exceptions import UsageError
from halfulp.runs.schema import SCHEMA
from halfulp.study.known import digest
from halfulp.study.names import BackendSpec
from halfulp.study.plan import Plan
from halfulp.subject.memory import default_limit_mb


def now() -> str:
    """Return the time as a manifest has it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def manifest(
    plan: Plan,
    status: str,
    started: str,
    *,
    finished: str | None = None,
    backends: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return the contents of `run.json`.

    Parameters
    ----------
    status
        "running", "interrupted" or "complete".
    started, finished
        Times; `finished` is None while the run goes on.
    backends
        What is known of the backends that were started.
    """
    known = backends or {}
    return {
        "schema": SCHEMA,
        "halfulp": __version__,
        "study": {
            "name": plan.name,
            "title": plan.title,
            "seed": plan.seed,
            "text": plan.text,
            "only": list(plan.only),
            "folder": folder_of(plan),
        },
        "command": f"halfulp run {plan.name}",
        "started": started,
        "finished": finished,
        "status": status,
        "environment": environment(),
        "corpus": digest(plan.rows),
        "backends": {
            label: {**_backend(spec), **known.get(label, {})}
            for label, spec in plan.backends.items()
        },
    }


def folder_of(plan: Plan) -> str:
    """Return where the relative paths of a plan start."""
    return plan.folder or os.getcwd()  # noqa: PTH109 - text is what is written


def note_of(spec: BackendSpec) -> str | None:
    """Return how a backend computes where it is not obvious; callables have no adapter."""
    try:
        return adapter_named(spec.adapter).note or None
    except UsageError:
        return None


def _backend(spec: BackendSpec) -> dict[str, Any]:
    return {
        "adapter": spec.adapter,
        "settings": dict(spec.settings),
        "python": spec.python or None,
        "required": spec.required,
        "time_limit_s": spec.time_limit_s,
        "memory_limit_mb": spec.memory_limit_mb or default_limit_mb(),
        "status": "unavailable",
        "reason": "it was not started",
        "versions": {},
        "facts": {},
        "note": note_of(spec) or "",
        "floating_point_state": {},
    }
