"""What a sweep checks in every shard: the state of the arithmetic, and points of its models."""

from __future__ import annotations

import ctypes
import importlib.util
import platform
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from halfulp import encodings, functions
from halfulp.exceptions import DisagreementError, HalfulpError
from halfulp.formats import FORMATS
from halfulp.judge.assumptions import agrees, require_default_state
from halfulp.judge.judging import Axis
from halfulp.judge.segments import Segments, segments
from halfulp.judge.sweep import sweep
from halfulp.reference.block import Kind
from halfulp.reference.saturation import finite_keys
from halfulp.reference.truth import truth
from halfulp.reference.values import Enclosure, Limit, Scaler, Undecided

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

FLOAT32 = FORMATS["float32"]
AXIS = Axis(*finite_keys(FLOAT32))
RUN = (FLOAT32.key_at_least(Fraction(5, 2)), 5_000)

# -- the state of the arithmetic ----------------------------------------------------------------


@pytest.fixture
def faults() -> Iterator[ModuleType]:
    """Return what changes the state of this process, and undo it."""
    path = Path(__file__).parents[1] / "subject" / "faults" / "halfulp_faults.py"
    spec = importlib.util.spec_from_file_location("halfulp_faults_of_the_judge", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    ctypes.CDLL("libm.so.6").fesetround(0)
    if platform.machine() == "x86_64":
        module.set_flushing(False)


def message_of(call: Callable[[], object]) -> str:
    try:
        call()
    except HalfulpError as error:
        return f"{error.exit_code}: {error}"
    return ""


def test_the_default_state_is_taken() -> None:
    require_default_state()


@pytest.mark.parametrize("step", ["plan", "judge"])
def test_another_rounding_mode_is_refused(faults: ModuleType, step: str) -> None:
    parts = segments(functions.get("exp"), FLOAT32, [RUN], AXIS)
    outputs = np.zeros(RUN[1], dtype=np.uint32)
    faults.set_rounding_upward()
    message = message_of(
        lambda: (
            segments(functions.get("exp"), FLOAT32, [RUN], AXIS)
            if step == "plan"
            else sweep(parts, outputs, AXIS)
        )
    )
    ctypes.CDLL("libm.so.6").fesetround(0)
    assert message.startswith("4: ")
    assert "changed the rounding mode from nearest to upward" in message
    assert "no figure of this shard could be trusted" in message


@pytest.mark.skipif(platform.machine() != "x86_64", reason="sets x86 control bits")
@pytest.mark.parametrize(
    ("bits", "name"), [(0x8000, "flush-to-zero"), (0x40, "denormals-are-zero")]
)
def test_flushing_is_refused(faults: ModuleType, bits: int, name: str) -> None:
    parts = segments(functions.get("exp"), FLOAT32, [RUN], AXIS)
    outputs = np.zeros(RUN[1], dtype=np.uint32)
    faults.set_flushing(True, bits)
    message = message_of(lambda: sweep(parts, outputs, AXIS))
    faults.set_flushing(False)
    assert f"changed {name} from off to on" in message


# -- points of models ---------------------------------------------------------------------------


def spoiled(parts: Segments, **changes: Any) -> Segments:
    """Return segments whose models were changed."""
    blocks = tuple(
        block._replace(**{key: change(block) for key, change in changes.items()})
        if block.kind == Kind.MODEL
        else block
        for block in parts.blocks
    )
    return replace(parts, blocks=blocks)


SPOILED: dict[str, dict[str, Callable[[Any], Any]]] = {
    "a result a step too high": {"base": lambda block: block.base + 1},
    "a binade too high": {"base": lambda block: block.base + (1 << 23)},
    "many binades too high": {"base": lambda block: block.base + (40 << 23)},
    "another sign": {"base": lambda block: block.base ^ (1 << 31)},
    "a nan": {"base": lambda block: 0x7FC00000},
    "the centre a key away": {"centre": lambda block: block.centre + 1},
    "a rest a little off": {
        "coefficients": lambda block: (block.coefficients[0] + 1e-5, *block.coefficients[1:])
    },
    "a bound far too small": {
        "bound": lambda block: 0.0,
        "coefficients": lambda block: (block.coefficients[0] + 1e-12, *block.coefficients[1:]),
    },
}


@pytest.mark.parametrize("how", SPOILED)
def test_a_wrong_model_stops_the_run_and_names_an_input(how: str) -> None:
    function = functions.get("exp")
    parts = segments(function, FLOAT32, [RUN], AXIS)
    inputs = encodings.from_keys(FLOAT32, np.arange(RUN[0], RUN[0] + RUN[1]))[np.newaxis]
    outputs = truth(function, FLOAT32, inputs).rounded
    assert sweep(parts, outputs, AXIS)["wrongly_rounded"] == 0
    with pytest.raises(DisagreementError, match=r"disagree at exp\(0x1\.\w+p\+1\) in float32"):
        sweep(spoiled(parts, **SPOILED[how]), outputs, AXIS)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", ["x * 1.5", "x * 0.75", "sqrt"])
def test_exact_ties_are_no_disagreement(name: str, form: str) -> None:
    """Every other result of x * 1.5 has a rest of half an ulp, which no model can round."""
    fmt, function = FORMATS[form], functions.get(name)
    run, axis = (fmt.key_at_least(Fraction(7, 4)) - 40, 80), Axis(*finite_keys(fmt))
    inputs = encodings.from_keys(fmt, np.arange(run[0], run[0] + run[1]))[np.newaxis]
    exact = truth(function, fmt, inputs)
    for start in range(run[0], run[0] + run[1] - 20):  # three inputs of each are looked at
        parts = segments(function, fmt, [(start, 20)], axis)
        found = sweep(parts, exact.rounded[start - run[0] :][:20], axis)
        assert found["judged"] == 20
        assert found["wrongly_rounded"] == 0


@st.composite
def results(draw: st.DrawFn) -> tuple[Any, Fraction]:
    """Draw a format, and a number in its range."""
    fmt = FORMATS[draw(st.sampled_from(sorted(FORMATS)))]
    bits = draw(st.integers(1, fmt.max_magnitude - 1))
    near = fmt.value(bits)
    real = near + Fraction(draw(st.integers(-(2**40), 2**40)), 2**41) * fmt.ulp(near)
    assume(real != fmt.value(fmt.round(real)))
    return fmt, -real if draw(st.booleans()) else real


def model_of(fmt: Any, real: Fraction) -> tuple[int, float]:
    rounded = fmt.round(real)
    nearest = abs(fmt.value(rounded)) if fmt.is_finite(rounded) else Fraction(2) ** (fmt.emax + 1)
    return rounded, float((abs(real) - nearest) / fmt.ulp(real))


def enclosed(fmt: Any, real: Fraction) -> Any:
    exponent = fmt.ulp_exponent(real) - 80
    floor = (real / Fraction(2) ** exponent).__floor__()
    return Scaler(fmt).enclosure(Enclosure(floor, floor + 1, exponent, open_ends=True))


@given(results(), st.integers(30, 50))
def test_right_models_agree_and_others_do_not(
    truth_of: Any, case: tuple[Any, Fraction], bits: int
) -> None:
    fmt, real = case
    exact = truth_of(fmt, [enclosed(fmt, real)])
    rounded, rest = model_of(fmt, real)
    bound = 2.0**-bits
    assert agrees(exact, 0, rounded, rest, bound)
    assert agrees(exact, 0, rounded, rest + bound / 2, bound)
    for off in (rest + 3 * bound, rest - 3 * bound, rest + 0.25):
        assert not agrees(exact, 0, rounded, off, bound)
    for other in (rounded ^ fmt.sign_bit, fmt.nan, fmt.magnitude(rounded) // 2):
        assert not agrees(exact, 0, other, rest, bound)


@given(results())
def test_other_kinds(truth_of: Any, case: tuple[Any, Fraction]) -> None:
    fmt, real = case
    rounded, rest = model_of(fmt, real)
    for limit in ("nan", "inf", "-inf"):
        assert not agrees(truth_of(fmt, [Limit(limit)]), 0, rounded, rest, 2.0**-30)
    assert agrees(truth_of(fmt, [Undecided("a test")]), 0, rounded, rest, 2.0**-30)
