"""Autocorrelation times, and errors of functions of means."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from . import _rgflow
from ._rgflow import DataError
from ._value import Value

__all__ = ["jackknife", "tau_int"]


def tau_int(series: npt.ArrayLike) -> Value:
    """Integrated autocorrelation time in units of the spacing of the series.

    tau_int = 1/2 + sum of rho(t): 0.5 for independent data (emcee's tau is twice this). Sokal's window of 6 tau.

    series: shape (n,), or (chains, n) for several chains of one law; finite numbers.

    Returns a Value with its error, which is infinite if the series ends before the window closes, and n_eff.
    Raises DataError for another shape or numbers that are not finite.

    >>> import numpy as np
    >>> print(tau_int(np.tile([0.0, 0.0, 1.0, 1.0], 250)).value < 1)
    True
    """
    chains = np.atleast_2d(np.asarray(series, dtype=np.float64))
    if chains.ndim != 2 or chains.size == 0:
        raise DataError(f"series of the shape {np.shape(series)}: must be (n,) or (chains, n), not empty")
    tau, error, n_eff = _rgflow.tau_int(np.ascontiguousarray(chains))
    return Value(tau, error, n_eff)


def jackknife(f: Callable[..., float], *series: npt.ArrayLike, blocks: int = 20) -> Value:
    """``f`` of the means of the series, with its jackknife error over blocks and the bias corrected.

    f: takes as many numbers as there are series and returns one.
    series: each of shape (n,), in order of time; all of one length.
    blocks: number of blocks, 2 to n; each is to be many tau_int long. The last n % blocks values are left out.

    The value keeps its estimates without each block, so that sums, products and ratios of such values of the same data
    respect their correlations.

    Raises DataError for series of several lengths, SettingError for a number of blocks that cannot be.

    >>> import numpy as np
    >>> x = np.arange(100.0)
    >>> jackknife(lambda a, b: a / b, x, 2 * x).value
    0.5
    >>> mean, twice = (jackknife(lambda a: a, data) for data in (x, 2 * x))
    >>> print(mean.error > 5, twice / mean)
    True 2
    """
    rows = [np.asarray(one, dtype=np.float64) for one in series]
    if not rows or any(row.ndim != 1 or len(row) != len(rows[0]) for row in rows):
        shapes = ", ".join(str(row.shape) for row in rows) or "none"
        raise DataError(f"series of the shapes {shapes}: give one or more of one length, each of shape (n,)")
    value, error, all_blocks, left_out = _rgflow.jackknife(f, np.stack(rows), blocks)
    return Value(value, error, float(blocks), jackknife=(all_blocks, *left_out))
