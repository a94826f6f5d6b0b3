"""What there is to know about a backend before anything is measured with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from halfulp.backend import Unavailable, adapter_named
from halfulp.formats import format_named
from halfulp.study.names import BackendSpec
from halfulp.study.worker import subject_of
from halfulp.subject.fpstate import DEFAULT, difference
from halfulp.subject.handle import Subject
from halfulp.subject.protocol import SubjectError


@dataclass(frozen=True)
class Survey:
    """A backend as its subject describes it.

    Parameters
    ----------
    label
        The backend's label.
    reason
        Why it is unavailable, or "".
    versions, facts
        As a run records them.
    state
        How the process' floating-point state differs from IEEE 754's default, or "".
    subnormals
        What the library's own arithmetic does to subnormals, in words by format.
    """

    label: str
    reason: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    state: str = ""
    subnormals: Mapping[str, str] = field(default_factory=dict)


def survey(spec: BackendSpec) -> Survey:
    """Start a backend's subject, ask it about itself and end it.

    Raises
    ------
    UsageError
        If a setting is not understood.
    """
    subject = subject_of(spec)
    try:
        with subject:
            formats = adapter_named(spec.adapter).formats
            return Survey(
                spec.label,
                versions=subject.versions,
                facts=subject.facts,
                state=difference(DEFAULT, subject.floating_point_state),
                subnormals={name: _asked(subject, name) for name in formats},
            )
    except (Unavailable, SubjectError) as error:
        return Survey(spec.label, reason=str(error))


def _asked(subject: Subject, fmt: str) -> str:
    found = subject.probe(format_named(fmt))
    return "cannot be asked: no formula is served" if found is None else str(found)
