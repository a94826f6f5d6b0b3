"""What the author of an adapter runs: whether it keeps the contract, found by entry point.

In a test module, with pytest:

    import pytest
    from halfulp.testing import Check, conformance_checks

    @pytest.mark.parametrize("check", conformance_checks("ourlib"), ids=str)
    def test_our_adapter_conforms(check: Check) -> None:
        check()

Each check runs the adapter as a study does, in a subject's process, and fails with a sentence that
says what was expected. Where the library or its device is missing, a check is skipped
(`unittest.SkipTest`, which pytest and unittest both understand), once the adapter has said why.
"""

from __future__ import annotations

from halfulp.testing.checks import (
    CHECKS,
    Check,
    ConformanceError,
    check_adapter,
    conformance_checks,
)

__all__ = ["CHECKS", "Check", "ConformanceError", "check_adapter", "conformance_checks"]
