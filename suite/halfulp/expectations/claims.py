"""Claims: what documents say, settled by what a run measured and by the reference.

A study names them in `[[claim]]` tables (`claims_model`). Each is one of four kinds: an example
(`claims_examples`), a bound (`claims_bounds`), a property of a result (`claims_properties`) or a
relation (`claims_relations`). The verdicts go into the table `claims` of the run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from halfulp.exceptions import UsageError
from halfulp.expectations.claims_verdicts import FALSE, NOT_MEASURED, NotSettled, Settled, unsettled
from halfulp.runs.schema import CLAIM_VERDICTS

if TYPE_CHECKING:
    from halfulp.expectations.claims_bench import Bench
    from halfulp.expectations.claims_model import Claim
    from halfulp.subject.handle import Subject

Record = dict[str, Any]
Tables = Mapping[str, Sequence[Record]]


def check(claim: Claim) -> None:
    """Raise UsageError if a claim cannot be settled as it is written."""
    from halfulp.expectations.claims_examples import check_example, request_of
    from halfulp.expectations.claims_relations import check_allclose
    from halfulp.expectations.claims_text import PrintedText

    match claim.content:
        case "prints":
            check_example(claim)
        case "gives" if claim.expression:
            request_of(claim)
        case "overflows_above":
            if len(PrintedText(claim.overflows_above or "").numbers) != 1:
                raise UsageError('overflows_above is a number as text, such as "88.72".')
        case "allclose":
            check_allclose(claim)


def selects_rows(claim: Claim) -> bool:
    """Tell whether a claim is about rows of the run that its selectors choose."""
    return claim.kind == "bound" or claim.content in {
        "overflows_above",
        "same_bits_as",
        "faster_than",
        "more_accurate_than",
        "gains_most_over",
    }


def runs_in_subject(claim: Claim) -> bool:
    """Tell whether a claim has something of its own to run in the subject of its backend."""
    return not selects_rows(claim) and claim.backend != "*"


def settle(
    claims: Sequence[Claim],
    tables: Tables,
    make: Callable[[str], Subject],
    *,
    without: Mapping[str, str] | None = None,
) -> list[Record]:
    """Return the records of claims, in order.

    Parameters
    ----------
    claims
        Claims that `check` let pass.
    tables
        The run's tables as far as they are there: accuracy, timing_ratios.
    make
        Returns the subject of a backend by its label, not started.
    without
        Labels of backends that must not be started, and why.

    Raises
    ------
    DisagreementError
        If the references contradict each other about an exact value.
    """
    from halfulp.expectations.claims_bench import Bench

    with Bench(make) as bench:
        return [
            _settled(claim, tables, bench, without or {}).record(number, claim)
            for number, claim in enumerate(claims, start=1)
        ]


def unfinished(claims: Sequence[Claim], reason: str) -> list[Record]:
    """Return the records of claims that a run never came to."""
    return [
        unsettled(NOT_MEASURED, claimed(claim), reason).record(number, claim)
        for number, claim in enumerate(claims, start=1)
    ]


def _settled(claim: Claim, tables: Tables, bench: Bench, without: Mapping[str, str]) -> Settled:
    if runs_in_subject(claim) and claim.backend in without:
        return unsettled(NOT_MEASURED, claimed(claim), without[claim.backend])
    try:
        return _settle(claim, tables, bench)
    except NotSettled as error:
        return unsettled(error.verdict, claimed(claim), error.reason)


def _settle(claim: Claim, tables: Tables, bench: Bench) -> Settled:
    from halfulp.expectations import (
        claims_bounds,
        claims_compared,
        claims_examples,
        claims_properties,
        claims_relations,
    )

    rows = tables.get("accuracy", ())
    match claim.content:
        case "prints":
            return claims_examples.settle_example(claim, bench)
        case "gives":
            return claims_properties.settle_gives(claim, bench)
        case "overflows_above":
            return claims_properties.settle_overflow(claim, bench, rows)
        case "same_bits_as":
            return claims_properties.settle_same_bits(claim, bench, rows)
        case "allclose":
            return claims_relations.settle_allclose(claim, bench)
        case "faster_than":
            return claims_relations.settle_faster(claim, tables.get("timing_ratios", ()), rows)
        case "more_accurate_than":
            return claims_compared.settle_more_accurate(claim, rows)
        case "gains_most_over":
            return claims_compared.settle_gains(claim, rows)
    return claims_bounds.settle_bound(claim, rows)


def claimed(claim: Claim) -> str:
    """Return what is claimed, where nothing came of it that could say so."""
    from halfulp.expectations.claims_bounds import claimed_bounds
    from halfulp.expectations.claims_rows import in_words

    match claim.content:
        case "prints":
            return claim.prints or ""
        case "gives":
            return f"{claim.gives} results"
        case "overflows_above":
            return f"finite up to {claim.overflows_above}, infinite above"
        case "same_bits_as" if claim.same_bits_as:
            return f"the same bits as {in_words(claim.same_bits_as)}"
        case "faster_than" if claim.faster_than:
            return f"faster than {in_words(claim.faster_than)}"
        case "more_accurate_than" if claim.more_accurate_than:
            return f"a smaller largest error than {in_words(claim.more_accurate_than)}"
        case "gains_most_over" if claim.gains_most_over:
            other = in_words(claim.gains_most_over)
            return f"gains most over {other} in the region {claim.region}"
        case "allclose":
            return "True"
    return claimed_bounds(claim)


# -- for those who read a run --------------------------------------------------------------------


def broken(records: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the rows of the table `claims` that a run proved false: these break `check`."""
    return [record for record in records if record["verdict"] == FALSE]


def tally(records: Iterable[Mapping[str, Any]]) -> str:
    """Return one line: how many claims there are, and what became of them."""
    counts = Counter(record["verdict"] for record in records)
    total = sum(counts.values())
    parts = [f"{counts[verdict]} {_SHORT.get(verdict, verdict)}" for verdict in CLAIM_VERDICTS
             if counts[verdict]]  # fmt: skip
    return f"{total} claim{'' if total == 1 else 's'}: {', '.join(parts) or 'none'}"


_SHORT = {"holds": "hold", "holds to the digits printed": "hold to the digits printed"}
