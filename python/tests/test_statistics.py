"""Values with errors, and what is made of them."""

import numpy as np
import pytest
import rgflow


def test_ratios_respect_correlations():
    rng = np.random.default_rng(3)
    x = 5 + rng.normal(size=4000)
    y = 2 * x + 0.1 * rng.normal(size=4000)
    a, b = rgflow.jackknife(lambda v: v, x), rgflow.jackknife(lambda v: v, y)
    whole = rgflow.jackknife(lambda v, w: w / v, x, y)
    assert (b / a).value == pytest.approx(whole.value, rel=1e-12)
    assert (b / a).error == pytest.approx(whole.error, rel=1e-9)
    # Independent ones would have an error that is some fifteen times as large.
    assert (b / a).error < 0.2 * (b.ufloat / a.ufloat).std_dev
    assert (b - 2 * a).error == pytest.approx(rgflow.jackknife(lambda v, w: w - 2 * v, x, y).error, rel=1e-9)
    assert (1 - a).value == pytest.approx(1 - a.value) and (1 / a * a).error == pytest.approx(0, abs=1e-12)


def test_values_of_unknown_correlation_are_refused():
    x = np.random.default_rng(4).normal(size=100)
    ten, twenty = (rgflow.jackknife(lambda v: v, x, blocks=blocks) for blocks in (10, 20))
    for make in (lambda: ten + twenty, lambda: ten * rgflow.Value(1.0, 0.1), lambda: rgflow.Value(1.0, 0.1) + 1):
        with pytest.raises(rgflow.DataError, match="ufloat"):
            make()
    with pytest.raises(TypeError):
        ten + "1"
