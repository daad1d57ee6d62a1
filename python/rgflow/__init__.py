"""rgflow: Ising samples, restricted Boltzmann machines (RBMs) and the temperature of their flow.

Units: J = k_B = 1; temperatures ``T`` in J/k_B, never inverse temperatures; fields ``h`` in J. Energy, specific heat and
susceptibility are per spin. The same seed gives the same bytes as the command ``rgflow`` with the same settings, for any
number of threads.

>>> import rgflow
>>> ds = rgflow.sample(rgflow.Lattice("square", 8), T=[2.0, 2.5], n=200, seed=1, progress=False)
>>> rgflow.measure(ds, ["energy"]).round(1).value.tolist()
[-1.7, -1.2]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import exact
from ._errors import DataError, FileError, Interrupted, SamplingWarning, SettingError
from ._packed import Packed
from ._rgflow import Lattice, __version__
from ._samples import measure, sample
from ._statistics import jackknife, tau_int
from ._value import Value

if TYPE_CHECKING:
    from . import rg
    from ._flow import Flow, flow
    from ._rbm import RBM, Bracket
    from ._runs import Run, load, open, run, scan
    from ._thermometer import Thermometer

__all__ = [
    "Bracket",
    "DataError",
    "FileError",
    "Flow",
    "Interrupted",
    "Lattice",
    "Packed",
    "RBM",
    "Run",
    "SamplingWarning",
    "SettingError",
    "Thermometer",
    "Value",
    "__version__",
    "exact",
    "flow",
    "jackknife",
    "load",
    "measure",
    "open",
    "rg",
    "run",
    "sample",
    "scan",
    "tau_int",
]

# Imported when they are asked for: estimators import scikit-learn.
_LATER = {
    "RBM": "_rbm",
    "Bracket": "_rbm",
    "Thermometer": "_thermometer",
    "Flow": "_flow",
    "flow": "_flow",
    "Run": "_runs",
    "load": "_runs",
    "open": "_runs",
    "run": "_runs",
    "scan": "_runs",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name == "rg":
        return import_module(".rg", __name__)
    if name in _LATER:
        value = getattr(import_module(f".{_LATER[name]}", __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
