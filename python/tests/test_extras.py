"""Packages that are not required: an error names an extra that brings them."""

import re
import subprocess
import sys
import tomllib

import pytest
from conftest import ROOT

EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]

#: Modules whose packages have another name.
NAMES = {"sklearn": "scikit-learn"}

BEGIN = """
import sys
sys.modules[{package!r}] = None
import numpy as np
import rgflow
spins = np.tile(np.eye(8, dtype=np.int8), (4, 1))
rbm = rgflow.RBM(2, epochs=1, random_state=1).fit(spins)
"""


def test_extras_bring_what_errors_say_that_they_bring():
    text = "".join(path.read_text() for path in (ROOT / "python/rgflow").glob("*.py"))
    asked = set(re.findall(r'need\("([a-z]+)[a-z.]*", "([a-z]+)"', text))
    assert len(asked) > 3
    for package, extra in asked:
        names = [re.match("[a-z-]+", need).group() for need in EXTRAS[extra]]
        assert NAMES.get(package, package) in names, f"{package} is not in [{extra}]"


@pytest.mark.parametrize(
    ("package", "extra", "call"),
    [
        ("xarray", "data", "rgflow.sample(rgflow.Lattice('square', 4), T=2.0)"),
        ("pandas", "data", "rgflow.measure(None)"),
        ("xarray", "data", "rgflow.flow(rbm, spins, steps=2)"),
        ("pandas", "data", "rgflow.rg.mcrg(8)"),
        ("pandas", "data", "rgflow.rg.collapse({'L': [8]})"),
        ("xarray", "data", "rgflow.rg.reweight(None)"),
        ("xarray", "data", "rgflow.scan('mcrg', {'mcrg.size': [8]})"),
        ("pandas", "data", "rbm.history_"),
        ("sklearn", "sklearn", "rbm.set_output(transform='pandas')"),
        ("sklearn", "sklearn", "rbm.get_feature_names_out()"),
        ("sklearn", "sklearn", "rgflow.Thermometer().score(spins, spins)"),
        ("uncertainties", "data", "rgflow.Value(1.0, 0.1).ufloat"),
        ("matplotlib", "plot", "rgflow.flow(rbm, spins, steps=2, progress=False).plot()"),
    ],
)
def test_a_missing_package_is_named_with_its_extra(package, extra, call):
    script, name = BEGIN.format(package=package) + call, NAMES.get(package, package)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 1 and f'needs {name}: pip install "rgflow[{extra}]"' in done.stderr, done.stderr


def test_machines_need_numpy_alone():
    others = ("xarray", "pandas", "sklearn", "tqdm", "matplotlib", "uncertainties")
    script = f"import sys\nsys.modules.update(dict.fromkeys({others}))" + BEGIN.format(package="none")
    script += "print(rbm.transform(spins).shape, rgflow.exact.square(8, 2.0).energy)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("(32, 2)"), done.stderr
