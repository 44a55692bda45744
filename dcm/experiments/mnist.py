"""Fig. 3: handwritten digits with the two-pass dynamics, against shallow learners and backprop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dcm import datasets
from dcm.circuit import Circuit, weight_shapes
from dcm.conductances import Conductances
from dcm.plasticity import LearningRates
from dcm.runs import one_thread, silent
from dcm.transfer import Logistic
from dcm.two_pass import two_pass

LEARNERS = ("microcircuit", "backprop", "frozen hidden layers", "single layer")


@dataclass(frozen=True)
class Config:
    """Numbers of the run. Layers, batch and target rates are the paper's; the recipe is ours (found on validation)."""

    hidden: tuple[int, ...] = (500, 500)  # [paper]
    epochs: int = 200  # [paper: the axis of Fig. 3B]
    batch: int = 10  # images whose weight changes are averaged [paper]
    rate_high: float = 0.8  # target rate of the class [paper]
    rate_low: float = 0.1  # of the others [paper]
    mixing_hidden: float = 0.1  # λ_1 = λ_2 [chosen; SM*: .3]
    mixing_output: float = 0.2  # λ_3 [chosen; SM*: .1]
    mixing_interneuron: float = 0.1  # λ_I [SM*]
    scale_up: float = 3.3  # up weights, in units of Glorot's uniform range [chosen; SM*: U(-.1, .1)]
    gain_hidden: float = 1.2  # top-down between hidden layers: uniform ± gain·√(3/n_pre) [chosen; SM*: U(-1, 1)]
    gain_output: float = 7.0  # top-down from the output, likewise [chosen]
    output_threshold: float = -1.5  # start of the output's b_up; all others start at 0 [chosen]
    base_rate: float = 0.01  # η_up into layer k = base / ∏ λ from k up [form: SM*; value chosen]
    inter_rate: float = 5.0  # η_ip = inter_rate · base / λ_I: interneurons must track the layer above [chosen]
    decay: float = 0.993  # of all rates, per epoch [chosen]
    backprop_rate: float = 0.1  # of the backprop net, which starts from the same weights' scale [chosen]
    single_rate: float = 0.03  # of the net without hidden layers [chosen]

    @classmethod
    def quick(cls):
        """Three epochs of all 55 000 images, about a minute."""
        return cls(epochs=3)

    @classmethod
    def paper(cls):
        """200 epochs."""
        return cls()


@dataclass(frozen=True)
class Result:
    """Errors in percent, (epochs + 1,) per learner, before the first and after every epoch.

    ``predicted`` (n_test,) are the circuit's classes at the end, ``silence`` (epochs + 1, n_hidden) is the un-nudged
    ‖v_A‖ over the top-down drive ‖w_down φ(u)‖ of each hidden layer.
    """

    config: Config
    data_name: str
    side: int
    test_error: dict[str, np.ndarray]
    validation_error: dict[str, np.ndarray]
    silence: np.ndarray
    labels: np.ndarray
    predicted: np.ndarray
    circuit: Circuit


@one_thread
def run(config: Config, rng: np.random.Generator, progress=silent, data: datasets.Digits | None = None) -> Result:
    """Train the four learners on the same images; ``data`` defaults to MNIST."""
    data = datasets.mnist() if data is None else data
    streams = dict(zip(("circuit", *LEARNERS), rng.spawn(1 + len(LEARNERS)), strict=True))
    start = initial_circuit(config, data, streams["circuit"])
    learners = {
        "microcircuit": (start, circuit_epoch(1.0)),
        "backprop": (initial_net(config, config.hidden, data, streams["backprop"]), net_epoch),
        "frozen hidden layers": (start, circuit_epoch(0.0)),
        "single layer": (initial_net(config, (), data, streams["single layer"]), net_epoch),
    }
    curves, quiet, final = {}, [silence(start, data.validation.images)], {}
    for name, (learner, epoch_of) in learners.items():
        rows = [errors(learner, data)]
        for epoch in progress(range(config.epochs), desc=f"{name}, epochs"):
            order = streams[name].permutation(len(data.train.labels))
            learner = epoch_of(config, learner, data, order, epoch)
            rows.append(errors(learner, data))
            if name == "microcircuit":
                quiet.append(silence(learner, data.validation.images))
        curves[name], final[name] = np.array(rows), learner
    circuit = final["microcircuit"]
    return Result(
        config, data.name, data.side, {n: c[:, 0] for n, c in curves.items()}, {n: c[:, 1] for n, c in curves.items()},
        np.array(quiet), data.test.labels, classify(circuit, data.test.images), circuit,
    )  # fmt: skip


@dataclass(frozen=True)
class Net:
    """A plain feedforward net u_k = W_k φ(u_{k-1}) + b_k, the backprop reference; one matrix: no hidden layer."""

    w_up: tuple
    b_up: tuple
    attenuations: tuple


def initial_circuit(config: Config, data: datasets.Digits, rng) -> Circuit:
    """Self-predicting start in single precision: Glorot-uniform up weights, scaled; top-down by gain."""
    n = (data.side**2, *config.hidden, 10)
    shapes = weight_shapes(n)
    w_up = glorot(shapes["w_up"], rng, config.scale_up)
    gains = (config.gain_hidden,) * (len(config.hidden) - 1) + (config.gain_output,)
    bounds = [gain * np.sqrt(3 / shape[1]) for gain, shape in zip(gains, shapes["w_down"], strict=True)]
    w_down = tuple(rng.uniform(-b, b, shape) for b, shape in zip(bounds, shapes["w_down"], strict=True))
    b_up = (*(np.zeros(m) for m in n[1:-1]), np.full(n[-1], config.output_threshold))
    g = Conductances.from_mixing(config.mixing_hidden, config.mixing_output, config.mixing_interneuron)
    lateral = {name: tuple(map(np.zeros, shapes[name])) for name in ("w_ip", "w_pi")}
    return Circuit(Logistic(), g, w_up, w_down, **lateral, b_up=b_up).self_predicting().astype(np.float32)


def initial_net(config: Config, hidden, data: datasets.Digits, rng) -> Net:
    """A feedforward net with up weights and thresholds drawn as the circuit's."""
    n = (data.side**2, *hidden, 10)
    shapes = [(n[k + 1], n[k]) for k in range(len(n) - 1)]
    w_up = tuple(w.astype(np.float32) for w in glorot(shapes, rng, config.scale_up))
    b_up = (*(np.zeros(m) for m in n[1:-1]), np.full(n[-1], config.output_threshold))
    return Net(w_up, tuple(b.astype(np.float32) for b in b_up), (1.0,) * len(shapes))


def glorot(shapes, rng, scale: float) -> tuple[np.ndarray, ...]:
    """Uniform on ± scale · √(6 / (n_pre + n_post))."""
    bounds = [scale * np.sqrt(6 / sum(shape)) for shape in shapes]
    return tuple(rng.uniform(-b, b, shape) for b, shape in zip(bounds, shapes, strict=True))


def learning_rates(config: Config, epoch: int, hidden: float = 1.0) -> LearningRates:
    """Rates of one epoch: η_up into layer k = base / ∏ λ_l over l = k…N; ``hidden`` = 0 freezes the hidden layers."""
    base, depth = config.base_rate * config.decay**epoch, len(config.hidden) + 1
    up = [base / (config.mixing_output * config.mixing_hidden ** (depth - 1 - k)) for k in range(depth)]
    up[:-1] = [hidden * eta for eta in up[:-1]]
    return LearningRates(tuple(up), config.inter_rate * base / config.mixing_interneuron, thresholds=True)


def target_potentials(config: Config, labels: np.ndarray) -> np.ndarray:
    """(n, 10): the potential of rate .8 for the class and .1 for the others [paper]."""
    rates = np.where(np.eye(10, dtype=bool)[labels], config.rate_high, config.rate_low)
    return Logistic().inverse(rates).astype(np.float32)


def circuit_epoch(hidden: float):
    """An epoch of the circuit, with its hidden layers plastic (1) or frozen (0)."""

    def train(config, circuit, data, order, epoch):
        from dcm import kernels

        targets, rates = target_potentials(config, data.train.labels), learning_rates(config, epoch, hidden)
        return kernels.learn_two_pass(circuit, data.train.images, targets, rates, order=order, batch=config.batch)

    return train


def net_epoch(config, net: Net, data, order, epoch) -> Net:
    """An epoch of plain stochastic gradient descent on the loss of Section 3."""
    from dcm import kernels

    w, b = [x.copy() for x in net.w_up], [x.copy() for x in net.b_up]
    targets = target_potentials(config, data.train.labels)
    eta = (config.backprop_rate if len(w) > 1 else config.single_rate) * config.decay**epoch
    kernels.learn_backprop(w, b, data.train.images, targets, eta, order=order, batch=config.batch)
    return Net(tuple(w), tuple(b), net.attenuations)


def classify(learner, images: np.ndarray) -> np.ndarray:
    """Class of each image: the output neuron with the highest potential of the upward pass (no target)."""
    phi, r = Logistic(), images
    for a, w, b in zip(learner.attenuations, learner.w_up, learner.b_up, strict=True):
        u = w.dtype.type(a) * (r @ w.T + b)
        r = phi(u)
    return np.argmax(u, axis=1)


def errors(learner, data: datasets.Digits) -> tuple[float, float]:
    """(test, validation) error in percent."""
    return tuple(100 * float(np.mean(classify(learner, s.images) != s.labels)) for s in (data.test, data.validation))


def silence(circuit: Circuit, images: np.ndarray) -> list[float]:
    """Un-nudged ‖v_A‖ over the top-down drive ‖w_down φ(u)‖, per hidden layer (means over the first 1000 images)."""
    state = two_pass(circuit, images[:1000])
    drive = [circuit.transfer(u) @ w.T for u, w in zip(state.u_p[1:], circuit.w_down, strict=True)]
    norms = [[np.mean(np.linalg.norm(x, axis=1)) for x in xs] for xs in (state.v_apical, drive)]
    return [float(v / d) for v, d in zip(*norms, strict=True)]
