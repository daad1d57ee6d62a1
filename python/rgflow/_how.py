"""How a long call works: threads, and a bar of progress that the waiting thread draws."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypedDict

from ._rgflow import SettingError

#: True draws a bar where tqdm is installed, False draws none, a callable is told (done, announced).
Progress = bool | Callable[[int, int], object]


class How(TypedDict):
    """What the extension module is told of a call."""

    threads: int
    tell: Callable[[int, int], object] | None


def number_of_threads(threads: int | None) -> int:
    """``threads``, else RGFLOW_THREADS, else the processors that this process may use; results do not depend on it."""
    source, given = "threads", threads
    if given is None and os.environ.get("RGFLOW_THREADS"):
        source, text = "RGFLOW_THREADS", os.environ["RGFLOW_THREADS"]
        try:
            given = int(text)
        except ValueError:
            raise SettingError(f"RGFLOW_THREADS = {text!r}: must be a whole number of at least 1") from None
    if given is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not 1 <= given <= 4096:
        raise SettingError(f"{source} = {given}: must be 1 to 4096")
    return int(given)


@contextmanager
def how(title: str, threads: int | None, progress: Progress) -> Iterator[How]:
    """Threads and the told function of a call, whose bar is closed at its end."""
    count = number_of_threads(threads)
    if callable(progress):
        yield How(threads=count, tell=progress)
        return
    bar: Any = None
    if progress:
        try:
            from tqdm.auto import tqdm

            bar = tqdm(desc=title, total=1, delay=0.5, leave=False, bar_format="{l_bar}{bar}| {elapsed}<{remaining}")
        except ImportError:
            pass
    if bar is None:
        yield How(threads=count, tell=None)
        return

    def tell(done: int, announced: int) -> None:
        bar.total = max(announced, done, 1)
        bar.update(done - bar.n)

    try:
        yield How(threads=count, tell=tell)
    finally:
        bar.close()
