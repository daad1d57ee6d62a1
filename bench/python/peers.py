"""rgflow in Python beside NumPy, scikit-learn, PyTorch, JAX and mcising: the same work in one sitting.

The calls of a task take turns, so that what else the machine does meets all of them. The table has the medians of CPU
time (of all threads of the process) and wall time, and the median over turns of the ratio of CPU times to rgflow's:
above 1 rgflow is faster. Packages that are not installed are left out and named.

    python bench/python/peers.py [--threads N] [--turns N] [TASK ...]
"""

import argparse
import importlib
import importlib.metadata
import math
import os
import statistics
import time
import warnings

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
names = "metropolis, cd, gibbs, mean_field, transform, tau"
parser.add_argument("tasks", nargs="*", metavar="TASK", help=f"{names} [default: all]")
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--turns", type=int, default=7)
asked = parser.parse_args()
# Before any numeric package is imported.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS", "RGFLOW_THREADS"):
    os.environ[variable] = str(asked.threads)
os.environ["JAX_PLATFORMS"] = "cpu"
if asked.threads == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import numpy as np  # noqa: E402
import rgflow  # noqa: E402

warnings.simplefilter("ignore", rgflow.SamplingWarning)
SIZE, LATTICES, SWEEPS = 64, 64, 200
T = rgflow.exact.T_C
ODD = (np.add.outer(np.arange(SIZE), np.arange(SIZE)) & 1).astype(bool)
left_out = []


def has(name):
    """A package, or None, which is told at the end."""
    try:
        return importlib.import_module(name)
    except ImportError:
        if name not in left_out:
            left_out.append(name)
        return None


def spins(shape):
    return np.where(np.random.default_rng(0).random(shape) < 0.5, np.int8(1), np.int8(-1))


def metropolis():
    """200 sweeps of 64 lattices of 64 x 64 at T_c: 52 million attempted flips, with start and result."""
    up = np.exp(-2.0 * np.arange(-4, 5) / T).clip(max=1).astype(np.float32)
    lattice = rgflow.Lattice("square", SIZE)
    settings = dict(T=T, n=LATTICES, chains=LATTICES, burn_in=SWEEPS, spacing=1, sampler="metropolis", progress=False)
    alone = settings | dict(n=1, chains=1, burn_in=LATTICES * SWEEPS)
    calls = {
        "rgflow": lambda: rgflow.sample(lattice, threads=asked.threads, **settings),
        "rgflow, as many flips of one lattice": lambda: rgflow.sample(lattice, threads=asked.threads, **alone),
    }

    def with_numpy():
        s, rng = spins((LATTICES, SIZE, SIZE)), np.random.default_rng(1)
        for _ in range(SWEEPS):
            for sites in (ODD, ~ODD):
                h = s * (np.roll(s, 1, 1) + np.roll(s, -1, 1) + np.roll(s, 1, 2) + np.roll(s, -1, 2))
                accepted = (rng.random(s.shape, dtype=np.float32) < up[h + 4]) & sites
                np.negative(s, out=s, where=accepted)

    calls["NumPy, checkerboard"] = with_numpy
    if mcising := has("mcising"):

        def with_mcising():
            for seed in range(LATTICES):
                one = mcising.IsingSimulation(SIZE, 1.0, 0.0, 0.0, 0.0, seed, "metropolis", "square")
                one.sweep(SWEEPS, temperature=T)

        calls["mcising, one lattice after the other"] = with_mcising
    if torch := has("torch"):

        def with_torch():
            s, odd, rates = torch.from_numpy(spins((LATTICES, SIZE, SIZE))), torch.from_numpy(ODD), torch.from_numpy(up)
            for _ in range(SWEEPS):
                for sites in (odd, ~odd):
                    h = s * (s.roll(1, 1) + s.roll(-1, 1) + s.roll(1, 2) + s.roll(-1, 2))
                    s = torch.where((torch.rand(s.shape) < rates[(h + 4).int()]) & sites, -s, s)

        calls["PyTorch, checkerboard"] = with_torch
    if jax := has("jax"):
        import jax.numpy as jnp

        @jax.jit
        def sweeps(s, key):
            def one(_, state):
                s, key = state
                for sites in (ODD, ~ODD):
                    key, now = jax.random.split(key)
                    h = s * (jnp.roll(s, 1, 1) + jnp.roll(s, -1, 1) + jnp.roll(s, 1, 2) + jnp.roll(s, -1, 2))
                    rate = jnp.where(h == 4, math.exp(-8 / T), jnp.where(h == 2, math.exp(-4 / T), 1.0))
                    s = jnp.where((jax.random.uniform(now, s.shape) < rate) & sites, -s, s)
                return s, key

            return jax.lax.fori_loop(0, SWEEPS, one, (s, key))

        calls["JAX, checkerboard"] = lambda: jax.block_until_ready(
            sweeps(jnp.asarray(spins((LATTICES, SIZE, SIZE))), jax.random.key(1))
        )
    return calls


def digits(n):
    """Bits with the mean and the likeness of MNIST's: ten patterns of 784 with noise."""
    rng = np.random.default_rng(2)
    patterns = rng.random((10, 784)) < 0.13
    return (patterns[rng.integers(10, size=n)] ^ (rng.random((n, 784)) < 0.03)).astype(np.float32)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def cd():
    """One epoch of CD-1 (100 updates of 100 samples) of 784 and 500 binary units, all of `fit` included."""
    X, rate, n_hidden, batch = digits(10_000), 0.05, 500, 100
    bits = X.astype(np.int8)
    ours = rgflow.RBM(n_hidden, epochs=1, learning_rate=rate, random_state=1, threads=asked.threads)
    calls = {"rgflow": lambda: ours.fit(bits)}

    def with_numpy():
        rng = np.random.default_rng(3)
        W = 0.01 * rng.standard_normal((784, n_hidden), dtype=np.float32)
        b, c = np.zeros(784, np.float32), np.zeros(n_hidden, np.float32)
        for rows in rng.permutation(len(X)).reshape(-1, batch):
            v = X[rows]
            h = sigmoid(v @ W + c)
            states = (rng.random(h.shape, dtype=np.float32) < h).astype(np.float32)
            w = sigmoid(states @ W.T + b)
            w = (rng.random(w.shape, dtype=np.float32) < w).astype(np.float32)
            g = sigmoid(w @ W + c)
            W += rate / batch * (v.T @ h - w.T @ g)
            b += rate * (v - w).mean(0)
            c += rate * (h - g).mean(0)

    calls["NumPy"] = with_numpy
    if has("sklearn"):
        from sklearn.neural_network import BernoulliRBM

        machine = BernoulliRBM(n_hidden, learning_rate=rate, batch_size=batch, n_iter=1, random_state=1)
        calls["scikit-learn (PCD-1)"] = lambda: machine.fit(X)
    if torch := has("torch"):
        rows_of = torch.from_numpy(X)

        @torch.no_grad()
        def with_torch():
            W, b, c = 0.01 * torch.randn(784, n_hidden), torch.zeros(784), torch.zeros(n_hidden)
            for rows in torch.randperm(len(X)).view(-1, batch):
                v = rows_of[rows]
                h = torch.addmm(c, v, W).sigmoid_()
                w = torch.bernoulli(torch.addmm(b, torch.bernoulli(h), W.t()).sigmoid_())
                g = torch.addmm(c, w, W).sigmoid_()
                W.addmm_(v.t(), h, alpha=rate / batch).addmm_(w.t(), g, alpha=-rate / batch)
                b += rate * (v - w).mean(0)
                c += rate * (h - g).mean(0)

        calls["PyTorch"] = with_torch
    if jax := has("jax"):
        import jax.numpy as jnp

        @jax.jit
        def epoch(X, key):
            first, order, key = jax.random.split(key, 3)

            def update(state, rows):
                W, b, c, key = state
                key, one, two = jax.random.split(key, 3)
                v = X[rows]
                h = jax.nn.sigmoid(v @ W + c)
                w = jax.random.bernoulli(one, h).astype(jnp.float32)
                w = jax.random.bernoulli(two, jax.nn.sigmoid(w @ W.T + b)).astype(jnp.float32)
                g = jax.nn.sigmoid(w @ W + c)
                W = W + rate / batch * (v.T @ h - w.T @ g)
                return (W, b + rate * (v - w).mean(0), c + rate * (h - g).mean(0), key), None

            begin = (0.01 * jax.random.normal(first, (784, n_hidden)), jnp.zeros(784), jnp.zeros(n_hidden), key)
            return jax.lax.scan(update, begin, jax.random.permutation(order, len(X)).reshape(-1, batch))[0]

        given = jnp.asarray(X)
        calls["JAX"] = lambda: jax.block_until_ready(epoch(given, jax.random.key(1)))
    return calls


def machine_of_spins():
    """A machine of 100 and 25 spins, trained a little, and 1000 samples to begin with."""
    ds = rgflow.sample(rgflow.Lattice("square", 10), T=[1.5, 2.0, 2.5, 4.0], n=1000, sampler="wolff", progress=False)
    rows = ds.spins.values.reshape(-1, 100)
    machine = rgflow.RBM(25, epochs=25, random_state=1, threads=asked.threads).fit(rows)
    parts = [machine.components_.T.copy(), machine.intercept_visible_, machine.intercept_hidden_]
    return machine, np.ascontiguousarray(rows[::4]), parts


def walks(mode):
    """1000 steps v -> h -> v of 1000 chains of a machine of 100 and 25 spins."""
    steps = 1000
    machine, start, (W, b, c) = machine_of_spins()
    v0 = start.astype(np.float32)
    settings = dict(steps=steps, mode=mode, chains=1000, threads=asked.threads, progress=False)
    calls = {"rgflow": lambda: rgflow.flow(machine, start, **settings)}
    rng = np.random.default_rng(5)

    def state(mean):
        if mode == "mean":
            return mean
        return np.where(2 * rng.random(mean.shape, dtype=np.float32) < 1 + mean, np.float32(1), np.float32(-1))

    def with_numpy():
        v = v0
        for _ in range(steps):
            v = state(np.tanh(state(np.tanh(v @ W + c)) @ W.T + b))

    calls["NumPy"] = with_numpy
    if torch := has("torch"):
        tv, tW, tb, tc = (torch.from_numpy(np.ascontiguousarray(part)) for part in (v0, W, b, c))

        def drawn(mean):
            return mean if mode == "mean" else torch.bernoulli(mean.add_(1).mul_(0.5)).mul_(2).sub_(1)

        @torch.no_grad()
        def with_torch():
            v = tv
            for _ in range(steps):
                v = drawn(torch.addmm(tb, drawn(torch.addmm(tc, v, tW).tanh_()), tW.t()).tanh_())

        calls["PyTorch"] = with_torch
    if jax := has("jax"):
        import jax.numpy as jnp

        jW, jb, jc, jv = (jnp.asarray(part) for part in (W, b, c, v0))

        def chosen(key, mean):
            return mean if mode == "mean" else jnp.where(2 * jax.random.uniform(key, mean.shape) < 1 + mean, 1.0, -1.0)

        def step(_, state):
            v, key = state
            key, one, two = jax.random.split(key, 3)
            return chosen(two, jnp.tanh(chosen(one, jnp.tanh(v @ jW + jc)) @ jW.T + jb)), key

        walk = jax.jit(lambda v, key: jax.lax.fori_loop(0, steps, step, (v, key)))
        calls["JAX"] = lambda: jax.block_until_ready(walk(jv, jax.random.key(6)))
    return calls


def gibbs():
    """1000 Gibbs steps v -> h -> v of 1000 chains of a machine of 100 and 25 spins; rgflow also measures distances."""
    return walks("gibbs")


def mean_field():
    """1000 mean-field steps of the same; rgflow ends a chain that has come to rest, and also measures distances."""
    return walks("mean")


def transform():
    """P(h = 1 | v) of 10,000 samples of 784 bits by 500 hidden units."""
    X = digits(10_000)
    bits = X.astype(np.int8)
    machine = rgflow.RBM(500, epochs=1, random_state=1, threads=asked.threads).fit(bits)
    W, c = machine.components_.T.copy(), machine.intercept_hidden_
    calls = {
        "rgflow": lambda: machine.transform(bits),
        "rgflow, float32 samples": lambda: machine.transform(X),
        "NumPy": lambda: sigmoid(X @ W + c),
    }
    if has("sklearn"):
        from sklearn.neural_network import BernoulliRBM

        theirs = BernoulliRBM(500, n_iter=1, random_state=1).fit(X[:100])
        theirs.components_, theirs.intercept_hidden_ = machine.components_, c
        calls["scikit-learn"] = lambda: theirs.transform(X)
    if torch := has("torch"):
        tX, tW, tc = (torch.from_numpy(np.ascontiguousarray(part)) for part in (X, W, c))
        calls["PyTorch"] = torch.no_grad()(lambda: torch.addmm(tc, tX, tW).sigmoid_())
    if jax := has("jax"):
        import jax.numpy as jnp

        jX, jW, jc = (jnp.asarray(part) for part in (X, W, c))
        means = jax.jit(lambda v: jax.nn.sigmoid(v @ jW + jc))
        calls["JAX"] = lambda: jax.block_until_ready(means(jX))
    return calls


def tau():
    """tau_int of a series of 100,000 with its error, Sokal's window; NumPy's by FFT, without error."""
    noise = np.random.default_rng(4).standard_normal(100_000)
    series = noise.copy()
    for i in range(1, len(series)):
        series[i] += 0.9 * series[i - 1]
    calls = {"rgflow": lambda: rgflow.tau_int(series)}

    def with_numpy():
        x = series - series.mean()
        f = np.fft.rfft(x, 2 * len(x))
        rho = np.fft.irfft(f * f.conj())[: len(x)]
        taus = np.cumsum(rho / rho[0]) - 0.5
        return taus[np.argmax(np.arange(len(taus)) >= 6 * taus)]

    calls["NumPy, FFT"] = with_numpy
    if emcee := has("emcee"):
        calls["emcee"] = lambda: emcee.autocorr.integrated_time(series)
    return calls


def times(calls):
    """CPU and wall seconds of each call by turn; the first turn, which compiles, is not counted."""
    found = {name: [] for name in calls}
    for turn in range(asked.turns + 1):
        for name, call in calls.items():
            wall, cpu = time.perf_counter(), time.process_time()
            call()
            if turn > 0:
                found[name].append((time.process_time() - cpu, time.perf_counter() - wall))
    return found


def main():
    if asked.threads == 1 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    if torch := has("torch"):
        torch.set_num_threads(asked.threads)
    tasks = {task.__name__: task for task in (metropolis, cd, gibbs, mean_field, transform, tau)}
    if unknown := set(asked.tasks) - set(tasks):
        parser.error(f"no task {', '.join(sorted(unknown))}; there are {', '.join(tasks)}")
    load = os.getloadavg()[0]
    for name in asked.tasks or tasks:
        print(f"\n{tasks[name].__doc__}\n\n| | CPU ms | wall ms | CPU / rgflow's |\n|---|---|---|---|")
        found = times(tasks[name]())
        ours = [cpu for cpu, _ in found["rgflow"]]
        for label, rows in found.items():
            cpu, wall = (1000 * statistics.median(column) for column in zip(*rows, strict=True))
            ratio = statistics.median(one / own for (one, _), own in zip(rows, ours, strict=True))
            print(f"| {label} | {cpu:.3g} | {wall:.3g} | {ratio:.3g} |", flush=True)
    packages = ("rgflow", "numpy", "scikit-learn", "torch", "jax", "mcising", "emcee")
    versions = ", ".join(filter(None, map(version, packages)))
    loads = f"load {load:.1f} before, {os.getloadavg()[0]:.1f} after"
    print(f"\n{asked.threads} thread(s), {asked.turns} turns; {loads}; {versions}")
    if left_out:
        print(f"left out, as not installed: {', '.join(left_out)}")


def version(name):
    try:
        return f"{name} {importlib.metadata.version(name)}"
    except importlib.metadata.PackageNotFoundError:
        return None


if __name__ == "__main__":
    main()
