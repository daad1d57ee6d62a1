"""Renormalization group: block spins, exponents by Monte Carlo renormalization, histograms, data collapse."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from . import _rgflow, exact
from ._errors import DataError, SamplingWarning, SettingError
from ._extras import need
from ._how import Progress, how
from ._samples import lattice_of, rows_of
from ._value import Value

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["MCRG", "Collapse", "block", "collapse", "mcrg", "reweight"]


def block(spins: npt.ArrayLike, b: int = 2, rule: str = "majority", *, seed: int = 1) -> npt.NDArray[np.int8]:
    """Block spins: each block of b x b spins becomes one, shape (..., L_y, L_x) to (..., L_y / b, L_x / b).

    rule: "majority" (ties at random), "decimation" (the first spin) or "soft:K" (up with probability
        1/(1 + exp(-2 K sum))).
    seed: of ties.

    Raises DataError for values but -1 and +1, SettingError where b does not divide the extents, or for another rule.

    >>> import numpy as np
    >>> block(np.ones((3, 4, 6), dtype=np.int8)).shape
    (3, 2, 3)
    """
    array = np.asarray(spins)
    if array.ndim < 2:
        raise DataError(f"spins of the shape {array.shape}: must be (..., L_y, L_x)")
    *first, ly, lx = array.shape
    rows = np.ascontiguousarray(array.reshape(-1, lx * ly), dtype=np.int8)
    coarse = _rgflow.block_spins(rows, (lx, ly), (b, rule), seed)
    return coarse.reshape(*first, ly // b, lx // b)


@dataclass(frozen=True)
class MCRG:
    """Exponents by Monte Carlo renormalization.

    exponents: a row for each rule, step, number of ``operators`` and ``parity`` ("even": y_t, "odd": y_h), with value
        and error; on the square lattice y_t = 1 and y_h = 15/8.
    energy: energy per spin of the sampled lattice in J.
    """

    exponents: pd.DataFrame
    energy: Value


def mcrg(
    size: int = 64,
    b: int = 2,
    *,
    steps: int | None = None,
    rule: str | Sequence[str] = "majority",
    T: float = exact.T_C,
    operators: tuple[int, int] = (4, 3),
    n: int = 40_000,
    seed: int = 1,
    threads: int | None = None,
    progress: Progress = True,
) -> MCRG:
    """Measures y_t and y_h of the Ising model on the square lattice (Swendsen 1979).

    size, b: spins along a side of the lattice and of a block.
    steps: block-spin steps; as many as leave 4 spins along a side by default.
    rule: one or several of "majority", "decimation", "soft:K": all see the same configurations.
    T: temperature of the samples in J/k_B.
    operators: numbers of even and odd operators, at most; exponents are given from one to all.
    n: configurations in all (by Wolff's clusters).

    Raises SettingError for settings that cannot be.
    """
    pd = need("pandas", "data", "rgflow.rg.mcrg")
    rules = [rule] if isinstance(rule, str) else list(rule)
    asked = dict(size=size, b=b, steps=steps, rules=rules, temperature=T, operators=operators, n=n, seed=seed)
    with how("mcrg", threads, progress) as told:
        rows, energy = _rgflow.mcrg(asked, told)
    columns = ["rule", "step", "operators", "odd", "value", "error"]
    table = pd.DataFrame(rows, columns=columns)
    table["parity"] = np.where(table.pop("odd"), "odd", "even")
    table = table.set_index(["rule", "step", "operators", "parity"])
    return MCRG(table, Value(*energy, unit="J"))


def _write(ds: xr.Dataset, path: Path) -> None:
    """The samples as ``rgflow sample`` writes them."""
    lattice = lattice_of(ds)
    if lattice.couplings or lattice.boundary:
        raise DataError(f"{lattice}: samples of lattices with couplings or boundaries of their own are not reweighted")
    spins, T, chains = rows_of(ds)
    extents = np.array(lattice.size, dtype=np.uint32)
    np.savez(
        path,
        spins=spins,
        temperatures=T,
        lattice=extents,
        lattice_name=np.array(lattice.kind),
        n_chains=chains.astype(np.uint32),
        field=np.float64(ds.attrs.get("field", 0.0)),
    )


def reweight(
    datasets: xr.Dataset | Iterable[xr.Dataset],
    *,
    T: npt.ArrayLike | None = None,
    field: npt.ArrayLike | None = None,
    threads: int | None = None,
    progress: Progress = True,
) -> xr.Dataset:
    """Averages at other temperatures and fields, from all samples of one lattice together (MBAR).

    datasets: one or several Datasets of ``sample`` on one lattice.
    T: temperatures in J/k_B; 41 within the reach of the samples by default.
    field: fields h in J that couple to the sum of the spins; those of the samples by default.

    Returns a Dataset by T and field: energy, specific_heat, magnetisation, abs_m, susceptibility and binder, each with
    NAME_error (one standard error, jackknife), and n_eff, the configurations that count there.

    Warns with SamplingWarning as the command line does. Raises DataError for samples that do not belong together or do
    not reach a temperature that was asked for.
    """
    xarray = need("xarray", "data", "rgflow.rg.reweight")
    all_sets: list[xr.Dataset] = list([datasets] if isinstance(datasets, xarray.Dataset) else cast(Any, datasets))
    asked = [] if T is None else np.ravel(np.asarray(T, dtype=float)).tolist()
    fields = [] if field is None else np.ravel(np.asarray(field, dtype=float)).tolist()
    with tempfile.TemporaryDirectory(prefix="rgflow-") as folder:
        files = [Path(folder) / f"samples-{k + 1}.npz" for k in range(len(all_sets))]
        for one, path in zip(all_sets, files, strict=True):
            _write(one, path)
        with how("reweight", threads, progress) as told:
            text, notes = _rgflow.reweight([str(path) for path in files], asked, fields, told)
        notes = [note.replace(f"{folder}/", "") for note in notes]
    for note in notes:
        warnings.warn(note, SamplingWarning, stacklevel=2)
    rows = json.loads(text)["rows"]

    def number(t: float | str) -> float:
        return float("inf") if t == "Tinf" else float(t)

    at = {(number(row["temperature"]), row["y"]): row for row in rows}
    T_axis, field_axis = (sorted({key[k] for key in at}) for k in (0, 1))
    names = ["energy", "specific_heat", "magnetisation", "abs_m", "susceptibility", "binder"]
    variables = {}
    nothing = {"value": np.nan, "error": np.nan}

    def table(of: Any) -> np.ndarray:
        return np.array([[of(at.get((t, h), {})) for h in field_axis] for t in T_axis], dtype=float)

    for name in names:
        variables[name] = (("T", "field"), table(lambda row: row.get(name, nothing)["value"]))
        variables[f"{name}_error"] = (("T", "field"), table(lambda row: row.get(name, nothing)["error"]))
    variables["n_eff"] = (("T", "field"), table(lambda row: row.get("n_eff", np.nan)))
    ds: xr.Dataset = xarray.Dataset(variables, {"T": T_axis, "field": field_axis}, {"notes": "\n".join(notes)})
    ds["T"].attrs["units"], ds["field"].attrs["units"] = "J/k_B", "J"
    return ds


@dataclass(frozen=True)
class Collapse:
    """A data collapse y = L^a f(t L^(1/nu)), t = T_c (1 - T_c/T); errors are statistical and of the spread of fits.

    T_c, nu, a: fitted values; a is exactly 0 of a quantity without dimension.
    chi2, dof: of the fit; well above 1 each, one curve does not describe the data.
    notes: choices that were made.
    found: everything that the command line prints as JSON.
    """

    T_c: Value
    nu: Value
    a: Value
    chi2: float
    dof: int
    notes: list[str]
    found: dict[str, Any]


def collapse(
    data: pd.DataFrame | Mapping[str, npt.ArrayLike],
    of: str | None = None,
    *,
    tc: float | None = None,
    nu: float = 1.0,
    window: float | None = None,
    degree: int = 3,
    omega: float | None = None,
    exponent: float | None = None,
    threads: int | None = None,
    progress: Progress = True,
) -> Collapse:
    """T_c, nu and an exponent from a table of measurements of several sizes.

    data: a DataFrame, or anything that makes one, of the columns L, T (in J/k_B), y and dy (one standard error); without
        dy errors are taken from the scatter.
    of: name of the quantity: "U4", "abs_m", "chi" say its exponent; else give ``exponent``.
    tc, nu, exponent: where the fit starts; an exponent of 0 stays.
    window: points with |t| L^(1/nu) up to this; all by default.
    degree: of the polynomial. omega: of corrections to scaling L^(-omega); None is no correction.

    Raises DataError for a table that cannot be fitted, SettingError for settings that cannot be.
    """
    rows = need("pandas", "data", "rgflow.rg.collapse").DataFrame(data)
    missing = [name for name in ("L", "T", "y") if name not in rows.columns]
    if missing:
        raise DataError(f"the table has no column {', '.join(missing)}: it must have L, T, y and, if known, dy")
    if of is not None and (not of or any(not (c.isalnum() or c in "_|") for c in of)):
        raise SettingError(f"of = {of!r}: must be the name of a quantity, such as 'U4', 'abs_m' or 'chi'")
    name = of or "y"
    table = rows[["L", "T", "y", *(["dy"] if "dy" in rows.columns else [])]].rename(columns={"y": name, "dy": "error"})
    fit = dict(tc=tc, nu=float(nu), window=window, degree=degree, omega=omega, exponent=exponent)
    with tempfile.TemporaryDirectory(prefix="rgflow-") as folder:
        path = Path(folder) / "table.csv"
        table.to_csv(path, index=False)
        with how("collapse", threads, progress) as told:
            text, notes = _rgflow.collapse(str(path), fit, told)
    found = json.loads(text)

    def value(key: str, unit: str = "") -> Value:
        one = found[key]
        return Value(one["value"], np.nan if one["error"] is None else one["error"], unit=unit)

    return Collapse(value("t_c", "J/k_B"), value("nu"), value("a"), found["chi2"], found["dof"], notes, found)
