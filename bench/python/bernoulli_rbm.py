"""RBM of rgflow beside scikit-learn's BernoulliRBM: CPU and wall time of the training, mean ln p of held-out pictures,
and accuracy of a pipeline with a logistic regression.

Both have the same hidden units, batches and rate, on one thread. ln p of either is by rgflow's free energy and exact
ln Z. Data: the digits that scikit-learn brings (8 x 8 pixels, 16 hidden units), and MNIST (28 x 28, 20 hidden units;
10,000 pictures to train and 2000 to test), whose folder of four IDX files is an argument.

    python bench/python/bernoulli_rbm.py [MNIST]
"""

import gzip
import json
import os
import struct
import sys
import tempfile
import time
import warnings
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402
import rgflow  # noqa: E402
from sklearn.base import clone  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402
from sklearn.exceptions import ConvergenceWarning  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.model_selection import train_test_split  # noqa: E402
from sklearn.neural_network import BernoulliRBM  # noqa: E402

SEEDS = range(3)


def as_rbm(theirs):
    """A machine of scikit-learn as one of rgflow: its parameters in the file of a machine of the same shape."""
    n_hidden, n_visible = theirs.components_.shape
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "machine.safetensors"
        like = rgflow.RBM(n_hidden, epochs=1, visible="binary", random_state=1)
        like.fit(np.eye(n_visible, dtype=np.int8)).save(path)
        content = bytearray(path.read_bytes())
        (length,) = struct.unpack("<Q", content[:8])
        header = json.loads(content[8 : 8 + length])
        parts = {
            "weights": theirs.components_.T,
            "visible_bias": theirs.intercept_visible_,
            "hidden_bias": theirs.intercept_hidden_,
        }
        for name, part in parts.items():
            begin, end = header[name]["data_offsets"]
            content[8 + length + begin : 8 + length + end] = np.ascontiguousarray(part, dtype="<f4").tobytes()
        path.write_bytes(content)
        return rgflow.load(path)


def mnist(folder):
    """10,000 training and 2000 test pictures as bits, with their labels."""

    def read(name, count, skip):
        (path,) = Path(folder).glob(f"{name}*")
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        return np.frombuffer(content, np.uint8, offset=skip).reshape(-1, count)

    train, test = (read(f"{part}-images", 784, 16) > 127 for part in ("train", "t10k"))
    y_train, y_test = (read(f"{part}-labels", 1, 8).ravel() for part in ("train", "t10k"))
    return train[:10_000], test[:2000], y_train[:10_000], y_test[:2000]


def digits():
    """Three quarters of the digits to train, the others to test."""
    data = load_digits()
    return train_test_split(data.data > 7, data.target, test_size=0.25, random_state=0)


def row(make, data, seed):
    """CPU seconds, wall seconds, held-out ln p and accuracy of one machine."""
    train, test, y_train, y_test = data
    dtype = np.int8 if isinstance(make, rgflow.RBM) else np.float32
    machine = clone(make).set_params(random_state=seed)
    X, X_test = train.astype(dtype), test.astype(dtype)
    cpu, wall = time.process_time(), time.perf_counter()
    machine.fit(X)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    ours = machine if isinstance(machine, rgflow.RBM) else as_rbm(machine)
    ln_p = ours.set_params(threads=1).score(test.astype(np.int8))
    assert ours.score_kind_ == "ln p"
    regression = LogisticRegression(max_iter=300).fit(machine.transform(X), y_train)
    return cpu, wall, ln_p, regression.score(machine.transform(X_test), y_test)


def table(title, data, machines):
    print(f"\n{title}\n\n| machine | CPU s | wall s | ln p (test) | accuracy |\n|---|---|---|---|---|")
    # Seed by seed, so that the machines take turns.
    found = {name: [] for name in machines}
    for seed in SEEDS:
        for name, make in machines.items():
            found[name].append(row(make, data, seed))
    for name, rows in found.items():
        (cpu, wall, ln_p, accuracy), spread = np.median(rows, 0), np.std(rows, 0, ddof=1)
        quality = f"{ln_p:.2f} +- {spread[2]:.2f} | {accuracy:.3f} +- {spread[3]:.3f}"
        print(f"| {name} | {cpu:.2f} | {wall:.2f} | {quality} |")
    train, test, y_train, y_test = (part.astype(np.float32) for part in data)
    p = (train.sum(0) + 1) / (len(train) + 2)
    independent = float((test * np.log(p) + (1 - test) * np.log(1 - p)).sum(1).mean())
    alone = LogisticRegression(max_iter=300).fit(train, y_train).score(test, y_test)
    print(f"| independent pixels; regression on the pixels | | | {independent:.2f} | {alone:.3f} |", flush=True)


def main():
    warnings.simplefilter("ignore", ConvergenceWarning)
    one = dict(learning_rate=0.05, batch_size=100)
    table(
        "Digits, 16 hidden units",
        digits(),
        {
            "BernoulliRBM (PCD-1), 200 epochs, rate 0.05": BernoulliRBM(16, n_iter=200, **one),
            "RBM (CD-1), 200 epochs, rate 0.05": rgflow.RBM(16, epochs=200, threads=1, **one),
            'RBM(method="pcd") as it comes': rgflow.RBM(16, method="pcd", threads=1),
        },
    )
    if len(sys.argv) > 1:
        table(
            "MNIST, 20 hidden units",
            mnist(sys.argv[1]),
            {
                "BernoulliRBM (PCD-1), 20 epochs, rate 0.05": BernoulliRBM(20, n_iter=20, **one),
                # The best of 0.005, 0.01, 0.02, 0.05, 0.1, 0.2 and 0.5 by ln p (one seed).
                "BernoulliRBM (PCD-1), 20 epochs, rate 0.5": BernoulliRBM(
                    20, n_iter=20, learning_rate=0.5, batch_size=100
                ),
                "RBM (CD-1), 20 epochs, rate 0.05": rgflow.RBM(20, epochs=20, threads=1, **one),
                'RBM(method="pcd"), 20 epochs (1000 chains, PCD-2)': rgflow.RBM(20, method="pcd", epochs=20, threads=1),
            },
        )


if __name__ == "__main__":
    main()
