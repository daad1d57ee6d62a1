"""Models in files."""

from __future__ import annotations

import os

from . import _rgflow
from ._rbm import RBM, rbm_of

__all__ = ["load"]


def load(path: str | os.PathLike[str]) -> RBM:
    """The machine in a ``.safetensors`` file of rgflow, or in the folder of a run that trained one.

    Raises FileError that names the file, what is wrong and the remedy.
    """
    return rbm_of(_rgflow.Machine.open(os.fspath(path)))
