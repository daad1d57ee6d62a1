"""Networks that read temperatures from configurations, as estimators of scikit-learn."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _rgflow
from ._errors import DataError, SamplingWarning
from ._estimator import Classifier, check_fitted, checked, given
from ._how import how
from ._packed import Packed, Samples
from ._random import seed_of
from ._value import Value

__all__ = ["Thermometer", "t_star"]


def t_star(star: tuple[float, float, float, float, str], n: float) -> Value:
    """T* as a Value whose note says an interval, or "not thermal"."""
    value, error, _, _, note = star
    return Value(value, error, n, "J/k_B", note)


class Thermometer(Classifier):
    """A perceptron whose outputs are temperatures: P(T | configuration), and T* of a collection.

    Trained as by ``rgflow train thermometer`` with the same settings and seed. A fifth of the samples of each temperature
    stops the training, another one gives the reference curves.

    hidden: units of each hidden layer.
    epochs: passes through the data at most. patience: epochs without a new optimum before it stops; 0 is never.
    learning_rate, batch_size: of Adam.
    random_state, threads, verbose: as for ``RBM``.

    After ``fit``: ``classes_`` (the temperatures), ``findings_`` (accuracy and cross-entropy of the test set ...).
    """

    network_: _rgflow.Network
    classes_: npt.NDArray[np.float64]

    def __init__(
        self,
        hidden: Sequence[int] = (64,),
        *,
        epochs: int = 100,
        patience: int = 8,
        learning_rate: float = 1e-3,
        batch_size: int = 100,
        random_state: Any = None,
        threads: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.hidden = hidden
        self.epochs = epochs
        self.patience = patience
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.random_state = random_state
        self.threads = threads
        self.verbose = verbose

    def fit(self, X: npt.ArrayLike | Packed, T: npt.ArrayLike) -> Thermometer:
        """Trains the network on samples, shape (n, features), of the temperatures ``T``, shape (n,), in J/k_B.

        At least two temperatures, of at least 30 samples each. Warns with SamplingWarning where the network has learnt
        nothing. Raises DataError for data and SettingError for parameters
        that cannot be.
        """
        samples = given(checked(self, X, reset=True))
        labels = np.ascontiguousarray(T, dtype=np.float64)
        if labels.shape != (len(samples),):
            raise DataError(f"T of the shape {labels.shape} for {len(samples)} samples: give one for each")
        settings = {
            "network.hidden": [int(units) for units in self.hidden],
            "training.epochs": int(self.epochs),
            "training.patience": int(self.patience),
            "training.learning_rate": float(self.learning_rate),
            "training.batch": int(self.batch_size),
        }
        lines = [f"{key}={json.dumps(value)}" for key, value in settings.items()]
        self.seed_ = seed_of(self.random_state)
        with how("train thermometer", self.threads, bool(self.verbose)) as told:
            found = _rgflow.train_thermometer(samples, labels, True, lines, self.seed_, told)
        self.findings_ = json.loads(found["findings"])
        self._take(found["network"])
        if found["warning"] is not None:
            warnings.warn(found["warning"], SamplingWarning, stacklevel=2)
        return self

    def _take(self, network: _rgflow.Network) -> None:
        self.network_ = network
        self.n_features_in_, outputs = network.shape
        self.classes_ = np.array(outputs)

    def _samples(self, X: npt.ArrayLike | Packed) -> Samples:
        check_fitted(self, "network_")
        return given(checked(self, X, reset=False))

    def predict_proba(self, X: npt.ArrayLike | Packed) -> np.ndarray:
        """P(T | sample), shape (n, temperatures), float32; the columns are those of ``classes_``."""
        return self.network_.probabilities(self._samples(X))

    def predict(self, X: npt.ArrayLike | Packed) -> np.ndarray:
        """The most probable temperature of each sample, shape (n,)."""
        found: np.ndarray = self.classes_[self.predict_proba(X).argmax(1)]
        return found

    def temperature(self, X: npt.ArrayLike | Packed) -> Value:
        """T* of a collection of samples: argmin over T of KL(P_collection || P_ref(T)), in J/k_B.

        The error is over blocks of ten samples, by bootstrap. ``note`` says an interval where T* is at an edge of the
        temperatures or neighbours cannot be told apart, and "not thermal" where a thermal collection of that size leaves
        so large a KL with p < 1 %.
        """
        samples = self._samples(X)
        with how("temperature", self.threads, False) as told:
            star = self.network_.t_star(samples, told)
        return t_star(star, float(len(samples)))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the network as a ``.safetensors`` file, which the command ``rgflow`` reads too.

        Raises FileError if it cannot be written.
        """
        check_fitted(self, "network_")
        self.network_.save(os.fspath(path))


def thermometer_of(network: _rgflow.Network) -> Thermometer:
    """An estimator with a network of a file."""
    thermometer = Thermometer()
    thermometer.seed_, thermometer.findings_ = 0, {}
    thermometer._take(network)
    return thermometer
