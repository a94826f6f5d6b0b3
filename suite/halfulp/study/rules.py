"""The rules that a run is held against: the limits of a study, and those of files of limits."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from halfulp.exceptions import UsageError
from halfulp.expectations.limits import Rule
from halfulp.expectations.limits_model import LimitFile
from halfulp.study.problems import problems

if TYPE_CHECKING:
    from collections.abc import Sequence

    from halfulp.expectations.limits_model import Limit
    from halfulp.study.model import Study

_HEADER = re.compile(r"^[ \t]*\[\[[ \t]*limit[ \t]*\]\]", re.MULTILINE)


def rules_of(study: Study) -> tuple[Rule, ...]:
    """Return the rules of a study: those of its files first, then its own, which so go before.

    Raises
    ------
    UsageError
        If a file cannot be read or understood.
    """
    rules: list[Rule] = []
    for written in study.limit_files:
        rules += read_limits(Path(study.folder) / written)
    rules += (
        Rule(limit, f"study {study.name}", number, study.file)
        for number, limit in enumerate(study.limit, start=1)
    )
    return tuple(rules)


def read_limits(path: Path) -> tuple[Rule, ...]:
    """Return the rules of a file of limits.

    Raises
    ------
    UsageError
        If it cannot be read or understood; the sentence names the line.
    """
    text = read_text(path)
    data = _toml(text, path)
    try:
        limits = LimitFile.model_validate(data).limit
    except ValidationError as error:
        sentences = [f"{path}{_line(text, said)}: {said}" for said in problems(error, LimitFile)]
        raise UsageError("\n".join(sentences)) from None
    if not limits:
        raise UsageError(f"{path} holds no [[limit]] table. Add one, or do not name the file.")
    return tuple(
        Rule(limit, path.name, number, str(path)) for number, limit in enumerate(limits, start=1)
    )


def read_again(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """Return rules as their files have them now."""
    files = {rule.file: _limits_in(rule) for rule in rules if rule.file}
    return tuple(
        replace(rule, limit=files[rule.file][rule.number - 1]) if rule.file else rule
        for rule in rules
    )


def _limits_in(rule: Rule) -> Sequence[Limit]:
    """Return the limits of the file in which a rule stands: a study, or a file of limits."""
    from halfulp.study.model import load_study

    path = Path(rule.file)
    if rule.source == path.name:
        return [item.limit for item in read_limits(path)]
    return load_study(path).limit


def read_text(path: Path) -> str:
    """Return the text of a user's file, its line ends as they are.

    Raises
    ------
    UsageError
        If it cannot be read.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not text in UTF-8.") from None
    except OSError as error:
        raise UsageError(
            f"Expected a file of limits at {path}, but it cannot be read: {error.strerror}."
        ) from None


def _toml(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except RecursionError:
        raise UsageError(f"{path} is nested too deeply to hold limits.") from None
    except ValueError as error:  # TOMLDecodeError says the line, if in brackets
        said = re.sub(r" \(at (line \d+), column \d+\)$", r", \1", str(error))
        raise UsageError(f"{path} is not TOML: {said[:1].lower()}{said[1:200]}.") from None


def _line(text: str, sentence: str) -> str:
    """Return the line of the limit that a sentence is about, as ", line 12", if it is found."""
    match = re.match(r"limit (\d+)", sentence)
    headers = list(_HEADER.finditer(text))
    if match is None or int(match[1]) > len(headers):
        return ""
    start = headers[int(match[1]) - 1].start()
    return f", line {text.count(chr(10), 0, start) + 1}"
