"""Samples and their averages: the bytes and numbers of the command line, axes, errors."""

import json
import pickle

import numpy as np
import pytest
import rgflow
import xarray as xr

pytestmark = pytest.mark.filterwarnings("ignore::rgflow.SamplingWarning")

SETTINGS = [
    (rgflow.Lattice("square", 8), ["--size", "8"], {"T": [0.0, 1.5, 2.5, 2.5, np.inf], "n": 64}),
    (rgflow.Lattice("square", (4, 6)), ["--size", "4x6"], {"T": "Tc", "n": 100, "sampler": "wolff", "chains": 4}),
    (
        rgflow.Lattice("cubic", (3, 4, 5)),
        ["--lattice", "cubic", "--size", "3x4x5"],
        {"T": [4.0, 5.0], "n": 50, "sampler": "swendsen-wang", "field": 0.25, "seed": 7},
    ),
    (
        rgflow.Lattice("square", (4, 8), couplings=[1, 0.5], boundary=["open", "periodic"]),
        ["--size", "4x8", "--coupling", "1,0.5", "--boundary", "open,periodic"],
        {"T": 1.6, "n": 128, "sampler": "metropolis", "burn_in": 20, "spacing": 2},
    ),
]


def flags(settings: dict) -> list[str]:
    """The settings as options of `rgflow sample`."""
    names = {"T": "temperature", "burn_in": "burn-in"}
    text = {name: ",".join(map(str, np.atleast_1d(np.asarray(value, dtype=object)))) for name, value in settings.items()}
    return [word for name, value in text.items() for word in (f"--{names.get(name, name)}", value)]


@pytest.mark.parametrize(("lattice", "model", "settings"), SETTINGS)
def test_spins_are_those_of_the_command_line(lattice, model, settings, command, tmp_path):
    command("sample", "ising", *model, *flags(settings), "--out", tmp_path / "cli.npz")
    with np.load(tmp_path / "cli.npz") as file:
        spins, T, n_eff = file["spins"], file["temperatures"], file["n_eff"]
    ds = rgflow.sample(lattice, **settings, progress=False)
    rows = ds.spins.transpose("T", "draw", "chain", ...).values.reshape(spins.shape)
    assert rows.dtype == spins.dtype and rows.tobytes() == spins.tobytes()
    assert np.array_equal(ds.T, T) and np.array_equal(ds.n_eff, n_eff)
    for threads in (1, 2):
        again = rgflow.sample(lattice, **settings, threads=threads, progress=False)
        assert again.identical(ds)


def test_averages_are_those_of_the_command_line(command, tmp_path):
    lattice = rgflow.Lattice("square", 8)
    settings = {"T": [2.0, 2.5], "n": 1600, "sampler": "wolff"}
    text = command("sample", "ising", "--size", 8, *flags(settings), "--out", tmp_path / "cli.npz", "--json")
    rows = json.loads(text)["rows"]
    names = {
        "energy": "energy",
        "m": "magnetisation",
        "abs_m": "abs_m",
        "m2": "m2",
        "C": "specific_heat",
        "chi": "susceptibility",
        "chi_m2": "susceptibility_m2",
        "U4": "binder",
        "xi": "xi",
    }
    table = rgflow.measure(rgflow.sample(lattice, **settings, progress=False), names, progress=False)
    for row in rows:
        for ours, theirs in names.items():
            seen = table.loc[ours].loc[row["temperature"]]
            # The command prints numbers that are read back exactly.
            assert (seen.value, seen.error) == (row[theirs]["value"], row[theirs]["error"]), ours
        assert table.loc["energy"].exact[row["temperature"]] == row["exact"]["energy"]


def test_onsager_in_three_lines():
    ds = rgflow.sample(rgflow.Lattice("square", 16), T=np.linspace(1.8, 2.8, 6), n=1000, sampler="wolff", progress=False)
    table = rgflow.measure(ds, ["energy", "abs_m", "C", "U4"], progress=False)
    # Twelve z of a normal law: |z| > 4.5 has p = 8e-5 in all.
    assert table.loc[["energy", "C"]].z.abs().max() < 4.5
    exact = rgflow.exact.square(16, ds.T)
    assert np.array_equal(table.loc["C"].exact, exact.specific_heat)
    assert table.loc["abs_m"].exact.isna().all()
    assert "U4 = 1 - <m^4>/(3 <m^2>^2)" in table.attrs["conventions"]


def test_axes_and_provenance():
    lattice = rgflow.Lattice("square", (4, 6))
    ds = rgflow.sample(lattice, T=[2.0, 3.0], n=160, sampler="wolff", chains=16, progress=False)
    assert dict(ds.sizes) == {"T": 2, "chain": 16, "draw": 10, "y": 6, "x": 4}
    assert ds.spins.dtype == np.int8 and set(np.unique(ds.spins)) == {-1, 1}
    assert ds.T.attrs["units"] == "J/k_B" and ds.attrs["seed"] == 1 and ds.attrs["rgflow_version"] == rgflow.__version__
    # Energy by hand: each bond once, periodic.
    s = ds.spins.astype(float)
    bonds = s * s.roll(x=1) + s * s.roll(y=1)
    assert np.allclose(ds.energy, -bonds.sum(["y", "x"]) / 24) and np.allclose(ds.m, s.mean(["y", "x"]))
    # Chains follow their own course: draws of one chain resemble each other more than those of two.
    ring = rgflow.sample(rgflow.Lattice("ring", 6), T=1.0, n=5, progress=False)
    assert ring.spins.dims == ("T", "chain", "draw", "x")
    uneven = rgflow.sample(lattice, T=2.0, n=150, sampler="wolff", chains=16, progress=False)
    assert uneven.sizes["chain"] == 1 and uneven.n_chains == [16]


def test_spins_of_one_temperature_are_not_copied():
    ds = rgflow.sample(rgflow.Lattice("square", 8), T=2.0, n=100, progress=False)
    base = ds.spins.values
    while isinstance(base.base, np.ndarray):
        base = base.base
    # The memory belongs to the array that the extension module made.
    assert base.shape == (100, 64) and np.shares_memory(base, ds.spins.values)


def test_averages_of_a_part_of_the_samples():
    ds = rgflow.sample(rgflow.Lattice("square", 4), T=[2.0, 3.0], n=800, sampler="wolff", chains=8, progress=False)
    whole = rgflow.measure(ds, "energy", progress=False)
    half = rgflow.measure(ds.isel(draw=slice(50, None)), "energy", progress=False)
    assert np.all(half.n_eff < whole.n_eff)
    one = rgflow.measure(ds.sel(T=3.0), "energy", progress=False)
    assert one.loc[("energy", 3.0)].value == whole.loc[("energy", 3.0)].value
    written = xr.Dataset({"spins": ds.spins.copy()}, attrs={"lattice": "square", "size": [4, 4]})
    assert rgflow.measure(written, "energy", progress=False).equals(whole)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda l: rgflow.sample(l, T=-1.0), rgflow.SettingError, "-1"),
        (lambda l: rgflow.sample(l, T=[]), rgflow.SettingError, "no temperature"),
        (lambda l: rgflow.sample(l, T="hot"), rgflow.SettingError, "'hot'"),
        (lambda l: rgflow.sample(l, T=1.0, n=0), rgflow.SettingError, "n = 0"),
        (lambda l: rgflow.sample(l, T=1.0, sampler="wolf"), rgflow.SettingError, "wolff"),
        (lambda l: rgflow.sample(l, T=1.0, field=np.inf), rgflow.SettingError, "field = inf"),
        (lambda l: rgflow.sample(l, T=1.0, threads=0), rgflow.SettingError, "threads = 0"),
        (lambda l: rgflow.sample(rgflow.Lattice("cubic", 4), T=3.0, sampler="exact"), rgflow.SettingError, "exact"),
        (lambda l: rgflow.Lattice("sqare", 4), rgflow.SettingError, "square"),
        (lambda l: rgflow.Lattice("square", (4, 4, 4)), rgflow.SettingError, "square"),
        (lambda l: rgflow.Lattice("square", 4, boundary="closed"), rgflow.SettingError, "closed"),
        (lambda l: rgflow.measure(xr.Dataset()), rgflow.DataError, "lattice"),
        (lambda l: rgflow.exact.square(1, 2.0), rgflow.SettingError, "2"),
        (lambda l: rgflow.tau_int([1.0, np.nan]), rgflow.DataError, "value 1 of chain 0 is NaN"),
        (lambda l: rgflow.jackknife(np.mean, [1.0, 2.0], blocks=3), rgflow.SettingError, "blocks = 3"),
    ],
)
def test_mistakes_are_named(call, error, words):
    with pytest.raises(error, match=words.replace("(", r"\(")) as raised:
        call(rgflow.Lattice("square", 4))
    assert isinstance(raised.value, ValueError)


def test_averages_of_other_data_are_refused():
    ds = rgflow.sample(rgflow.Lattice("square", 4), T=2.0, n=10, progress=False)
    with pytest.raises(rgflow.SettingError, match="\"enrgy\" is no average: there are energy, m"):
        rgflow.measure(ds, ["enrgy"])
    grey = ds.assign(spins=ds.spins.where(ds.x > 0, 0).astype("int8"))
    with pytest.raises(rgflow.DataError, match="0 in row 0, column 0: spins are -1 and"):
        rgflow.measure(grey)


def test_lattices_are_values():
    lattice = rgflow.Lattice("square", (4, 6), couplings=-1.0, boundary="open")
    same = pickle.loads(pickle.dumps(lattice))
    assert same == lattice and hash(same) == hash(lattice) and lattice != rgflow.Lattice("square", (4, 6))
    assert (lattice.size, lattice.n_sites, lattice.couplings) == ((4, 6), 24, [-1.0])
    assert repr(rgflow.Lattice()) == "Lattice(square 32 x 32)"
    assert rgflow.exact.T_C == rgflow.Lattice("square", 4).T_c == pytest.approx(2 / np.log(1 + np.sqrt(2)))


def test_statistics_of_an_autoregression():
    """tau_int of AR(1) with phi = 0.9 is (1 + phi)/(2 (1 - phi)) = 9.5; null: the estimate is within 4.5 errors."""
    noise = np.random.default_rng(1).normal(size=(4, 50_000))
    x = np.zeros_like(noise)
    for i in range(1, x.shape[1]):
        x[:, i] = 0.9 * x[:, i - 1] + noise[:, i]
    tau = rgflow.tau_int(x)
    assert abs(tau.value - 9.5) < 4.5 * tau.error < 4.5
    assert tau.n_eff == pytest.approx(x.size / (2 * tau.value))
    y = x[0] + 10
    ratio = rgflow.jackknife(lambda a, b: b / a**2, y, y**2)
    assert ratio.value == pytest.approx(np.mean(y**2) / np.mean(y) ** 2, rel=1e-3) and ratio.error > 0
    with pytest.raises(ZeroDivisionError):
        rgflow.jackknife(lambda a: 1 / 0, y)


def test_values_are_written_as_physicists_do():
    value = rgflow.Value(2.1643, 0.0021, 100.0)
    assert (str(value), float(value), value.ufloat.s) == ("2.164(2)", 2.1643, 0.0021)
    assert str(rgflow.Value(1.5)) == "1.5"
