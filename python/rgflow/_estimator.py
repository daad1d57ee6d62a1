"""Base classes of estimators: those of scikit-learn where it is installed, else small ones of the same calls."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ._errors import DataError
from ._extras import need
from ._packed import Packed, Samples

_WHOLE = (np.dtype(np.int8), np.dtype(np.bool_))
_REAL = (np.dtype(np.float32), np.dtype(np.float64))

if TYPE_CHECKING:

    class Estimator:
        """What all estimators have."""

        n_features_in_: int

        def get_params(self, deep: bool = True) -> dict[str, Any]: ...
        def set_params(self, **params: Any) -> Any: ...

    class Transformer(Estimator):
        """What transformers have."""

        def fit_transform(self, X: npt.ArrayLike, y: Any = None, **params: Any) -> np.ndarray: ...
        def set_output(self, *, transform: str | None = None) -> Any: ...
        def get_feature_names_out(self, input_features: Any = None) -> np.ndarray: ...

    class Classifier(Estimator):
        """What classifiers have."""

else:
    try:
        from sklearn.base import (
            BaseEstimator,
            ClassifierMixin,
            ClassNamePrefixFeaturesOutMixin,
            TransformerMixin,
        )

        class Estimator(BaseEstimator):
            pass

        class Transformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Estimator):
            pass

        class Classifier(ClassifierMixin, Estimator):
            pass

    except ImportError:

        class Estimator:
            @classmethod
            def _names(cls):
                return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

            def get_params(self, deep=True):
                return {name: getattr(self, name) for name in self._names()}

            def set_params(self, **params):
                for name, value in params.items():
                    if name not in self._names():
                        raise ValueError(f"{name!r} is no parameter of {type(self).__name__}; there are {self._names()}")
                    setattr(self, name, value)
                return self

            def __repr__(self):
                given = ", ".join(f"{name}={value!r}" for name, value in self.get_params().items())
                return f"{type(self).__name__}({given})"

        class Transformer(Estimator):
            def set_output(self, *, transform=None):
                need("sklearn", "sklearn", f"{type(self).__name__}.set_output")

            def get_feature_names_out(self, input_features=None):
                need("sklearn", "sklearn", f"{type(self).__name__}.get_feature_names_out")

            def fit_transform(self, X, y=None, **params):
                return self.fit(X, y, **params).transform(X)

        class Classifier(Estimator):
            def score(self, X, y):
                need("sklearn", "sklearn", f"{type(self).__name__}.score")


class NotFitted(ValueError, AttributeError):
    """The estimator has no machine yet: call ``fit``."""


def check_fitted(estimator: Any, attribute: str) -> None:
    """Raises scikit-learn's NotFittedError, or one like it, where ``attribute`` is missing."""
    if hasattr(estimator, attribute):
        return
    try:
        from sklearn.exceptions import NotFittedError as error
    except ImportError:
        error = NotFitted
    raise error(f"This {type(estimator).__name__} instance is not fitted yet: call `fit` before this method.")


def checked(estimator: Any, X: npt.ArrayLike | Packed, *, reset: bool) -> np.ndarray | Packed:
    """The samples as an array of shape (n, features) of finite numbers; ``reset`` learns the number of features."""
    if isinstance(X, Packed):
        if reset:
            estimator.n_features_in_ = X.n_features
        _same_width(estimator, X.n_features)
        return X
    if not reset and isinstance(X, np.ndarray) and _plain(estimator, X):
        return X
    try:
        from sklearn.utils.validation import validate_data
    except ImportError:
        return _checked(estimator, X, reset)
    return np.asarray(validate_data(estimator, X, reset=reset, dtype="numeric"))


def _plain(estimator: Any, X: np.ndarray) -> bool:
    """Whether X is an array that passes every check; scikit-learn's own take longer than a small call."""
    return (
        type(X) is np.ndarray
        and X.ndim == 2
        and len(X) > 0
        and X.shape[1] == estimator.n_features_in_
        and not hasattr(estimator, "feature_names_in_")
        and (X.dtype in _WHOLE or (X.dtype in _REAL and bool(np.isfinite(X).all())))
    )


def _checked(estimator: Any, X: npt.ArrayLike, reset: bool) -> np.ndarray:
    array = np.asarray(X)
    if array.ndim != 2 or array.size == 0:
        raise DataError(f"samples of the shape {array.shape}: must be (n, features), not empty")
    if array.dtype.kind not in "biuf":
        raise DataError(f"samples of the type {array.dtype}: must be numbers")
    if not np.all(np.isfinite(array)):
        raise DataError("samples hold NaN or infinity: must be finite numbers")
    if reset:
        estimator.n_features_in_ = array.shape[1]
    _same_width(estimator, array.shape[1])
    return array


def _same_width(estimator: Any, found: int) -> None:
    name, known = type(estimator).__name__, estimator.n_features_in_
    if found != known:
        raise DataError(f"X has {found} features, but {name} is expecting {known} features as input")


def given(array: np.ndarray | Packed) -> Samples:
    """Samples as the extension module takes them: int8 where that holds them, else float32; contiguous rows.

    Read-only, int8 and packed arrays are not copied.
    """
    if isinstance(array, Packed):
        return array
    if array.dtype == np.bool_:
        return np.ascontiguousarray(array).view(np.int8)
    if array.dtype.kind in "iu" and (array.dtype == np.int8 or (array.min() >= -128 and array.max() <= 127)):
        return np.ascontiguousarray(array, dtype=np.int8)
    if array.dtype == np.float32:
        return np.ascontiguousarray(array)
    with np.errstate(over="ignore"):
        values = np.ascontiguousarray(array, dtype=np.float32)
    if array.dtype.kind == "f" and not np.all(np.isfinite(values)):
        raise DataError("samples hold values beyond single precision (3.4e38): scale them down")
    return values
