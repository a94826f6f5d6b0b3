"""The adapters of optional libraries: their tables, and results against the libraries' own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from halfulp.backend import Adapter, Request, Unavailable, adapter_named
from halfulp.exceptions import UsageError
from halfulp.formats import FORMATS
from halfulp.functions import CATALOGUE, parse
from halfulp.subject.handle import Subject
from halfulp_backends._arrays import words

X = ("x",)
LIBRARIES = ["cupy", "jax", "jax-jit", "scipy", "torch", "torch-compile", "torch-cuda", "torch-mps"]


# -- tables ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LIBRARIES)
def test_tables_name_functions_of_the_catalogue(name: str) -> None:
    adapter = adapter_named(name)
    assert isinstance(adapter, Adapter)
    assert adapter.functions.keys() <= CATALOGUE.keys()
    assert len(adapter.functions) >= 30


@pytest.mark.parametrize(
    ("name", "library"),
    [
        ("cupy", "halfulp_backends.cupy:CuPyLibrary"),
        ("jax", "halfulp_backends.jax:JaxLibrary"),
        ("scipy", "halfulp_backends.scipy:SciPyLibrary"),
        ("torch", "halfulp_backends.torch:TorchLibrary"),
    ],
)
def test_every_name_of_a_table_is_there(name: str, library: str) -> None:
    """In a process of its own: CuPy imports without a driver, and needs none to look up names."""
    pytest.importorskip(adapter_named(name).requires[0])
    done = subprocess.run(
        [sys.executable, "-c", RESOLVE, name, library], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["all", "resolved"]


RESOLVE = """
import sys
from importlib import import_module
from halfulp.backend import adapter_named
from halfulp_backends.cupy import namespace

name, place = sys.argv[1:]
module, _, attribute = place.partition(":")
kind = getattr(import_module(module), attribute)
adapter = adapter_named(name)
if name == "cupy":
    import cupy
    library = object.__new__(kind)
    library.adapter, library.module = adapter, namespace(cupy)
else:
    library = adapter.load({})
for entry in (*adapter.functions.values(), *kind.operators.values(), *kind.borrowed.values()):
    assert callable(library.named(entry)), entry
assert kind.differences.keys() <= set(adapter.functions.values()), "a difference nobody names"
print("all resolved")
"""


def test_a_name_that_a_library_lacks_is_unavailable_in_its_words() -> None:
    pytest.importorskip("torch")
    library = adapter_named("torch").load({})
    with pytest.raises(Unavailable, match=r"PyTorch has no special.tgamma: .* no attribute"):
        library.named("special.tgamma")  # type: ignore[attr-defined] # an ArrayLibrary has it


def test_long_words_are_cut_after_a_sentence() -> None:
    assert words(RuntimeError("")) == "RuntimeError"
    assert words(RuntimeError("one\ntwo\n\nthree")) == "one two"
    assert words(RuntimeError("A sentence. " + "x" * 400)) == "A sentence."
    assert words(RuntimeError("x" * 400)) == "x" * 300 + "..."


# -- what is missing -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "package", "reason"),
    [
        ("torch-cuda", "torch", "PyTorch has no device cuda: "),
        ("torch-mps", "torch", "PyTorch has no device mps: "),
        ("cupy", "cupy", "CuPy has no device 0: "),
    ],
)
def test_a_missing_device_is_unavailable_in_the_librarys_words(
    name: str, package: str, reason: str
) -> None:
    pytest.importorskip(package)
    subject = Subject(name, {})
    try:
        subject.start()
    except Unavailable as error:
        told = str(error)
    else:
        pytest.skip(f"{name} has its device here")
    finally:
        subject.close()
    assert told.startswith(reason)
    assert len(told) > len(reason) + 10


@pytest.mark.parametrize(
    ("name", "title"),
    [("torch", "PyTorch"), ("torch-compile", "torch.compile"), ("jax", "JAX"), ("scipy", "SciPy"),
     ("cupy", "CuPy"), ("mpmath", "mpmath")],
)  # fmt: skip
def test_an_absent_library_is_unavailable(name: str, title: str) -> None:
    code = (
        "import sys\n"
        "from importlib.abc import MetaPathFinder\n"
        "from halfulp.backend import adapter_named, Unavailable\n"
        "name = sys.argv[1]\n"
        "adapter = adapter_named(name)\n"
        "class Absent(MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] == adapter.requires[0]:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}')\n"
        "sys.meta_path.insert(0, Absent())\n"
        "try:\n"
        "    adapter.load({})\n"
        "except Unavailable as error:\n"
        "    print(error)\n"
    )
    command = [sys.executable, "-c", code, name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"{title} cannot be imported: No module named '")


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("torch-cuda", {"devise": "cuda"}, "torch-cuda has no setting devise; it has device"),
        ("torch-compile", {"excess_precision": 1}, "expected true or false, but got 1"),
        ("jax", {"excess_precision": False}, "jax has no setting excess_precision"),
        ("jax-jit", {"platform": True}, "`platform` .* expected a text, but got True"),
        ("cupy", {"device": "0"}, "expected a whole number, but got '0'"),
        ("scipy", {"x": 1}, "scipy has no settings, but got x"),
        ("mpmath", {"x": 1}, "mpmath has no settings, but got x"),
    ],
)
def test_settings_are_checked(name: str, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        adapter_named(name).load(settings)


def test_a_platform_that_jax_lacks_is_unavailable() -> None:
    pytest.importorskip("jax")
    with pytest.raises(Unavailable, match="JAX has no platform tpu: "):
        Subject("jax", {"platform": "tpu"}).start()


def test_a_type_that_a_function_refuses_is_unavailable_in_the_librarys_words() -> None:
    pytest.importorskip("torch")
    library = adapter_named("torch").load({})
    with pytest.raises(Unavailable, match=r"refuses ndtri in float16: .*not implemented"):
        library.routine(Request("ndtri", None, FORMATS["float16"], X))


def test_a_result_of_another_type_is_unavailable() -> None:
    pytest.importorskip("scipy")
    library = adapter_named("scipy").load({})
    with pytest.raises(Unavailable, match="polygamma1 in float32: the result is float64, not"):
        library.routine(Request("polygamma1", None, FORMATS["float32"], X))


# -- results ---------------------------------------------------------------------------------


def evaluated(name: str, request: Request, encodings: Any, **settings: Any) -> Any:
    with Subject(name, settings) as subject:
        return subject.evaluate(subject.prepare(request), encodings).copy()


def test_torch_results_are_torchs_to_the_bit() -> None:
    torch = pytest.importorskip("torch")
    numbers = np.random.default_rng(1).uniform(0.01, 0.99, 4096).astype(np.float32)
    library = adapter_named("torch").load({})
    for function, call in (("exp", torch.exp), ("gelu", torch.nn.functional.gelu),
                           ("ndtri", torch.special.ndtri)):  # fmt: skip
        output = memoryview(bytearray(numbers.nbytes)).cast("I")
        routine = library.routine(Request(function, None, FORMATS["float32"], X))
        routine([memoryview(numbers.view(np.uint32))], output)
        assert output.tobytes() == call(torch.from_numpy(numbers)).numpy().tobytes(), function


def test_what_is_read_only_is_copied_not_warned_about() -> None:
    pytest.importorskip("torch")
    routine = adapter_named("torch").load({}).routine(Request("exp", None, FORMATS["float32"], X))
    output = memoryview(bytearray(8)).cast("I")
    routine([memoryview(bytes(8)).cast("I")], output)
    assert output.tolist() == [0x3F800000] * 2


def test_scipys_formulas_borrow_from_numpy() -> None:
    special = pytest.importorskip("scipy.special")
    numbers = np.random.default_rng(1).uniform(-3, 3, 1000)
    request = Request("f", parse("log(1 + exp(x)) - erf(x)"), FORMATS["float64"], X)
    output = memoryview(bytearray(numbers.nbytes)).cast("Q")
    adapter_named("scipy").load({}).routine(request)([memoryview(numbers.view(np.uint64))], output)
    expected = np.log(1 + np.exp(numbers)) - special.erf(numbers)
    assert output.tobytes() == expected.tobytes()


def test_jax_has_x64_for_float64_alone() -> None:
    pytest.importorskip("jax")
    tenth = np.array([[np.float64(0.1).view(np.uint64)]])
    log1p = Request("log1p", None, FORMATS["float64"], X)
    (got,) = evaluated("jax", log1p, tenth).view(np.float64)
    assert abs(got - np.log1p(0.1)) < 1e-15


@pytest.mark.parametrize("name", ["jax", "jax-jit"])
def test_jax_is_probed_for_subnormals(name: str) -> None:
    pytest.importorskip("jax")
    with Subject(name, {}) as subject:
        assert subject.probe(FORMATS["float32"]) is not None


def test_mpmath_is_correctly_rounded_in_formulas_too() -> None:
    def in_bfloat16(text: str) -> int:
        request = Request("f", parse(text), FORMATS["bfloat16"], X)
        output = memoryview(bytearray(2)).cast("H")
        one = memoryview(bytearray(b"\x80\x3f")).cast("H")
        adapter_named("mpmath").load({}).routine(request)([one], output)
        return int(output[0])

    bfloat16 = FORMATS["bfloat16"]
    assert bfloat16.value(in_bfloat16("exp(x)")) == 2.71875
    assert bfloat16.value(in_bfloat16("exp(x) - x")) == 1.71875
    assert in_bfloat16("log(x - x)") == bfloat16.sign_bit | bfloat16.infinity
    assert bfloat16.is_nan(in_bfloat16("log(x - 2)"))
    assert bfloat16.is_nan(in_bfloat16("1/(x - x) - 1/(x - x)"))
    assert in_bfloat16("-(x - x)") == bfloat16.sign_bit
    assert bfloat16.value(in_bfloat16("(2*x)**3")) == 8


# -- the compiler of PyTorch -----------------------------------------------------------------


@pytest.mark.slow
def test_torch_compile_keeps_more_unless_told_not_to() -> None:
    pytest.importorskip("torch")
    leaves = Request("f", parse("(x + 0.001953125) - x"), FORMATS["bfloat16"], X)
    one = np.array([[0x3F80] * 64], np.uint16)
    assert evaluated("torch-compile", leaves, one).any()
    assert not evaluated("torch-compile", leaves, one, excess_precision=False).any()


@pytest.mark.slow
def test_torch_compile_leaves_no_folder(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    exp = Request("exp", None, FORMATS["float32"], X)
    with Subject("torch-compile", {}) as subject:
        subject.prepare(exp)
        (folder,) = tmp_path.glob("halfulp-inductor-*")
        assert list(folder.iterdir())
        assert subject.pid is not None
        os.kill(subject.pid, 9)
    assert folder.exists()
    with Subject("torch-compile", {}) as subject:
        subject.prepare(exp)
        assert not folder.exists()
    assert not list(tmp_path.glob("halfulp-inductor-*"))


@pytest.mark.slow
def test_without_a_compiler_torch_compile_is_unavailable(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with Subject("torch-compile", {}) as subject, pytest.raises(Unavailable, match="ompiler"):
        subject.prepare(Request("exp", None, FORMATS["float32"], X))


# -- import ----------------------------------------------------------------------------------


def test_listing_backends_imports_none_of_the_libraries() -> None:
    code = (
        "import sys; from halfulp.cli import main; main(['list', 'backends']); "
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "halfulp_backends" in loaded
    assert not loaded & {"torch", "jax", "jaxlib", "scipy", "cupy", "mpmath", "numpy", "ml_dtypes"}
