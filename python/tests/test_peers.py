"""Cross-checks with programs of others: autocorrelation times, histograms, free energies, files."""

import numpy as np
import pytest
import rgflow
from conftest import needed

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::rgflow.SamplingWarning")]


@pytest.fixture(scope="module")
def autoregression():
    """AR(1) with phi = 0.9, whose tau_int is 9.5."""
    noise = np.random.default_rng(1).normal(size=100_000)
    x = np.zeros_like(noise)
    for i in range(1, len(x)):
        x[i] = 0.9 * x[i - 1] + noise[i]
    return x


def test_tau_int_is_that_of_emcee(autoregression):
    emcee = needed("emcee")
    seen = rgflow.tau_int(autoregression)
    # emcee's tau is twice ours, so that its window of 5 tau is 10 of ours, which is 6: another estimate from one series.
    theirs = emcee.autocorr.integrated_time(autoregression)[0] / 2
    assert abs(seen.value - 9.5) < 4.5 * seen.error and abs(seen.value - theirs) < seen.error


def test_tau_int_and_errors_are_those_of_pyerrors(autoregression):
    pyerrors = needed("pyerrors")
    observable = pyerrors.Obs([autoregression], ["chain"])
    observable.gamma_method()
    seen = rgflow.tau_int(autoregression)
    assert abs(seen.value - observable.e_tauint["chain"]) < seen.error
    # Error of the mean by a jackknife over 100 blocks of 100 tau: itself known to 7 %.
    mean = rgflow.jackknife(lambda a: a, autoregression, blocks=100)
    assert mean.error == pytest.approx(observable.dvalue, rel=0.35)


def test_reweighting_is_that_of_pymbar():
    """MBAR of energies at two temperatures, read at a third: the same estimator from the same samples."""
    pymbar = needed("pymbar")
    T, to = [2.2, 2.4], 2.3
    ds = rgflow.sample(rgflow.Lattice("square", 8), T=T, n=1600, sampler="wolff", progress=False)
    energy = 64 * ds.energy.transpose("T", "draw", "chain").values.reshape(2, -1)
    u = np.array([energy.ravel() / t for t in [*T, to]])
    mbar = pymbar.MBAR(u, [energy.shape[1], energy.shape[1], 0])
    result = mbar.compute_expectations(energy.ravel() / 64)["mu"][2]
    seen = rgflow.rg.reweight(ds, T=to, progress=False).isel(T=0, field=0)
    # Ours is corrected for its bias by a jackknife.
    assert abs(float(seen.energy) - result) < 0.2 * float(seen.energy_error)


def test_free_energies_are_those_of_scikit_learn():
    from sklearn.datasets import load_digits
    from sklearn.neural_network import BernoulliRBM

    X = (load_digits().data / 16 > 0.5).astype(np.float32)
    theirs = BernoulliRBM(20, n_iter=3, random_state=1).fit(X)
    ours = rgflow.RBM(20, epochs=3, random_state=1).fit(X)
    theirs.components_ = ours.components_
    theirs.intercept_hidden_, theirs.intercept_visible_ = ours.intercept_hidden_, ours.intercept_visible_
    assert np.allclose(theirs._free_energy(X), ours.free_energy(X), rtol=1e-4, atol=1e-3)
    assert np.allclose(theirs.transform(X), ours.transform(X), atol=1e-5)


def test_files_are_read_by_safetensors(tmp_path):
    numpy = needed("safetensors.numpy")
    rbm = rgflow.RBM(3, epochs=1, random_state=1).fit(np.eye(8))
    rbm.save(tmp_path / "m.safetensors")
    found = numpy.load_file(tmp_path / "m.safetensors")
    assert np.array_equal(found["weights"].T, rbm.components_) and set(found) == {"weights", "visible_bias", "hidden_bias"}


def test_arviz_takes_the_samples():
    arviz = needed("arviz")
    ds = rgflow.sample(rgflow.Lattice("square", 8), T=[2.3], n=1600, sampler="wolff", progress=False)
    one = ds[["energy"]].isel(T=0)
    assert 0 < float(arviz.ess(one).energy) <= 2 * 1600 and float(arviz.rhat(one).energy) < 1.1
