"""Samples of two values, eight to a byte."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ._rgflow import DataError

__all__ = ["Packed", "Samples"]


@dataclass(frozen=True, eq=False)
class Packed:
    """Samples whose units have two values, eight to a byte as ``numpy.packbits(..., axis=-1, bitorder="little")`` packs
    them: an eighth of the memory of int8. Estimators take it wherever they take samples.

    bits: uint8, shape (n, ceil(n_features/8)); the unit i is the bit i % 8 of the byte i // 8.
    n_features: units of a sample.
    spins: whether the bits 0 and 1 are the spins -1 and +1; else they are 0 and 1.

    Raises DataError for another type or shape.

    >>> X = np.array([[1, -1, -1, 1, 1, 1, -1, -1, 1]], dtype=np.int8)
    >>> packed = Packed.of(X)
    >>> packed.bits.shape, packed.spins, bool((np.asarray(packed) == X).all())
    ((1, 2), True, True)
    """

    bits: npt.NDArray[np.uint8]
    n_features: int
    spins: bool = True

    def __post_init__(self) -> None:
        bits = np.asarray(self.bits)
        width = (self.n_features + 7) // 8
        if bits.dtype != np.uint8 or bits.ndim != 2 or self.n_features < 1 or bits.shape[1] != width:
            raise DataError(
                f"bits of the type {bits.dtype} and the shape {bits.shape} for {self.n_features} features: "
                f"must be uint8 of the shape (n, {max(width, 1)})"
            )

    @classmethod
    def of(cls, X: npt.ArrayLike) -> Packed:
        """Packs samples of spins -1 and +1, of bits 0 and 1, or of truth values. Raises DataError for others."""
        array = np.asarray(X)
        spins = bool(array.size) and array.dtype != np.bool_ and array.min() < 0
        if array.ndim != 2 or not np.isin(array, [-1, 1] if spins else [0, 1]).all():
            raise DataError("samples to pack: must be of the shape (n, features) and of the values -1, 1 or 0, 1")
        return cls(np.packbits(array > 0, axis=-1, bitorder="little"), array.shape[1], spins)

    @property
    def shape(self) -> tuple[int, int]:
        """(samples, features)."""
        return len(self.bits), self.n_features

    @property
    def dtype(self) -> np.dtype[np.int8]:
        """Type of the unpacked samples."""
        return np.dtype(np.int8)

    def __len__(self) -> int:
        return len(self.bits)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        bits = np.unpackbits(self.bits, axis=-1, count=self.n_features, bitorder="little").view(np.int8)
        values = 2 * bits - 1 if self.spins else bits
        return values if dtype is None else values.astype(dtype)


#: Samples as the extension module takes them.
Samples = npt.NDArray[np.int8] | npt.NDArray[np.float32] | Packed
