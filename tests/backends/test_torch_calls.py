"""PyTorch called in other ways: the same functions, with what each way really does."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np
import pytest

from halfulp import functions
from halfulp.backend import Request, Unavailable
from halfulp.exceptions import UsageError
from halfulp.formats import FORMATS
from halfulp.subject.handle import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy.typing as npt

torch = pytest.importorskip("torch")

SINGLE = FORMATS["float32"]
X = np.linspace(-9, 9, 1001, dtype=np.float32)
NAIVE = functions.parse("exp(x) - 1")


@pytest.fixture(scope="module")
def subjects() -> Iterator[dict[str, Subject]]:
    """Return a started subject for each way to call."""
    with ExitStack() as stack:
        yield {
            call: stack.enter_context(Subject("torch", {"call": call}))
            for call in ("out", "fresh", "loop", "numpy")
        }


def evaluated(subject: Subject, *, formula: bool = False) -> npt.NDArray[np.float32]:
    request = Request("expm1", NAIVE if formula else None, SINGLE, ("x",))
    bits = subject.evaluate(subject.prepare(request), X.view(np.uint32)[np.newaxis])
    return np.array(bits.view(np.float32))


def one_by_one(*, formula: bool) -> npt.NDArray[np.float32]:
    """Return what PyTorch gives for tensors without a dimension."""
    tensors = (torch.tensor(x) for x in X)
    results = [torch.exp(x) - 1 if formula else torch.expm1(x) for x in tensors]
    return torch.stack(results).numpy()  # type: ignore[no-any-return] # an array of float32


@pytest.mark.parametrize("formula", [False, True])
def test_each_way_gives_what_a_program_gets_by_it(
    subjects: dict[str, Subject], formula: bool
) -> None:
    tensor = torch.from_numpy(X)
    whole = (torch.exp(tensor) - 1 if formula else torch.expm1(tensor)).numpy()
    by_numpy = np.exp(X) - np.float32(1) if formula else np.expm1(X)
    expected: Mapping[str, npt.NDArray[np.float32]] = {
        "out": whole,
        "fresh": whole,
        "loop": one_by_one(formula=formula),
        "numpy": by_numpy,
    }
    for call, results in expected.items():
        found = evaluated(subjects[call], formula=formula)
        np.testing.assert_array_equal(found, results, err_msg=call)


def test_numpy_on_a_tensor_is_told_from_torch(subjects: dict[str, Subject]) -> None:
    assert (evaluated(subjects["numpy"]) != evaluated(subjects["out"])).any()


@pytest.mark.parametrize(
    ("function", "form", "words"),
    [
        ("expm1", "bfloat16", "refuses expm1 in bfloat16: Got unsupported ScalarType BFloat16"),
        ("sigmoid", "float32", "NumPy has no sigmoid"),
        ("softplus", "float32", "NumPy has no nn.functional.softplus"),
    ],
)
def test_what_numpy_lacks_is_unavailable(
    subjects: dict[str, Subject], function: str, form: str, words: str
) -> None:
    assert {"torch", "numpy"} <= subjects["numpy"].versions.keys()
    with pytest.raises(Unavailable, match=words):
        subjects["numpy"].prepare(Request(function, None, FORMATS[form], ("x",)))


def test_another_way_is_refused() -> None:
    with (
        pytest.raises(UsageError, match="one of out, fresh, loop, numpy, but got 'twice'"),
        Subject("torch", {"call": "twice"}),
    ):
        pass
