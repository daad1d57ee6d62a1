"""Samples of the Ising model as data sets with named axes, and their averages as tables."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import _rgflow
from ._errors import DataError, SamplingWarning, SettingError, raise_stopped
from ._extras import need
from ._how import Progress, how
from ._rgflow import Lattice

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["measure", "sample"]

CONVENTIONS = (
    "J = k_B = 1; T in J/k_B, field h in J; energy per spin; m = sum of s / N. tau_int in kept configurations of a chain, "
    "0.5 = independent."
)
AVERAGES = (
    "C = N (<e^2> - <e>^2)/T^2 per spin in k_B; chi = N (<m^2> - <|m|>^2)/T per spin in 1/J; chi_m2 = N <m^2>/T; "
    "U4 = 1 - <m^4>/(3 <m^2>^2); xi: second moment, in lattice spacings; one standard error, which respects tau_int; "
    "z = (value - exact)/error."
)


def temperatures(T: npt.ArrayLike | str, lattice: Lattice) -> np.ndarray:
    """The temperatures as an array; "Tc" is that of the infinite lattice."""
    listed = [T] if isinstance(T, str) else np.ravel(np.asarray(T, dtype=object))
    found = []
    for one in listed:
        if isinstance(one, str) and one == "Tc":
            if lattice.T_c is None:
                raise SettingError(f"T = 'Tc': the critical temperature of {lattice} is not known; write a number")
            one = lattice.T_c
        try:
            found.append(float(one))
        except (TypeError, ValueError):
            raise SettingError(f"T = {one!r}: must be a number in J/k_B, or 'Tc'") from None
    return np.array(found, dtype=np.float64)


def sample(
    lattice: Lattice,
    *,
    T: npt.ArrayLike | str,
    n: int = 1000,
    sampler: str = "auto",
    field: float = 0.0,
    seed: int = 1,
    chains: int | None = None,
    burn_in: int | None = None,
    spacing: int | None = None,
    threads: int | None = None,
    progress: Progress = True,
) -> xr.Dataset:
    """Draws configurations of the Ising model, the same as ``rgflow sample ising`` with these settings.

    lattice: the lattice.
    T: temperatures in J/k_B, one or several, 0 to inf; "Tc" is the critical one of the infinite lattice.
    n: configurations at each temperature.
    sampler: "auto" (of least cost), "exact", "metropolis", "heat-bath", "wolff" or "swendsen-wang".
    field: h in J.
    seed: 0 to 2**64 - 1.
    chains, burn_in, spacing: Markov chains at each temperature, sweeps of each before its first configuration, and
        sweeps between two; what lattice and temperature ask for by default.
    threads: number of threads; results do not depend on it.
    progress: True, False, or a callable that is told (done, announced).

    Returns a Dataset with ``spins`` (int8, -1 and +1, dimensions T, chain, draw and the axes of the lattice, slowest
    first), ``energy`` (per spin in J) and ``m`` (per spin) of each configuration. Coordinates along T say n_chains
    (0: independent), n_eff, tau_int and the sampler; attributes say lattice, seed, version, conventions and warnings.
    Where temperatures have several numbers of chains, or n is no multiple of it, there is one ``chain``, whose draws
    are of chain ``draw % n_chains``.

    Warns with SamplingWarning where averages are to be read with care. Raises SettingError for settings that cannot
    be; after Ctrl-C Interrupted, whose ``partial`` is the Dataset of the temperatures that were finished.

    >>> ds = sample(Lattice("square", 4), T=[2.0, 3.0], n=10, progress=False)
    >>> dict(ds.sizes)
    {'T': 2, 'chain': 1, 'draw': 10, 'y': 4, 'x': 4}
    """
    need("xarray", "data", "rgflow.sample")
    asked = dict(
        temperatures=temperatures(T, lattice).tolist(),
        n=n,
        sampler=sampler,
        field=field,
        seed=seed,
        chains=chains,
        burn_in=burn_in,
        spacing=spacing,
    )
    with how(f"sample {lattice.kind}", threads, progress) as told:
        found = _rgflow.sample(lattice, asked, told)
    raised = found["raised"]
    if raised is not None and len(found["T"]) == 0:
        raise_stopped(raised, None, "no temperature was finished")
    ds = _dataset(found, lattice, n)
    ds.attrs.update(field=float(field), seed=int(seed))
    if raised is not None:
        raise_stopped(raised, ds, f"{len(found['T'])} of {len(asked['temperatures'])} temperatures are in `partial`")
    for warning in found["warnings"]:
        warnings.warn(warning, SamplingWarning, stacklevel=2)
    return ds


def axes(lattice: Lattice) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Names and lengths of the axes of a configuration, slowest first."""
    shape = tuple(reversed(lattice.size))
    if len(shape) > 3 or int(np.prod(shape)) != lattice.n_sites:
        return ("site",), (lattice.n_sites,)
    return ("z", "y", "x")[-len(shape) :], shape


def _common(n_chains: np.ndarray, n: int) -> int:
    """Chains of all temperatures, if they have the same number; independent rows are of any."""
    counts = {int(count) for count in n_chains if count > 0}
    only = counts.pop() if len(counts) == 1 else 1
    return only if n % only == 0 else 1


def _dataset(found: dict[str, Any], lattice: Lattice, n: int) -> xr.Dataset:
    import xarray as xr

    n_T, chains = len(found["T"]), _common(found["n_chains"], n)
    names, shape = axes(lattice)

    def split(rows: np.ndarray, *rest: int) -> np.ndarray:
        # Row i is from chain i % chains: a view, no copy.
        return np.moveaxis(rows.reshape(n_T, n // chains, chains, *rest), 2, 1)

    first = ("T", "chain", "draw")
    variables = {
        "spins": ((*first, *names), split(found["spins"], *shape), {"long_name": "spins -1 and +1"}),
        "energy": (first, split(found["energy"]), {"units": "J", "long_name": "energy per spin"}),
        "m": (first, split(found["m"]), {"long_name": "magnetisation per spin"}),
    }
    of_chains = ("n_chains", "n_eff", "tau_int_energy", "tau_int_abs_m", "start_difference_z", "sampler")
    coordinates: dict[str, Any] = {name: ("T", np.asarray(found[name])) for name in of_chains}
    coordinates["T"] = ("T", found["T"], {"units": "J/k_B", "long_name": "temperature"})
    for name, length in [("chain", chains), ("draw", n // chains)]:
        coordinates[name] = (name, np.arange(length))
    attributes = {
        "lattice": lattice.kind,
        "size": list(lattice.size),
        "couplings": list(lattice.couplings),
        "boundary": list(lattice.boundary),
        "warnings": "\n".join(found["warnings"]),
        "conventions": CONVENTIONS,
        "rgflow_version": _rgflow.__version__,
        "cpu_path": _rgflow.CPU_PATH,
    }
    return xr.Dataset(variables, coordinates, attributes)


def lattice_of(ds: xr.Dataset) -> Lattice:
    """The lattice that the attributes of a data set name."""
    if "lattice" not in ds.attrs or "size" not in ds.attrs:
        raise DataError("the data set does not say its lattice: set attrs['lattice'] = 'square', attrs['size'] = [L, L]")

    def listed(name: str) -> list[Any] | None:
        return list(np.atleast_1d(ds.attrs.get(name, []))) or None

    size = tuple(int(extent) for extent in np.atleast_1d(ds.attrs["size"]))
    couplings = listed("couplings")
    return Lattice(
        ds.attrs["lattice"],
        size,
        couplings=None if couplings is None else [float(j) for j in couplings],
        boundary=listed("boundary"),
    )


def rows_of(ds: xr.Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Spins of a data set, shape (T * n, sites), in the order of its samples; temperatures; chains of each (0:
    independent).

    Nothing is copied where the spins are as ``sample`` made them.
    """
    if "spins" not in ds or "draw" not in ds["spins"].dims:
        raise DataError("the data set has no `spins` with the dimension `draw`; give one of rgflow.sample")
    spins = ds["spins"]
    if "T" not in spins.coords:
        raise DataError("the data set has no coordinate `T` (in J/k_B); add it")
    for name in ("chain", "T"):
        if name not in spins.dims:
            spins = spins.expand_dims(name)
    given = spins.coords["n_chains"].to_numpy() if "n_chains" in spins.coords else spins.sizes["chain"]
    rest = [str(name) for name in spins.dims if name not in ("T", "chain", "draw")]
    array = spins.transpose("T", "draw", "chain", *rest).to_numpy()
    n_T = array.shape[0]
    values = np.ascontiguousarray(array, dtype=np.int8).reshape(n_T * spins.sizes["draw"] * spins.sizes["chain"], -1)
    chains = np.broadcast_to(np.asarray(given, dtype=np.int64), (n_T,))
    return values, np.atleast_1d(spins.coords["T"].to_numpy()).astype(np.float64), chains


def measure(
    ds: xr.Dataset,
    names: Iterable[str] = ("energy", "abs_m", "C", "chi", "U4", "xi"),
    *,
    threads: int | None = None,
    progress: Progress = True,
) -> pd.DataFrame:
    """Averages of samples with errors that respect their autocorrelation, beside exact values where they are known.

    ds: a Dataset as ``sample`` gives it, or a part of it (of consecutive draws).
    names: of "energy", "m", "abs_m", "m2", "C", "chi", "chi_m2", "U4" and "xi"; all are per spin.
    threads, progress: as for ``sample``.

    Returns a DataFrame, a row for each quantity and T, with the columns value, error (one standard error), n_eff,
    tau_int (of the energy for "energy" and "C", else of |m|), exact (NaN: not known) and z. ``attrs`` has the
    conventions and warnings.

    Raises SettingError for an unknown name, DataError for a data set without lattice, spins or temperatures.

    >>> ds = sample(Lattice("square", 8), T=[2.0, 2.5], n=500, progress=False)
    >>> float(measure(ds, ["energy", "C"]).z.abs().max()) < 4
    True
    """
    pd = need("pandas", "data", "rgflow.measure")
    asked = [names] if isinstance(names, str) else list(names)
    lattice = lattice_of(ds)
    spins, at, chains = rows_of(ds)
    with how("measure", threads, progress) as told:
        field = float(ds.attrs.get("field", 0.0))
        found = _rgflow.measure(lattice, spins, at, [int(count) for count in chains], field, asked, told)
    columns = ["value", "error", "n_eff", "tau_int", "exact"]
    tables = {name: pd.DataFrame(found[name], index=pd.Index(at, name="T"), columns=columns) for name in asked}
    table = pd.concat(tables, names=["quantity"])
    table["z"] = (table["value"] - table["exact"]) / table["error"]
    table.attrs = {"conventions": f"{CONVENTIONS} {AVERAGES}", "warnings": "\n".join(found["warnings"])}
    return table
