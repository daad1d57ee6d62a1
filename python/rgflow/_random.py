"""Seeds from what scikit-learn calls a random state."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._errors import SettingError


def seed_of(random_state: Any) -> int:
    """The seed of an integer, or one drawn from a generator of NumPy; None is NumPy's global one, never the clock."""
    if random_state is None:
        random_state = np.random.mtrand._rand
    if isinstance(random_state, int | np.integer) and not isinstance(random_state, bool):
        if not 0 <= random_state < 2**64:
            raise SettingError(f"random_state = {random_state}: must be 0 to 2**64 - 1")
        return int(random_state)
    if isinstance(random_state, np.random.RandomState):
        high, low = random_state.randint(0, 2**32, size=2, dtype=np.uint64)
        return int(high) << 32 | int(low)
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(0, 2**64, dtype=np.uint64))
    raise SettingError(f"random_state = {random_state!r}: must be a whole number, a generator of NumPy or None")
