"""A value with its statistical error."""

from __future__ import annotations

import math
import numbers
import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ._extras import need
from ._rgflow import DataError, jackknife_of, value_with_error


@dataclass(frozen=True)
class Value:
    """A measured value with one standard error.

    value: the value, in ``unit``.
    error: one standard error; NaN where the data cannot tell.
    n_eff: effective number of independent data behind it; NaN where there is none.
    unit: its unit; "" is none.
    note: how it is to be read; "" is nothing special.
    jackknife: of ``rgflow.jackknife`` the estimates from all blocks of the data, then without each; else empty. +, -, * and
        / of values that have as many blocks, of the same data, and of numbers respect their correlations. Values without
        blocks are refused, as nothing says whether they are independent; if they are, take ``ufloat``.

    >>> print(Value(2.1643, 0.0021))
    2.164(2)
    >>> float(Value(2.1643, 0.0021))
    2.1643
    """

    value: float
    error: float = math.nan
    n_eff: float = math.nan
    unit: str = ""
    note: str = ""
    jackknife: tuple[float, ...] = field(default=(), repr=False, compare=False)

    def _with(self, other: Value | float, f: Callable[[float, float], float]) -> Value:
        """f of both."""
        parts: tuple[float, ...]
        if isinstance(other, Value):
            if len(self.jackknife) != len(other.jackknife) or not self.jackknife:
                blocks = " and ".join(str(max(len(one.jackknife) - 1, 0)) for one in (self, other))
                raise DataError(
                    f"values of {blocks} blocks: cannot be combined, as their correlation is not known; take the same "
                    "number of blocks of the same data for both (rgflow.jackknife), or .ufloat if they are independent"
                )
            parts = other.jackknife
        elif isinstance(other, numbers.Real):
            parts = (float(other),) * len(self.jackknife)
            if not self.jackknife:
                raise DataError("a value without blocks (rgflow.jackknife has them): take .ufloat")
        else:
            raise TypeError(f"a Value and a {type(other).__name__}: cannot be combined; take a number or a Value")
        all_blocks, *left_out = (f(a, b) for a, b in zip(self.jackknife, parts, strict=True))
        value, error = jackknife_of(all_blocks, left_out)
        return Value(value, error, self.n_eff, jackknife=(all_blocks, *left_out))

    def __add__(self, other: Value | float) -> Value:
        return self._with(other, operator.add)

    def __sub__(self, other: Value | float) -> Value:
        return self._with(other, operator.sub)

    def __mul__(self, other: Value | float) -> Value:
        return self._with(other, operator.mul)

    def __truediv__(self, other: Value | float) -> Value:
        return self._with(other, operator.truediv)

    def __radd__(self, other: float) -> Value:
        return self + other

    def __rsub__(self, other: float) -> Value:
        return self._with(other, lambda a, b: b - a)

    def __rmul__(self, other: float) -> Value:
        return self * other

    def __rtruediv__(self, other: float) -> Value:
        return self._with(other, lambda a, b: b / a)

    def __str__(self) -> str:
        text = value_with_error(self.value, self.error)
        return f"{text} ({self.note})" if self.note else text

    def __float__(self) -> float:
        return float(self.value)

    @property
    def ufloat(self) -> Any:
        """The same as a number of the package ``uncertainties``."""
        return need("uncertainties", "data", "Value.ufloat").ufloat(self.value, self.error)
