"""Imports of packages that are not required: an error names the extra that brings them."""

from __future__ import annotations

import importlib
from typing import Any


def need(module: str, extra: str, what: str) -> Any:
    """The module, or an ImportError that says how to install it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = "scikit-learn" if module == "sklearn" else module.split(".")[0]
        raise ImportError(f'{what} needs {package}: pip install "rgflow[{extra}]"') from error
