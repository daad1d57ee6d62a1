"""A value with its statistical error."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ._extras import need
from ._rgflow import value_with_error


@dataclass(frozen=True)
class Value:
    """A measured value with one standard error.

    value: the value, in ``unit``.
    error: one standard error; NaN where the data cannot tell.
    n_eff: effective number of independent data behind it; NaN where there is none.
    unit: its unit; "" is none.
    note: how it is to be read; "" is nothing special.

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

    def __str__(self) -> str:
        text = value_with_error(self.value, self.error)
        return f"{text} ({self.note})" if self.note else text

    def __float__(self) -> float:
        return float(self.value)

    @property
    def ufloat(self) -> Any:
        """The same as a number of the package ``uncertainties``."""
        return need("uncertainties", "all", "Value.ufloat").ufloat(self.value, self.error)
