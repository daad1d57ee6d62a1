"""RBMs: scikit-learn's own tests, the bytes of the command line, methods against exact sums."""

import json
import pickle
import subprocess
import sys

import numpy as np
import pytest
import rgflow


def tensors(path) -> dict[str, tuple]:
    """Type, shape and bytes of each tensor of a safetensors file."""
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    header.pop("__metadata__")
    data = content[8 + size :]
    return {name: (t["dtype"], t["shape"], data[slice(*t["data_offsets"])]) for name, t in header.items()}


@pytest.fixture(scope="module")
def spins():
    """Samples of the 4 x 4 torus at T = 2."""
    ds = rgflow.sample(rgflow.Lattice("square", 4), T=2.0, n=300, progress=False)
    return ds.spins.values.reshape(-1, 16)


SAMPLES = {
    "spins": (lambda s: s, "auto"),
    "bits": (lambda s: (s + 1) // 2, "auto"),
    "grey": (lambda s: (np.random.default_rng(1).random(s.shape) * (s > 0)).astype(np.float32), "auto"),
    "real": (lambda s: (np.random.default_rng(1).normal(size=s.shape) + s).astype(np.float32), "gaussian"),
}


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize(
    ("parameters", "flags"),
    [
        ({"n_hidden": 5, "epochs": 3}, ["machine.hidden=5", "training.epochs=3"]),
        (
            {"n_hidden": 30, "method": "pcd", "steps": 3, "learning_rate": 0.02, "batch_size": 50, "epochs": 4, "l2": 1e-3},
            ["machine.hidden=30", "training.method='pcd'", "training.steps=3", "training.learning_rate=0.02"]
            + ["training.batch=50", "training.epochs=4", "training.l2_weights=1e-3"],
        ),
    ],
)
def test_parameters_are_those_of_the_command_line(kind, parameters, flags, spins, command, tmp_path):
    make, units = SAMPLES[kind]
    X = make(spins)
    np.save(tmp_path / "X.npy", X)
    sets = [word for setting in [*flags, "data.test_fraction=0"] for word in ("--set", setting)]
    command("train", "rbm", tmp_path / "X.npy", "--units", units, *sets, "--seed", 7, "--out", tmp_path / "run")
    rbm = rgflow.RBM(**parameters, random_state=7).fit(X)
    rbm.save(tmp_path / "own.safetensors")
    theirs = tensors(tmp_path / "run/seed-7/rbm/model.safetensors")
    assert tensors(tmp_path / "own.safetensors") == theirs
    # The command's machine is the same estimator, and the other way round.
    loaded = rgflow.load(tmp_path / "run")
    assert np.array_equal(loaded.transform(X), rbm.transform(X)) and loaded.visible_ == rbm.visible_
    table = command("inspect", tmp_path / "own.safetensors")
    assert "16" in table and str(parameters["n_hidden"]) in table


def test_scikit_learns_own_checks():
    """All checks of scikit-learn but that of the array API, which is skipped where SciPy's is not switched on."""
    from sklearn.utils.estimator_checks import check_estimator

    checks = check_estimator(rgflow.RBM(n_hidden=4, epochs=2), on_skip=None, on_fail=None)
    by_status = {status: [c["check_name"] for c in checks if c["status"] == status] for status in ("failed", "skipped")}
    assert by_status["failed"] == []
    assert all("array_api" in name for name in by_status["skipped"]), by_status
    assert sum(check["status"] == "passed" for check in checks) >= 45


def test_methods_are_those_of_the_formulae(spins):
    rbm = rgflow.RBM(3, epochs=5, random_state=1).fit(spins)
    W, b, c = rbm.components_.T, rbm.intercept_visible_, rbm.intercept_hidden_
    v = spins[:50].astype(np.float64)
    field = v @ W + c
    assert np.allclose(rbm.transform(v), np.tanh(field), atol=1e-5)
    # Units are -1 and +1: sum over h of exp(h z) is 2 cosh z.
    free_energy = -(v @ b) - np.log(2 * np.cosh(field)).sum(1)
    assert np.allclose(rbm.free_energy(v), free_energy, atol=1e-4)
    assert np.array_equal(rbm.score_samples(v), -rbm.free_energy(v))
    h = np.sign(field)
    assert np.allclose(rbm.inverse_transform(h), np.tanh(h @ W.T + b), atol=1e-5)
    # All hidden states, then all visible ones in closed form.
    states = np.array(np.meshgrid(*[[-1, 1]] * 3)).reshape(3, -1).T
    ln_z = np.logaddexp.reduce(states @ c + np.log(2 * np.cosh(states @ W.T + b)).sum(1))
    low, value, high = rbm.ln_z()
    assert low == value == high == pytest.approx(ln_z, abs=1e-4)
    assert rbm.score_kind_ == "ln p" and rbm.score(v) == pytest.approx(-(free_energy + ln_z).mean(), abs=1e-4)
    annealed = rbm.ln_z("ais")
    assert annealed.low <= ln_z <= annealed.high and annealed.low < annealed.high


def test_large_machines_have_a_pseudo_likelihood(spins):
    wide = np.hstack([spins, spins])
    rbm = rgflow.RBM(30, epochs=2, random_state=1).fit(wide)
    assert rbm.score_kind_ == "pseudo-likelihood" and -np.log(2) < rbm.score(wide) < 0
    with pytest.raises(rgflow.SettingError, match="more than 25"):
        rbm.ln_z("exact")


def test_draws_follow_the_machine(spins):
    """Means of draws against means by enumeration; null: each is a mean of independent states. Seed 1, p > 1e-4."""
    hot = rgflow.sample(rgflow.Lattice("square", 4), T=4.0, n=300, progress=False).spins.values.reshape(-1, 16)
    rbm = rgflow.RBM(3, method="exact", epochs=100, random_state=1).fit(hot)
    W, b, c = (np.float64(part) for part in (rbm.components_.T, rbm.intercept_visible_, rbm.intercept_hidden_))
    states = np.array(np.meshgrid(*[[-1, 1]] * 3)).reshape(3, -1).T
    weights = states @ c + np.log(2 * np.cosh(states @ W.T + b)).sum(1)
    p = np.exp(weights - np.logaddexp.reduce(weights))
    mean = p @ np.tanh(states @ W.T + b)
    draws = rbm.sample(20_000, steps=200, random_state=1)
    assert set(np.unique(draws)) == {-1, 1} and draws.shape == (20_000, 16)
    error = np.sqrt((1 - mean**2) / len(draws))
    # Of 16 normal z none is above 4.5 but for p = 1.1e-4.
    assert np.all(np.abs(draws.mean(0) - mean) < 4.6 * error)
    assert np.array_equal(draws, rbm.sample(20_000, steps=200, random_state=1))
    clamp = np.full(16, np.nan)
    clamp[:8] = 1
    given = rbm.sample(500, clamp=clamp, steps=100, random_state=1)
    assert np.all(given[:, :8] == 1) and 0 < np.mean(given[:, 8:] == 1) < 1
    # Those beside eight spins up are rather up than down.
    assert given[:, 8:].mean() > mean[8:].mean() + 0.1
    once = rbm.gibbs(spins, random_state=3)
    assert once.shape == spins.shape and set(np.unique(once)) == {-1, 1}


def test_pickle_and_clone(spins, tmp_path):
    from sklearn.base import clone

    rbm = rgflow.RBM(5, epochs=2, random_state=3).fit(spins)
    same = pickle.loads(pickle.dumps(rbm))
    assert same.get_params() == rbm.get_params() and np.array_equal(same.transform(spins), rbm.transform(spins))
    rbm.save(tmp_path / "a.safetensors")
    same.save(tmp_path / "b.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    # The pickle holds the bytes of the model file.
    assert (tmp_path / "a.safetensors").read_bytes() in pickle.dumps(rbm)
    again = clone(rbm).fit(spins)
    again.save(tmp_path / "c.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "c.safetensors").read_bytes()
    np.random.seed(5)
    first = rgflow.RBM(2, epochs=1).fit(spins)
    np.random.seed(5)
    second = rgflow.RBM(2, epochs=1).fit(spins)
    third = rgflow.RBM(2, epochs=1).fit(spins)
    assert first.seed_ == second.seed_ != third.seed_


def test_arrays_of_any_kind(spins, tmp_path):
    pd = pytest.importorskip("pandas")
    rbm = rgflow.RBM(4, epochs=2, random_state=1).fit(spins)
    bits = rgflow.RBM(4, epochs=2, random_state=1).fit(spins > 0)
    assert bits.visible_ == "binary"
    readonly = spins.copy()
    readonly.setflags(write=False)
    np.save(tmp_path / "s.npy", spins)
    for X in [readonly, np.asfortranarray(spins), np.load(tmp_path / "s.npy", mmap_mode="r"), spins.astype(int)]:
        assert np.array_equal(rgflow.RBM(4, epochs=2, random_state=1).fit(X).components_, rbm.components_)
    assert rbm.transform(spins.astype(np.float64)).dtype == np.float64
    assert rbm.transform(spins.astype(np.float32)).dtype == rbm.transform(spins).dtype == np.float32
    frame = pd.DataFrame(spins, columns=[f"s{i}" for i in range(16)])
    named = rgflow.RBM(4, epochs=20, random_state=1).set_output(transform="pandas").fit(frame)
    assert list(named.transform(frame).columns) == ["rbm0", "rbm1", "rbm2", "rbm3"]
    assert list(named.history_.columns) == ["epoch", "update", "reconstruction", "weight_square", "log_likelihood"]
    assert named.history_.log_likelihood.count() == 10 and "log_likelihood" not in rbm.history_


def test_packed_samples_are_the_samples(spins):
    bits = (spins > 0).astype(np.uint8)
    for X, kind in [(spins, "spin"), (bits, "binary"), (bits.astype(bool), "binary")]:
        packed = rgflow.Packed.of(X)
        assert packed.bits.nbytes < X.nbytes / 6
        rbm, same = (rgflow.RBM(5, epochs=2, random_state=1).fit(samples) for samples in (X, packed))
        assert rbm.visible_ == same.visible_ == kind
        assert np.array_equal(rbm.components_, same.components_)
        assert np.array_equal(rbm.free_energy(X), rbm.free_energy(packed))
        assert np.array_equal(rbm.transform(X.astype(np.float32)), rbm.transform(packed))
    with pytest.raises(rgflow.DataError, match="features"):
        rbm.transform(rgflow.Packed(packed.bits, spins.shape[1] - 1))
    with pytest.raises(rgflow.DataError, match="uint8"):
        rgflow.Packed(packed.bits, spins.shape[1] + 8)
    with pytest.raises(rgflow.DataError, match="-1, 1 or 0, 1"):
        rgflow.Packed.of(2 * spins)


def test_pipelines_and_grid_search(spins):
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline

    hot = rgflow.sample(rgflow.Lattice("square", 4), T=5.0, n=300, progress=False).spins.values.reshape(-1, 16)
    X, y = np.vstack([spins, hot]), np.repeat([0, 1], 300)
    pipe = make_pipeline(rgflow.RBM(8, epochs=5, random_state=0, threads=1), LogisticRegression(max_iter=500))
    search = GridSearchCV(pipe, {"rbm__n_hidden": [2, 8]}, n_jobs=2, cv=3).fit(X, y)
    serial = GridSearchCV(pipe, {"rbm__n_hidden": [2, 8]}, cv=3).fit(X, y)
    assert np.array_equal(search.cv_results_["mean_test_score"], serial.cv_results_["mean_test_score"])


def test_partial_fit_goes_on(spins):
    rbm = rgflow.RBM(4, random_state=1)
    for batch in np.array_split(spins, 3):
        rbm.partial_fit(batch)
    assert rbm.n_iter_ == 3 and rbm.visible_ == "spin" and len(rbm.history_) == 3
    many = rgflow.RBM(8, random_state=1, learning_rate=0.1)
    costs = []
    for _ in range(40):
        costs.append(many.partial_fit(spins).history_.reconstruction.iloc[-1])
    assert costs[-1] < 0.8 * costs[0]
    # The first batch decides on the units, unless they are named; what is no state of them is refused.
    up, down = np.ones((20, 4)), -np.ones((20, 4))
    assert rgflow.RBM(4, random_state=1).partial_fit(up).visible_ == "binary"
    spin = rgflow.RBM(4, visible="spin", random_state=1).partial_fit(up).partial_fit(down)
    assert spin.visible_ == "spin"
    with pytest.raises(rgflow.DataError, match="holds 0.5; the machine's visible units are spin"):
        spin.partial_fit(0.5 * up)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"n_hidden": 0}, "machine.hidden = 0"),
        ({"method": "newton"}, "training.method"),
        ({"visible": "sideways"}, "machine.units"),
        ({"optimiser": "newton"}, "training.optimiser"),
        ({"learning_rate": -1.0}, "learning_rate = -1.0"),
        ({"epochs": 0}, "epochs = 0"),
        ({"batch_size": 0}, "training.batch = 0"),
        ({"random_state": -1}, "random_state = -1"),
        ({"random_state": "seven"}, "'seven'"),
    ],
)
def test_settings_that_cannot_be_are_named(parameters, words, spins):
    with pytest.raises(rgflow.SettingError, match=words):
        rgflow.RBM(**{"n_hidden": 2, **parameters}).fit(spins)


def test_data_that_cannot_be_are_named(spins, tmp_path):
    rbm = rgflow.RBM(2, epochs=1).fit(spins)
    wrong = spins.astype(np.float32)
    wrong[7, 3] = 0
    with pytest.raises(rgflow.DataError, match="row 8, column 4 is 0 among -1 and"):
        rbm.transform(wrong)
    with pytest.raises(rgflow.DataError, match="3 in row 1, column 1: the values are neither spins"):
        rgflow.RBM(2, visible="spin").fit(3 * wrong)
    with pytest.raises(rgflow.FileError, match="nothing.safetensors"):
        rgflow.load(tmp_path / "nothing.safetensors")
    (tmp_path / "damaged.safetensors").write_bytes(b"no model")
    with pytest.raises(rgflow.FileError, match="damaged.safetensors"):
        rgflow.load(tmp_path / "damaged.safetensors")
    with pytest.raises(rgflow.FileError):
        rbm.save(tmp_path / "damaged.safetensors/x")
    with pytest.raises(ValueError, match="not fitted"):
        rgflow.RBM().transform(spins)


def test_without_scikit_learn(tmp_path):
    """Fit and transform in an interpreter that finds neither scikit-learn nor pandas nor xarray."""
    script = """
import sys
for name in ("sklearn", "pandas", "xarray", "tqdm", "matplotlib"):
    sys.modules[name] = None
import numpy as np, rgflow
X = np.where(np.random.default_rng(1).random((50, 6)) < 0.5, -1, 1)
rbm = rgflow.RBM(3, epochs=2, random_state=1)
assert rbm.fit_transform(X).shape == (50, 3) and rbm.set_params(n_hidden=2).get_params()["n_hidden"] == 2
try:
    rbm.history_
except ImportError as error:
    assert 'pip install "rgflow[data]"' in str(error), error
try:
    rgflow.sample(rgflow.Lattice(), T=1.0)
except ImportError as error:
    assert 'pip install "rgflow[data]"' in str(error), error
try:
    rbm.transform(X[:, :2])
except ValueError as error:
    assert "2 features" in str(error)
try:
    rgflow.RBM().transform(X)
except ValueError as error:
    print("done")
"""
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout == "done\n"
