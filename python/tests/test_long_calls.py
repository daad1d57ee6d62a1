"""Long calls: other threads go on, Ctrl-C stops them and keeps what there is, forks and processes work."""

import multiprocessing
import os
import signal
import threading
import time

import numpy as np
import pytest
import rgflow

pytestmark = pytest.mark.filterwarnings("ignore::rgflow.SamplingWarning")


def samples(seed: int) -> bytes:
    """Spins of a call that uses several threads."""
    ds = rgflow.sample(rgflow.Lattice("square", 16), T=[2.0, 2.3], n=200, sampler="wolff", seed=seed, threads=2, progress=False)
    return ds.spins.values.tobytes()


def machine(seed: int) -> bytes:
    """Parameters of a training."""
    X = np.where(np.random.default_rng(seed).random((200, 20)) < 0.5, -1, 1)
    return rgflow.RBM(10, epochs=3, random_state=seed, threads=2).fit(X).components_.tobytes()


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_calls_work_in_child_processes(method):
    expected = [samples(1), machine(1)]
    with multiprocessing.get_context(method).Pool(2) as pool:
        # A thread that waits for one that the fork left behind would wait for ever.
        found = [pool.apply_async(call, (1,)).get(timeout=60) for call in (samples, machine)]
    assert found == expected and [samples(1), machine(1)] == expected


@pytest.mark.slow
def test_calls_work_in_workers_of_loky():
    loky = pytest.importorskip("loky")
    with loky.get_reusable_executor(max_workers=2) as executor:
        assert list(executor.map(samples, [1, 2])) == [samples(1), samples(2)]


#: Seconds in which a call is to stop: 0.2 on an idle machine, here with what a busy one adds.
SOON = 3.0


def interrupted(call, after: float):
    """What `call` raises when Ctrl-C comes after so many seconds, and the time from it to the end."""
    sent = []
    # A process in the background may have begun with this signal ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def press():
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(after, press)
    timer.start()
    try:
        with pytest.raises(rgflow.Interrupted) as raised:
            call()
        return raised.value, time.monotonic() - sent[0]
    finally:
        timer.cancel()
        signal.signal(signal.SIGINT, before)


def test_ctrl_c_keeps_the_temperatures_that_were_drawn():
    lattice = rgflow.Lattice("square", 64)
    hot = [10.0, 9.0]
    call = lambda: rgflow.sample(
        lattice, T=[*hot, 2.0], n=100_000, sampler="metropolis", spacing=1000, threads=1, progress=False
    )
    quick = rgflow.sample(lattice, T=hot, n=1, progress=False)
    error, seconds = interrupted(call, 1.0)
    assert seconds < SOON and isinstance(error, KeyboardInterrupt)
    assert error.partial is None or set(error.partial.T.values) <= {*hot, 2.0}
    assert len(quick.T) == 2


def test_ctrl_c_does_not_wait_for_a_long_sweep():
    """A configuration takes many seconds, in which the chain does not look at its watch: it ends by itself."""
    lattice = rgflow.Lattice("square", 256)
    call = lambda: rgflow.sample(
        lattice, T=2.27, n=16, sampler="wolff", chains=2, burn_in=1000, spacing=1000, threads=1, progress=False
    )
    error, seconds = interrupted(call, 1.0)
    assert seconds < SOON and error.partial is None
    assert len(rgflow.sample(rgflow.Lattice("square", 4), T=2.0, n=10, progress=False).T) == 1


def test_ctrl_c_keeps_the_machine():
    X = np.where(np.random.default_rng(1).random((2000, 400)) < 0.5, -1, 1)
    rbm = rgflow.RBM(200, epochs=100_000, random_state=1, threads=1)
    error, seconds = interrupted(lambda: rbm.fit(X), 1.0)
    assert seconds < SOON and error.partial is rbm
    assert rbm.transform(X).shape == (2000, 200) and rbm.n_iter_ < 100_000


def test_partial_samples_are_those_of_a_whole_call():
    """The first temperature is drawn at once, the second would take minutes."""
    lattice = rgflow.Lattice("square", 64)
    call = lambda: rgflow.sample(
        lattice, T=[np.inf, 2.0], n=100, sampler="metropolis", spacing=1_000_000, threads=1, progress=False
    )
    error, _ = interrupted(call, 3.0)
    alone = rgflow.sample(lattice, T=np.inf, n=100, sampler="metropolis", spacing=1_000_000, progress=False)
    assert error.partial is not None and error.partial.T.values.tolist() == [np.inf]
    assert error.partial.spins.values.tobytes() == alone.spins.values.tobytes()


def test_other_threads_go_on():
    ticks, done = [], threading.Event()

    def count():
        while not done.is_set():
            ticks.append(time.monotonic())
            time.sleep(0.01)

    thread = threading.Thread(target=count)
    thread.start()
    X = np.where(np.random.default_rng(1).random((2000, 200)) < 0.5, -1, 1)
    begin = time.monotonic()
    rgflow.RBM(100, epochs=100, random_state=1, threads=1).fit(X)
    end = time.monotonic()
    done.set()
    thread.join()
    during = [t for t in ticks if begin < t < end]
    assert end - begin > 0.2 and np.diff(during).max() < 0.5 * (end - begin)


def test_progress_is_told():
    told = []
    rgflow.sample(rgflow.Lattice("square", 8), T=[2.0, 3.0], n=10, progress=lambda *seen: told.append(seen))
    assert told[-1] == (2, 2)

    class Enough(Exception):
        pass

    def stop(done, announced):
        raise Enough

    # What it raises comes out, and stops the call.
    with pytest.raises(Enough):
        rgflow.sample(rgflow.Lattice("square", 8), T=[2.0], n=10, progress=stop)


def test_threads_of_the_environment(monkeypatch):
    monkeypatch.setenv("RGFLOW_THREADS", "two")
    with pytest.raises(rgflow.SettingError, match="RGFLOW_THREADS = 'two'"):
        rgflow.RBM(2, epochs=1).fit(np.eye(4))
    monkeypatch.setenv("RGFLOW_THREADS", "2")
    rgflow.RBM(2, epochs=1).fit(np.eye(4))
