"""The examples of docs/python.md and of the doc comments."""

import doctest
import importlib
import re

import pytest
from conftest import ROOT

MODULES = ["", ".exact", "._rbm", "._samples", "._statistics", "._value", ".rg"]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_doc_comments(name):
    failed, tried = doctest.testmod(importlib.import_module(f"rgflow{name}"))
    assert failed == 0 and tried > 0


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::rgflow.SamplingWarning")
def test_examples_of_the_page(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib").use("Agg")
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs/python.md").read_text(), re.DOTALL)
    assert len(blocks) > 3
    names: dict = {}
    for block in blocks:
        exec(block, names)
