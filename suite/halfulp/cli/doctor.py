"""`halfulp doctor`: what figures will depend on here, asked for and not assumed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from halfulp import api
from halfulp.cli.state import emit, table
from halfulp.exceptions import HalfulpError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from halfulp.study.names import BackendSpec
    from halfulp.study.survey import Survey

EXAMPLES = "Examples: halfulp doctor libms; halfulp doctor --timing --repetitions 10"

_STUDY = typer.Argument(
    "",
    help="Ask the backends of this study; by default every installed adapter.",
    metavar="[STUDY]",
)
_TIMING = typer.Option(
    False,
    "--timing",
    help="Time routines against themselves instead: which differences this machine can tell.",
)
_REPETITIONS = typer.Option(
    1, "--repetitions", metavar="N", help="How often; each takes about half a minute."
)
_DEFAULT = "as IEEE 754 has it by default"


def doctor(
    context: typer.Context,
    study: str = _STUDY,
    timing: bool = _TIMING,
    repetitions: int = _REPETITIONS,
) -> None:
    """Show the machine, and each backend's versions, dispatch and floating-point state."""
    if timing:
        from halfulp.cli.noise import show_noise

        show_noise(repetitions, quiet=context.obj.quiet)
        return
    from halfulp.environment import environment
    from halfulp.study.survey import survey
    from halfulp.subject.fpstate import DEFAULT, difference, floating_point_state

    emit(_section("machine", environment()))
    changes = difference(DEFAULT, floating_point_state())
    emit(f"\njudge\n  floating-point state  {changes or _DEFAULT}")
    for spec in _specs(study):
        emit("\n" + _described(survey(spec)))
    if changes:
        raise HalfulpError(
            f"Something changed {changes} in halfulp's own process before it began: no figure is "
            "to be trusted. Look for a library that this Python loads at its start."
        )


def _specs(study: str) -> Iterable[BackendSpec]:
    """Return the backends of a study, or each adapter as it is."""
    from halfulp.backend import adapter_entry_points
    from halfulp.study.names import BackendSpec

    if study:
        return api.plan_study(study).backends.values()
    return [BackendSpec(name, name) for name in sorted(adapter_entry_points())]


def _described(found: Survey) -> str:
    if found.reason:
        return f"{found.label}\n  unavailable  {found.reason}"
    state = {"floating-point state": found.state or _DEFAULT}
    parts = (found.versions, found.facts, state, found.subnormals)
    return _section(found.label, {name: text for part in parts for name, text in part.items()})


def _section(title: str, facts: Mapping[str, str]) -> str:
    lines = table((f"  {name}", text) for name, text in facts.items())
    return f"{title}\n{lines}"
