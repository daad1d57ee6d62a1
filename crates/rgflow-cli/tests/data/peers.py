"""Machines of other programs with their own numbers, for the tests of `rgflow rbm import`.

sklearn-rbm.npz: BernoulliRBM of scikit-learn 1.9.1 (6 visible, 4 hidden units), its parameters by their own names, all 64 states `v`, and for each of them what scikit-learn says:
`free_energy` (BernoulliRBM._free_energy), `hidden` (BernoulliRBM.transform) and `ln_p`, the free energy normalised by the sum over all states.
rbms-rbm.npz: parameters named and shaped as those of the package rbms (binary units), `free_energy` and `ln_p` by its formula,
-v.vbias - sum_a ln(1 + exp(hbias_a + sum_i v_i weight_matrix_ia)).

Run: python3 peers.py (NumPy and scikit-learn).
"""
import numpy as np
from sklearn.neural_network import BernoulliRBM


def normalised(free_energy):
    ln_z = np.logaddexp.reduce(-free_energy)
    return -free_energy - ln_z


def save(name, **arrays):
    np.savez(name, **arrays)
    print(name, {key: value.shape for key, value in arrays.items()})


states = ((np.arange(64)[:, None] >> np.arange(6)) & 1).astype(float)

random = np.random.default_rng(1)
data = (random.random((500, 6)) < np.repeat([[0.8, 0.7, 0.3], [0.1, 0.6, 0.9]], [250, 250], axis=0)[:, [0, 1, 2, 2, 1, 0]]).astype(float)
rbm = BernoulliRBM(n_components=4, learning_rate=0.1, n_iter=100, random_state=1).fit(data)
free_energy = rbm._free_energy(states)
save("sklearn-rbm.npz", components_=rbm.components_, intercept_hidden_=rbm.intercept_hidden_, intercept_visible_=rbm.intercept_visible_,
     v=states, free_energy=free_energy, hidden=rbm.transform(states), ln_p=normalised(free_energy))

weight_matrix = random.normal(0.0, 0.7, (6, 3)).astype(np.float32)
vbias, hbias = random.normal(0.0, 0.5, 6).astype(np.float32), random.normal(0.0, 0.5, 3).astype(np.float32)
field = hbias.astype(float) + states @ weight_matrix.astype(float)
free_energy = -states @ vbias.astype(float) - np.logaddexp(0.0, field).sum(1)
save("rbms-rbm.npz", weight_matrix=weight_matrix, vbias=vbias, hbias=hbias, v=states, free_energy=free_energy, ln_p=normalised(free_energy))
