"""`halfulp init`: a commented study to start from."""

from __future__ import annotations

from pathlib import Path

import typer

from halfulp.cli.state import emit
from halfulp.exceptions import RunError, UsageError

TEMPLATE = Path(__file__).with_name("template.toml")

_FILE = typer.Argument("study.toml", help="The file to write.", metavar="[FILE]")


def init(file: str = _FILE) -> None:
    """Write a commented study to start from.

    A file that exists is never overwritten.
    """
    path = Path(file)
    if path.suffix != ".toml":
        raise UsageError(f"Expected a name that ends in .toml, but got {file}; try {file}.toml.")
    try:
        with path.open("x", encoding="utf-8") as target:
            target.write(TEMPLATE.read_text(encoding="utf-8"))
    except FileExistsError:
        raise UsageError(f"{path} exists already, and is left as it is; name another.") from None
    except OSError as error:
        raise RunError(f"Cannot write {path}: {error.strerror}.") from error
    emit(str(path))
