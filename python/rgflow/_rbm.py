"""Restricted Boltzmann machines as an estimator of scikit-learn."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from . import _rgflow
from ._errors import DataError, SettingError, raise_stopped
from ._estimator import Transformer, check_fitted, checked, given
from ._extras import need
from ._how import how
from ._packed import Packed, Samples
from ._random import seed_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RBM", "Bracket"]


class Bracket(NamedTuple):
    """ln Z in nats with the ends of its 95 % interval; of enumeration all three are one."""

    low: float
    value: float
    high: float


class RBM(Transformer):
    """A restricted Boltzmann machine: units in two layers, p(v, h) = exp(-H(v, h))/Z, H = -b v - c h - v W h.

    Trained as by ``rgflow train rbm --set data.test_fraction=0``: the same settings and seed give the same parameters,
    to the last bit, for any number of threads. None leaves a setting to the method, as on the command line.

    n_hidden: hidden units, 1 to 10000.
    visible: "spin" {-1, +1}, "binary" {0, 1} and grey levels in [0, 1], "gaussian" (standardised for the training),
        "gaussian:SIGMA", "categorical:STATES" or "LOW,HIGH". "auto" looks at the first data: spins, else binary,
        else Gaussian; later data are checked against it (``visible_``).
    hidden: kind of the hidden units; "auto" is that of two-valued visible ones, else binary.
    method: "cd" (chains start at the data), "pcd" (they go on), "tempering", "trajectory", "mean-field" or "exact".
    steps: Gibbs steps of the negative phase; None is 2 of "pcd", else 1.
    learning_rate: None is 0.1 where chains go on, without Gaussian units, else 0.05.
    batch_size: samples in a mini-batch.
    epochs: passes through the data; None is 100 where chains go on (and at least 10000 updates), else 50.
    optimiser: "sgd", "momentum" or "adam".
    l1, l2: strengths of the penalties |w| and w**2/2.
    centred: whether to follow the centred gradient.
    random_state: seed, a generator of NumPy, or None (NumPy's global generator).
    threads: number of threads, else RGFLOW_THREADS, else all.
    verbose: whether to draw a bar.

    Attributes after ``fit``: ``components_`` (n_hidden, n_features), ``intercept_visible_``, ``intercept_hidden_``,
    ``visible_`` and ``hidden_`` (kinds of units), ``n_iter_`` (epochs), ``seed_``, ``n_features_in_``, and ``history_``,
    a DataFrame of the evaluations.

    >>> import numpy as np
    >>> X = np.repeat([[1, 1, 1, 1], [-1, -1, -1, -1]], 100, axis=0).astype(np.int8)
    >>> rbm = RBM(2, epochs=20, random_state=1).fit(X)
    >>> rbm.visible_, rbm.transform(X).shape, rbm.score(X) > rbm.score(X * [1, -1, 1, -1])
    ('spin', (200, 2), True)
    """

    machine_: _rgflow.Machine
    seed_: int
    n_iter_: int
    visible_: str
    hidden_: str
    components_: npt.NDArray[np.float32]
    intercept_visible_: npt.NDArray[np.float32]
    intercept_hidden_: npt.NDArray[np.float32]
    _history: list[dict[str, float]]

    def __init__(
        self,
        n_hidden: int = 100,
        *,
        visible: str = "auto",
        hidden: str = "auto",
        method: str = "cd",
        steps: int | None = None,
        learning_rate: float | None = None,
        batch_size: int = 100,
        epochs: int | None = None,
        optimiser: str = "sgd",
        l1: float = 0.0,
        l2: float = 0.0,
        centred: bool = False,
        random_state: Any = None,
        threads: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.n_hidden = n_hidden
        self.visible = visible
        self.hidden = hidden
        self.method = method
        self.steps = steps
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.epochs = epochs
        self.optimiser = optimiser
        self.l1 = l1
        self.l2 = l2
        self.centred = centred
        self.random_state = random_state
        self.threads = threads
        self.verbose = verbose

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    # Training.

    def _settings(self, visible: str, epochs: int | None) -> list[str]:
        """The parameters as settings of ``rgflow train rbm``."""
        chosen: dict[str, Any] = {
            "data.test_fraction": 0,
            "machine.hidden": self.n_hidden,
            "machine.units": visible,
            "machine.hidden_units": self.hidden,
            "training.method": self.method,
            "training.steps": self.steps,
            "training.learning_rate": self.learning_rate,
            "training.batch": self.batch_size,
            "training.epochs": epochs,
            "training.optimiser": self.optimiser,
            "training.l1_weights": self.l1,
            "training.l2_weights": self.l2,
            "training.centred": bool(self.centred),
        }
        for name, key in [("steps", "training.steps"), ("learning_rate", "training.learning_rate")]:
            value = chosen[key]
            if value is not None and not value > 0:
                raise SettingError(f"{name} = {value}: must be above 0, or None")
        if epochs is not None and not epochs > 0:
            raise SettingError(f"epochs = {epochs}: must be at least 1, or None")
        plain = {key: value.item() if isinstance(value, np.generic) else value for key, value in chosen.items()}
        # JSON's words, numbers and truth values are TOML's.
        return [f"{key}={json.dumps(value)}" for key, value in plain.items() if value is not None]

    def fit(self, X: npt.ArrayLike | Packed, y: Any = None) -> RBM:
        """Trains a new machine on the samples, shape (n, features).

        Takes spins, bits, grey levels or any finite numbers, of any type and order; ``Packed`` ones take the least memory.

        Raises DataError for values that the units cannot have, SettingError for parameters that cannot be,
        RuntimeError where the training diverges; after Ctrl-C Interrupted, and the machine is that of the updates so far.
        """
        samples = given(checked(self, X, reset=True))
        visible = kind_of(samples) if self.visible == "auto" else str(self.visible)
        self._calls = 0
        return self._train(samples, self._settings(visible, self.epochs), None, seed_of(self.random_state))

    def partial_fit(self, X: npt.ArrayLike | Packed, y: Any = None) -> RBM:
        """Goes on with one pass through the samples: an update for each full mini-batch, at least one.

        The first call makes the machine and fixes the kind of its units; name it by ``visible=`` if the first batch may
        not show it. Chains that go on begin at the samples of each call.

        Raises as ``fit``.
        """
        if not hasattr(self, "machine_"):
            samples = given(checked(self, X, reset=True))
            self._calls = 0
            kind = kind_of(samples) if self.visible == "auto" else str(self.visible)
            return self._train(samples, self._settings(kind, 1), None, seed_of(self.random_state))
        samples = given(checked(self, X, reset=False))
        self._calls += 1
        settings = [line for line in self._settings("auto", 1) if not line.startswith("machine.hidden_units")]
        return self._train(samples, settings, self.machine_, (self.seed_ + self._calls) % 2**64)

    def _train(self, samples: Samples, settings: list[str], begin: _rgflow.Machine | None, seed: int) -> RBM:
        with how("train rbm", self.threads, bool(self.verbose)) as told:
            found = _rgflow.train_rbm(samples, settings, begin, seed, told)
        if begin is None:
            self.seed_ = seed
        self._take(found["machine"])
        lines = [json.loads(line) for line in found["metrics"].splitlines()]
        self._history = lines if begin is None else self._history + lines
        self.n_iter_ = int(round(lines[-1]["epoch"])) if lines else 0
        if begin is not None:
            self.n_iter_ = self._calls + 1
        if found["raised"] is not None:
            raise_stopped(found["raised"], self, f"the machine is that of {self.n_iter_} epochs")
        return self

    def _take(self, machine: _rgflow.Machine) -> None:
        self.machine_ = machine
        self.visible_, self.hidden_ = machine.units
        # Many sigma say what the data are.
        self.visible_ = "gaussian" if self.visible_.startswith("gaussian:") and "," in self.visible_ else self.visible_
        self.components_ = machine.weights.T
        self.intercept_visible_ = machine.visible_bias
        self.intercept_hidden_ = machine.hidden_bias
        self._n_features_out = self.components_.shape[0]

    @property
    def history_(self) -> pd.DataFrame:
        """Evaluations of the training, a row each: epoch, update, reconstruction cost per sample, mean squared weight, and,
        ten times in at least ten epochs, ln p of the samples in nats where ln Z can be enumerated."""
        check_fitted(self, "machine_")
        names = {"test_reconstruction": "reconstruction", "test_log_likelihood": "log_likelihood"}
        table = need("pandas", "data", "RBM.history_").DataFrame(self._history).rename(columns=names)
        columns = ["epoch", "update", "reconstruction", "weight_square", "log_likelihood"]
        return table[[name for name in columns if name in table]]

    # What the machine makes of samples.

    def _samples(self, X: npt.ArrayLike | Packed) -> tuple[Samples, type]:
        check_fitted(self, "machine_")
        array = checked(self, X, reset=False)
        return given(array), np.float64 if array.dtype == np.float64 else np.float32

    def transform(self, X: npt.ArrayLike | Packed) -> np.ndarray:
        """Expectations of the hidden units given the samples, shape (n, n_hidden): P(h = 1 | v) of binary ones.

        The type is that of float64 and float32 samples, else float32. Raises DataError for values that the units cannot
        have.
        """
        samples, dtype = self._samples(X)
        return self.machine_.hidden_mean(samples).astype(dtype, copy=False)

    def inverse_transform(self, H: npt.ArrayLike) -> np.ndarray:
        """Expectations of the visible units given hidden ones, shape (n, n_hidden) to (n, features)."""
        check_fitted(self, "machine_")
        hidden = np.asarray(H)
        if hidden.ndim != 2:
            raise DataError(f"hidden units of the shape {hidden.shape}: must be (n, n_hidden)")
        found = self.machine_.visible_mean(np.ascontiguousarray(hidden, dtype=np.float32))
        return found.astype(np.float64 if hidden.dtype == np.float64 else np.float32, copy=False)

    def free_energy(self, X: npt.ArrayLike | Packed) -> np.ndarray:
        """F(v) = -ln sum over h of exp(-H(v, h)) of each sample in k_B T, shape (n,): exact."""
        samples, _ = self._samples(X)
        with how("free energy", self.threads, False) as told:
            return self.machine_.free_energy(samples, told)

    def score_samples(self, X: npt.ArrayLike | Packed) -> np.ndarray:
        """-F(v) of each sample: ln p(v) + ln Z, exact (scikit-learn's BernoulliRBM has a random pseudo-likelihood)."""
        return -self.free_energy(X)

    @property
    def score_kind_(self) -> str:
        """What ``score`` is for samples that are states: "ln p" or "pseudo-likelihood"."""
        check_fitted(self, "machine_")
        return "ln p" if self.machine_.has_exact_ln_z else "pseudo-likelihood"

    def score(self, X: npt.ArrayLike | Packed, y: Any = None) -> float:
        """Mean ln p per sample in nats where ln Z can be summed (a layer of at most 25 units), else the mean
        pseudo-likelihood per unit, sum of ln p(v_i | others)/n; see ``score_kind_``.

        Grey levels are means, not states, and have neither: minus the reconstruction cost, sum (v - v')**2/2.
        """
        samples, _ = self._samples(X)
        units = self.visible_
        if units == "binary" and samples.dtype != np.int8 and not np.all((samples == 0) | (samples == 1)):
            return -float(self.machine_.reconstruction_cost(samples))
        with how("score", self.threads, False) as told:
            if self.machine_.has_exact_ln_z:
                ln_z = self._ln_z(False, told)[0]
                return float(-self.machine_.free_energy(samples, told).mean() - ln_z)
            values, terms = self.machine_.pseudo_likelihoods(samples, told)
        return float(values.mean() / terms)

    def _ln_z(self, anneal: bool, told: Any) -> tuple[float, float, float]:
        """ln Z with its interval, once for each machine and method."""
        machine, method, known = getattr(self, "_known", (None, False, (0.0, 0.0, 0.0)))
        if machine is not self.machine_ or method != anneal:
            known = self.machine_.ln_z(anneal, self.seed_, told)[:3]
            self._known = (self.machine_, anneal, known)
        return known

    def ln_z(self, method: str = "auto") -> Bracket:
        """ln Z, Z = sum of exp(-H), with its 95 % interval.

        method: "exact" sums over a layer of at most 25 units; "ais" anneals from both directions; "auto" takes what
        can be.

        Raises SettingError for another name, and for "exact" where both layers are too large; RuntimeError where
        annealing gives nothing that could be believed.
        """
        check_fitted(self, "machine_")
        if method not in ("auto", "exact", "ais"):
            raise SettingError(f"method = {method!r}: must be 'auto', 'exact' or 'ais'")
        if method == "exact" and not self.machine_.has_exact_ln_z:
            raise SettingError("method = 'exact': both layers have more than 25 units; take 'ais'")
        with how("ln Z", self.threads, bool(self.verbose)) as told:
            value, low, high = self._ln_z(method == "ais", told)
        return Bracket(low, value, high)

    # What the machine makes by itself.

    def gibbs(self, X: npt.ArrayLike | Packed, *, steps: int = 1, random_state: Any = None) -> np.ndarray:
        """Visible units after so many Gibbs steps v -> h -> v from the samples, shape (n, features)."""
        samples, dtype = self._samples(X)
        return self._walk(samples, steps, random_state).astype(dtype, copy=False)

    def _walk(self, start: Samples | int, steps: int, random_state: Any) -> np.ndarray:
        if steps < 1:
            raise SettingError(f"steps = {steps}: must be at least 1")
        seed = seed_of(self.random_state if random_state is None else random_state)
        with how("Gibbs chains", self.threads, bool(self.verbose)) as told:
            return self.machine_.gibbs(start, steps, seed, told)

    def sample(
        self,
        n: int = 1,
        *,
        steps: int = 1000,
        start: npt.ArrayLike | Packed | None = None,
        clamp: npt.ArrayLike | None = None,
        random_state: Any = None,
    ) -> np.ndarray:
        """Draws visible states, shape (n, features), float32: each the end of a Gibbs chain of its own.

        steps: steps v -> h -> v of each chain; compare with the memory of the machine.
        start: states to begin with, shape (n, features); None begins with what the biases alone give.
        clamp: values of visible units that are kept, shape (features,) or (n, features); NaN marks those to draw.
        random_state: seed or generator; None is that of the machine.

        Raises DataError for values or shapes that cannot be, SettingError for numbers below 1.
        """
        check_fitted(self, "machine_")
        if n < 1:
            raise SettingError(f"n = {n}: must be at least 1")
        if clamp is None:
            if start is None:
                return self._walk(n, steps, random_state)
            states = given(checked(self, start, reset=False))
            if len(states) != n:
                raise DataError(f"start has {len(states)} rows for n = {n} chains: give one for each")
            return self._walk(states, steps, random_state)
        if start is not None:
            raise SettingError("start and clamp are both given: chains with clamped units begin by themselves")
        if steps < 1:
            raise SettingError(f"steps = {steps}: must be at least 1")
        known = np.asarray(clamp, dtype=np.float32)
        if known.shape not in ((self.n_features_in_,), (n, self.n_features_in_)):
            raise DataError(f"clamp of the shape {known.shape}: must be ({self.n_features_in_},) or (n, features)")
        known = np.ascontiguousarray(np.broadcast_to(known, (n, self.n_features_in_)))
        seed = seed_of(self.random_state if random_state is None else random_state)
        with how("clamped chains", self.threads, bool(self.verbose)) as told:
            return self.machine_.complete(known, steps, seed, told)

    # Files.

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the machine as a ``.safetensors`` file, which the command ``rgflow`` reads too.

        Raises FileError if it cannot be written.
        """
        check_fitted(self, "machine_")
        self.machine_.save(os.fspath(path))


def kind_of(samples: Samples) -> str:
    """Kind of visible units that the samples show: spins, else bits or grey levels, else real numbers."""
    if isinstance(samples, Packed):
        return "spin" if samples.spins else "binary"
    low, high = samples.min(), samples.max()
    if low >= -1 and high <= 1 and bool(np.all(np.abs(samples) == 1)) and low < 0:
        return "spin"
    return "binary" if low >= 0 and high <= 1 else "gaussian"


def rbm_of(machine: _rgflow.Machine) -> RBM:
    """An estimator with a machine of a file."""
    visible, hidden = machine.units
    rbm = RBM(machine.weights.shape[1], visible=visible, hidden=hidden)
    rbm.n_features_in_ = machine.weights.shape[0]
    rbm.seed_, rbm.n_iter_, rbm._history, rbm._calls = 0, 0, [], 0
    rbm._take(machine)
    return rbm
