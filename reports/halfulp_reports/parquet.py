"""The report as one Parquet file: a row a row of the run, with the witness of its maximum.

The columns are those of the CSV form, in their types, and the histogram. For everything else the
run's own folder has a file a table.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from halfulp.runs.schema import ACCURACY, WITNESSES

if TYPE_CHECKING:
    from halfulp.runs.store import Run

_KEY = ("routine", "region", "sampler")
_OF_WITNESS = tuple(
    column.name
    for column in WITNESSES
    if column.name not in {*(each.name for each in ACCURACY), "quantity"}
)


@dataclass(frozen=True)
class ParquetForm:
    """The Parquet form of report."""

    suffix: str = ".parquet"

    def render(self, run: Run) -> bytes:
        """Return the rows of a run, in the order of the study."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        accuracy = run.tables["accuracy"]
        seen = {
            tuple(record[name] for name in _KEY): record
            for record in run.records("witnesses")
            if record["quantity"] == "max_ulp"
        }
        keys = zip(*(accuracy.column(name).to_pylist() for name in _KEY), strict=True)
        witnesses = [seen.get(key, {}) for key in keys]
        table = accuracy
        for name in _OF_WITNESS:
            kind = run.tables["witnesses"].schema.field(name).type
            values = pa.array([witness.get(name) for witness in witnesses], type=kind)
            table = table.append_column(name, values)
        file = BytesIO()
        pq.write_table(table, file, compression="zstd")
        return file.getvalue()


form = ParquetForm()
"""What the entry point `halfulp.reports` names."""
