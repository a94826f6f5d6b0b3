"""Samplers: how inputs are taken from a region, as texts with a meaning."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from halfulp.exceptions import UsageError
from halfulp.reals import parse_extended

Kind = Literal["exhaustive", "replayed", "sampled"]

KINDS: dict[str, Kind] = {
    "exhaustive": "exhaustive",
    "spread": "sampled",
    "clusters": "sampled",
    "grid": "sampled",
    "edges": "sampled",
    "hard": "replayed",
    "corpus": "replayed",
    "listed": "replayed",
}
"""What the maximum over a sampler's inputs is: a bound for the region, or a lower bound."""

MAX_COUNT = 1 << 40

_NUMBER = r"(\d+(\.\d+)?([eE]\+?\d{1,2})?|2(\^|\*\*)\d{1,2})"
_COUNT = re.compile(_NUMBER)
_CLUSTERS = re.compile(f"{_NUMBER}[xX]{_NUMBER}")


@dataclass(frozen=True)
class Sampler:
    """A sampler with its parameters.

    Parameters
    ----------
    name
        One of `KINDS`.
    text
        Canonical text, such as "spread:1000000".
    count
        How many inputs `spread` and `grid` are asked for, and `clusters` at each place.
    places
        How many places `clusters` is asked for.
    listed
        What stands behind "listed:"; of `corpus` the inputs: encodings in hexadecimal, an argument
        a word, joined by ";", which the plan fills in.
    """

    name: str
    text: str
    count: int = 0
    places: int = 0
    listed: str = ""

    @property
    def kind(self) -> Kind:
        """What a maximum over these inputs is."""
        return KINDS[self.name]


def parse_sampler(text: str) -> Sampler:
    """Read `exhaustive`, `spread:N`, `edges`, `hard`, `corpus`, `listed:1,2` and the like.

    Raises
    ------
    UsageError
        If the text is none of these.
    """
    name, _, rest = text.strip().partition(":")
    if name in {"exhaustive", "edges", "hard", "corpus"} and not rest:
        return Sampler(name, name)
    if name in {"spread", "grid"} and _COUNT.fullmatch(rest):
        count = _count(rest)
        if 1 <= count <= MAX_COUNT:
            return Sampler(name, f"{name}:{count}", count)
        raise UsageError(f"Expected {name}:N with N from 1 to 2^40, but got {text!r}.")
    if name == "clusters" and _CLUSTERS.fullmatch(rest):
        places, count = (_count(part) for part in rest.lower().split("x"))
        if places >= 1 and count >= 1 and places * count <= MAX_COUNT:
            return Sampler(name, f"clusters:{places}x{count}", count, places)
        raise UsageError(
            f"Expected clusters:PxN with P places of N inputs, up to 2^40, but got {text!r}."
        )
    if name == "listed" and rest:
        rows(rest)  # every mistake comes out before anything is run
        return Sampler(name, f"listed:{rest}", listed=rest)
    raise UsageError(
        f"Unknown way to take inputs: {text!r}. Expected one of exhaustive, spread:N, "
        "clusters:PxN, grid:N, edges, hard, corpus, listed:0x1p-3,0.5 or listed:@FILE."
    )


def _count(text: str) -> int:
    """Return the integer in "1000", "1e6", "2^20" or "2**20"."""
    if "^" in text or "**" in text:
        return 1 << int(re.split(r"\^|\*\*", text)[1])
    value = parse_extended(text)
    return int(value) if not isinstance(value, str) and value.denominator == 1 else 0


def rows(listed: str) -> list[tuple[str, ...]]:
    """Return the texts of listed inputs, a tuple an input.

    "1,2;3,4" are two inputs of two arguments; without a semicolon every number is an input of its
    own. A file has an input a line; blank lines and what follows a # are skipped.

    Raises
    ------
    UsageError
        If a file cannot be read, or something is not a number.
    """
    if listed.startswith("@"):
        texts = _lines(Path(listed[1:]))
    elif ";" in listed:
        texts = [part for part in listed.split(";") if part.strip()]
    else:
        texts = listed.split(",")
    found = [tuple(word.strip() for word in text.split(",")) for text in texts]
    for word in (word for row in found for word in row):
        if word.lower().lstrip("+-") != "nan":
            parse_extended(word)
    if not found:
        raise UsageError(f"Expected at least one input, but {listed!r} lists none.")
    return found


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"Expected a text file with one input a line at {str(path)!r}, "
            f"but it cannot be read: {error}."
        ) from None
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]
