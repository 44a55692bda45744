"""Fig. S1 (and 1C): lateral plasticity alone (Eqs. 8-9) finds the self-predicting state.

[SM*] marks numbers that are not in the main text; they are believed to be the supplement's.
"""

from dataclasses import dataclass

import numpy as np

from dcm.experiments.config import check, check_run
from dcm.experiments.measures import relative_distance
from dcm.lab.progress import one_thread, silent
from dcm.lab.store import Result, plain
from dcm.model.circuit import Circuit
from dcm.model.plasticity import LearningRates
from dcm.settle.equilibrium import equilibrium
from dcm.settle.recording import Recording


@dataclass(frozen=True)
class Config:
    """Numbers of the run; it takes seconds, so that quick and paper scale are the same."""

    sizes: tuple[int, ...] = (30, 20, 10)  # [SM*], as is the logistic transfer function
    n_patterns: int = 200_000  # 2·10⁷ ms, where both distances have levelled off [chosen]
    eta_ip: float = 0.0002375  # per ms [SM*]
    eta_pi: float = 0.0005  # per ms [SM*]
    duration: float = 100.0  # ms per pattern [SM*]
    n_records: int = 40  # logarithmically spaced [chosen]
    n_test: int = 200  # unseen inputs that a record averages over [chosen]
    noise: float = 0.1  # σ, in the traces only: learning is at the steady state [SM*]

    def __post_init__(self):
        check(self)


@one_thread
def run(config: Config, rng: np.random.Generator, progress=silent, checkpoint=None) -> Result:
    """Only lateral plasticity, from random weights; seconds, so no checkpoints.

    Gives the numbers of ``measure`` after ``patterns`` (n,) patterns, and the weights at the end.
    """
    check_run(config, Config, rng)
    from dcm import kernels

    circuit, unseen, data_rng = prepare(config, rng)
    rates = LearningRates(ip=config.eta_ip, pi=config.eta_pi)
    first = min(10, config.n_patterns)
    marks = np.geomspace(first, config.n_patterns, config.n_records).round().astype(int)
    marks = np.unique(marks)
    rows = [measure(circuit, unseen)]
    for block in progress(np.diff(marks, prepend=0), desc="patterns"):
        inputs = data_rng.uniform(-1, 1, (block, config.sizes[0]))
        circuit, _ = kernels.learn(circuit, inputs, None, rates, duration=config.duration)
        rows.append(measure(circuit, unseen))
    names = ("apical", "mismatch", "distance_ip", "distance_pi")
    arrays = dict(zip(names, np.array(rows).T, strict=True)) | circuit.arrays()
    return Result({"config": plain(config)}, {"patterns": np.append(0, marks), **arrays})


def prepare(config: Config, rng) -> tuple[Circuit, np.ndarray, np.random.Generator]:
    """(circuit at the start, unseen inputs, generator of training inputs), one set per seed."""
    weight_rng, data_rng, test_rng = rng.spawn(3)
    unseen = test_rng.uniform(-1, 1, (config.n_test, config.sizes[0]))
    return Circuit.random(config.sizes, weight_rng), unseen, data_rng


def measure(circuit, r_in) -> tuple[float, float, float, float]:
    """(‖v_A‖, ‖u_I - u_P above‖, distance of w_ip, distance of w_pi), no target, no noise.

    The norms are means over the rows of ``r_in`` (n_test, n_in), summed over hidden layers; the
    distances are to the self-predicting weights, relative.
    """
    state = equilibrium(circuit, r_in)
    apical = sum(np.linalg.norm(v, axis=-1) for v in state.v_apical)  # (n_test,)
    pairs = zip(state.u_i, state.u_p[1:], strict=True)
    mismatch = sum(np.linalg.norm(u_i - u_p, axis=-1) for u_i, u_p in pairs)  # (n_test,)
    goal = circuit.self_predicting()
    distance_ip = relative_distance(circuit.w_ip, goal.w_ip)
    distance_pi = relative_distance(circuit.w_pi, goal.w_pi)
    return float(np.mean(apical)), float(np.mean(mismatch)), distance_ip, distance_pi


@one_thread
def traces(circuit, config: Config, rng: np.random.Generator) -> Recording:
    """The circuit through time with noise and frozen weights, one record per ms."""
    from dcm import kernels

    inputs = rng.uniform(-1, 1, (15, config.sizes[0]))  # 1500 ms, the axis of Fig. 1C [paper]
    options = {"rng": rng, "noise": config.noise, "duration": config.duration}
    return kernels.integrate(circuit, inputs, record=("u_p[1]", "u_i[0]", "v_apical[0]"), **options)
