"""The learners of Fig. 3, microcircuits and plain nets: start, rates, one epoch, and the answers.

``config`` is a ``Config`` of ``experiment``, its ``learner`` one of ``CIRCUITS`` or ``NETS``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from dcm.experiments.mnist.data import Digits, Split
from dcm.model.circuit import Circuit
from dcm.model.conductances import Conductances
from dcm.model.plasticity import LearningRates
from dcm.model.transfer import Logistic

CIRCUITS = ("microcircuit", "hidden to hidden frozen", "frozen hidden layers", "all plastic")
NETS = ("backprop", "single layer")  # feedforward, without dendrites or interneurons


@dataclass(frozen=True)
class Net:
    """A feedforward net u_k = W_k φ(u_{k-1}) + b_k; with one matrix it has no hidden layer."""

    w_up: tuple  # of (n_{k+1}, n_k), as in a ``Circuit``
    b_up: tuple  # of (n_{k+1},)

    @property
    def attenuations(self) -> tuple[float, ...]:
        """1 for every layer: there is no leak and no apical load."""
        return (1.0,) * len(self.w_up)

    def arrays(self) -> dict[str, np.ndarray]:
        """All weights by flat names, as ``Circuit.arrays``."""
        weights = {f"w_up_{k}": w for k, w in enumerate(self.w_up)}
        return weights | {f"b_up_{k}": b for k, b in enumerate(self.b_up)}

    def with_arrays(self, arrays) -> Net:
        """The net with the weights of ``arrays``."""
        layers = range(len(self.w_up))
        w_up = tuple(arrays[f"w_up_{k}"] for k in layers)
        return Net(w_up, tuple(arrays[f"b_up_{k}"] for k in layers))


def initial_circuit(config, data: Digits, rng) -> Circuit:
    """A self-predicting circuit in single precision; weights are drawn in the order up, down.

    Top-down weights are uniform on ± gain · √(3 / n_pre). "All plastic" shuffles w_ip, then w_pi.
    """
    mixing = (config.mixing_hidden, config.mixing_output, config.mixing_interneuron)
    g = Conductances.from_mixing(*mixing)
    w_up, b_up = initial_up(config, (data.side**2, *config.hidden, 10), rng)
    shapes = [w.T.shape for w in w_up[1:]]
    gains = [config.gain_hidden] * (len(shapes) - 1) + [config.gain_output]
    w_down = uniform(shapes, gains * np.sqrt([3 / n_pre for _, n_pre in shapes]), rng)
    # of the lateral weights only the shapes matter here: self_predicting() sets their values
    circuit = Circuit(Logistic(), g, w_up, w_down, w_up[1:], w_down, b_up).self_predicting()
    if config.learner == "all plastic":
        w_ip = tuple(rng.permutation(w.ravel()).reshape(w.shape) for w in circuit.w_ip)
        w_pi = tuple(rng.permutation(w.ravel()).reshape(w.shape) for w in circuit.w_pi)
        circuit = replace(circuit, w_ip=w_ip, w_pi=w_pi)
    return circuit.astype(np.float32)


def initial_net(config, data: Digits, rng) -> Net:
    """A feedforward net in single precision, its weights and thresholds drawn as the circuit's."""
    hidden = config.hidden if config.learner == "backprop" else ()
    net = Net(*initial_up(config, (data.side**2, *hidden, 10), rng))
    return net.with_arrays({name: w.astype(np.float32) for name, w in net.arrays().items()})


def initial_up(config, sizes, rng) -> tuple[tuple, tuple]:
    """(w_up, b_up): uniform on ± scale · √(6 / (n_pre + n_post)) as Glorot's, and constant."""
    shapes = list(zip(sizes[1:], sizes[:-1], strict=True))  # (n_post, n_pre)
    scales = [config.scale_up] * (len(shapes) - 1) + [config.scale_output]
    thresholds = [config.hidden_threshold] * (len(shapes) - 1) + [config.output_threshold]
    w_up = uniform(shapes, scales * np.sqrt([6 / sum(shape) for shape in shapes]), rng)
    return w_up, tuple(map(np.full, sizes[1:], thresholds))


def uniform(shapes, bounds, rng) -> tuple[np.ndarray, ...]:
    """One matrix per shape, uniform on ± its bound."""
    return tuple(rng.uniform(-b, b, shape) for b, shape in zip(bounds, shapes, strict=True))


def learning_rates(config, epoch: int) -> LearningRates:
    """Rates per presentation in one epoch of a circuit, counted from 0; 0 for frozen layers.

    η_up into layer k = factor · base / ∏ λ_l over l = k…N: on its way down an error shrinks by a
    mixing factor λ in each layer [SM*: not in the main text; believed to be the supplement's].
    """
    base = config.base_rate * config.decay**epoch
    depth = len(config.hidden) + 1
    # ∏ λ: of the output, and of as many hidden layers as lie from k up
    mixing = [config.mixing_output * config.mixing_hidden**n for n in reversed(range(depth))]
    up = [factor * base / m for factor, m in zip((*config.hidden_rate, 1.0), mixing, strict=True)]
    ip = [config.inter_rate * base / config.mixing_interneuron] * (depth - 1)
    if config.learner == "hidden to hidden frozen":
        up[1:-1] = [0.0] * (depth - 2)
    if config.learner == "frozen hidden layers":
        # only the last hidden layer feeds weights that learn: only its interneurons need to track
        up[:-1] = [0.0] * (depth - 1)
        ip[:-1] = [0.0] * (depth - 2)
    plastic = config.learner == "all plastic"
    others = {"pi": config.rate_pi, "down": config.rate_down} if plastic else {}
    return LearningRates(up=tuple(up), ip=tuple(ip), **others, thresholds=True)


def target_potentials(config, labels: np.ndarray) -> np.ndarray:
    """(n, 10): the potential of rate .8 for the class and .1 for the others [paper]."""
    is_class = np.eye(10, dtype=bool)[labels]
    rates = np.where(is_class, config.rate_high, config.rate_low)
    return Logistic().inverse(rates).astype(np.float32)


def circuit_epoch(config, circuit: Circuit, data: Digits, order, epoch: int) -> Circuit:
    """The circuit after Eqs. 7-10 with the two-pass dynamics, over the images ``order`` (n,)."""
    from dcm import kernels

    targets = target_potentials(config, data.train.labels)
    rates = learning_rates(config, epoch)
    shown = {"order": order, "batch": config.batch}
    return kernels.learn_two_pass(circuit, data.train.images, targets, rates, **shown)


def net_epoch(config, net: Net, data: Digits, order, epoch: int) -> Net:
    """The net after plain stochastic gradient descent on the loss of ``dcm.backprop``."""
    from dcm import kernels

    w_up = [w.copy() for w in net.w_up]
    b_up = [b.copy() for b in net.b_up]
    targets = target_potentials(config, data.train.labels)
    base = config.backprop_rate if len(w_up) > 1 else config.single_rate
    factors = (*config.hidden_rate, 1.0)[-len(w_up) :]
    rates = [factor * (base * config.decay**epoch) for factor in factors]
    shown = {"order": order, "batch": config.batch}
    kernels.learn_backprop(w_up, b_up, data.train.images, targets, rates, **shown)
    return Net(tuple(w_up), tuple(b_up))


def classify(learner: Circuit | Net, images: np.ndarray) -> np.ndarray:
    """Class of each image, (n,): the highest output potential after a pass upwards, no target."""
    r = images
    for a, w, b in zip(learner.attenuations, learner.w_up, learner.b_up, strict=True):
        u = w.dtype.type(a) * (r @ w.T + b)  # Eqs. 1 and 3 at rest, v_A = 0: v̂_B, (n, n_post)
        r = Logistic()(u)
    return np.argmax(u, axis=1)


def percent_wrong(learner: Circuit | Net, split: Split) -> float:
    """Classification error on one split, in percent."""
    return 100 * float(np.mean(classify(learner, split.images) != split.labels))
