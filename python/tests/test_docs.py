"""The examples of docs/python.md and of the doc comments."""

import doctest
import importlib
import json
import os
import re
import subprocess
import sys

import pytest
import rgflow
from conftest import ROOT, mpi, needed

MODULES = ["", ".exact", "._rbm", "._samples", "._statistics", "._value", ".rg"]

#: Packages of clusters, whose examples are run each by itself.
CLUSTERS = ["distributed", "submitit", "mpi4py"]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_doc_comments(name):
    failed, tried = doctest.testmod(importlib.import_module(f"rgflow{name}"))
    assert failed == 0 and tried > 0


def page(name: str) -> list[str]:
    """Blocks of Python on a page."""
    return re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(), re.DOTALL)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["README.md", "docs/python.md"])
def test_examples_have_types(name, tmp_path):
    (tmp_path / "examples.py").write_text("\n".join(page(name)))
    words = [sys.executable, "-m", "mypy", "--strict", "--config-file", ROOT / "pyproject.toml", "examples.py"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::rgflow.SamplingWarning")
def test_examples_of_the_page(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib").use("Agg")
    monkeypatch.chdir(tmp_path)
    blocks = page("docs/python.md")
    assert len(blocks) > 3
    names: dict = {}
    for block in blocks:
        if not any(name in block for name in CLUSTERS):
            exec(block, names)


@pytest.mark.slow
@pytest.mark.parametrize("name", CLUSTERS)
def test_clusters_of_the_page_give_the_results_of_one_process(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    needed(name)
    (block,) = [block for block in page("docs/python.md") if name in block]
    if name == "mpi4py":
        (tmp_path / "script.py").write_text(f"{block}\n    print('once')\n")
        done = subprocess.run([*mpi(3), "script.py"], check=True, capture_output=True, text=True, timeout=300)
        assert done.stdout.count("once") == 1, "a rank that works ran the script as well"
    else:
        exec(block, {"rgflow": rgflow})
    rgflow.run("mcrg", seeds=2, set={"mcrg.size": 8, "mcrg.samples": 1280}, out="alone", progress=False)
    (made,) = (tmp_path / "runs").iterdir()
    assert (made / "results.json").read_bytes() == (tmp_path / "alone/results.json").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted((ROOT / "docs/notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_notebooks_run(path, request, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib").use("Agg")
    monkeypatch.chdir(tmp_path)
    cells = json.loads(path.read_text())["cells"]
    if any("subprocess" in line for cell in cells for line in cell["source"]):
        folder = request.getfixturevalue("binary").parent
        monkeypatch.setenv("PATH", f"{folder.resolve()}{os.pathsep}{os.environ['PATH']}")
    names: dict = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            assert cell["outputs"] or cell["execution_count"], f"{path.name} is not run"
            exec("".join(cell["source"]), names)
    assert path.stat().st_size < 100_000
