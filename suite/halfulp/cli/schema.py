"""`halfulp schema`: the JSON Schema of study files and of figures."""

from __future__ import annotations

import json

import typer

from halfulp.cli.state import emit
from halfulp.exceptions import UsageError
from halfulp.suggest import hint

_THING = typer.Argument(help="study: its TOML file; run: its rows, and `--json`.", metavar="WHAT")


def schema(thing: str = _THING) -> None:
    """Print the JSON Schema of a study or a run."""
    if thing not in {"study", "run"}:
        raise UsageError(f"There is no schema of {thing!r}: {hint(thing, ('study', 'run'))}")
    from halfulp.study.json_schema import run_json_schema, study_json_schema

    made = study_json_schema() if thing == "study" else run_json_schema()
    emit(json.dumps(made, indent=2, ensure_ascii=False))
