"""Runs and scans over the executors of clusters: Dask, submitit and MPI give the files of one process."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rgflow
from conftest import mpi, needed

pytestmark = pytest.mark.slow

#: A run and a scan of some seconds.
SMALL = {"mcrg.size": 8, "mcrg.samples": 1280}
AXES = {"mcrg.samples": [1280, 1600]}


class Counted:
    """An executor that counts its jobs, none of which may be done by this process."""

    def __init__(self, executor: Any) -> None:
        assert executor.submit(os.getpid).result() != os.getpid()
        self.executor, self.jobs = executor, 0

    def submit(self, *job: Any) -> Any:
        self.jobs += 1
        return self.executor.submit(*job)


def both(folder: Path, executor: Any = None) -> None:
    """A run and a scan in ``folder``."""
    rgflow.run("mcrg", seeds=2, set=SMALL, out=folder / "run", executor=executor, threads=1, progress=False)
    ds = rgflow.scan("mcrg", AXES, set={"mcrg.size": 8}, out=folder / "scan", executor=executor, threads=1)
    np.savez(folder / "scan.npz", **{str(key): values.values for key, values in ds.items()})


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """Both in one process."""
    folder = tmp_path_factory.mktemp("alone")
    both(folder)
    return folder


def assert_same(folder: Path, alone: Path) -> None:
    for name in ("run/results.json", "run/config.toml"):
        assert (folder / name).read_bytes() == (alone / name).read_bytes()
    with np.load(folder / "scan.npz") as found, np.load(alone / "scan.npz") as expected:
        assert found.files == expected.files and len(found.files) > 2
        assert all(np.array_equal(found[key], expected[key], equal_nan=True) for key in found.files)
    assert not list(folder.glob("run.seed-*"))


@contextmanager
def dask(folder: Path) -> Iterator[Any]:
    distributed = needed("distributed")
    workers = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "local_directory": folder / "dask"}
    with distributed.LocalCluster(**workers) as cluster, distributed.Client(cluster) as client:
        yield client


@contextmanager
def submitit(folder: Path) -> Iterator[Any]:
    executor = needed("submitit").AutoExecutor(folder=folder / "logs", cluster="local")
    executor.update_parameters(timeout_min=10)
    yield executor


@pytest.mark.parametrize("cluster", [dask, submitit])
def test_results_are_those_of_one_process(cluster, alone, tmp_path):
    with cluster(tmp_path) as executor:
        counted = Counted(executor)
        both(tmp_path, counted)
        assert counted.jobs == 4
        with pytest.raises(Exception, match=r"did you mean.*mcrg\.size"):
            rgflow.run("mcrg", set={"mcrg.sise": 8}, out=tmp_path / "mistake", executor=executor, progress=False)
    assert_same(tmp_path, alone)


def main() -> None:
    """What the first rank of MPI does; the others take its jobs."""
    from mpi4py.futures import MPIPoolExecutor

    with MPIPoolExecutor() as executor:
        assert executor.num_workers == int(sys.argv[2])
        counted = Counted(executor)
        both(Path(sys.argv[1]), counted)
        assert counted.jobs == 4


@pytest.mark.parametrize("workers", [1, 2])
def test_mpi_gives_the_results_of_one_process(workers, alone, tmp_path):
    """One rank gives out the jobs, the others do them."""
    words = [*mpi(workers + 1), __file__, str(tmp_path), str(workers)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert_same(tmp_path, alone)


if __name__ == "__main__":
    main()
