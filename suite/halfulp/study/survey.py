"""What there is to know about a backend before anything is measured with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from halfulp.backend import Unavailable, adapter_named
from halfulp.study.plan import BackendSpec
from halfulp.study.worker import flushing_by_format, subject_of
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
        The process' floating-point state, in words by name.
    subnormals
        What the library's own arithmetic does to subnormals, in words by format.
    """

    label: str
    reason: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    state: Mapping[str, str] = field(default_factory=dict)
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
            flushing = flushing_by_format(subject, adapter_named(spec.adapter).formats)
            return Survey(
                spec.label,
                versions=subject.versions,
                facts=subject.facts,
                state={
                    name.replace("_", " "): str(value)
                    for name, value in asdict(subject.floating_point_state).items()
                },
                subnormals={name: str(found) for name, found in flushing.items()},
            )
    except (Unavailable, SubjectError) as error:
        return Survey(spec.label, reason=str(error))
