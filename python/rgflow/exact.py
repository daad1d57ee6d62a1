"""Exact results of the Ising model."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from . import _rgflow

__all__ = ["T_C", "Thermodynamics", "square"]

#: Critical temperature of the infinite square lattice in J/k_B, 2/ln(1 + sqrt 2).
T_C: float = _rgflow.critical_temperature()


class Thermodynamics(NamedTuple):
    """Exact thermal averages per spin: numbers, or arrays of the shape of T."""

    #: Energy per spin in J.
    energy: np.ndarray | float
    #: Specific heat per spin in k_B.
    specific_heat: np.ndarray | float
    #: Free energy per spin -T ln Z / N in J; -inf at T = inf.
    free_energy: np.ndarray | float


def square(size: int | tuple[int, int], T: npt.ArrayLike) -> Thermodynamics:
    """The Ising model without field on a torus of the square lattice (Kaufman 1949), to full precision.

    size: L, or (L_x, L_y); at least 2.
    T: one temperature or an array of them in J/k_B, 0 to inf.

    Raises SettingError for an extent below 2 or a temperature below 0.

    >>> round(square(10, 2.25).energy, 9)
    -1.500168205
    """
    lx, ly = (size, size) if isinstance(size, int | np.integer) else size
    temperatures = np.asarray(T, dtype=np.float64)
    columns = _rgflow.exact_square(int(lx), int(ly), np.ascontiguousarray(temperatures.ravel()))
    if temperatures.ndim == 0:
        return Thermodynamics(*(float(column[0]) for column in columns))
    return Thermodynamics(*(column.reshape(temperatures.shape) for column in columns))
