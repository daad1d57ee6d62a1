"""Block spins, exponents, histograms and collapse: exact values, and numbers of the command line."""

import json

import numpy as np
import pandas as pd
import pytest
import rgflow

pytestmark = pytest.mark.filterwarnings("ignore::rgflow.SamplingWarning")


def test_block_spins_are_majorities():
    spins = np.where(np.random.default_rng(1).random((5, 6, 9)) < 0.5, -1, 1)
    blocks = rgflow.rg.block(spins, b=3)
    sums = spins.reshape(5, 2, 3, 3, 3).sum((2, 4))
    assert blocks.shape == (5, 2, 3) and np.array_equal(blocks, np.sign(sums))
    assert np.array_equal(rgflow.rg.block(spins, b=3, rule="decimation"), spins[:, ::3, ::3])
    for call, words in [({"b": 2}, "2"), ({"b": 3, "rule": "minority"}, "majority")]:
        with pytest.raises(rgflow.SettingError, match=words):
            rgflow.rg.block(spins, **call)
    with pytest.raises(rgflow.DataError, match="0 in row 1, column 1"):
        rgflow.rg.block(0 * spins, b=3)


def test_exponents_are_those_of_the_fixed_point():
    """y_h = 15/8 and y_t = 1 up to the distance of the first steps from the fixed point."""
    seen = rgflow.rg.mcrg(16, steps=2, operators=(3, 1), n=8000, progress=False)
    odd = seen.exponents.loc[("majority", 2, 1, "odd")]
    assert odd.value == pytest.approx(15 / 8, abs=0.02) and 0 < odd.error < 0.02
    even = seen.exponents.loc[("majority", 2, 3, "even")]
    assert even.value == pytest.approx(1, abs=0.1)
    exact = rgflow.exact.square(16, rgflow.exact.T_C).energy
    assert abs(seen.energy.value - exact) < 4.5 * seen.energy.error
    with pytest.raises(rgflow.SettingError, match="operators"):
        rgflow.rg.mcrg(16, operators=(0, 1), progress=False)
    with pytest.raises(rgflow.SettingError):
        rgflow.rg.mcrg(15, progress=False)


def test_reweighting_is_that_of_the_command_line(command, tmp_path):
    flags = ["--size", 8, "--temperature", "2.2,2.4", "--n", 1600, "--sampler", "wolff"]
    command("sample", "ising", *flags, "--out", tmp_path / "s.npz")
    theirs = json.loads(command("rg", "reweight", tmp_path / "s.npz", "--temperatures", "2.3,2.35", "--json"))
    ds = rgflow.sample(rgflow.Lattice("square", 8), T=[2.2, 2.4], n=1600, sampler="wolff", progress=False)
    seen = rgflow.rg.reweight(ds, T=[2.3, 2.35], progress=False)
    for row in theirs["rows"]:
        at = seen.sel(T=row["temperature"], field=0.0)
        for name in ("energy", "specific_heat", "abs_m", "susceptibility", "binder"):
            # tau_int is in the file of the command, and measured again here: the same from the same samples.
            assert float(at[name]) == row[name]["value"] and float(at[f"{name}_error"]) == row[name]["error"], name
        exact = rgflow.exact.square(8, row["temperature"])
        assert abs(at.energy - exact.energy) < 4.5 * at.energy_error
    with pytest.raises(rgflow.DataError):
        rgflow.rg.reweight(ds, T=[10.0], progress=False)
    other = rgflow.sample(rgflow.Lattice("square", 6), T=[2.2], n=100, progress=False)
    with pytest.raises(rgflow.DataError, match="2 lattices"):
        rgflow.rg.reweight([ds, other], progress=False)


def test_a_collapse_finds_what_the_data_were_made_with():
    """Points on y = f((T - T_c) L^(1/nu)) with noise; null: T_c and 1/nu are within 4.5 errors."""
    noise = np.random.default_rng(1)
    t_c, nu = 2.3, 1.0
    rows = []
    for L in (8, 16, 32, 64):
        for x in np.linspace(-1, 1, 9):
            T = t_c / (1 - x * L ** (-1 / nu) / t_c)
            y = 0.6 - 0.2 * x + 0.03 * x**2 + noise.normal(0, 1e-3)
            rows.append((L, T, y, 1e-3))
    table = pd.DataFrame(rows, columns=["L", "T", "y", "dy"])
    seen = rgflow.rg.collapse(table, "U4", degree=2, progress=False)
    assert abs(seen.T_c.value - t_c) < 4.5 * seen.T_c.error < 0.01
    assert abs(seen.nu.value - nu) < 4.5 * seen.nu.error < 0.2
    assert seen.chi2 / seen.dof < 2 and seen.a.value == 0
    with pytest.raises(rgflow.DataError, match="no column y"):
        rgflow.rg.collapse(table.drop(columns="y"), "U4")
    with pytest.raises(rgflow.SettingError, match="degree = 0"):
        rgflow.rg.collapse(table, "U4", degree=0, progress=False)
