"""The flow v -> h -> v of a machine, read as temperatures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import _rgflow, exact
from ._errors import DataError, SettingError
from ._estimator import check_fitted, given
from ._extras import need
from ._how import Progress, how
from ._rbm import RBM
from ._samples import lattice_of
from ._thermometer import Thermometer, t_star
from ._value import Value

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Flow", "flow"]

#: Samples of each start that are followed, as on the command line.
CHAINS = 500


@dataclass(frozen=True)
class Flow:
    """A followed flow.

    series: Dataset by ``step`` and ``start``: ``distance`` from the start; with a thermometer ``T_star`` and P(T) as
        ``probability`` (step, start, T); of spins on a square lattice ``energy`` and ``abs_m`` per spin; errors are
        over chains. With a callable what it returned, at the kept steps.
    ends: visible units at the last step, shape (start, chain, features).
    T_star: T* of the ends of all starts together; None without a thermometer.
    null: T* of the starts themselves, all together: the training mixture, without any machine.
    T_star_of_ends: T* of the ends of each start.
    converged: fraction of the starts whose last two windows of steps agree.
    kept: visible units at the steps that were to be kept, by step; shapes as ``ends``.
    """

    series: xr.Dataset
    ends: npt.NDArray[np.float32]
    T_star: Value | None
    null: Value | None
    T_star_of_ends: list[Value]
    converged: float
    kept: dict[int, npt.NDArray[np.float32]] = field(default_factory=dict)

    def plot(self, ax: Any = None) -> Any:
        """Draws T* (else the distance) by step for each start, the null dashed and T_c dotted; returns the axes."""
        plt = need("matplotlib.pyplot", "plot", "Flow.plot")
        if ax is None:
            _, ax = plt.subplots()
        name = "T_star" if "T_star" in self.series else "distance"
        steps = np.asarray(self.series.step)
        starts = np.asarray(self.series.start)
        for k, start in enumerate(starts):
            ax.plot(steps, self.series[name].isel(start=k), label=f"{start:g}", color=plt.cm.viridis(k / max(len(starts) - 1, 1)))
        ax.set_xscale("symlog", linthresh=1)
        ax.set_xlabel("step")
        ax.set_ylabel("T* (J/k_B)" if name == "T_star" else "distance from the start")
        if self.null is not None:
            ax.axhline(self.null.value, color="k", ls="--", label=f"null {self.null}")
            ax.axhline(exact.T_C, color="k", ls=":", label="T_c")
        ax.legend(title="start", fontsize="small")
        return ax


def _starts(start: Any, rbm: RBM, chains: int) -> tuple[np.ndarray, np.ndarray, tuple[int, int] | None]:
    """Samples of the starts, shape (starts, chains, features), the coordinate of the starts, and the lattice."""
    features = rbm.n_features_in_
    if hasattr(start, "data_vars"):
        spins = start["spins"]
        spins = spins if "T" in spins.dims else spins.expand_dims("T")
        lattice = lattice_of(start)
        plain = lattice.kind == "square" and not lattice.couplings and not lattice.boundary
        rest = [name for name in spins.dims if name not in ("T", "chain", "draw")]
        array = spins.transpose("T", "draw", "chain", *rest).to_numpy()
        rows = array.reshape(len(array), -1, int(np.prod(array.shape[3:])))
        labels = np.atleast_1d(start["T"].to_numpy()).astype(float)
        extents = (int(lattice.size[0]), int(lattice.size[1])) if plain else None
    else:
        array = np.asarray(start)
        rows = array[None] if array.ndim == 2 else array
        labels, extents = np.arange(len(rows), dtype=float), None
    if rows.ndim != 3 or rows.shape[2] != features or rows.shape[1] < 2:
        raise DataError(
            f"starts of the shape {np.shape(rows)}: must be (n, {features}) or (starts, n, {features}), n at least 2"
        )
    return np.ascontiguousarray(rows[:, :chains]), labels, extents


def flow(
    rbm: RBM,
    start: xr.Dataset | npt.ArrayLike,
    *,
    steps: int = 1000,
    mode: str = "gibbs",
    read: Thermometer | Callable[[np.ndarray], dict[str, float]] | None = None,
    chains: int = CHAINS,
    keep_steps: Iterable[int] = (),
    seed: int = 1,
    threads: int | None = None,
    progress: Progress = True,
) -> Flow:
    """Follows the machine's steps v -> h -> v from samples, the same as ``rgflow flow`` with these settings.

    rbm: a fitted machine.
    start: a Dataset of ``sample``, whose temperatures are the starts; or samples of one start (n, features) or of
        several (starts, n, features).
    steps: at least 1.
    mode: "gibbs" samples states, "mean" iterates expectation values.
    read: a thermometer; or a callable that is given the states of a start at a kept step, shape (chains, features), and
        returns numbers by name.
    chains: samples of each start that are followed, at most.
    keep_steps: steps whose states are kept (each is followed from the start once more, with the same random numbers).
        With a callable 1, 10, 100 ... and the last step by default.
    seed, threads, progress: as for ``sample``.

    Raises DataError for starts of another shape or values, SettingError for settings that cannot be.
    """
    xr = need("xarray", "data", "rgflow.flow")
    check_fitted(rbm, "machine_")
    if steps < 1:
        raise SettingError(f"steps = {steps}: must be at least 1")
    if chains < 2:
        raise SettingError(f"chains = {chains}: must be at least 2")
    rows, labels, lattice = _starts(start, rbm, chains)
    own = read if callable(read) and not isinstance(read, Thermometer) else None
    thermometer = read if isinstance(read, Thermometer) else None
    if thermometer is not None:
        check_fitted(thermometer, "network_")
    kept_steps = sorted(set(keep_steps) or ({10**k for k in range(9) if 10**k < steps} | {steps} if own else set()))
    if any(not 0 < step <= steps for step in kept_steps):
        raise SettingError(f"keep_steps = {kept_steps}: must be 1 to {steps}")
    network = None if thermometer is None else thermometer.network_
    spins = lattice if rbm.visible_ == "spin" else None

    def follow(length: int, lattice: tuple[int, int] | None, network: Any) -> dict[str, Any]:
        asked = dict(
            starts=given(rows.reshape(-1, rows.shape[2])),
            n_starts=len(rows),
            mode=mode,
            steps=length,
            lattice=lattice,
            seed=seed,
        )
        with how(f"flow {mode}", threads, progress) as told:
            return _rgflow.flow(rbm.machine_, asked, network, told)

    found = follow(steps, spins, network)
    states = {step: follow(step, None, None)["ends"].reshape(rows.shape) for step in kept_steps}
    variables: dict[str, Any] = {}
    for name in ("T_star", "energy", "energy_error", "abs_m", "abs_m_error", "distance", "distance_error"):
        if found[name] is not None:
            variables[name] = (("step", "start"), found[name])
    if found["probability"] is not None:
        axes = ("step", "start", "class" if thermometer is None else "T")
        variables["probability"] = (axes, found["probability"])
        variables["probability_error"] = (axes, found["probability_error"])
    coordinates: dict[str, Any] = {"step": found["steps"], "start": labels}
    if thermometer is not None:
        coordinates["T"] = thermometer.classes_
    if own is not None:
        values = {step: [own(states[step][k]) for k in range(len(rows))] for step in kept_steps}
        coordinates["kept"] = kept_steps
        for name in values[kept_steps[0]][0]:
            table = np.array([[one[name] for one in values[step]] for step in kept_steps], dtype=float)
            variables[name] = (("kept", "start"), table)
    attributes = {"mode": mode, "seed": seed, "chains": rows.shape[1], "rgflow_version": _rgflow.__version__}
    n = float(rows.shape[0] * rows.shape[1])
    pooled = found["pooled"]
    return Flow(
        series=xr.Dataset(variables, coordinates, attributes),
        ends=found["ends"].reshape(rows.shape),
        T_star=None if pooled is None else t_star(pooled[1], n),
        null=None if pooled is None else t_star(pooled[0], n),
        T_star_of_ends=[t_star(star, float(rows.shape[1])) for star in found["T_star_of_ends"]],
        converged=found["converged"],
        kept=states,
    )
