"""Runs and scans: the files of the command line, over several processes too."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
import rgflow
from conftest import needed

#: A run of some seconds.
SMALL = {
    "mcrg.size": 8,
    "mcrg.samples": 1280,
}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    return rgflow.run("mcrg", seeds=2, set=SMALL, out=tmp_path_factory.mktemp("runs") / "mcrg", progress=False)


def results(path):
    return (path / "results.json").read_bytes()


def test_a_run_is_that_of_the_command_line(done, command, tmp_path):
    sets = [word for key, value in SMALL.items() for word in ("--set", f"{key}={value}")]
    command("run", "mcrg", "--seeds", 2, *sets, "--out", tmp_path / "theirs", "--progress", "none")
    assert results(done.path) == results(tmp_path / "theirs")
    theirs = rgflow.open(tmp_path / "theirs")
    assert theirs.settings == done.settings and theirs.numbers.equals(done.numbers)


def test_a_run_shows_what_it_has(done):
    key = done.numbers.index[0]
    assert done[key].value == done.numbers.value.iloc[0] and str(done[key])
    with pytest.raises(KeyError, match=key[:6]):
        done[key + "x"]
    assert done.settings["mcrg"]["size"] == 8 and done.report.is_file()
    figure = done.figure(done.figures[0])
    assert figure.svg.lstrip().startswith("<") and len(figure.data) > 0
    assert "mcrg" in done._repr_html_()
    with pytest.raises(rgflow.FileError, match=done.figures[0]):
        done.figure("fig0")
    with pytest.raises(rgflow.FileError, match="no such stage"):
        done.stage("rbm")


def test_a_finished_run_is_kept(done):
    before = (done.path / "complete.json").stat().st_mtime_ns
    again = rgflow.run("mcrg", seeds=2, set=SMALL, out=done.path, resume=False, progress=False)
    assert again.path == done.path and (done.path / "complete.json").stat().st_mtime_ns == before
    with pytest.raises(rgflow.SettingError, match="another configuration"):
        rgflow.run("mcrg", seeds=2, set={**SMALL, "mcrg.samples": 1600}, out=done.path, resume=False, progress=False)


@pytest.mark.parametrize("kind", ["threads", "processes", "loky"])
def test_executors_give_the_same_results(kind, done, tmp_path):
    if kind == "threads":
        executor = ThreadPoolExecutor(2)
    elif kind == "processes":
        executor = ProcessPoolExecutor(2, mp_context=get_context("spawn"))
    else:
        executor = needed("loky").get_reusable_executor(max_workers=2)
    spread = rgflow.run("mcrg", seeds=2, set=SMALL, out=tmp_path / "mcrg", executor=executor, progress=False)
    executor.shutdown()
    assert results(spread.path) == results(done.path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["mcrg"]


def test_a_scan_has_its_axes(tmp_path):
    axes = {"mcrg.samples": [1280, 2560], "mcrg.size": [8, 16]}
    ds = rgflow.scan("mcrg", axes, out=tmp_path / "scan", set={"mcrg.steps": 1})
    assert ds.sizes == {"mcrg.samples": 2, "mcrg.size": 2}
    one = rgflow.open(tmp_path / "scan/mcrg.samples=2560,mcrg.size=8")
    key = one.numbers.index[0]
    assert float(ds[key].sel({"mcrg.samples": 2560, "mcrg.size": 8})) == one.numbers.value.iloc[0]
    with ThreadPoolExecutor(2) as executor:
        same = rgflow.scan("mcrg", axes, out=tmp_path / "other", set={"mcrg.steps": 1}, executor=executor, numbers=[key])
    assert np.array_equal(same[key], ds[key], equal_nan=True) and list(same.data_vars) == [key, f"{key}_error"]
    with pytest.raises(rgflow.SettingError, match="no point has"):
        rgflow.scan("mcrg", axes, out=tmp_path / "scan", set={"mcrg.steps": 1}, numbers=["none"])


def test_mistakes_are_named(tmp_path):
    for call, words in [
        (lambda: rgflow.run("isin-2d", out=tmp_path / "a"), "did you mean"),
        (lambda: rgflow.run("mcrg", set={"mcrg.sise": 8}, out=tmp_path / "a"), "mcrg.size"),
        (lambda: rgflow.run({"rbm": {}}, out=tmp_path / "a"), "experiment"),
        (lambda: rgflow.run("mcrg", seeds=0, out=tmp_path / "a"), "seeds = 0"),
        (lambda: rgflow.scan("mcrg", {}), "axes"),
    ]:
        with pytest.raises(rgflow.SettingError, match=words):
            call()
    with pytest.raises(rgflow.FileError, match="no run folder"):
        rgflow.open(tmp_path)
