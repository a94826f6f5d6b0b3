"""`halfulp corpus`: check corpora and merge them."""

from __future__ import annotations

from pathlib import Path

import typer

from halfulp.cli.errors import say
from halfulp.cli.state import emit

EXAMPLES = "Example: halfulp corpus ours.csv theirs.csv --out ours.csv"

_FILES = typer.Argument(help="Files of known worst inputs.", metavar="FILE...")
_OUT = typer.Option(
    None, "--out", metavar="FILE", help="Where to write all of them. [default: stdout]"
)


def corpus(files: list[str] = _FILES, out: str | None = _OUT) -> None:
    """Merge corpora: each input once and in order, exact results held against the reference."""
    from halfulp.expectations.corpus import merged, read_corpus
    from halfulp.expectations.corpus_growth import check_results
    from halfulp.runs.store import replace_file

    read = [(name, read_corpus(Path(name))) for name in files]
    for name, one in read:
        check_results(one, name)
    together = merged(one for _, one in read)
    if out is None:
        emit(together.text().rstrip("\n"))
        return
    replace_file(Path(out), together.text().encode())
    say(f"{len(together.entries)} inputs of {len(files)} files are in {out}")
