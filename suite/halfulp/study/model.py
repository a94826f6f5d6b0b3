"""The study file: what a user writes, checked for shape.

TOML is read by tomllib and checked by pydantic; every sentence about a problem is our own
(`halfulp.study.problems`). Whether names and expressions mean anything is decided by
`halfulp.study.plan`, which knows the functions and the adapters.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    StringConstraints,
    ValidationError,
    field_validator,
)

from halfulp.exceptions import UsageError
from halfulp.expectations.claims_model import Claim
from halfulp.expectations.limits_model import Limit
from halfulp.study.named import shipped_studies
from halfulp.study.problems import problems
from halfulp.suggest import hint
from halfulp.timing.model import Timing

STUDY_SCHEMA = 1
"""The schema of study files that this version understands."""

Label = Annotated[str, StringConstraints(pattern=r"^\w[\w.+-]*$", max_length=60)]
Names = Annotated[tuple[str, ...], Field(strict=False, min_length=1)]
Bounds = str | Annotated[tuple[str, ...], Field(strict=False, min_length=1)]


class _Table(BaseModel):
    """A TOML table: types as they are written, no unknown keys, never changed after reading."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Exclude(_Table):
    """Rows of a case that are left out, chosen by globs, with the reason."""

    reason: str = Field(min_length=1, description="a text that says why these rows are left out")
    function: str = Field("*", description='a glob on the function, such as "exp*"')
    formula: str = Field("*", description='a glob on the label of the formula, such as "naive"')
    backend: str = Field("*", description='a glob on the label of the backend, such as "torch*"')
    format: str = Field("*", description='a glob on the format, such as "float*"')
    region: str = Field("*", description='a glob on the label of the region, such as "tiny"')


class Backend(_Table):
    """A configured adapter; every key that is not listed here is a setting of the adapter."""

    model_config = ConfigDict(extra="allow")

    adapter: str = Field(description='the name of an adapter, such as "numpy"')
    required: bool = Field(
        default=False,
        description="true if the run must fail (exit code 3) when the backend is missing, or false",
    )

    python: str = Field(
        default="",
        min_length=1,
        description='the interpreter of another environment, such as ".venv-main/bin/python"',
    )
    time_limit_s: float = Field(
        default=60,
        gt=0,
        le=86_400,
        strict=False,
        description="a number of seconds that one evaluation may take, such as 60",
    )
    memory_limit_mb: int = Field(
        default=0,
        ge=16,
        description="a whole number of megabytes that the subject may hold, such as 4096",
    )

    @property
    def settings(self) -> dict[str, Any]:
        """The adapter's own keys, as TOML gives them."""
        return dict(self.model_extra or {})


class Case(_Table):
    """A product of lists: one row for each combination, less what is excluded."""

    functions: Names = Field(
        description='a list of catalogue names or expressions, such as ["exp", "log(1+exp(x))"]'
    )
    backends: Names = Field(description='a list of backends, such as ["numpy", "math"]')
    formats: Names = Field(description='a list of formats, such as ["float32", "float64"]')
    formulas: Names = Field(
        default=("native",),
        description='a list of labels of [formula], expressions or "native"',
    )
    regions: Names = Field(
        default=("all",),
        description='a list of labels of [region], bounds such as "0.5:2", or "all"',
    )
    inputs: Names = Field(
        default=(),
        description='a list of samplers, such as ["edges", "spread:100000"]',
    )
    exclude: Annotated[tuple[Exclude, ...], Field(strict=False)] = Field(
        default=(),
        description='a list of tables such as [{ backend = "math", reason = "slow" }]',
    )


class Study(_Table):
    """A study file.

    Build one with `Study.from_text` or `load_study`, which explain what is wrong in one sentence a
    problem.
    """

    schema_: int = Field(
        alias="schema",
        ge=1,
        le=STUDY_SCHEMA,
        description=f"the number {STUDY_SCHEMA}, as in schema = {STUDY_SCHEMA}",
    )
    title: str = Field(default="", description='a text, such as "exp in four libraries"')
    seed: int = Field(default=0, ge=0, lt=2**63, description="a whole number from 0 to 2^63 - 1")
    region: dict[Label, Bounds] = Field(
        default_factory=dict,
        description='bounds such as "0.5 : 2", or a list of two for two arguments',
    )
    formula: dict[Label, str] = Field(
        default_factory=dict, description='an expression as text, such as "exp(x) - 1"'
    )
    backend: dict[Label, Backend] = Field(
        default_factory=dict, description='a table with at least adapter = "..."'
    )
    case: Annotated[tuple[Case, ...], Field(strict=False, min_length=1)] = Field(
        description="at least one [[case]] table"
    )
    timing: Timing | None = Field(
        default=None, description="a [timing] table; absent: nothing is timed"
    )
    claim: Annotated[tuple[Claim, ...], Field(strict=False)] = Field(
        default=(), description="[[claim]] tables: what documents say"
    )
    limit: Annotated[tuple[Limit, ...], Field(strict=False)] = Field(
        default=(), description="[[limit]] tables: bounds that routines must keep"
    )
    limit_files: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        default=(), description='a list of files with [[limit]] tables, such as ["limits.toml"]'
    )
    corpus: str = Field(
        default="", min_length=1, description='a file of known worst inputs, such as "corpus.csv"'
    )

    _name: str = PrivateAttr(default="study")
    _text: str = PrivateAttr(default="")
    _folder: str = PrivateAttr(default="")
    _file: str = PrivateAttr(default="")

    @property
    def name(self) -> str:
        """Stem of the file, or the name of the shipped study."""
        return self._name

    @property
    def text(self) -> str:
        """The source, comments and all, as a run records it."""
        return self._text

    @property
    def folder(self) -> str:
        """Where the relative paths of backends start: the file's folder, "" for the current one."""
        return self._folder

    @property
    def file(self) -> str:
        """Path of the user's own file, or "" for a shipped study or a text."""
        return self._file

    @field_validator("region", "formula")
    @classmethod
    def _not_built_in(cls, tables: dict[str, Any]) -> dict[str, Any]:
        for label in ("all", "native"):
            if label in tables:
                raise ValueError(f"the label `{label}` is built in; choose another.")
        return tables

    @classmethod
    def from_text(cls, text: str, name: str = "study", folder: str = "", file: str = "") -> Study:
        """Read a study from TOML.

        Parameters
        ----------
        text
            The TOML source.
        name
            What the study is called in messages and in the name of its run.
        folder
            Where the relative paths of backends start; by default the current folder.
        file
            Path of the file that it was read from, if it is the user's.

        Raises
        ------
        UsageError
            If the text is not TOML, or not a study: one sentence for each problem.
        """
        data = _read_toml(text, name)
        try:
            told = {"name": name, "text": text, "folder": folder, "file": file}
            return cls.model_validate(data, context=told)
        except ValidationError as error:
            raise UsageError(_listed(name, problems(error, cls))) from None

    def model_post_init(self, context: Any) -> None:
        """Keep what `from_text` passes along: it is no part of the file's own keys."""
        if context:
            self._name, self._text = context["name"], context["text"]
            self._folder, self._file = context["folder"], context["file"]


def _listed(name: str, sentences: list[str]) -> str:
    """Return one sentence after the study's name, or several as a list below it."""
    if len(sentences) == 1:
        return f"Study {name}: {sentences[0]}"
    return "\n  - ".join([f"Study {name} has {len(sentences)} problems:", *sentences])


def _read_toml(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise UsageError(f"Study {name} is nested too deeply to be a study.") from None
    except tomllib.TOMLDecodeError as error:
        said, line = str(error), ""
        if match := re.search(r" \(at (line \d+), column \d+\)$", said):
            said, line = said[: match.start()], f", {match[1]}"
        elif said.endswith(" (at end of document)"):
            said, line = said.removesuffix(" (at end of document)"), ", at its end"
        raise UsageError(
            f"Study {name}{line}: this is not TOML: {said[:1].lower()}{said[1:]}."
        ) from None
    except ValueError:
        raise UsageError(f"Study {name} holds a number with thousands of digits.") from None


def load_study(spec: str | Path) -> Study:
    """Read a study: the path of a `.toml` file, or the name of a shipped study.

    Raises
    ------
    UsageError
        If there is no such study, or it cannot be understood.
    """
    path = Path(spec)
    if path.suffix == ".toml":
        folder = str(path.absolute().parent)
        return Study.from_text(_source(path), path.stem, folder, str(path))
    shipped = shipped_studies()
    if str(spec) not in shipped:
        beside = f" (for a file, end the path in .toml, as in {path}.toml)" if path.name else ""
        raise UsageError(
            f"There is no shipped study called {str(spec)!r}{beside}: {hint(str(spec), shipped)}"
        )
    return Study.from_text(_source(shipped[str(spec)]), str(spec))


def _source(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")  # some editors write a byte order mark
    except FileNotFoundError:
        shipped = ", ".join(shipped_studies())
        raise UsageError(
            f"There is no file {path}: `halfulp init {path}` writes one to start from, and "
            f"`halfulp run` knows the shipped studies {shipped}."
        ) from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not a study: it is not text in UTF-8.") from None
    except OSError as error:
        raise UsageError(f"The study {path} cannot be read: {error.strerror}.") from None
