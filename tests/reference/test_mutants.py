"""The proof tested: each way to break a model is caught by the checks that true models pass.

A mutant changes one step of the planner. `test_true_models_pass` runs the same checks on the same
runs unchanged, so that a check that would refuse anything fails as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from flint import arb

from halfulp.formats import FORMATS
from halfulp.reference import blocks as planning
from halfulp.reference import models
from halfulp.reference.models import Modeller

Patch = pytest.MonkeyPatch

RUNS = (
    ("exp", "float32", "0x1.62ap+2", 1 << 18),
    ("exp", "float64", "-0x1.5ep+9", 1 << 14),
    ("erfc", "float32", "0x1.8p+1", 1 << 14),
    ("log", "float32", "0x1.ffp-1", 1 << 16),
    ("sinpi", "float64", "0x1p+23", 1 << 12),
    ("x * 1.1", "float64", "0x1.8p+1", 1 << 14),
    ("exp", "float32", "-0x1.5c8p+6", 1 << 14),
    ("exp", "float32", "0x1p+2", 1 << 12),
    ("(x - 3)**9 + 2*x", "float32", "0x1.8p+1", (1 << 21) + 1),
)
"""Function, format, place and length: rising and falling, across binades of x and of the result,
next to a zero, one without truncation errors, one in which results become subnormal, and one whose
remainder vanishes at its centre."""


def complaints(models: Any, problems: Any, watched: Any) -> set[str]:
    """Return which checks find something wrong with the models of all runs."""
    made, found = watched(), set()
    for name, form, place, count in RUNS:
        checked = models(name, FORMATS[form])
        first = checked.fmt.key_at_least(Fraction(float.fromhex(place))) - count // 2
        try:
            blocks = checked.blocks(first, count)
        except AssertionError:
            return {"assertion"}
        if checked.violations(blocks, 64):
            found.add("point")
    if problems(made):
        found.add("budget")
    return found


def change_models(patch: Patch, change: Callable[[Any], Any]) -> None:
    original = Modeller._scaled

    def changed(self: Modeller, *arguments: Any) -> Any:
        model = original(self, *arguments)
        return None if model is None else change(model)

    patch.setattr(Modeller, "_scaled", changed)


# -- mutants -----------------------------------------------------------------------------------


def remainder_dropped(patch: Patch) -> None:
    change_models(patch, lambda model: model._replace(bound=model.bound - model.truncation))


def remainder_at_the_centre(patch: Patch) -> None:
    original = models.variable
    patch.setattr(models, "variable", lambda x, scale, length: original(x.mid(), scale, length))


def coefficient_off(order: int) -> Callable[[Patch], None]:
    def off(model: Any) -> Any:
        changed = list(model.coefficients)
        changed[order] = math.nextafter(changed[order], math.inf)
        return model._replace(coefficients=tuple(changed))

    return lambda patch: change_models(patch, off)


def low_part_dropped(patch: Patch) -> None:
    change_models(patch, lambda model: model._replace(coefficients=(0.0, *model.coefficients[1:])))


def binade_of_the_result_ignored(patch: Patch) -> None:
    patch.setattr(models, "_below", lambda *_: True)


def wrong_end_of_the_result(patch: Patch) -> None:
    original = Modeller._steepness
    patch.setattr(
        Modeller, "_steepness", staticmethod(lambda model: -(original(model) or math.nan))
    )


def keys_too_many(patch: Patch) -> None:
    original = planning._by_binade

    def parts(fmt: Any, keys: Any) -> Any:
        found = list(original(fmt, keys))
        # The first number of the next binade would be as far away as ever.
        yield from ((low, high + 2) for low, high in found[:1])
        yield from ((low + 2, high) for low, high in found[1:])

    patch.setattr(planning, "_by_binade", parts)


def cap_off_by_one(patch: Patch) -> None:
    original = models.variable
    patch.setattr(models, "variable", lambda x, scale, length: original(x, scale, length - 1))


def cap_off_by_one_and_no_guard(patch: Patch) -> None:
    cap_off_by_one(patch)
    patch.setattr(models, "coefficient", lambda series, order: series[order])


def bound_not_rounded_outward(patch: Patch) -> None:
    patch.setattr(models, "_upper", lambda ball: float(ball.mid()))


def evaluation_not_counted(patch: Patch) -> None:
    patch.setattr(models, "HORNER_UNIT", 0.0)


def conversion_not_counted(patch: Patch) -> None:
    """Take the coefficients for exact."""
    original = Modeller._scaled

    def scaled(self: Modeller, near: Any, rest: Any, *others: Any) -> Any:
        model = original(self, near, rest, *others)
        if model is None:
            return None
        horner = sum((2 * k + 1) * abs(c) for k, c in enumerate(model.coefficients))
        unit = arb((1, -model.unit))
        bound = models._upper(abs(rest * unit) + arb(horner * models.HORNER_UNIT))
        return model._replace(bound=bound)

    patch.setattr(Modeller, "_scaled", scaled)


MUTANTS: dict[str, tuple[Callable[[Patch], None], set[str]]] = {
    "remainder dropped": (remainder_dropped, {"point", "budget"}),
    "remainder at the centre only": (remainder_at_the_centre, {"point"}),
    "low part of a_0 dropped": (low_part_dropped, {"point", "budget"}),
    "end beyond a binade of R": (binade_of_the_result_ignored, {"point"}),
    "R looked at at the wrong end": (wrong_end_of_the_result, {"point"}),
    "end beyond a binade of x": (keys_too_many, {"point"}),
    "cap off by one": (cap_off_by_one, {"assertion"}),
    "cap off by one, without the guard": (cap_off_by_one_and_no_guard, {"point"}),
    "bound not rounded outward": (bound_not_rounded_outward, {"budget"}),
    "evaluation not counted": (evaluation_not_counted, {"point", "budget"}),
    "rounding of coefficients not counted": (conversion_not_counted, {"budget"}),
    **{f"a_{k} off by an ulp": (coefficient_off(k), {"budget"}) for k in range(8)},
}
"""What is changed, and the checks that must find it; others may as well."""


def test_true_models_pass(models: Any, problems: Any, watched: Any) -> None:
    assert complaints(models, problems, watched) == set()


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mutant_is_caught(
    models: Any, problems: Any, watched: Any, monkeypatch: Patch, mutant: str
) -> None:
    change, finders = MUTANTS[mutant]
    change(monkeypatch)
    assert finders <= complaints(models, problems, watched)
