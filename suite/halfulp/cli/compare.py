"""`halfulp compare`: two runs side by side."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from halfulp.cli.state import emit

if TYPE_CHECKING:
    from halfulp.expectations.comparison import Comparison

EXAMPLES = (
    "Examples: halfulp compare halfulp-runs/before halfulp-runs/after; "
    "halfulp compare baseline.json halfulp-runs/after --as md --out -"
)

_BASE = typer.Argument(
    help="The run to compare with: its folder, or what `report --as json` wrote.", metavar="BASE"
)
_HEAD = typer.Argument(help="The run to look at, in either form.", metavar="HEAD")
_AS = typer.Option("html", "--as", metavar="FORM", help="The form of the page.")
_OUT = typer.Option(
    None,
    "--out",
    metavar="FILE",
    help="Where to write it; - is stdout. [default: compare.html, in HEAD's folder]",
)


def compare(
    context: typer.Context,
    base: str = _BASE,
    head: str = _HEAD,
    form: str = _AS,
    out: str | None = _OUT,
) -> None:
    """Say what became better, worse, new or gone from BASE to HEAD, and write it as a page."""
    from halfulp.expectations.baseline_model import read_baseline
    from halfulp.expectations.comparison import compare as compare_runs
    from halfulp.runs.forms import comparison_form, write_comparison

    writer = comparison_form(form)
    found = compare_runs(read_baseline(Path(base)), read_baseline(Path(head)))
    if out == "-":
        content = writer.render_comparison(found)
        sys.stdout.buffer.write(content if isinstance(content, bytes) else content.encode())
        sys.stdout.flush()
        return
    folder = Path(head) if Path(head).is_dir() else Path()
    target = folder / f"compare{writer.suffix}" if out is None else Path(out)
    written = write_comparison(found, form, target)
    if not context.obj.quiet:
        typer.echo(_summary(found), err=True)
    emit(str(written))


def _summary(found: Comparison) -> str:
    """Return a line of counts, and one for each way in which the runs were made otherwise."""
    lines = [f"Accuracy: {_listed(found.counts) or 'no row in common'}."]
    if found.speeds:
        lines.append(f"Time: {_listed(found.speed_counts)}.")
    if found.differences:
        names = ", ".join(item.name for item in found.differences)
        lines.append(f"The runs were made otherwise in: {names}.")
    return "\n".join(lines)


def _listed(counts: dict[str, Any]) -> str:
    return ", ".join(f"{number} {verdict}" for verdict, number in counts.items())
