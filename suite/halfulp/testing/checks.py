"""The checks of an adapter, and how they are run one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from halfulp.testing import contract, evaluation, formulas, waiting
from halfulp.testing.bench import Bench, ConformanceError

__all__ = ["CHECKS", "Check", "ConformanceError", "check_adapter", "conformance_checks"]

CHECKS: Mapping[str, Callable[[Bench], None]] = {
    "keeps the contract": contract.keeps_the_contract,
    "imports its library only when it loads": contract.imports_nothing,
    "refuses unknown settings": contract.refuses_unknown_settings,
    "gives reasons for what it lacks": contract.gives_reasons,
    "says what it measures": contract.says_what_it_measures,
    "has routines or reasons for all it names": contract.serves_what_it_names,
    "moves every encoding as it is": evaluation.moves_encodings,
    "fills every output": evaluation.fills_outputs,
    "gives the same bits again": evaluation.is_deterministic,
    "means what the catalogue means": evaluation.means_the_catalogue,
    "rounds each operator once": formulas.rounds_operators,
    "rounds constants once": formulas.rounds_constants,
    "names excess precision": formulas.names_excess_precision,
    "names contraction": formulas.names_contraction,
    "waits for its device": waiting.waits_for_its_device,
}
"""Every check by its name, in the order in which they are worth reading."""


@dataclass(frozen=True)
class Check:
    """One check of one adapter; calling it raises ConformanceError, or SkipTest."""

    bench: Bench
    name: str

    def __call__(self) -> None:
        """Run the check."""
        CHECKS[self.name](self.bench)

    def __str__(self) -> str:
        """Name adapter and check, as a test's identity."""
        return f"{self.bench.name} {self.name}"


def conformance_checks(
    adapter: str, settings: Mapping[str, Any] | None = None, functions: Sequence[str] = ()
) -> list[Check]:
    """Return the checks of an installed adapter, to be called one by one.

    Parameters
    ----------
    adapter
        The name of its entry point.
    settings
        The backend's own keys, as a study would give them.
    functions
        Which of its functions are tried one by one; by default all, which takes long where each is
        compiled.
    """
    bench = Bench(adapter, settings or {}, functions)
    return [Check(bench, name) for name in CHECKS]


def check_adapter(
    adapter: str, settings: Mapping[str, Any] | None = None, functions: Sequence[str] = ()
) -> None:
    """Run all checks of an installed adapter; parameters as of `conformance_checks`.

    Raises
    ------
    ConformanceError
        If the adapter does not keep the contract.
    unittest.SkipTest
        If its library or device is missing; what can be checked without has been.
    """
    checks = conformance_checks(adapter, settings, functions)
    try:
        for check in checks:
            check()
    finally:
        checks[0].bench.close()
