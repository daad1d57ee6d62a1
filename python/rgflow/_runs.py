"""Whole experiments: run folders, their numbers, figures and models; runs and scans over several processes or machines."""

from __future__ import annotations

import html
import itertools
import json
import os
import shutil
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from . import _rgflow
from ._errors import FileError, SettingError
from ._extras import need
from ._how import Progress, how
from ._rbm import rbm_of
from ._thermometer import thermometer_of
from ._value import Value

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["Executor", "Figure", "Run", "Stage", "open", "run", "scan"]


class Executor(Protocol):
    """Anything with ``submit``: of concurrent.futures, loky, Dask, submitit, mpi4py.futures ..."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any: ...


def _number(value: float | None) -> float:
    """A number of JSON, where null is one that is not known."""
    return float("nan") if value is None else float(value)


@dataclass(frozen=True)
class Figure:
    """A figure of a run: ``svg`` (text) and ``data`` (a DataFrame of its curves); a notebook shows it."""

    path: Path

    @property
    def svg(self) -> str:
        """The picture."""
        return self.path.read_text(encoding="utf-8")

    @property
    def data(self) -> pd.DataFrame:
        """The data behind it."""
        return need("pandas", "data", "Figure.data").read_csv(self.path.with_suffix(".csv"), comment="#")

    def _repr_html_(self) -> str:
        return self.svg


@dataclass(frozen=True)
class Stage:
    """Files that a stage made, in ``path``."""

    path: Path

    @property
    def files(self) -> list[str]:
        """Names of its files."""
        return sorted(str(file.relative_to(self.path)) for file in self.path.rglob("*") if file.is_file())

    @property
    def model(self) -> Any:
        """Its RBM or Thermometer. Raises FileError if it has none."""
        return load(self.path / "model.safetensors")

    def array(self, name: str) -> dict[str, np.ndarray]:
        """Arrays of its file ``name`` (.npz), by name."""
        try:
            with np.load(self.path / name) as file:
                return {key: file[key] for key in file.files}
        except OSError as error:
            raise FileError(f"{self.path / name}: cannot be read ({error}); there are {', '.join(self.files)}") from None


@dataclass(frozen=True)
class Run:
    """A finished run in the folder ``path``."""

    path: Path

    def _json(self, name: str) -> Any:
        return json.loads((self.path / name).read_text(encoding="utf-8"))

    @property
    def settings(self) -> dict[str, Any]:
        """Experiment, seeds and all settings that decide results."""
        return tomllib.loads((self.path / "config.toml").read_text(encoding="utf-8"))

    @property
    def numbers(self) -> pd.DataFrame:
        """Every number by its key: value, error (one standard error), n_eff, unit, how, low and high of an interval."""
        pd = need("pandas", "data", "Run.numbers")
        rows = []
        for number in self._json("results.json")["numbers"]:
            low, high = number.get("interval") or (None, None)
            names = ("key", "value", "error", "n_eff", "unit", "how")
            rows.append({**{name: number.get(name) for name in names}, "low": low, "high": high})
        table = pd.DataFrame(rows, columns=["key", "value", "error", "n_eff", "unit", "how", "low", "high"])
        numeric = ["value", "error", "n_eff", "low", "high"]
        table[numeric] = table[numeric].apply(pd.to_numeric, errors="coerce")
        return table.set_index("key")

    def __getitem__(self, key: str) -> Value:
        """The number of this key as a Value. Raises KeyError that names near ones."""
        import difflib

        found = {number["key"]: number for number in self._json("results.json")["numbers"]}
        if key not in found:
            near = ", ".join(difflib.get_close_matches(key, found, 3)) or f"{len(found)} others, see .numbers"
            raise KeyError(f"{key}: {self.path} has {near}")
        one = found[key]
        value, error, n_eff = (_number(one.get(name)) for name in ("value", "error", "n_eff"))
        return Value(value, error, n_eff, one.get("unit") or "")

    @property
    def figures(self) -> list[str]:
        """Names of the figures."""
        return sorted(file.stem for file in (self.path / "figures").glob("*.svg"))

    def figure(self, name: str) -> Figure:
        """The figure ``name``, such as "fig4.6". Raises FileError that names those that there are."""
        path = self.path / "figures" / f"{name}.svg"
        if not path.is_file():
            raise FileError(f"{self.path}: has no figure {name!r}; it has {', '.join(self.figures)}")
        return Figure(path)

    def stage(self, name: str, *, seed: int | None = None) -> Stage:
        """What the stage ``name``, such as "rbm/all", made in the repetition ``seed`` (the first by default).

        Raises FileError that names the folder.
        """
        seeds = self.settings["seeds"]
        path = self.path / f"seed-{seeds[0] if seed is None else seed}" / name
        if not path.is_dir():
            known = ", ".join(sorted(entry.name for entry in path.parent.glob("*") if entry.is_dir()))
            raise FileError(f"{path}: there is no such stage; {path.parent} has {known or 'nothing'}")
        return Stage(path)

    @property
    def report(self) -> Path:
        """The page, which works offline."""
        return self.path / "report.html"

    def _repr_html_(self) -> str:
        config = self.settings
        title = f"<b>{html.escape(str(config['experiment']))}</b>, seeds {config['seeds']}, {html.escape(str(self.path))}"
        rows = [
            f"<tr><td>{html.escape(number['key'])}</td><td>{number['value']!r:.12}</td></tr>"
            for number in self._json("results.json")["numbers"][:20]
        ]
        return f"{title}<table>{''.join(rows)}</table>"


def load(path: str | os.PathLike[str]) -> Any:
    """The machine (an RBM) or network (a Thermometer) in a ``.safetensors`` file of rgflow, or in the folder of a run that trained one.

    Raises FileError that names the file, what is wrong and the remedy.
    """
    name = os.fspath(path)
    try:
        return rbm_of(_rgflow.Machine.open(name))
    except FileError as error:
        try:
            return thermometer_of(_rgflow.Network.open(name))
        except FileError:
            raise error from None


def open(path: str | os.PathLike[str]) -> Run:
    """The finished run in a folder.

    Raises FileError if it holds none, or one that is not finished.
    """
    folder = Path(path)
    if not (folder / "config.toml").is_file():
        raise FileError(f"{folder}: is no run folder (it has no config.toml); give one of rgflow run")
    if not (folder / "complete.json").is_file():
        raise FileError(f"{folder}: holds an unfinished run; finish it with --resume, or by rgflow.run(resume=True)")
    return Run(folder)


def _sets(table: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Nested settings as ``key.path=value``."""
    lines = []
    for key, value in table.items():
        if isinstance(value, Mapping):
            lines += _sets(value, f"{prefix}{key}.")
        else:
            plain = value.tolist() if isinstance(value, np.ndarray | np.generic) else value
            lines.append(f"{prefix}{key}={json.dumps(plain)}")
    return lines


def _asked(recipe: str | os.PathLike[str] | Mapping[str, Any], set: Mapping[str, Any] | None) -> dict[str, Any]:
    """The experiment and its settings as the extension module takes them."""
    asked: dict[str, Any] = {"recipe": None, "file": None, "sets": _sets(set or {})}
    if isinstance(recipe, Mapping):
        own = dict(recipe)
        if "experiment" not in own:
            raise SettingError("the recipe has no key 'experiment'; add a name such as 'ising-2d'")
        asked["recipe"] = own.pop("experiment")
        own.pop("seeds", None)
        asked["sets"] = _sets(own) + asked["sets"]
    elif str(recipe).endswith(".toml"):
        asked["file"] = os.fspath(recipe)
    else:
        asked["recipe"] = str(recipe)
    return asked


def _make(asked: dict[str, Any], seeds: list[int] | None, out: str, resume: bool, threads: int | None) -> list[int]:
    """Makes a run; what executors call."""
    with how(f"run {asked['recipe'] or asked['file']}", threads, False) as told:
        _, made = _rgflow.run_experiment({**asked, "seeds": seeds, "out": out, "resume": resume}, told)
    return made


def run(
    recipe: str | os.PathLike[str] | Mapping[str, Any],
    *,
    seeds: int | Sequence[int] = 3,
    out: str | os.PathLike[str] | None = None,
    set: Mapping[str, Any] | None = None,
    resume: bool = True,
    executor: Executor | None = None,
    threads: int | None = None,
    progress: Progress = True,
) -> Run:
    """Runs an experiment in a folder, the same as ``rgflow run``; a finished run of the same settings is kept.

    recipe: name of an experiment, a TOML file, or a dict with the key ``experiment`` and settings.
    seeds: number of repetitions, 1 ..., or their seeds.
    out: folder; runs/NAME by default.
    set: settings to change, such as {"rbm.epochs": 50}.
    resume: goes on with an unfinished run, and keeps the stages that still fit of one with other settings.
    executor: anything with ``submit``, whose result has ``result``: each repetition is a job of its own; results are
        those of one process. Jobs must see the folder ``out``.
    threads, progress: as for ``sample``; with an executor threads are those of each job.

    Raises SettingError and FileError as the command line says them; after Ctrl-C KeyboardInterrupt, and the same call
    goes on.
    """
    asked = _asked(recipe, set)
    listed = list(range(1, seeds + 1)) if isinstance(seeds, int) else [int(seed) for seed in seeds]
    if not listed or min(listed) < 0:
        raise SettingError(f"seeds = {seeds}: must be at least one, each 0 or above")
    name = Path(asked["file"]).stem if asked["file"] else asked["recipe"]
    folder = Path("runs") / name if out is None else Path(out)
    if executor is not None and len(listed) > 1 and not (folder / "complete.json").is_file():
        _spread(asked, listed, folder, executor, threads)
        resume = True
    with how(f"run {name}", threads, progress) as told:
        _rgflow.run_experiment({**asked, "seeds": listed, "out": str(folder), "resume": resume}, told)
    return open(folder)


def _spread(asked: dict[str, Any], seeds: list[int], folder: Path, executor: Executor, threads: int | None) -> None:
    """Makes each repetition as a job in a folder of its own, and puts all into ``folder``, whose record is then made."""
    parts = {seed: folder.with_name(f"{folder.name}.seed-{seed}") for seed in seeds}
    jobs = [executor.submit(_make, asked, [seed], str(part), True, threads) for seed, part in parts.items()]
    for job in jobs:
        job.result()
    for seed, part in parts.items():
        if not folder.exists():
            part.rename(folder)
            continue
        own = folder / f"seed-{seed}"
        if not own.exists():
            (part / f"seed-{seed}").rename(own)
        shutil.rmtree(part)


def _point(asked: dict[str, Any], seeds: list[int], out: str, threads: int | None) -> dict[str, tuple[float, float]]:
    """Numbers of a point of a scan: value and error."""
    _make(asked, seeds, out, True, threads)
    numbers = json.loads((Path(out) / "results.json").read_text(encoding="utf-8"))["numbers"]
    return {one["key"]: (_number(one["value"]), _number(one.get("error"))) for one in numbers}


def scan(
    recipe: str | os.PathLike[str] | Mapping[str, Any],
    axes: Mapping[str, Sequence[Any]],
    *,
    numbers: Iterable[str] | None = None,
    seeds: int | Sequence[int] = 1,
    out: str | os.PathLike[str] | None = None,
    set: Mapping[str, Any] | None = None,
    executor: Executor | None = None,
    threads: int | None = None,
) -> xr.Dataset:
    """Runs an experiment at every combination of settings, each in a folder of its own; finished ones are kept.

    axes: settings with their values, such as {"rbm.epochs": [10, 100], "rbm.hidden": [9, 25]}.
    numbers: keys of the numbers to take; all by default.
    executor: anything with ``submit``: each point is a job of its own.
    recipe, seeds, out, set, threads: as for ``run``; out is scans/NAME by default.

    Returns a Dataset whose dimensions are the axes: each number, and KEY_error. Raises as ``run``, and SettingError for a
    number that no point has.
    """
    xarray = need("xarray", "data", "rgflow.scan")
    if not axes or any(len(values) == 0 for values in axes.values()):
        raise SettingError("axes: give one or more settings, each with one or more values")
    listed = list(range(1, seeds + 1)) if isinstance(seeds, int) else [int(seed) for seed in seeds]
    base = _asked(recipe, set)
    name = Path(base["file"]).stem if base["file"] else base["recipe"]
    folder = Path("scans") / name if out is None else Path(out)
    points = list(itertools.product(*axes.values()))
    jobs = []
    for point in points:
        own = dict(zip(axes, point, strict=True))
        place = folder / ",".join(f"{key}={value}" for key, value in own.items()).replace("/", "_")
        asked = {**base, "sets": base["sets"] + _sets(own)}
        jobs.append((asked, listed, str(place), threads))
    if executor is None:
        found = [_point(*job) for job in jobs]
    else:
        found = [future.result() for future in [executor.submit(_point, *job) for job in jobs]]
    keys = list(dict.fromkeys(key for one in found for key in one)) if numbers is None else list(numbers)
    unknown = [key for key in keys if not any(key in one for one in found)]
    if unknown:
        raise SettingError(f"numbers: no point has {', '.join(unknown)}; see the results.json of a point in {folder}")
    shape = tuple(len(values) for values in axes.values())
    nothing = (float("nan"), float("nan"))
    variables = {}
    for key in keys:
        values = np.array([one.get(key, nothing) for one in found]).reshape(*shape, 2)
        variables[key] = (tuple(axes), values[..., 0])
        variables[f"{key}_error"] = (tuple(axes), values[..., 1])
    ds: xr.Dataset = xarray.Dataset(
        variables, {key: list(values) for key, values in axes.items()}, {"experiment": str(name)}
    )
    return ds
