"""Figs. 2 and S1: the circuit learns a teacher network's function; a shallow learner cannot.

Every pattern is taken at its steady state. Numbers marked [paper] are in the main text; [SM*] ones
are not, and are believed to be the supplement's; [chosen] ones are ours.
"""

from dataclasses import dataclass

import numpy as np

from dcm.experiments.config import check, check_run
from dcm.experiments.measures import angle, relative_distance
from dcm.lab.checkpoint import resumable
from dcm.lab.progress import one_thread, silent
from dcm.lab.store import Result, plain
from dcm.model.circuit import Circuit
from dcm.model.conductances import Conductances
from dcm.model.plasticity import LearningRates
from dcm.model.transfer import SoftRectifier
from dcm.settle.equilibrium import equilibrium
from dcm.settle.recording import Recording

# The columns of a run's curves: the patterns shown so far, and what ``measure`` returns.
CURVES = ("patterns", "error", "apical", "mismatch", "distance_ip", "distance_pi")
CURVES += ("angle_weights", "angle_errors")


@dataclass(frozen=True)
class Config:
    """Numbers of one run."""

    sizes: tuple[int, ...] = (30, 50, 10)  # of the circuit [paper]
    teacher_sizes: tuple[int, ...] = (30, 20, 10)  # [paper]
    teacher_gains: tuple[float, ...] = (2.0, 10.0)  # k_10, k_21 [paper]
    transfer: SoftRectifier = SoftRectifier()  # γ = .1, β = 1, θ = 3 [paper]
    conductances: Conductances = Conductances()  # [SM*]
    scale_up: float = 1.0  # initial up weights U(-scale, scale) [SM*]
    learner: str = "full"  # or "shallow": only w_up into the output changes
    n_patterns: int = 10_000_000  # [paper]
    eta_up: tuple[float, ...] = (0.0011875, 0.0005)  # per ms, hidden layer and output [SM*]
    eta_ip: float = 0.0011875  # per ms [SM*]
    eta_pi: float = 0.0059375  # per ms [SM*]
    duration: float = 100.0  # ms per pattern [SM*]
    noise: float = 0.3  # σ of the traces of Fig. 2B [SM*]; learning itself is noise-free
    block: int = 50_000  # patterns between measurements [chosen]
    n_test: int = 1000  # unseen inputs per measurement [chosen; paper: a moving average]

    def __post_init__(self):
        check(self, learner=("full", "shallow"))
        sizes = self.teacher_sizes
        if (sizes[0], sizes[-1]) != (self.sizes[0], self.sizes[-1]):
            found = f"teacher_sizes is {sizes}, sizes is {self.sizes}"
            raise ValueError(f"{found}; give both the same inputs and outputs")
        if len(self.teacher_gains) != len(sizes) - 1:
            found = f"teacher_gains is {self.teacher_gains}"
            raise ValueError(f"{found}; give {len(sizes) - 1}, one per layer of the teacher")

    @classmethod
    def quick(cls):
        """3·10⁶ patterns: before 2·10⁶ full and shallow learner still lie together."""
        return cls(n_patterns=3_000_000)

    @classmethod
    def paper(cls):
        """The numbers of Fig. 2, 10⁷ patterns."""
        return cls()


@dataclass(frozen=True)
class Teacher:
    """The function to be learned: r* = φ(k_21 W_21 φ(k_10 W_10 r_0)), weights U(-1, 1) [paper]."""

    transfer: SoftRectifier
    gains: tuple[float, ...]
    weights: tuple[np.ndarray, ...]

    @classmethod
    def random(cls, config: Config, rng) -> "Teacher":
        """Draw the weights, lower layer first."""
        n = config.teacher_sizes
        weights = tuple(rng.uniform(-1, 1, (n[k + 1], n[k])) for k in range(len(n) - 1))
        return cls(config.transfer, config.teacher_gains, weights)

    def __call__(self, r_in: np.ndarray) -> np.ndarray:
        """Target potentials u*, (…, n_N), of input rates (…, n_0); the target rates are φ(u*)."""
        u = self.gains[0] * r_in @ self.weights[0].T  # (…, n_1)
        for gain, w in zip(self.gains[1:], self.weights[1:], strict=True):
            u = gain * self.transfer(u) @ w.T
        return u


@one_thread
def run(config: Config, rng: np.random.Generator, progress=silent, checkpoint=None) -> Result:
    """Blocks of patterns, each followed by a measurement on unseen inputs, noise-free.

    Gives ``CURVES``, (n_blocks + 1,) each; the weights at the end; and ``target_variance`` (), the
    error of a learner that always answers with the mean target.
    """
    check_run(config, Config, rng)
    start, teacher, unseen, data = prepare(config, rng)

    def block(i, state):
        shown = i * config.block
        n = min(config.block, config.n_patterns - shown)
        circuit = learned(start.with_arrays(state), teacher, state["data"], config, n)
        row = (shown + n, *measure(circuit, teacher, unseen))
        return {**state, "rows": np.vstack([state["rows"], row]), **circuit.arrays()}

    rows = np.array([(0, *measure(start, teacher, unseen))])
    state = {"data": data, "rows": rows, **start.arrays()}
    n_blocks = int(np.ceil(config.n_patterns / config.block))
    state = resumable(block, state, n_blocks, checkpoint, progress, f"{config.learner} learner")
    arrays = curves(state["rows"]) | start.with_arrays(state).arrays()
    arrays["target_variance"] = config.transfer(teacher(unseen)).var(axis=0).sum()
    return Result({"config": plain(config)}, arrays)


def prepare(config: Config, rng) -> tuple[Circuit, Teacher, np.ndarray, np.random.Generator]:
    """(start, teacher, unseen inputs, generator of training inputs), one set per seed."""
    weight_rng, teacher_rng, data_rng, test_rng = rng.spawn(4)
    kind = {"transfer": config.transfer, "conductances": config.conductances}
    start = Circuit.random(config.sizes, weight_rng, scale_up=config.scale_up, **kind)
    teacher = Teacher.random(config, teacher_rng)
    unseen = test_rng.uniform(-1, 1, (config.n_test, config.sizes[0]))
    return start, teacher, unseen, np.random.default_rng(int(data_rng.integers(2**63)))


def learned(circuit, teacher, data, config: Config, n: int) -> Circuit:
    """The circuit after ``n`` more patterns, drawn from ``data``."""
    from dcm import kernels

    inputs = data.uniform(-1, 1, (n, config.sizes[0]))
    rates = rates_of(config)
    return kernels.learn(circuit, inputs, teacher(inputs), rates, duration=config.duration)[0]


def rates_of(config: Config) -> LearningRates:
    """Rates of the full learner, or of the shallow one, which changes only w_up into the output."""
    if config.learner == "full":
        return LearningRates(config.eta_up, config.eta_ip, config.eta_pi)
    frozen = (0.0,) * (len(config.sizes) - 2)  # the up weights of the hidden layers
    return LearningRates((*frozen, config.eta_up[-1]))


def curves(rows: np.ndarray) -> dict[str, np.ndarray]:
    """The columns of ``rows`` (n, 8) by their names in ``CURVES``."""
    return dict(zip(CURVES, rows.T, strict=True))


def measure(circuit, teacher, unseen) -> tuple[float, ...]:
    """Seven means over the inputs ``unseen`` (n_test, n_0), teaching off.

    Σ(r - r*)², the squared error; ‖v_A‖²; ‖u_I - u_P‖²; relative distances of w_ip and of w_pi to
    the self-predicting ones; angles (°) of w_up[1]ᵀ to w_down[0], w_up[1]ᵀ e to w_down[0] e.
    """
    state = equilibrium(circuit, unseen)
    goal = circuit.self_predicting()
    errors = teacher.transfer(teacher(unseen)) - circuit.transfer(state.u_p[-1])  # (n_test, n_2)
    transposed = circuit.w_up[1].T
    down = circuit.w_down[0]
    return (
        np.mean(np.sum(errors**2, axis=1)),
        np.mean(np.sum(state.v_apical[0] ** 2, axis=1)),
        np.mean(np.sum((state.u_i[0] - state.u_p[1]) ** 2, axis=1)),
        relative_distance(circuit.w_ip, goal.w_ip),
        relative_distance(circuit.w_pi, goal.w_pi),
        angle(transposed, down),
        float(np.mean([angle(transposed @ e, down @ e) for e in errors])),
    )


@one_thread
def traces(circuit, teacher, config: Config, rng) -> tuple[Recording, np.ndarray]:
    """Fig. 2B: two patterns with noise and frozen weights, and their targets u* (2, n_2)."""
    from dcm import kernels

    inputs = rng.uniform(-1, 1, (2, config.sizes[0]))
    targets = teacher(inputs)
    options = {"rng": rng, "noise": config.noise, "duration": config.duration}
    record = ("u_p[1]", "v_apical[0]")
    return kernels.integrate(circuit, inputs, targets, record=record, **options), targets
