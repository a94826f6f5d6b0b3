"""Kernels in Python: softplus on arrays of float32, without overflow and without cancellation."""

import numpy as np


def softplus(x: np.ndarray) -> np.ndarray:
    """Return log(1 + exp(x))."""
    with np.errstate(all="ignore"):
        wide = x.astype(np.float64)
        return (np.maximum(wide, 0) + np.log1p(np.exp(-np.abs(wide)))).astype(x.dtype)


def naive_softplus(x: np.ndarray) -> np.ndarray:
    """Return log(1 + exp(x)) as it is written, which overflows and cancels."""
    with np.errstate(all="ignore"):
        return np.log(1 + np.exp(x))
