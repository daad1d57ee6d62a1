"""Fixtures of all tests."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


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
