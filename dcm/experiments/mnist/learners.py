"""The learners of Fig. 3: microcircuits and plain nets, their starts, rates and epochs, and what is watched.

``config`` is a ``dcm.experiments.mnist.Config`` throughout; ``config.learner`` says which learner it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from dcm.experiments.measures import angle, relative_distance
from dcm.experiments.mnist import data as datasets
from dcm.model.circuit import Circuit, weight_shapes
from dcm.model.conductances import Conductances
from dcm.model.plasticity import LearningRates
from dcm.model.transfer import Logistic
from dcm.settle.two_pass import two_pass

NETS = ("backprop", "single layer")  # plain feedforward nets; all other learners are microcircuits


@dataclass(frozen=True)
class Net:
    """A plain feedforward net u_k = W_k φ(u_{k-1}) + b_k, the backprop reference; one matrix: no hidden layer."""

    w_up: tuple
    b_up: tuple

    @property
    def attenuations(self) -> tuple[float, ...]:
        """1 for every layer: there is no leak and no apical load."""
        return (1.0,) * len(self.w_up)

    def arrays(self) -> dict[str, np.ndarray]:
        """All weights by flat names, as ``Circuit.arrays``."""
        return {
            f"{name}_{k}": w for name in ("w_up", "b_up") for k, w in enumerate(getattr(self, name))
        }

    def with_arrays(self, arrays) -> Net:
        """The net with the weights of ``arrays``."""
        layers = range(len(self.w_up))
        return Net(
            tuple(arrays[f"w_up_{k}"] for k in layers), tuple(arrays[f"b_up_{k}"] for k in layers)
        )


def initial_circuit(config, data: datasets.Digits, rng) -> Circuit:
    """Self-predicting start in single precision: Glorot-uniform up weights, scaled; top-down by gain."""
    n = (data.side**2, *config.hidden, 10)
    shapes = weight_shapes(n)
    w_up = glorot(shapes["w_up"], rng, config)
    gains = (config.gain_hidden,) * (len(config.hidden) - 1) + (config.gain_output,)
    bounds = [
        gain * np.sqrt(3 / shape[1]) for gain, shape in zip(gains, shapes["w_down"], strict=True)
    ]
    w_down = tuple(
        rng.uniform(-b, b, shape) for b, shape in zip(bounds, shapes["w_down"], strict=True)
    )
    b_up = start_thresholds(config, n)
    g = Conductances.from_mixing(
        config.mixing_hidden, config.mixing_output, config.mixing_interneuron
    )
    lateral = {name: tuple(map(np.zeros, shapes[name])) for name in ("w_ip", "w_pi")}
    circuit = Circuit(Logistic(), g, w_up, w_down, **lateral, b_up=b_up).self_predicting()
    if (
        config.learner == "all plastic"
    ):  # random lateral weights, of the size of the self-predicting ones
        pairs = ((name, getattr(circuit, name)) for name in ("w_ip", "w_pi"))
        circuit = replace(
            circuit, **{name: tuple(shuffled(w, rng) for w in ws) for name, ws in pairs}
        )
    return circuit.astype(np.float32)


def shuffled(w: np.ndarray, rng) -> np.ndarray:
    """The entries of a matrix in random order: random weights of the same size."""
    return rng.permutation(w.ravel()).reshape(w.shape)


def initial_net(config, data: datasets.Digits, rng) -> Net:
    """A feedforward net with up weights and thresholds drawn as the circuit's."""
    n = (data.side**2, *(config.hidden if config.learner == "backprop" else ()), 10)
    shapes = [(n[k + 1], n[k]) for k in range(len(n) - 1)]
    w_up = tuple(w.astype(np.float32) for w in glorot(shapes, rng, config))
    b_up = start_thresholds(config, n)
    return Net(w_up, tuple(b.astype(np.float32) for b in b_up))


def start_thresholds(config, n) -> tuple[np.ndarray, ...]:
    """b_up of every layer at the start."""
    return (
        *(np.full(m, config.hidden_threshold) for m in n[1:-1]),
        np.full(n[-1], config.output_threshold),
    )


def glorot(shapes, rng, config) -> tuple[np.ndarray, ...]:
    """Up weights, uniform on ± scale · √(6 / (n_pre + n_post)) with a scale of its own for the output."""
    scales = [config.scale_up] * (len(shapes) - 1) + [config.scale_output]
    bounds = [scale * np.sqrt(6 / sum(shape)) for scale, shape in zip(scales, shapes, strict=True)]
    return tuple(rng.uniform(-b, b, shape) for b, shape in zip(bounds, shapes, strict=True))


def learning_rates(config, epoch: int) -> LearningRates:
    """Rates of one epoch: η_up into layer k = factor · base / ∏ λ_l over l = k…N, 0 for the layers that are frozen."""
    base, depth = config.base_rate * config.decay**epoch, len(config.hidden) + 1
    factors = (*config.hidden_rate, 1.0)
    up = [
        f * base / (config.mixing_output * config.mixing_hidden ** (depth - 1 - k))
        for k, f in enumerate(factors)
    ]
    ip = config.inter_rate * base / config.mixing_interneuron
    if config.learner == "hidden to hidden frozen":
        up[1:-1] = [0.0] * (depth - 2)
    if (
        config.learner == "frozen hidden layers"
    ):  # only the topmost apical potentials reach a synapse that learns
        up[:-1], ip = [0.0] * (depth - 1), (0.0,) * (depth - 2) + (ip,)
    pi, down = (config.rate_pi, config.rate_down) if config.learner == "all plastic" else (0.0, 0.0)
    return LearningRates(tuple(up), ip, pi, down, thresholds=True)


def target_potentials(config, labels: np.ndarray) -> np.ndarray:
    """(n, 10): the potential of rate .8 for the class and .1 for the others [paper]."""
    rates = np.where(np.eye(10, dtype=bool)[labels], config.rate_high, config.rate_low)
    return Logistic().inverse(rates).astype(np.float32)


def circuit_epoch(config, circuit: Circuit, data, order, epoch: int) -> Circuit:
    """An epoch of Eqs. 7-10 with the two-pass dynamics, over the images ``order``."""
    from dcm import kernels

    targets, rates = target_potentials(config, data.train.labels), learning_rates(config, epoch)
    return kernels.learn_two_pass(
        circuit, data.train.images, targets, rates, order=order, batch=config.batch
    )


def net_epoch(config, net: Net, data, order, epoch) -> Net:
    """An epoch of plain stochastic gradient descent on the loss of Section 3."""
    from dcm import kernels

    w, b = [x.copy() for x in net.w_up], [x.copy() for x in net.b_up]
    targets = target_potentials(config, data.train.labels)
    eta = (config.backprop_rate if len(w) > 1 else config.single_rate) * config.decay**epoch
    eta = [factor * eta for factor in (*config.hidden_rate, 1.0)[-len(w) :]]
    kernels.learn_backprop(w, b, data.train.images, targets, eta, order=order, batch=config.batch)
    return Net(tuple(w), tuple(b))


def classify(learner, images: np.ndarray) -> np.ndarray:
    """Class of each image: the output neuron with the highest potential of the upward pass (no target)."""
    phi, r = Logistic(), images
    for a, w, b in zip(learner.attenuations, learner.w_up, learner.b_up, strict=True):
        u = w.dtype.type(a) * (r @ w.T + b)
        r = phi(u)
    return np.argmax(u, axis=1)


def errors(learner, data: datasets.Digits) -> tuple[float, float]:
    """(test, validation) error in percent."""
    return tuple(
        100 * float(np.mean(classify(learner, s.images) != s.labels))
        for s in (data.test, data.validation)
    )


def watch(config, circuit: Circuit, data, n: int = 1000) -> list[float]:
    """Four numbers per hidden layer, on the first ``n`` validation images.

    Un-nudged ‖v_A‖ over the top-down drive ‖w_down φ(u)‖, and over the nudged ‖v_A‖ (means over images); the angle
    between w_upᵀ and w_down, degrees; and ‖w_pi + w_down‖ / ‖w_down‖ (0: self-predicting).
    """
    images, labels = data.validation.images[:n], data.validation.labels[:n]
    free, nudged = (
        two_pass(circuit, images),
        two_pass(circuit, images, target_potentials(config, labels)),
    )
    drive = [circuit.transfer(u) @ w.T for u, w in zip(free.u_p[1:], circuit.w_down, strict=True)]
    norms = [
        [float(np.mean(np.linalg.norm(x, axis=1))) for x in xs]
        for xs in (free.v_apical, drive, nudged.v_apical)
    ]
    quiet = [v / d for v, d in zip(norms[0], norms[1], strict=True)]
    ratio = [v / max(d, 1e-12) for v, d in zip(norms[0], norms[2], strict=True)]
    angles = [angle(up.T, down) for up, down in zip(circuit.w_up[1:], circuit.w_down, strict=True)]
    mirror = [
        relative_distance([pi], [-down])
        for pi, down in zip(circuit.w_pi, circuit.w_down, strict=True)
    ]
    return [*quiet, *ratio, *angles, *mirror]
