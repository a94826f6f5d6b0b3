"""The figures of one routine as Python objects: what `measure` returns and `--json` prints."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from halfulp.runs.schema import CLASSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KINDS = {
    "exhaustive": "a bound: every input of the region was evaluated",
    "replayed": "a lower bound: known inputs were evaluated again",
    "sampled": "a lower bound: other inputs may be worse",
}
"""What each kind of maximum means."""


@dataclass(frozen=True)
class Witness:
    """The input at which a maximum was seen; hexadecimal floats unless the name says otherwise."""

    input: str
    got: str | None
    want: str | None
    input_bits: str
    got_bits: str | None
    want_bits: str | None
    input_decimal: str
    got_decimal: str | None
    want_decimal: str | None
    error_ulp: float | None
    command: str | None

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Witness:
        """Build one from a row of the table of witnesses."""
        return cls(
            **{name: record[f"{name}_hex"] for name in ("input", "got", "want")},
            **{name: record[name] for name in ("input_bits", "got_bits", "want_bits")},
            **{f"{name}_decimal": record[name] for name in ("input", "got", "want")},
            error_ulp=record["error_ulp"],
            command=record["command"],
        )


@dataclass(frozen=True)
class Figures:
    """The figures of a routine over the inputs that one sampler took from one region.

    Errors are in ulp, counts are inputs. What each figure means is said in
    `halfulp.runs.schema.ACCURACY`; a figure is None where the row was not measured.
    """

    routine: str
    region: str
    bounds: str
    sampler: str
    seed: int
    kind: str | None
    status: str
    reason: str | None
    note: str | None
    count: int | None
    judged: int | None
    nontrivial: int | None
    max_ulp: float | None
    max_ulp_interval: tuple[float, float] | None
    max_ulp_text: str | None
    max_ulp_log2: float | None
    witness: Witness | None
    mean_ulp: float | None
    max_steps: int | None
    wrongly_rounded: int | None
    wrongly_rounded_percent: float | None
    unfaithful: int | None
    undecided: int | None
    proved: bool | None
    places: int | None
    specials: int | None
    classes: Mapping[str, int]

    @classmethod
    def from_tables(
        cls, accuracy: Iterable[Mapping[str, Any]], witnesses: Iterable[Mapping[str, Any]]
    ) -> list[Figures]:
        """Return one a row of the table of accuracy, with the witness of its maximum."""
        of_maxima = {
            _key(record): Witness.from_record(record)
            for record in witnesses
            if record["quantity"] == "max_ulp"
        }
        return [cls._from_record(record, of_maxima.get(_key(record))) for record in accuracy]

    @classmethod
    def _from_record(cls, record: Mapping[str, Any], witness: Witness | None) -> Figures:
        same = {
            name: record[name]
            for name in cls.__dataclass_fields__
            if name not in {"max_ulp_interval", "witness", "max_steps", "undecided", "classes"}
        }
        low, high, steps = record["max_ulp_low"], record["max_ulp"], record["max_steps"]
        undecided = [record[f"undecided_{name}"] for name in ("error", "rounding", "faithful")]
        return cls(
            **same,
            max_ulp_interval=None if low is None or high is None else (low, high),
            witness=witness,
            max_steps=None if steps is None else int(steps),
            undecided=None if None in undecided else sum(undecided),
            classes={name: record[name] for name in CLASSES if record[name] is not None},
        )

    @property
    def is_measured(self) -> bool:
        """Whether there are figures."""
        return self.status == "measured"

    def as_dict(self) -> dict[str, Any]:
        """Return what `measure --json` prints."""
        return {**asdict(self), "classes": dict(self.classes)}


def _key(record: Mapping[str, Any]) -> tuple[str, str, str]:
    return record["routine"], record["region"], record["sampler"]


@dataclass(frozen=True)
class Measurement:
    """The figures of one routine in one region, one for each way of taking inputs.

    `max_ulp`, `witness`, `kind` and `status` are those of the worst of them; `figures` has all.
    """

    routine: str
    region: str
    figures: tuple[Figures, ...]

    @property
    def worst(self) -> Figures:
        """The figures with the largest maximum; if none was measured, the first."""
        return max(self.figures, key=_badness)

    @property
    def status(self) -> str:
        """`measured`, or what became of the routine instead."""
        return self.worst.status

    @property
    def reason(self) -> str | None:
        """Why there are no figures; None where there are some."""
        return self.worst.reason

    @property
    def kind(self) -> str | None:
        """What kind of maximum `max_ulp` is: see `KINDS`."""
        return self.worst.kind

    @property
    def max_ulp(self) -> float | None:
        """The largest error in ulp, rounded up; None beyond 2^53, where `worst` has its text."""
        return self.worst.max_ulp

    @property
    def witness(self) -> Witness | None:
        """The input at which the largest error was seen."""
        return self.worst.witness

    def _repr_html_(self) -> str:
        """Show the figures as a table in a notebook."""
        names = ("sampler", "kind", "count", "max ulp", "at", "mean ulp", "specials", "undecided")
        head = "".join(f"<th>{name}</th>" for name in names)
        body = "".join(f"<tr>{_html_cells(figures)}</tr>" for figures in self.figures)
        caption = escape(f"{self.routine}, region {self.region}")
        return (
            f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table>"
        )


def _badness(figures: Figures) -> tuple[bool, float]:
    exponent = figures.max_ulp_log2  # None is an error of 0, or no error at all
    return figures.is_measured, -float("inf") if exponent is None else exponent


def _html_cells(figures: Figures) -> str:
    if not figures.is_measured:
        said = escape(f"{figures.status}: {figures.reason}")
        return f'<td>{escape(figures.sampler)}</td><td colspan="7">{said}</td>'
    at = figures.witness.input if figures.witness else ""
    mean = "" if figures.mean_ulp is None else f"{figures.mean_ulp:.4g}"
    cells = (
        figures.sampler,
        figures.kind,
        f"{figures.count:,}",
        figures.max_ulp_text,
        at,
        mean,
        figures.specials,
        figures.undecided,
    )
    return "".join(f"<td>{escape(str(cell))}</td>" for cell in cells)
