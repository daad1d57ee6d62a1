"""Thermometers and flows: numbers of the command line, nulls, observables of one's own."""

import json
import pickle

import numpy as np
import pytest
import rgflow

pytestmark = pytest.mark.filterwarnings("ignore::rgflow.SamplingWarning")

LATTICE = rgflow.Lattice("square", 6)
T = [1.0, 2.0, 3.0, 5.0]
NETWORK = ["--epochs", 60, "--learning-rate", 0.01]


@pytest.fixture(scope="module")
def ds():
    """Samples of four temperatures."""
    return rgflow.sample(LATTICE, T=T, n=200, progress=False)


@pytest.fixture(scope="module")
def machine(ds):
    return rgflow.RBM(12, epochs=10, random_state=1).fit(ds.spins.values.reshape(-1, 36))


@pytest.fixture(scope="module")
def thermometer(ds):
    rows = ds.spins.transpose("T", "draw", "chain", ...).values.reshape(-1, 36)
    return rgflow.Thermometer(epochs=60, learning_rate=0.01, random_state=7).fit(rows, np.repeat(T, 200))


@pytest.fixture(scope="module")
def folder(ds, machine, thermometer, tmp_path_factory, command):
    """Files of the same for the command line."""
    folder = tmp_path_factory.mktemp("flow")
    flags = ["--size", 6, "--temperature", ",".join(map(str, T)), "--n", 200]
    command("sample", "ising", *flags, "--out", folder / "s.npz")
    machine.save(folder / "machine.safetensors")
    thermometer.save(folder / "thermometer.safetensors")
    return folder


def test_a_thermometer_is_that_of_the_command_line(ds, thermometer, folder, command):
    command("train", "thermometer", folder / "s.npz", *NETWORK, "--seed", 7, "--out", folder / "network")
    theirs = rgflow.load(folder / "network")
    X = ds.spins.values.reshape(-1, 36)
    assert isinstance(theirs, rgflow.Thermometer)
    assert np.array_equal(theirs.predict_proba(X), thermometer.predict_proba(X))
    assert thermometer.classes_.tolist() == T
    text = command("thermometer", "predict", folder / "network", folder / "s.npz", "--json")
    read = {float(row["label"]): row["t_star"] for row in json.loads(text)["t_star"]}
    for t in T:
        rows = ds.spins.sel(T=t).transpose("draw", "chain", ...).values.reshape(-1, 36)
        seen = thermometer.temperature(rows)
        assert (seen.value, seen.error) == (read[t]["value"], read[t]["error"]) and seen.n_eff == 200
    same = pickle.loads(pickle.dumps(thermometer))
    assert np.array_equal(same.predict_proba(X), thermometer.predict_proba(X))
    assert np.mean(thermometer.predict(X) == np.repeat(T, 200)) > 0.4


def test_thermometers_refuse_what_cannot_be(ds):
    X = ds.spins.values.reshape(-1, 36)
    with pytest.warns(rgflow.SamplingWarning, match="learnt nothing"):
        rgflow.Thermometer(epochs=1, random_state=1).fit(X, np.repeat(T, 200))
    with pytest.raises(rgflow.DataError, match="at least two labels"):
        rgflow.Thermometer().fit(X, np.ones(len(X)))
    with pytest.raises(rgflow.DataError, match="at least 30"):
        rgflow.Thermometer().fit(X[:40], np.repeat([1.0, 2.0], 20))
    with pytest.raises(rgflow.DataError, match="give one for each"):
        rgflow.Thermometer().fit(X, [1.0, 2.0])
    with pytest.raises(rgflow.SettingError, match="network.hidden"):
        rgflow.Thermometer(hidden=[0]).fit(X, np.repeat(T, 200))


@pytest.mark.parametrize("mode", ["gibbs", "mean"])
def test_a_flow_is_that_of_the_command_line(mode, ds, machine, thermometer, folder, command):
    options = ["--read", folder / "thermometer.safetensors", "--steps", 50, "--set", f'flow.modes=["{mode}"]']
    out = folder / f"flow-{mode}"
    command("flow", folder / "machine.safetensors", folder / "s.npz", *options, "--seed", 3, "--out", out)
    theirs = rgflow.open(out)
    f = rgflow.flow(machine, ds, steps=50, mode=mode, read=thermometer, seed=3, progress=False)
    with np.load(out / f"seed-3/flow-{mode}/ends.npz") as file:
        assert file["values"].tobytes() == f.ends.tobytes()
    assert f.T_star.value == theirs[f"flow.{mode}.T_star"].value and f.T_star.error == theirs[f"flow.{mode}.T_star"].error
    assert f.null.value == theirs["flow.start.T_star"].value
    assert f.converged == theirs[f"flow.{mode}.converged"].value
    last = f.series.isel(step=-1)
    pooled = theirs[f"flow.{mode}.from.T3.energy"] if f"flow.{mode}.from.T3.energy" in theirs.numbers.index else None
    if pooled is not None:
        assert float(last.energy.sel(start=3.0)) == pooled.value
    assert f.series.sizes == {"step": len(f.series.step), "start": 4, "T": 4}
    assert np.allclose(f.series.probability.sum("T"), 1) and f.ends.shape == (4, 200, 36)
    # The null of the first step is the starts themselves.
    assert float(f.series.energy.isel(step=0).sel(start=1.0)) == pytest.approx(float(ds.energy.sel(T=1.0).mean()))


def test_kept_steps_are_those_of_the_flow(ds, machine):
    f = rgflow.flow(machine, ds, steps=20, keep_steps=[1, 20], progress=False)
    assert np.array_equal(f.kept[20], f.ends) and f.kept[1].shape == f.ends.shape
    # E and |m| of what is kept are those of the series.
    m = f.kept[1].mean(2)
    assert np.allclose(np.abs(m).mean(1), f.series.abs_m.sel(step=1))
    own = rgflow.flow(machine, ds, steps=20, read=lambda v: {"abs_m": float(np.abs(v.mean(1)).mean())}, progress=False)
    assert own.series.kept.values.tolist() == [1, 10, 20] and own.T_star is None
    assert np.allclose(own.series.abs_m.sel(kept=1), f.series.abs_m.sel(step=1), atol=1e-6)


def test_starts_may_be_arrays(machine, ds):
    X = ds.spins.values.reshape(4, -1, 36)
    f = rgflow.flow(machine, X[:2], steps=5, progress=False)
    assert f.ends.shape == (2, 200, 36) and "energy" not in f.series and "T_star" not in f.series
    one = rgflow.flow(machine, X[0], steps=5, chains=50, progress=False)
    assert one.ends.shape == (1, 50, 36)
    for wrong in [X[:, :, :5], X[0, 0]]:
        with pytest.raises(rgflow.DataError, match="must be"):
            rgflow.flow(machine, wrong, progress=False)
    with pytest.raises(rgflow.SettingError, match='mode = "sideways"'):
        rgflow.flow(machine, X, mode="sideways", progress=False)
    with pytest.raises(rgflow.SettingError, match="steps = 0"):
        rgflow.flow(machine, X, steps=0, progress=False)


def test_a_flow_is_drawn(machine, ds, thermometer):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    axes = rgflow.flow(machine, ds, steps=10, read=thermometer, progress=False).plot()
    assert axes.get_ylabel() == "T* (J/k_B)" and len(axes.get_lines()) == 4 + 2
