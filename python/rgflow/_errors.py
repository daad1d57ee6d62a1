"""Exceptions and warnings of the package."""

from __future__ import annotations

from typing import Any, NoReturn

from ._rgflow import DataError, FileError, SettingError

__all__ = ["DataError", "FileError", "Interrupted", "SamplingWarning", "SettingError", "raise_stopped"]


class Interrupted(KeyboardInterrupt):
    """A call was stopped by Ctrl-C; ``partial`` holds what was finished, or None.

    In a notebook: ``import sys; sys.last_value.partial``.
    """

    def __init__(self, message: str, partial: Any = None) -> None:
        super().__init__(message)
        self.partial = partial


class SamplingWarning(UserWarning):
    """Averages of these samples are to be read with care: the message says why, and the remedy."""


def raise_stopped(raised: BaseException, partial: Any, what: str) -> NoReturn:
    """Raises what stopped a call; Ctrl-C with what was finished."""
    if isinstance(raised, KeyboardInterrupt):
        raise Interrupted(f"interrupted: {what}", partial) from raised
    raise raised
