"""Checks of what an adapter says: its tables, its settings, its reasons."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from halfulp.backend import Adapter, Request, Unavailable, adapter_place
from halfulp.exceptions import UsageError
from halfulp.formats import FORMATS
from halfulp.functions import CATALOGUE
from halfulp.subject.handle import Subject
from halfulp.subject.protocol import SubjectError
from halfulp.testing.bench import Bench, ConformanceError

_UNKNOWN = "halfulp_asks_whether_this_is_refused"
_WORDS = 3
"""Fewer words are no reason."""

_IMPORT = """
import sys
from halfulp.backend import adapter_at
adapter_at(sys.argv[1])
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def keeps_the_contract(bench: Bench) -> None:
    """Check the members of the adapter: its name, its formats, its functions, its note."""
    adapter: object = bench.adapter
    if not isinstance(adapter, Adapter):
        raise ConformanceError(f"{bench.name} has not all members of halfulp.backend.Adapter")
    if adapter.name != bench.name:
        raise ConformanceError(f"{bench.name} calls itself {adapter.name!r}")
    if not adapter.formats:
        raise ConformanceError(f"{bench.name} has no formats")
    if unknown := sorted(set(adapter.formats) - FORMATS.keys()):
        raise ConformanceError(f"{bench.name} has formats that nobody knows: {unknown}")
    if not CATALOGUE.keys() & adapter.functions.keys():  # it may have others besides
        raise ConformanceError(f"{bench.name} has no function of the catalogue")
    texts = [*adapter.requires, *adapter.functions.values(), adapter.note]
    if not all(isinstance(text, str) for text in texts):
        raise ConformanceError(f"{bench.name}: packages, routines' names and the note are texts")


def imports_nothing(bench: Bench) -> None:
    """Check in a fresh process that importing the adapter imports none of its packages."""
    command = [sys.executable, "-c", _IMPORT, adapter_place(bench.name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ConformanceError(f"{bench.name} cannot be imported: {done.stderr.strip()}")
    if loaded := sorted(set(bench.adapter.requires) & set(done.stdout.split())):
        raise ConformanceError(
            f"{bench.name} imports {', '.join(loaded)} when it is imported; only `load` may"
        )


def refuses_unknown_settings(bench: Bench) -> None:
    """Check that a setting that nobody knows is a UsageError that names it."""
    subject = Subject(bench.name, {_UNKNOWN: 1})
    try:
        subject.start()
    except UsageError as error:
        if _UNKNOWN not in str(error):
            raise ConformanceError(
                f"{bench.name} refuses an unknown setting without naming it: {error}"
            ) from None
    except Unavailable:
        return  # the library is looked for first
    except SubjectError as error:
        raise ConformanceError(f"{bench.name} fails at an unknown setting: {error}") from None
    else:
        raise ConformanceError(f"{bench.name} takes a setting that it cannot know")
    finally:
        subject.close()


def says_what_it_measures(bench: Bench) -> None:
    """Check that versions are told, and that facts are texts."""
    if not bench.subject.versions:
        raise ConformanceError(f"{bench.name} tells no version of what is measured")
    for name, told in bench.subject.versions.items():
        if not told:
            raise ConformanceError(f"{bench.name}: the version of {name} is empty")


def gives_reasons(bench: Bench) -> None:
    """Check that an absent library, function or format is unavailable, with a reason."""
    if bench.reason is not None:
        if len(bench.reason.split()) < _WORDS:
            raise ConformanceError(f"{bench.name} is unavailable and says only {bench.reason!r}")
        return
    for request in _absent(bench):
        asked = f"{request.function} in {request.format.name}"
        try:
            bench.subject.prepare(request)
        except Unavailable as error:
            if len(str(error).split()) < _WORDS:
                raise ConformanceError(f"{bench.name} refuses {asked} with {error!s:.60}") from None
        except SubjectError as error:
            raise ConformanceError(
                f"{bench.name}: {asked} should be unavailable, but it {error}"
            ) from None
        else:
            raise ConformanceError(f"{bench.name} claims to have {asked}")


def _absent(bench: Bench) -> Iterator[Request]:
    """Yield requests that the adapter says it does not serve, or that nobody can."""
    fmt = bench.formats[0]
    yield Request("halfulp_no_such_function", None, fmt, ("x",))
    lacking = sorted(CATALOGUE.keys() - bench.adapter.functions.keys())
    yield from (bench.native(name, fmt) for name in lacking)
    function = next(iter(bench.adapter.functions))
    for name in sorted(FORMATS.keys() - set(bench.adapter.formats)):
        yield bench.native(function, FORMATS[name])


def serves_what_it_names(bench: Bench) -> None:
    """Check that each routine of the table is made ready, or is unavailable with a reason."""
    ready = [
        bench.prepared(bench.native(name, fmt)) for name in bench.served for fmt in bench.formats
    ]
    if not any(routine is not None for routine in ready):
        raise ConformanceError(f"{bench.name} serves none of {', '.join(bench.served)}")
