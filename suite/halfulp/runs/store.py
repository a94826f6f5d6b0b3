"""A run on disk: `run.json` beside one parquet file a table.

A run is data, whoever wrote it: reading one checks its shape and never executes anything from it.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from halfulp.exceptions import HalfulpError, RunError
from halfulp.runs.schema import SCHEMA, TABLES, TABLES_SINCE, Column

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd

Record = Mapping[str, object]

MANIFEST = "run.json"
_SHAPE: dict[str, type | tuple[type, ...]] = {
    "halfulp": str,
    "study": dict,
    "command": str,
    "started": str,
    "finished": (str, type(None)),
    "status": str,
    "environment": dict,
    "backends": dict,
}
"""What every `run.json` must hold besides its schema number."""

_STUDY = ("name", "title", "seed", "text")
_BACKEND = ("adapter", "settings", "status", "reason", "versions", "note", "floating_point_state")


@dataclass(frozen=True)
class Run:
    """What carrying out a study left on disk, read once and whole.

    Parameters
    ----------
    path
        The run's folder.
    manifest
        The contents of `run.json`.
    tables
        A `pyarrow.Table` by name, with exactly the columns of `halfulp.runs.schema.TABLES`.
    """

    path: Path
    manifest: dict[str, Any]
    tables: Mapping[str, Any] = field(repr=False)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The accuracy rows: one a routine, region and sampler."""
        return self.records("accuracy")

    def records(self, name: str) -> list[dict[str, Any]]:
        """Return a table as a list of dictionaries; null is None."""
        records: list[dict[str, Any]] = self.tables[name].to_pylist()
        return records

    def table(self, name: str) -> pd.DataFrame:
        """Return a table for analysis; integer columns stay integers where they hold nulls."""
        import pandas as pd
        import pyarrow as pa

        nullable = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
        frame: pd.DataFrame = self.tables[name].to_pandas(types_mapper=nullable.get)
        return frame


def with_records(run: Run, name: str, records: Sequence[Record]) -> Run:
    """Return a run with other records in one of its tables; what is on disk stays as it is."""
    return replace(run, tables={**run.tables, name: _table(name, records, TABLES[name])})


# -- writing ---------------------------------------------------------------------------------


def create_run_folder(base: Path, study_name: str, when: datetime) -> Path:
    """Make and return a new folder `<study>-<time>` under `base`, unique and without colons.

    Raises
    ------
    RunError
        If `base` cannot be written.
    """
    slug = re.sub(r"[^\w.-]+", "-", study_name).strip("-.")[:80] or "study"
    stem = f"{slug}-{when:%Y%m%d-%H%M%S}"
    try:
        base.mkdir(parents=True, exist_ok=True)
        folder = _new_folder(base, stem)
        _ignore_in_git(folder)
    except OSError as error:
        _refuse_writing(base, error)
    return folder


def write_run(
    folder: Path, manifest: Mapping[str, Any], tables: Mapping[str, Sequence[Record]]
) -> None:
    """Write a run's tables and then its `run.json`, each whole or not at all.

    Everything is on disk under temporary names before the first file is renamed, so that a crash
    while writing leaves the run that was there before. A table that is not given is written empty.

    Parameters
    ----------
    folder
        The run's folder; made if it is missing.
    manifest
        The contents of `run.json`. NaN and infinities are refused (ValueError).
    tables
        Records by table name; each record has exactly the columns of its table.

    Raises
    ------
    RunError
        If the folder cannot be written.
    """
    assert not tables.keys() - TABLES.keys(), f"unknown tables: {tables.keys() - TABLES.keys()}"
    text = _manifest_text(manifest)
    contents = {
        f"{name}.parquet": _encode(name, tables.get(name, ()), TABLES[name]) for name in TABLES
    }
    # Last, so that a folder with a run.json has its tables.
    contents[MANIFEST] = text
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _ignore_in_git(folder)
        _replace_files(folder, contents)
    except OSError as error:
        _refuse_writing(folder, error)


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write a run's `run.json` alone, as a run has it that is being carried out.

    Raises
    ------
    RunError
        If the folder cannot be written.
    """
    replace_file(folder / MANIFEST, _manifest_text(manifest))


def _manifest_text(manifest: Mapping[str, Any]) -> bytes:
    assert manifest["schema"] == SCHEMA, f"this version writes schema {SCHEMA}"
    text = json.dumps(manifest, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    return text.encode("utf-8", "replace")


def replace_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all.

    Raises
    ------
    RunError
        If it cannot be written.
    """
    try:
        _replace_files(path.parent, {path.name: content})
    except OSError as error:
        _refuse_writing(path, error)


def _replace_files(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write every file under a temporary name, then rename them in the order given."""
    waiting: dict[str, Path] = {}
    try:
        for name, content in contents.items():
            waiting[name] = folder / f".{name}.{os.getpid()}.tmp"
            _write_through(waiting[name], content)
        for name, temporary in waiting.items():
            temporary.replace(folder / name)
        _sync_folder(folder)
    finally:
        for temporary in waiting.values():
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def _write_through(path: Path, content: bytes) -> None:
    """Write a file and wait until the disk has it."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Wait until the disk has the folder's new names."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _new_folder(base: Path, stem: str) -> Path:
    """Make the first of stem, stem-2, stem-3, ... that is free."""
    number = 1
    while True:
        folder = base / (stem if number == 1 else f"{stem}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        else:
            return folder


def _ignore_in_git(folder: Path) -> None:
    """Keep a run out of the repository that it happens to lie in."""
    (folder / ".gitignore").write_text("*\n", encoding="utf-8")


def _refuse_writing(path: Path, error: OSError) -> NoReturn:
    """Raise the error that says why `path` cannot be written and what to do."""
    cause = error.strerror or type(error).__name__
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        raise HalfulpError(
            f"The disk has no room left to write {path}. Free some space and try again."
        ) from error
    raise RunError(
        f"Cannot write {path}: {cause}. Name a folder that you may write to with --out."
    ) from error


# -- tables ----------------------------------------------------------------------------------


def _arrow_schema(columns: Iterable[Column]) -> Any:
    """Return the pyarrow schema of a table."""
    import pyarrow as pa

    types = {
        "text": pa.string(),
        "int": pa.int64(),
        "float": pa.float64(),
        "bool": pa.bool_(),
        "ints": pa.list_(pa.int64()),
        "floats": pa.list_(pa.float64()),
    }
    return pa.schema([(column.name, types[column.type]) for column in columns])


def _encode(name: str, records: Sequence[Record], columns: Sequence[Column]) -> bytes:
    """Return the parquet file of a table."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(_table(name, records, columns), sink, compression="zstd")
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _table(name: str, records: Sequence[Record], columns: Sequence[Column]) -> Any:
    """Return records as a pyarrow table."""
    import pyarrow as pa

    names = {column.name for column in columns}
    for record in records:
        wrong = names ^ record.keys()
        assert not wrong, f"{name}: columns unknown or missing in a record: {sorted(wrong)}"
    arrays = {column.name: [record[column.name] for record in records] for column in columns}
    for column in columns:
        if column.type == "float":
            # What is not known is null; a nan would be averaged and compared without a word.
            assert all(value == value for value in arrays[column.name]), (
                f"{name}.{column.name} holds a nan"
            )
    return pa.table(arrays, schema=_arrow_schema(columns))


# -- reading ---------------------------------------------------------------------------------


def load_run(path: str | os.PathLike[str]) -> Run:
    """Read a run from its folder, or from the path of its `run.json`.

    A run that was interrupted can be read: its manifest says so.

    Raises
    ------
    RunError
        If there is no run, it was not finished, it is damaged, or a newer halfulp wrote it.
    """
    folder, manifest = read_manifest(path)
    if manifest["status"] == "running":
        raise RunError(
            f"The run in {folder} is not finished: a process is carrying it out, or was ended "
            f"before it could. If none is at it any more, "
            f"`halfulp resume {shlex.quote(str(folder))}` goes on with it."
        )
    schema = manifest["schema"]
    tables = {name: _read_table(folder, name, columns, schema) for name, columns in TABLES.items()}
    return Run(folder, manifest, tables)


def read_manifest(path: str | os.PathLike[str]) -> tuple[Path, dict[str, Any]]:
    """Return a run's folder and its `run.json`, checked for the shape that readers rely on.

    Raises
    ------
    RunError
        As `load_run` does, but for a run that was not finished.
    """
    folder = Path(path)
    if folder.name == MANIFEST:
        folder = folder.parent
    file = folder / MANIFEST
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise RunError(
            f"Expected a run's folder, with a {MANIFEST} in it; {folder} "
            f"{'has none' if folder.is_dir() else 'is not a folder'}. "
            "Give the path that `halfulp run` printed."
        ) from error
    except OSError as error:
        raise RunError(f"Cannot read {file}: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise RunError(
            f"{file} is damaged: expected JSON, got {error}. Run the study again."
        ) from error
    _check_manifest(file, manifest)
    checked: dict[str, Any] = manifest
    return folder, checked


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"the constant {constant}")


def _check_manifest(file: Path, manifest: object) -> None:
    """Raise RunError unless the schema is known and the parts that readers rely on are there."""
    schema = manifest.get("schema") if isinstance(manifest, dict) else None
    if not isinstance(manifest, dict) or not isinstance(schema, int) or schema < 1:
        raise RunError(f"{file} is not a run's: expected an object with a schema number from 1.")
    if schema > SCHEMA:
        raise RunError(
            f"{file} has schema {schema}, written by halfulp {manifest.get('halfulp', '?')}; "
            f"this halfulp reads schemas up to {SCHEMA}. Update halfulp to read it."
        )
    wrong = [name for name, kind in _SHAPE.items() if not isinstance(manifest.get(name), kind)]
    if not wrong:
        wrong = _missing_keys("study", manifest["study"], _STUDY)
        for label, backend in manifest["backends"].items():
            wrong += _missing_keys(f"backend {label}", backend, _BACKEND)
    if wrong:
        raise RunError(
            f"{file} is damaged: {', '.join(wrong)} missing or of the wrong type. "
            "Run the study again."
        )


def _missing_keys(place: str, value: object, keys: Sequence[str]) -> list[str]:
    """Return the keys that an object should have and has not, with their place."""
    present = value if isinstance(value, dict) else {}
    return [f"{place}.{key}" for key in keys if key not in present]


def _read_table(folder: Path, name: str, columns: Sequence[Column], written: int) -> Any:
    """Return one table with exactly the columns of the schema; nulls for newer ones than it has."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = folder / f"{name}.parquet"
    schema = _arrow_schema(columns)
    if TABLES_SINCE[name] > written:
        return schema.empty_table()
    try:
        # The bytes are read first: pyarrow takes a path for a dataset and reads more into it. And
        # without threads: a process that ends soon after may be aborted by them, after its work
        # (https://github.com/apache/arrow/issues/34314).
        source = pa.BufferReader(file.read_bytes())
        table = pq.ParquetFile(source).read(use_threads=False)
        for column in columns:
            if column.since > written:
                nulls = pa.nulls(table.num_rows, schema.field(column.name).type)
                table = table.append_column(schema.field(column.name), nulls)
        return table.select(schema.names).cast(schema)
    except FileNotFoundError as error:
        raise RunError(
            f"The run in {folder} is incomplete: expected {file.name}, which is missing. "
            "Run the study again."
        ) from error
    except (OSError, pa.ArrowException, KeyError, UnicodeDecodeError) as error:
        raise RunError(
            f"{file} is damaged: expected the columns of schema {SCHEMA}, got "
            f"{_first_line(error)}. Run the study again."
        ) from error


def _first_line(error: BaseException) -> str:
    """Return the first line of another library's message, without its full stop."""
    text = str(error).strip("'\" \n") or type(error).__name__
    return text.splitlines()[0].rstrip(".")
