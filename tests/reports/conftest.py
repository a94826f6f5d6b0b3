"""A hand-made run for the structure of the page: its figures were measured by nobody.

Whether figures are right is tested where they are made. Here errors come from a seeded generator,
and rows of each status, kind and defect stand where a real run could have them.
"""

from __future__ import annotations

import math
import random
from importlib.util import module_from_spec, spec_from_file_location
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from halfulp.formats import format_named
from halfulp.runs.schema import (
    ACCURACY,
    CLAIMS,
    HISTOGRAM_LINEAR,
    HISTOGRAM_TAIL,
    IDENTITY,
    LIMITS,
    PROFILE,
    SCHEMA,
    TABLES,
    TIMING,
    TIMING_FITS,
    TIMING_RATIOS,
    TIMING_STAGES,
    WITNESSES,
)
from halfulp.runs.store import Run, load_run, write_run
from halfulp_reports.html import form

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

FUNCTIONS = (
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "sin", "cos", "tanh",
    "erf", "sigmoid", "pow",
)  # fmt: skip
FORMATS = ("float16", "float32", "float64")
Tables = dict[str, list[dict[str, Any]]]


def beside(name: str) -> Any:
    """Import a module that lies beside the tests and is no package's."""
    spec = spec_from_file_location(f"halfulp_tests_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


browsing = beside("browser")


def blank(columns: Sequence[Any], **values: Any) -> dict[str, Any]:
    """Return a record of a table, null where nothing is said."""
    return dict.fromkeys((column.name for column in columns), None) | values


def identity(
    function: str, backend: str, format_name: str, *, formula: str = "native", region: str = "all",
    sampler: str = "spread:20000",
) -> dict[str, str]:  # fmt: skip
    """Return the columns that name a row."""
    values = (
        f"{function}/{formula}/{backend}/{format_name}",
        function, formula, backend, format_name, region, sampler,
    )  # fmt: skip
    return {column.name: value for column, value in zip(IDENTITY, values, strict=True)}


def accuracy(place: dict[str, str], **values: Any) -> dict[str, Any]:
    """Return a measured row; `max_ulp` alone sets every form of the maximum."""
    largest = values.pop("max_ulp", 0.75)
    counts = {
        column.name: 0
        for column in ACCURACY
        if column.type == "int" and column.name not in {"seed", "count"}
    }
    measured = {
        "bounds": "all", "kind": "sampled", "status": "measured", "seed": 0, "count": 20_000,
        "max_ulp": largest, "max_ulp_low": largest and math.nextafter(largest, 0),
        "max_ulp_text": repr(largest),
        "mean_ulp": 0.251, "wrongly_rounded_percent": 3.14, "max_steps": "1",
    }  # fmt: skip
    figures = {"judged": 19_900, "nontrivial": 12_345, "wrongly_rounded": 388}
    return blank(ACCURACY, **(counts | measured | figures | place | values))


def missing(place: dict[str, str], status: str, reason: str) -> dict[str, Any]:
    """Return a row without figures."""
    return blank(ACCURACY, **place, kind="sampled", status=status, reason=reason, seed=0)


def witness(
    place: dict[str, str], quantity: str = "max_ulp", bits: int = 0x3C01, **values: Any
) -> dict[str, Any]:
    """Return a witness; its texts are right for the bits, its result is not computed."""
    record = format_named(place["format"])
    got, want = record.hex(bits + 1), record.hex(bits)
    texts = {
        "input_bits": record.bits_text(bits), "input_hex": record.hex(bits),
        "input": str(float(record.value(bits))), "got_bits": record.bits_text(bits + 1),
        "got_hex": got, "got": str(float(record.value(bits + 1))),
        "want_bits": record.bits_text(bits), "want_hex": want,
        "want": str(float(record.value(bits))), "error_ulp": 0.75,
        "command": f"halfulp measure {place['function']} --backend {place['backend']} "
        f"--format {place['format']} --inputs listed:{record.hex(bits)}",
    }  # fmt: skip
    return blank(WITNESSES, **(place | {"quantity": quantity} | texts | values))


def profile(place: dict[str, str], largest: float, chance: random.Random) -> list[dict[str, Any]]:
    """Return bins over every encoding of the format, alike in width in encodings."""
    record = format_named(place["format"])
    ordinals = range(-record.max_magnitude, record.max_magnitude, record.max_magnitude // 64)
    rows = []
    for number, (low, high) in enumerate(pairwise(ordinals)):
        quiet = abs(number - 64) < 20
        error = 0.5 * chance.random() ** 8 if quiet else largest * (0.6 + 0.4 * chance.random())
        ends = [float(record.value(record.from_ordinal(end))) for end in (low, high - 1)]
        rows.append(
            blank(
                PROFILE,
                **place,
                bin=number,
                low=ends[0],
                high=ends[1],
                count=200,
                nontrivial=100,
                max_ulp=error,
                mean_ulp=error * 0.4,
                wrongly_rounded=3,
                specials=0,
                condition=min(abs(ends[0]), 1e6) if ends[0] else None,
            )
        )
    return rows


def histogram(largest: float, chance: random.Random) -> list[int]:
    """Return counts of a rounding error plus a little of the routine's own."""
    counts = [0] * (HISTOGRAM_LINEAR + 2 * HISTOGRAM_TAIL)
    for _ in range(4000):
        error = chance.uniform(-0.5, 0.5) + chance.gauss(0, 0.12) * max(largest - 0.5, 0)
        counts[int(min(max(error + 2, 0), 3.99) * 32)] += 1
    if largest > 2:
        counts[HISTOGRAM_LINEAR] += 7
    return counts


def manifest(backends: Sequence[str], **values: Any) -> dict[str, Any]:
    """Return the contents of a run.json."""
    backend = {
        "adapter": "numpy", "settings": {}, "status": "available", "reason": None,
        "versions": {"numpy": "2.4.6"}, "note": "", "floating_point_state": {"rounding": "nearest"},
    }  # fmt: skip
    return {
        "schema": SCHEMA, "halfulp": "0.1.0",
        "study": {
            "name": "hand-made", "title": "A hand-made run for the page's structure", "seed": 0,
            "text": 'schema = 1\ntitle = "A hand-made run"\n',
        },
        "command": "halfulp run hand-made --seed 0",
        "started": "2026-01-02T03:04:05+00:00", "finished": "2026-01-02T03:05:00+00:00",
        "status": "complete", "environment": {"python": "3.11.9", "cpu": "an unnamed machine"},
        "backends": dict.fromkeys(backends, backend),
    } | values  # fmt: skip


def synthetic(
    functions: Sequence[str] = FUNCTIONS,
    backends: Sequence[str] = ("numpy", "math"),
    formats: Sequence[str] = FORMATS,
    samplers: Sequence[str] = ("edges", "spread:20000"),
) -> tuple[dict[str, Any], Tables]:
    """Return the manifest and tables of a run of every combination, with a few rows missing."""
    chance = random.Random(1)
    tables: Tables = {name: [] for name in TABLES}
    for function in functions:
        for backend in backends:
            for format_name in formats:
                _add_routine(tables, function, backend, format_name, samplers, chance)
    return manifest(backends), tables


def _add_routine(
    tables: Tables, function: str, backend: str, format_name: str, samplers: Sequence[str],
    chance: random.Random,
) -> None:  # fmt: skip
    largest = chance.choice([0.5, 0.5000000000000543, 0.81, 1.4, 2.7, 9.3])
    exhaustive = format_name == "float16" and backend == "numpy"
    for sampler in ("exhaustive",) if exhaustive else samplers:
        place = identity(function, backend, format_name, sampler=sampler)
        if function == "erf" and backend == "numpy":
            tables["accuracy"].append(missing(place, "unavailable", "numpy has no erf"))
            continue
        values: dict[str, Any] = {"kind": "exhaustive", "count": 65_536} if exhaustive else {}
        if largest == 0.5:
            values |= {"wrongly_rounded": 0, "wrongly_rounded_percent": 0.0}
        if function == "pow" and sampler == "edges":
            values |= {"specials": 2, "wrong_zero_sign": 2}
            tables["witnesses"].append(witness(place, "wrong_zero_sign"))
        if backend == "math" and format_name != "float64":
            values |= {"note": "computed in double, rounded once to the format"}
        shape = histogram(largest, chance)
        tables["accuracy"].append(accuracy(place, max_ulp=largest, histogram=shape, **values))
        tables["witnesses"].append(witness(place))
        tables["profile"] += profile(place, largest, chance)


SIZES = (1, 1_000, 1_000_000)


def _timed_case(place: dict[str, str], size: int | None) -> dict[str, Any]:
    """Return the columns that name a timed case; None where it has no size."""
    case = {name: place[name] for name in place if name != "sampler"} | {"region": "normal"}
    case |= {"allocation": "out", "stride": 1, "threads": 1, "mode": "throughput"}
    return case if size is None else case | {"size": size}


def timed(
    tables: Tables, place: dict[str, str], base: str, element_ns: float, *, ratio: float = 1.0,
    verdict: str = "equivalent", sizes: Sequence[int] = SIZES, **values: Any,
) -> None:  # fmt: skip
    """Add the times of a routine at some sizes: 300 ns a call, the rest by element."""
    for size in sizes:
        call = 300 + element_ns * size
        tables["timing"].append(
            blank(
                TIMING, **_timed_case(place, size), status="measured", fits="L2", calls=100,
                samples=40, median_ns=call, median_low_ns=call * 0.98, median_high_ns=call * 1.03,
                p05_ns=call * 0.95, p95_ns=call * 1.2, element_ns=call / size, gb_per_s=8 / call,
                bound="compute", rounds=[0, 1], raw_ns=[call, call], **values,
            )
        )  # fmt: skip
        tables["timing_ratios"].append(
            blank(
                TIMING_RATIOS, **_timed_case(place, size), base=base, ratio=ratio,
                ratio_low=ratio * 0.97, ratio_high=ratio * 1.02, pairs=40, confidence=0.999,
                verdict=verdict,
            )
        )  # fmt: skip
    tables["timing_fits"].append(
        blank(
            TIMING_FITS, **_timed_case(place, None), call_ns=300.0, element_ns=element_ns,
            sizes=list(sizes), largest_residual=0.02,
        )
    )  # fmt: skip


def with_times(contents: tuple[dict[str, Any], Tables]) -> tuple[dict[str, Any], Tables]:
    """Add times to every routine of a run; the first backend is the base."""
    manifest_, tables = contents
    chance = random.Random(2)
    base = next(iter(manifest_["backends"]))
    for name in dict.fromkeys(row["routine"] for row in tables["accuracy"] if row["max_ulp"]):
        row = next(r for r in tables["accuracy"] if r["routine"] == name)
        place = {column.name: row[column.name] for column in IDENTITY}
        if row["backend"] == base:
            ratio, verdict = 1.0, "equivalent"
        else:
            ratio = chance.choice([0.45, 1.0, 3.2, 47.0])
            verdict = "faster" if ratio < 1 else "slower" if ratio > 1 else "inconclusive"
        own = row["backend"].join(("/", "/"))
        timed(
            tables, place, name.replace(own, f"/{base}/"), chance.choice([0.4, 1.1, 8.0]) * ratio,
            ratio=ratio, verdict=verdict,
        )  # fmt: skip
    for backend in manifest_["backends"]:
        stage = blank(TIMING_STAGES, backend=backend, stage="import", ns=1.2e8)
        tables["timing_stages"].append(stage)
    return manifest_, tables


def limit(place: dict[str, str], verdict: str, **values: Any) -> dict[str, Any]:
    """Return a limit of 1 ulp on a row."""
    defaults = {
        "rule": "study, limit 1", "selectors": "backend = numpy", "quantity": "max_ulp",
        "bound": 1.0, "measured": 2.7, "measured_text": "2.7",
        "reason": "2.7 ulp is more than the limit of 1",
        "witness": "0x1.004p+0", "command": "halfulp measure exp --inputs listed:0x1.004p+0",
    }  # fmt: skip
    return blank(LIMITS, **(place | {"verdict": verdict} | defaults | values))


def claim(number: int, verdict: str, **values: Any) -> dict[str, Any]:
    """Return a claim of a document."""
    defaults = {
        "number": number, "source": "an article, section 2", "kind": "example",
        "says": "expm1(1) prints 1.71828183", "backend": "numpy", "claimed": "1.71828183",
        "computed": "1.7182818", "exact": "1.718281828...",
        "finding": "The document prints what this run computed.", "code": "np.expm1(1)",
    }  # fmt: skip
    return blank(CLAIMS, **(defaults | {"verdict": verdict} | values))


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., Run]:
    """Write a manifest and tables by `write_run` and read them back."""

    def write_and_load(contents: dict[str, Any], tables: Tables) -> Run:
        write_run(tmp_path / "run", contents, tables)
        return load_run(tmp_path / "run")

    return write_and_load


@pytest.fixture
def small(build: Callable[..., Run]) -> Run:
    """A run of three functions with rows of several kinds."""
    return build(*synthetic(("exp", "erf", "pow"), ("numpy", "math"), ("float16", "float32")))


@pytest.fixture
def hand() -> SimpleNamespace:
    """The functions above, which tests cannot import."""
    return SimpleNamespace(
        accuracy=accuracy,
        claim=claim,
        identity=identity,
        limit=limit,
        manifest=manifest,
        missing=missing,
        profile=profile,
        synthetic=synthetic,
        timed=timed,
        with_times=with_times,
        witness=witness,
    )


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    if browsing.PROGRAM is None:
        pytest.skip("no chromium is installed")
    started = browsing.Browser(tmp_path_factory.mktemp("browser"))
    yield started
    started.close()


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Callable[[Run], Any]:
    """Open the page of a run."""

    def show_run(run: Run) -> Any:
        page = tmp_path / "report.html"
        page.write_text(form.render(run), encoding="utf-8")
        browser.open(page)
        return browser

    return show_run
