"""Fixtures of all tests."""

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def needed(name: str) -> Any:
    """A module that a test needs; where it is missing the test is left out, in CI it fails."""
    if os.environ.get("CI") == "true":
        return importlib.import_module(name)
    return pytest.importorskip(name)


def mpi(ranks: int) -> list[str]:
    """Words that start a script on so many ranks, of which the first gives its jobs to the others."""
    needed("mpi4py")
    beside = str(Path(sys.executable).parent)
    start = shutil.which("mpiexec", path=f"{beside}{os.pathsep}{os.environ['PATH']}")
    if start is None:
        assert os.environ.get("CI") != "true", "mpiexec is missing: pip install mpich"
        pytest.skip("mpiexec is missing: pip install mpich")
    return [start, "-n", str(ranks), sys.executable, "-m", "mpi4py.futures"]


@pytest.fixture(scope="session")
def binary() -> Path:
    """The command `rgflow`: the variable RGFLOW_BIN, or that of the last build."""
    binary = Path(os.environ.get("RGFLOW_BIN", ROOT / "target/debug/rgflow"))
    if not binary.exists():
        assert os.environ.get("CI") != "true", f"{binary} is missing: cargo build -p rgflow-cli"
        pytest.skip(f"{binary} is missing: cargo build -p rgflow-cli, or set RGFLOW_BIN")
    return binary


@pytest.fixture(scope="session")
def command(binary: Path) -> Callable[..., str]:
    """Runs the command `rgflow` with arguments and returns what it prints."""

    def run(*arguments: object) -> str:
        words = [str(binary), *map(str, arguments)]
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout

    return run
