"""The columns of a run's tables.

Schema history:

1. First schema (0.1.0): accuracy, witnesses, profile.
2. Timing, claims and limits; accuracy gains `proved`, `places` and `enclosed`. What a run of an
   older schema has not is null in columns and empty in tables.
"""

from __future__ import annotations

from dataclasses import dataclass

SCHEMA = 2
"""The schema that this version writes; every schema from 1 on can be read."""

STATUSES = ("measured", "unavailable", "crashed", "timed out", "failed", "not measured")
"""What can have become of a row. Only `measured` rows have figures.

`failed` means that the routine raised or broke the contract; `not measured` that the run ended
before the row was finished.
"""

CLASSES = {
    "nan_expected": "inputs where the result is not a number",
    "inf_expected": "inputs where the result is exactly infinite: poles, f(inf)",
    "nan_returned": "a nan where a number was due",
    "nan_missing": "a number where a nan was due",
    "finite_at_pole": "a finite number where an exact infinity was due",
    "wrong_inf_sign": "an infinity of the wrong sign",
    "wrong_sign": "a number of the wrong sign (its numeric error is kept as well)",
    "wrong_zero_sign": "a zero of the wrong sign",
    "nonzero_at_zero": "a nonzero number where the result is exactly 0",
    "convention": "another special result where libraries are known to differ (no defect)",
}
"""Counted classes of special results, in the order in which reports show them."""

DEFECTS = tuple(name for name in CLASSES if name != "convention" and not name.endswith("_expected"))
"""The classes that count against a routine; `specials` is their sum."""


@dataclass(frozen=True)
class Column:
    """One column of a table.

    `type` is one of "text", "int", "float", "bool", "ints" (a list of int64), "floats". Any column
    may hold null; what null means is said in `meaning`. `since` is the schema that brought it.
    """

    name: str
    type: str
    meaning: str
    since: int = 1


IDENTITY = (
    Column("routine", "text", "function/formula/backend/format"),
    Column("function", "text", "catalogue name, or an expression"),
    Column("formula", "text", "label of the formula; native is the backend's own routine"),
    Column("backend", "text", "label of the backend"),
    Column("format", "text", "name of the format"),
    Column("region", "text", "label of the region"),
    Column("sampler", "text", "how inputs were taken, such as spread:20000"),
)
"""The columns that name a row; every table starts with them."""

ACCURACY = (
    *IDENTITY,
    Column("expression", "text", "the formula's expression; null for native"),
    Column("bounds", "text", "the region's bounds as written, or all"),
    Column("kind", "text", "kind of maximum: exhaustive (a bound), replayed or sampled"),
    Column("status", "text", "one of STATUSES"),
    Column("reason", "text", "why there is no figure; null where there is one"),
    Column("note", "text", "how the backend computes, where it is not obvious"),
    Column("seed", "int", "the study's seed"),
    Column("count", "int", "inputs evaluated"),
    Column("judged", "int", "inputs with a numeric error"),
    Column("nontrivial", "int", "judged inputs in the function's active region"),
    Column("max_ulp", "float", "largest |error| in ulp, rounded up; null beyond 2^53 or if none"),
    Column("max_ulp_low", "float", "lower end of its enclosure, rounded down; null as max_ulp"),
    Column("max_ulp_text", "text", "the same maximum as a decimal string, rounded up, any size"),
    Column("max_ulp_log2", "float", "log2 of the maximum; null if it is 0 or there is none"),
    Column("max_signed_ulp", "float", "largest error above the exact result, 0 or more"),
    Column("min_signed_ulp", "float", "largest error below the exact result, 0 or less"),
    Column("mean_ulp", "float", "mean |error| over nontrivial inputs, each capped at 2^40"),
    Column("mean_capped", "int", "inputs whose error was capped in the mean"),
    Column("max_steps", "text", "largest distance to the correctly rounded result, a decimal"),
    Column("wrongly_rounded", "int", "judged inputs whose result is not correctly rounded"),
    Column("wrongly_rounded_percent", "float", "over nontrivial inputs"),
    Column("unfaithful", "int", "results with a float strictly between them and the exact one"),
    Column("undecided_error", "int", "inputs whose error is known less well than promised"),
    Column("undecided_rounding", "int", "inputs whose correctly rounded result is not decided"),
    Column("undecided_faithful", "int", "inputs whose faithfulness is not decided"),
    Column("specials", "int", "sum of the defects among the classes"),
    *(Column(name, "int", meaning) for name, meaning in CLASSES.items()),
    Column("histogram", "ints", "counts over signed error, see HISTOGRAM_*"),
    Column("proved", "bool", "whether no figure of the row is left undecided", since=2),
    Column("places", "int", "places of a sampler of clusters; null for others", since=2),
    Column("enclosed", "int", "inputs settled one by one, not by blocks; null without", since=2),
)

HISTOGRAM_LINEAR = 128
"""The first 128 entries of a histogram: signed error in bins of 1/32 ulp over [-2, 2)."""

HISTOGRAM_TAIL = 62
"""Then 62 entries a side, negative first: |error| in [2^k, 2^(k+1)) for k = 1, 2, ..., 61, and last
|error| >= 2^62."""

WITNESSES = (
    *IDENTITY,
    Column(
        "quantity",
        "text",
        "max_ulp, max_ulp_flushing, max_steps, unfaithful, undecided, or a class",
    ),
    Column("input_bits", "text", "encodings of the arguments in hexadecimal, joined by ', '"),
    Column("input_hex", "text", "the arguments as hexadecimal floats, joined by ', '"),
    Column("input", "text", "the arguments in decimal, shortest that round-trips, joined by ', '"),
    Column("got_bits", "text", "encoding of the result"),
    Column("got_hex", "text", "the result as a hexadecimal float"),
    Column("got", "text", "the result in decimal"),
    Column("want_bits", "text", "encoding of the correctly rounded result; null if undecided"),
    Column("want_hex", "text", "the correctly rounded result as a hexadecimal float"),
    Column("want", "text", "the correctly rounded result in decimal"),
    Column("error_ulp", "float", "signed error in ulp; null if there is none or beyond 2^53"),
    Column("command", "text", "the command that repeats this one evaluation"),
)

PROFILE = (
    *IDENTITY,
    Column("bin", "int", "number of the bin along the first argument, from 0"),
    Column("low", "float", "smallest input of the bin, as float64"),
    Column("high", "float", "largest input of the bin, as float64"),
    Column("count", "int", "judged inputs in the bin"),
    Column("nontrivial", "int", "of these, in the active region"),
    Column(
        "max_ulp", "float", "largest |error| in the bin (middle of its enclosure), capped at 2^53"
    ),
    Column("mean_ulp", "float", "mean |error| in the bin, each capped at 2^40"),
    Column("wrongly_rounded", "int", "inputs in the bin whose result is not correctly rounded"),
    Column("specials", "int", "defects among special results in the bin"),
    Column(
        "condition",
        "float",
        "|x f'(x) / f(x)| in the middle of the bin; null where undefined or not in the format",
        since=2,
    ),
)

TIMING_IDENTITY = (
    *(column for column in IDENTITY if column.name != "sampler"),
    Column("size", "int", "elements of one call"),
    Column("allocation", "text", "out (the output is given) or fresh (the routine makes it)"),
    Column("stride", "int", "distance of neighbouring inputs, in elements"),
    Column("threads", "int", "threads that the routine may use"),
    Column("mode", "text", "throughput, or latency (each input waits for the last result)"),
)
"""The columns that name a timed case."""

TIMING = (
    *TIMING_IDENTITY,
    Column("status", "text", "one of STATUSES"),
    Column("reason", "text", "why there is no figure; null where there is one"),
    Column("call", "text", "what one call is, as a user would write it; null if it is not known"),
    Column("checked", "int", "timed inputs whose results were judged, once, before"),
    Column("max_ulp", "float", "largest |error| of these in ulp, rounded up; null as in accuracy"),
    Column("fits", "text", "the smallest of L1, L2, L3, memory that holds input and output"),
    Column("calls", "int", "calls of one sample"),
    Column("taken_percent", "float", "of the samples' time, when others had the processor"),
    Column("samples", "int", "how many samples"),
    Column("median_ns", "float", "median time of one call"),
    Column("median_low_ns", "float", "lower end of its 95 % interval, by order statistics"),
    Column("median_high_ns", "float", "upper end of its 95 % interval"),
    Column("p05_ns", "float", "5th percentile of the time of one call"),
    Column("p95_ns", "float", "95th percentile of the time of one call"),
    Column("element_ns", "float", "median_ns / size"),
    Column("host_ns", "float", "median time until a call returned; null without a device"),
    Column("device_ns", "float", "median device time of one call; null without a device"),
    Column("gb_per_s", "float", "bytes read and written by the routine in a second, 1e9 a GB"),
    Column("copy_gb_per_s", "float", "the same of a copy of this size on this machine"),
    Column("bound", "text", "dispatch, compute or memory: what limits the routine here"),
    Column("warnings", "text", "what makes the figures doubtful, with advice; null if nothing"),
    Column("rounds", "ints", "number of the round of each sample"),
    Column("raw_ns", "floats", "time of one call in each sample"),
)

TIMING_FITS = (
    *(column for column in TIMING_IDENTITY if column.name != "size"),
    Column("call_ns", "float", "a of t = a + b n: the cost of a call; null if it does not fit"),
    Column("element_ns", "float", "b of t = a + b n: the cost of an element"),
    Column("sizes", "ints", "the sizes that were fitted"),
    Column("largest_residual", "float", "largest relative distance of a size from the fit"),
)

TIMING_RATIOS = (
    *TIMING_IDENTITY,
    Column("base", "text", "identity of the routine that it is compared with"),
    Column("ratio", "float", "time of the routine over time of the base, median of paired rounds"),
    Column("ratio_low", "float", "lower end of its interval, corrected over the table"),
    Column("ratio_high", "float", "upper end of its interval"),
    Column("pairs", "int", "paired rounds"),
    Column("confidence", "float", "of the interval, after correction, such as 0.999"),
    Column("verdict", "text", "faster, slower, equivalent, inconclusive or not comparable"),
    Column("reason", "text", "why the two cannot be compared; null where they can"),
)

TIMING_STAGES = (
    Column("backend", "text", "label of the backend"),
    Column("routine", "text", "identity of the routine; null where a stage is the backend's own"),
    Column("stage", "text", "import, first call (with compilation) or warm-up"),
    Column("ns", "float", "how long it took, once"),
)

CLAIMS = (
    Column("number", "int", "place in the study, from 1"),
    Column("source", "text", "what says it"),
    Column("says", "text", "what it says, in its words"),
    Column("kind", "text", "example, bound, property or relation"),
    Column("backend", "text", "label of the backend; null for all"),
    Column("verdict", "text", "one of CLAIM_VERDICTS"),
    Column("reason", "text", "why it could not be settled; null where it was"),
    Column("claimed", "text", "what is claimed"),
    Column("computed", "text", "what this run computed"),
    Column("exact", "text", "what is true, from the reference; null where nothing is exact"),
    Column("finding", "text", "one sentence for a reader of the document"),
    Column("code", "text", "what was run, or the expression with its inputs"),
)

CLAIM_VERDICTS = ("holds", "holds to the digits printed", "false", "unavailable", "not measured")
"""What can become of a claim."""

LIMITS = (
    Column("rule", "text", "where the rule stands, such as `limits.toml, limit 2`, or a baseline"),
    Column("selectors", "text", "its selectors as written"),
    *IDENTITY,
    Column("quantity", "text", "what is bounded: one of LIMIT_QUANTITIES"),
    Column("bound", "float", "the limit, or what the baseline has; null beyond 2^53"),
    Column("measured", "float", "upper end of the quantity (of a slowdown the lower), or null"),
    Column("measured_text", "text", "the same as text, any size, rounded up"),
    Column("verdict", "text", "one of LIMIT_VERDICTS"),
    Column("reason", "text", "why the verdict is what it is, in one sentence"),
    Column("note", "text", "the rule's own reason; null without"),
    Column("issue", "text", "the rule's own issue; null without"),
    Column("witness", "text", "the input that breaks it, in hex; null where none does"),
    Column("got", "text", "the result there, in hex; null as witness"),
    Column("want", "text", "the correctly rounded result there, in hex; null as witness"),
    Column("command", "text", "the command that repeats the witness; null without"),
)

LIMIT_VERDICTS = (
    "kept",
    "loose",
    "broken",
    "fails as expected",
    "passes unexpectedly",
    "undecided",
    "not measured",
)
"""What can become of a limit on one row; `loose` is kept with room to spare."""

LIMIT_QUANTITIES = (
    "max_ulp",
    "max_steps",
    "wrongly_rounded_percent",
    "special_mismatches",
    "max_slowdown",
)
"""What can be bounded. For `max_slowdown` the sampler of a record says what was timed."""

TABLES = {
    "accuracy": ACCURACY,
    "witnesses": WITNESSES,
    "profile": PROFILE,
    "timing": TIMING,
    "timing_fits": TIMING_FITS,
    "timing_ratios": TIMING_RATIOS,
    "timing_stages": TIMING_STAGES,
    "claims": CLAIMS,
    "limits": LIMITS,
}
"""Every table by the name of its file, without `.parquet`."""

TABLES_SINCE = {name: 1 if name in ("accuracy", "witnesses", "profile") else 2 for name in TABLES}
"""The schema that brought each table."""
