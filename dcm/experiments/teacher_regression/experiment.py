"""Fig. 2 and S1: the circuit learns a teacher network's function; a shallow learner cannot (steady state a pattern)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from dcm.experiments.measures import angle, relative_distance
from dcm.lab.checkpoint import resumable
from dcm.lab.progress import one_thread, silent
from dcm.model.circuit import Circuit
from dcm.model.conductances import Conductances
from dcm.model.plasticity import LearningRates
from dcm.model.transfer import SoftRectifier
from dcm.settle.equilibrium import equilibrium


@dataclass(frozen=True)
class Config:
    """Numbers of the run; sizes, transfer and teacher are the paper's, rates and noise are believed to be [SM*]."""

    sizes: tuple[int, ...] = (30, 50, 10)
    teacher_sizes: tuple[int, ...] = (30, 20, 10)
    teacher_gains: tuple[float, ...] = (2.0, 10.0)  # k_10, k_21 [paper]
    transfer: SoftRectifier = SoftRectifier()  # γ = .1, β = 1, θ = 3 [paper]
    conductances: Conductances = Conductances()
    scale_up: float = 1.0  # initial up weights U(-scale, scale) [SM*]
    learner: str = "full"  # or "shallow": only w_up into the output changes
    n_patterns: int = 10_000_000  # [paper]
    eta_up: tuple[float, ...] = (0.0011875, 0.0005)  # per ms, layer 1 and output
    eta_ip: float = 0.0011875
    eta_pi: float = 0.0059375
    duration: float = 100.0  # ms a pattern
    noise: float = 0.3  # σ of the traces shown; learning itself is at the noise-free steady state
    block: int = 50_000  # patterns between measurements [chosen]
    n_test: int = (
        1000  # unseen inputs per measurement [chosen; the paper: one, with a moving average]
    )

    @classmethod
    def quick(cls):
        """3·10⁶ patterns: before 2·10⁶ full and shallow learner still lie together."""
        return cls(n_patterns=3_000_000)

    @classmethod
    def paper(cls):
        """10⁷ patterns."""
        return cls()


@dataclass(frozen=True)
class Teacher:
    """The function to be learned: r* = φ(k_21 W_21 φ(k_10 W_10 r_0)), weights U(-1, 1) [paper]."""

    transfer: SoftRectifier
    gains: tuple[float, ...]
    weights: tuple[np.ndarray, ...]

    @classmethod
    def random(cls, config: Config, rng) -> Teacher:
        """Draw the weights, lower layer first."""
        n = config.teacher_sizes
        weights = tuple(rng.uniform(-1, 1, (n[k + 1], n[k])) for k in range(len(n) - 1))
        return cls(config.transfer, config.teacher_gains, weights)

    def __call__(self, r_in: np.ndarray) -> np.ndarray:
        """Target potentials u*, (…, n_N), of input rates (…, n_0); the target rates are φ(u*)."""
        u = self.gains[0] * r_in @ self.weights[0].T
        for gain, w in zip(self.gains[1:], self.weights[1:], strict=True):
            u = gain * self.transfer(u) @ w.T
        return u


@dataclass(frozen=True)
class Curves:
    """One learner over ``patterns`` (n,); every measure is a mean over unseen inputs, noise-free.

    ``error`` is Σ(r - r*)² with teaching off; ``apical`` = ‖v_A‖² and ``mismatch`` = ‖u_I - u_P‖² likewise;
    ``distance_ip``, ``distance_pi`` are relative Frobenius distances to the self-predicting weights;
    ``angle_weights`` lies between w_up[1]ᵀ and w_down[0], ``angle_errors`` between w_up[1]ᵀ e and w_down[0] e, degrees.
    """

    patterns: np.ndarray
    error: np.ndarray
    apical: np.ndarray
    mismatch: np.ndarray
    distance_ip: np.ndarray
    distance_pi: np.ndarray
    angle_weights: np.ndarray
    angle_errors: np.ndarray


@dataclass(frozen=True)
class Result:
    """Curves of the full circuit and of the shallow learner (only w_up into the output), and what they started from."""

    config: Config
    teacher: Teacher
    full: Curves
    shallow: Curves
    target_variance: float
    before: Circuit
    after: Circuit


@one_thread
def run(config: Config, rng: np.random.Generator, progress=silent) -> Result:
    """Train the full and the shallow learner on the same patterns from the same random start."""
    start, teacher, test, seed = prepare(config, rng)
    after, full = train(config, start, teacher, test, seed, progress)
    _, shallow = train(replace(config, learner="shallow"), start, teacher, test, seed, progress)
    variance = config.transfer(teacher(test)).var(axis=0).sum()
    return Result(config, teacher, full, shallow, float(variance), start, after)


@one_thread
def compute(config: Config, rng: np.random.Generator, progress=silent, checkpoint=None) -> dict:
    """One learner's ``Curves`` as arrays, with the target variance: a paper-scale result."""
    start, teacher, test, seed = prepare(config, rng)
    _, curves = train(config, start, teacher, test, seed, progress, checkpoint)
    return {**vars(curves), "target_variance": config.transfer(teacher(test)).var(axis=0).sum()}


def prepare(config: Config, rng) -> tuple[Circuit, Teacher, np.ndarray, int]:
    """(start, teacher, unseen inputs, seed of the training inputs), the same for every learner of a seed."""
    weight_rng, teacher_rng, data_rng, test_rng = rng.spawn(4)
    g, scale = config.conductances, config.scale_up
    start = Circuit.random(
        config.sizes, weight_rng, transfer=config.transfer, conductances=g, scale_up=scale
    )
    teacher = Teacher.random(config, teacher_rng)
    test = test_rng.uniform(-1, 1, (config.n_test, config.sizes[0]))
    return start, teacher, test, int(data_rng.integers(2**63))


def rates_of(config: Config) -> LearningRates:
    """Rates of the full learner, or of the shallow one, which changes only w_up into the output."""
    if config.learner == "full":
        return LearningRates(config.eta_up, config.eta_ip, config.eta_pi)
    return LearningRates((0.0,) * (len(config.sizes) - 2) + (config.eta_up[-1],))


def train(
    config, circuit, teacher, test, seed, progress=silent, checkpoint=None
) -> tuple[Circuit, Curves]:
    """Blocks of patterns, each followed by a measurement on the inputs ``test``."""
    from dcm import kernels

    rates = rates_of(config)

    def block(i, state):
        n = min(config.block, config.n_patterns - i * config.block)
        inputs = state["data"].uniform(-1, 1, (n, config.sizes[0]))
        before = circuit.with_arrays(state)
        after, _ = kernels.learn(before, inputs, teacher(inputs), rates, duration=config.duration)
        row = (i * config.block + n, *measure(after, teacher, test))
        return {"data": state["data"], "rows": np.vstack([state["rows"], row]), **after.arrays()}

    state = {
        "data": np.random.default_rng(seed),
        "rows": np.array([(0, *measure(circuit, teacher, test))]),
    }
    blocks, name = -(-config.n_patterns // config.block), f"{config.learner} learner"
    state = resumable(block, {**state, **circuit.arrays()}, blocks, checkpoint, progress, name)
    return circuit.with_arrays(state), Curves(*state["rows"].T)


def measure(circuit, teacher, test) -> tuple[float, ...]:
    """Error, ‖v_A‖², ‖u_I - u_P‖², weight distances and both angles: the columns of ``Curves`` after the first."""
    state, goal = equilibrium(circuit, test), circuit.self_predicting()
    e = teacher.transfer(teacher(test)) - circuit.transfer(state.u_p[-1])
    return (
        np.mean(np.sum(e**2, axis=1)),
        np.mean(np.sum(state.v_apical[0] ** 2, axis=1)),
        np.mean(np.sum((state.u_i[0] - state.u_p[1]) ** 2, axis=1)),
        relative_distance(circuit.w_ip, goal.w_ip),
        relative_distance(circuit.w_pi, goal.w_pi),
        angle(circuit.w_up[1].T, circuit.w_down[0]),
        float(np.mean([angle(circuit.w_up[1].T @ x, circuit.w_down[0] @ x) for x in e])),
    )


@one_thread
def traces(circuit, teacher, config: Config, rng: np.random.Generator, n_patterns: int = 2):
    """Continuous time with noise and frozen weights, teaching on: (``Recording``, target potentials a pattern)."""
    from dcm import kernels

    inputs = rng.uniform(-1, 1, (n_patterns, config.sizes[0]))
    names = ("u_p[1]", "u_i[0]", "v_apical[0]")
    nudged = kernels.integrate(
        circuit, inputs, teacher(inputs), rng=rng, noise=config.noise, record=names
    )
    return nudged, teacher(inputs)
