from __future__ import annotations

import ctypes
import math
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from halfulp.backend import Adapter, Library, Request, Unavailable, adapter_named
from halfulp.exceptions import UsageError
from halfulp.expressions import parse
from halfulp.formats import FORMATS
from halfulp_backends._c.build import cache_folder, find_compiler
from halfulp_backends.c import adapter

pytestmark = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="there is no C compiler"
)

X, Y = ("x",), ("x", "y")
CODES = {16: "H", 32: "I", 64: "Q"}
GCC = pytest.mark.skipif(shutil.which("gcc") is None, reason="GCC is not installed")
CLANG = pytest.mark.skipif(shutil.which("clang") is None, reason="clang is not installed")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Build into an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "halfulp" / "c"


def evaluated(request: Request, values: Any, **settings: Any) -> Any:
    """Return the adapter's results as an array of the format's own dtype."""
    return evaluate_with(adapter.load(settings), request, values)


def evaluate_with(library: Library, request: Request, values: Any) -> Any:
    code = CODES[request.format.width]
    rows = [memoryview(bytearray(row.tobytes())).cast(code) for row in values]
    output = memoryview(bytearray(rows[0].nbytes)).cast(code)
    library.routine(request)(rows, output)
    return np.frombuffer(output, values.dtype)


def native(function: str, fmt: str = "float64", arguments: tuple[str, ...] = X) -> Request:
    return Request(function, None, FORMATS[fmt], arguments)


def formula(text: str, fmt: str = "float64", arguments: tuple[str, ...] = X) -> Request:
    return Request("f", parse(text), FORMATS[fmt], arguments)


def some(fmt: str, count: int = 1000, arity: int = 1) -> Any:
    return np.random.default_rng(1).uniform(-4, 4, (arity, count)).astype(fmt)


def same(first: Any, second: Any) -> bool:
    return first.tobytes() == second.tobytes()


# -- the system's library --------------------------------------------------------------------


def test_it_keeps_the_contract_and_is_found() -> None:
    assert isinstance(adapter, Adapter)
    library = adapter.load({})
    assert isinstance(library, Library)
    assert adapter_named("c").name == "c"
    assert library.versions["libc"]
    assert library.facts["contract"] == "-ffp-contract=off"


@pytest.mark.parametrize(("fmt", "suffix", "number"), [
    ("float32", "f", ctypes.c_float),
    ("float64", "", ctypes.c_double),
])  # fmt: skip
@pytest.mark.parametrize(
    "function",
    ["exp", "exp2", "exp10", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "sin",
     "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
     "erf", "erfc", "gamma", "lgamma", "j0", "j1", "y0", "y1"],
)  # fmt: skip
def test_natives_are_libms_to_the_bit(function: str, fmt: str, suffix: str, number: Any) -> None:
    libm = ctypes.CDLL("libm.so.6")
    scalar = getattr(libm, ("tgamma" if function == "gamma" else function) + suffix)
    scalar.restype, scalar.argtypes = number, [number]
    values = some(fmt, 200)
    expected = np.array([scalar(value) for value in values[0].tolist()], fmt)
    got = evaluated(native(function, fmt), values)
    assert same(got[~np.isnan(got)], expected[~np.isnan(expected)])


@pytest.mark.parametrize(("function", "expected"), [("pow", math.pow), ("atan2", math.atan2)])
def test_two_arguments_come_in_order(
    function: str, expected: Callable[[float, float], float]
) -> None:
    values = abs(some("float64", 100, 2))
    got = evaluated(native(function, arguments=Y), values)
    assert got.tolist() == [expected(*pair) for pair in values.T.tolist()]


def test_a_function_that_c_lacks_is_unavailable() -> None:
    library = adapter.load({})
    with pytest.raises(Unavailable, match=r"C has no routine for sigmoid\. A formula can be"):
        library.routine(native("sigmoid"))
    with pytest.raises(Unavailable, match="C has no routine for sigmoid, which 1 - sigmoid"):
        library.routine(formula("1 - sigmoid(x)"))
    with pytest.raises(Unavailable, match=r"C has no exp for _Float16\. A formula can be"):
        library.routine(native("exp", "float16"))


@pytest.mark.parametrize("flags", [["-O2"], ["-O3", "-march=native", "-ffast-math"]])
@pytest.mark.parametrize("fmt", ["float32", "float64"])
def test_a_result_does_not_depend_on_its_place(
    flags: list[str], fmt: str, isolated: Callable[..., Any]
) -> None:
    """A loop that is vectorised must not end with another routine for the last elements."""
    assert isolated(flags, fmt)


@pytest.fixture
def isolated() -> Callable[..., Any]:
    """Return a function that compares one by one with all together, in a process of its own.

    -ffast-math brings start-up code that would switch off this process' subnormals.
    """
    from halfulp.subject.handle import Subject

    def compare(flags: list[str], fmt: str) -> bool:
        width = FORMATS[fmt].width // 8
        values = some(fmt, 203)
        with Subject("c", {"flags": flags}) as subject:
            for request in (native("exp", fmt), formula("exp(x)/3 - x*x", fmt)):
                routine = subject.prepare(request)
                together = subject.evaluate(routine, values.view(f"u{width}")).copy()
                for start in (0, 1, 7, 64, 100, 202):
                    part = np.ascontiguousarray(values[:, start:]).view(f"u{width}")
                    if (subject.evaluate(routine, part) != together[start:]).any():
                        return False
        return True

    return compare


# -- formulas --------------------------------------------------------------------------------


@pytest.mark.parametrize("fmt", ["float32", "float64"])
def test_formulas_are_evaluated_operator_by_operator(fmt: str) -> None:
    of = np.dtype(fmt).type
    values = some(fmt)
    x = values[0]
    half = evaluated(native("tanh", fmt), values / of(2))
    for text, expected in (
        ("x*x - x/3", x * x - x / of(3)),
        ("0.1*x + 0.044715", of(0.1) * x + of(0.044715)),
        ("-x - pi", -x - of(np.pi)),
        ("2*tanh(x/2) / (1 - tanh(x/2))", of(2) * half / (of(1) - half)),
    ):
        assert same(evaluated(formula(text, fmt), values), expected), text


@GCC
def test_float16_is_not_evaluated_in_float() -> None:
    values = np.arange(1 << 16, dtype=np.uint16).view(np.float16)[None]
    x = values[0]
    with np.errstate(all="ignore"):
        expected = x * x * np.float16(0.1) - np.float16(1)
    try:
        got = evaluated(formula("x*x*0.1 - 1", "float16"), values, compiler="gcc")
    except Unavailable as reason:
        pytest.skip(str(reason))
    numbers = ~np.isnan(expected)
    assert same(got[numbers], expected[numbers])


def test_bfloat16_is_served_or_the_compiler_says_why() -> None:
    one = np.array([[0x3F80]], np.uint16)
    try:
        doubled = evaluated(formula("x + x", "bfloat16"), one)
    except Unavailable as reason:
        words = str(reason)
    else:
        words = "__bf16"
        assert doubled.tolist() == [0x4000]
    assert "__bf16" in words


def test_constants_are_rounded_once() -> None:
    text = str(1 + 2**-11) + "0" * 7 + "1"  # above a float16 midpoint; as a double it is on it
    values = np.ones((1, 3), np.float32)
    for fmt in ("float32", "float64"):
        got = evaluated(formula(f"x*{text}", fmt), values.astype(fmt))
        width = FORMATS[fmt].width // 8
        assert int(got.view(f"u{width}")[0]) == FORMATS[fmt].round(parse(text).value)  # type: ignore[union-attr] # a number
    assert evaluated(formula("x*1e300", "float32"), values).tolist() == [math.inf] * 3


def test_contraction_is_a_setting() -> None:
    if "fma" not in Path("/proc/cpuinfo").read_text():
        pytest.skip("this processor has no fused operation that flags could ask for")
    x = 1 + 2.0**-30
    values = np.array([[x]])
    request = formula("x*x - 1")
    flags = ["-O2", "-march=native"]
    assert evaluated(request, values, flags=flags).tolist() == [x * x - 1]
    fused = evaluated(request, values, flags=flags, contract="fast").tolist()
    assert fused == [2.0**-29 + 2.0**-60]
    facts = adapter.load({"flags": ["-ffp-contract=fast"]}).facts
    assert facts["contract"] == "-ffp-contract=fast"


# -- a user's source, and shared libraries ---------------------------------------------------


def test_a_users_source_and_symbols(tmp_path: Path) -> None:
    (tmp_path / "half.h").write_text("#define HALF 0.5f\n")
    source = tmp_path / "ours.c"
    source.write_text('#include "half.h"\nfloat our_expm1f(float x) { return x * HALF; }\n')
    settings = {"source": str(source), "symbols": {"expm1": {"float32": "our_expm1f"}}}
    values = some("float32")
    half = values[0] * np.float32(0.5)
    assert same(evaluated(native("expm1", "float32"), values, **settings), half)
    (tmp_path / "half.h").write_text("#define HALF 0.25f\n")
    # What is included is content too: the old build must not be taken.
    changed = evaluated(native("expm1", "float32"), values, **settings)
    assert same(changed, half * np.float32(0.5))
    library = adapter.load(settings)
    with pytest.raises(Unavailable, match="names no symbol for expm1 in float64"):
        library.routine(native("expm1"))
    # A formula calls the user's routine where it is named, and libm's elsewhere.
    ours = evaluate_with(library, formula("expm1(x) + sqrt(4)", "float32"), values)
    assert same(ours, changed + np.float32(2))


def test_a_symbol_that_is_missing_is_unavailable(tmp_path: Path) -> None:
    source = tmp_path / "ours.c"
    source.write_text("double exp_ours(double x) { return x; }\n")
    library = adapter.load({"source": str(source), "symbol": "{name}{suffix}_ours"})
    library.routine(native("exp"))
    with pytest.raises(Unavailable, match="has no symbol expf_ours"):
        library.routine(native("exp", "float32"))


CLONE = """
double expm1(double x) { (void)x; return 42; }
double tanh(double x) { return expm1(2 * x); }
"""


def test_a_clones_internal_calls_stay_inside_it(tmp_path: Path) -> None:
    """Bound to glibc, its tanh would call glibc's expm1, which this process has loaded first."""
    source = tmp_path / "clone.c"
    source.write_text(CLONE)
    compiler = find_compiler("")
    # Through the procedure linkage table, as calls between a library's exported functions go.
    built = compiler.build_file(source, ["-O2", "-fno-builtin", "-fno-inline", "-fPIC"], [])
    library = adapter.load({"library": str(built)})
    assert evaluate_with(library, native("tanh"), np.ones((1, 3))).tolist() == [42.0] * 3
    assert evaluated(native("tanh"), np.ones((1, 3)))[0] == math.tanh(1)
    # And without RTLD_DEEPBIND it would be so: the test would notice.
    copied = shutil.copy(built, tmp_path / "copy.so")  # a file that is loaded is not loaded again
    plain = ctypes.CDLL(str(copied), mode=os.RTLD_NOW | os.RTLD_LOCAL).tanh
    plain.restype, plain.argtypes = ctypes.c_double, [ctypes.c_double]
    assert plain(1.0) == math.expm1(2.0)


def test_a_library_that_is_missing_is_unavailable() -> None:
    with pytest.raises(Unavailable, match=r"The library libnone\.so\.7 cannot be loaded: libnone"):
        adapter.load({"library": "libnone.so.7"})


# -- compilers -------------------------------------------------------------------------------


def test_a_compile_error_shows_the_compilers_words(tmp_path: Path) -> None:
    source = tmp_path / "wrong.c"
    source.write_text("double ours(double x) { return y; }\n")
    with pytest.raises(Unavailable, match=r"says: .*wrong\.c:1:\d+: error: .*y"):
        adapter.load({"source": str(source), "symbol": "our_{name}"})
    with pytest.raises(Unavailable, match=r"says: .*error: .*-fnonsense"):
        adapter.load({"flags": ["-fnonsense"]})
    with pytest.raises(Unavailable, match="There is no C compiler no-such-cc"):
        adapter.load({"compiler": "no-such-cc"})


def test_the_system_compiler_is_looked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CC", "env LC_ALL=C cc")
    assert find_compiler("").command == ("env", "LC_ALL=C", "cc")
    monkeypatch.delenv("CC")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="install one, or name one by"):
        find_compiler("")


def test_builds_are_cached_by_content(cache: Path) -> None:
    library = adapter.load({})
    library.routine(native("exp"))
    builds = {path: path.stat().st_mtime_ns for path in cache.iterdir()}
    adapter.load({}).routine(native("exp"))
    assert {path: path.stat().st_mtime_ns for path in cache.iterdir()} == builds
    for change in ({"flags": ["-O1"]}, {"contract": "fast"}):
        adapter.load(change).routine(native("exp"))
    assert len(list(cache.iterdir())) == 3 * len(builds)
    assert all(path.suffix == ".so" for path in cache.iterdir())


def test_a_cache_that_cannot_be_written_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    occupied = tmp_path / "occupied"
    occupied.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(occupied))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = cache_folder()
    assert folder.parent == tmp_path
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    adapter.load({}).routine(native("exp"))


@CLANG
def test_another_compiler_is_a_setting() -> None:
    library = adapter.load({"compiler": "clang"})
    assert "clang" in library.versions["compiler"]
    values = some("float64")
    assert same(evaluate_with(library, native("exp"), values), evaluated(native("exp"), values))


# -- vector functions ------------------------------------------------------------------------


@GCC
def test_vector_functions_are_libmvecs() -> None:
    settings = {"compiler": "gcc", "vector": True, "flags": ["-O2"]}
    library = adapter.load(settings)
    values = some("float64", 501)
    try:
        vector = evaluate_with(library, native("exp"), values)
    except Unavailable as reason:
        pytest.skip(str(reason))
    scalar = np.exp(values[0])
    assert (abs(vector / scalar - 1) < 1e-14).all()
    assert not same(vector, evaluated(native("exp"), values))
    assert library.facts["calls"] == "the vector functions of libmvec"
    one_by_one = [
        evaluate_with(library, native("exp"), values[:, place : place + 1])[0]
        for place in (0, 1, 499, 500)
    ]
    assert one_by_one == vector[[0, 1, 499, 500]].tolist()
    with pytest.raises(Unavailable, match=r"undefined reference to .*_ZGV.*lgamma"):
        library.routine(native("lgamma"))


@CLANG
def test_a_compiler_without_vector_functions_is_unavailable() -> None:
    library = adapter.load({"compiler": "clang", "vector": True})
    with pytest.raises(Unavailable, match="calls no vector function here"):
        library.routine(native("exp"))


# -- settings --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"flag": []}, "no setting flag; it has compiler, flags"),
        ({"flags": "-O3"}, "`flags` of the adapter c: expected a list of texts"),
        ({"compiler": ""}, "`compiler` of the adapter c: expected a text"),
        ({"contract": "maybe"}, 'expected "off", "on" or "fast", but got \'maybe\''),
        ({"vector": 1}, "expected true or false"),
        ({"symbols": {"exp": "f"}, "source": "a.c"}, "expected a table such as"),
        ({"symbol": "exp", "library": "a.so"}, "expected a pattern such as"),
        ({"symbol": "{nome}", "library": "a.so"}, "expected a pattern such as"),
        ({"source": "a.c", "library": "b.so"}, "`source` or `library`, not both"),
        ({"source": "a.c"}, "needs the names of its routines"),
        ({"symbol": "{name}_x"}, "name what is in a `source` or a `library`"),
        ({"vector": True, "library": "b.so"}, "`vector` is for glibc's libmvec"),
    ],
)
def test_settings_that_are_not_understood(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        adapter.load(settings)
    assert words in str(caught.value)


def test_no_elements_are_no_call() -> None:
    assert evaluated(native("exp"), np.ones((1, 0))).size == 0
