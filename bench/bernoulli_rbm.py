"""RBM of rgflow beside scikit-learn's BernoulliRBM on the digits that scikit-learn brings (1797 pictures of 8 x 8):
CPU time of the training, exact mean ln p of held-out pictures, and accuracy of a pipeline with a logistic regression.

Both get the same 16 hidden units, batches and epochs; ln p is exact, by the sum over the hidden units.

    python bench/bernoulli_rbm.py
"""

import time

import numpy as np
import rgflow
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neural_network import BernoulliRBM
from sklearn.pipeline import make_pipeline


def ln_p(rbm, X):
    """Exact mean ln p of the rows of X by any machine of bits with few hidden units."""
    W, b, c = (np.float64(part) for part in (rbm.components_.T, rbm.intercept_visible_, rbm.intercept_hidden_))
    n_hidden = W.shape[1]
    states = (np.arange(2**n_hidden)[:, None] >> np.arange(n_hidden)) & 1
    ln_z = np.logaddexp.reduce(states @ c + np.logaddexp(0, b + states @ W.T).sum(1))
    return float((X @ b + np.logaddexp(0, X @ W + c).sum(1)).mean() - ln_z)


def cpu_seconds(call):
    begin = time.process_time()
    call()
    return time.process_time() - begin


def main():
    digits = load_digits()
    X = (digits.data > 7).astype(np.float32)
    train, test, y_train, y_test = train_test_split(X, digits.target, test_size=0.25, random_state=0)
    bits = train.astype(np.int8)
    machines = {
        "BernoulliRBM (PCD-1), rate 0.05": (lambda s: BernoulliRBM(16, learning_rate=0.05, n_iter=200, batch_size=100, random_state=s), train),
        "rgflow CD-1, rate 0.05": (lambda s: rgflow.RBM(16, learning_rate=0.05, epochs=200, random_state=s, threads=1), bits),
        "rgflow PCD, as it comes": (lambda s: rgflow.RBM(16, method="pcd", random_state=s, threads=1), bits),
    }
    print(f"{'machine':34} {'CPU s':>7} {'ln p (test)':>16} {'accuracy':>16}")
    for name, (make, data) in machines.items():
        rows = []
        for seed in range(3):
            rbm = make(seed)
            seconds = cpu_seconds(lambda: rbm.fit(data))
            pipe = make_pipeline(make(seed), LogisticRegression(max_iter=2000)).fit(data, y_train)
            rows.append((seconds, ln_p(rbm, test), pipe.score(test.astype(data.dtype), y_test)))
        mean, spread = np.mean(rows, 0), np.std(rows, 0, ddof=1)
        print(f"{name:34} {mean[0]:7.2f} {mean[1]:9.2f} +- {spread[1]:.2f} {mean[2]:9.3f} +- {spread[2]:.3f}")
    alone = LogisticRegression(max_iter=2000).fit(train, y_train)
    p = (train.sum(0) + 1) / (len(train) + 2)
    independent = float((test * np.log(p) + (1 - test) * np.log(1 - p)).sum(1).mean())
    print(f"{'without machine':34} {'':7} {independent:9.2f}         {alone.score(test, y_test):9.3f}")


if __name__ == "__main__":
    main()
