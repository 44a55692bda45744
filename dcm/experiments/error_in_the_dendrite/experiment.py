"""Fig. 1B, 1C: a new target breaks the balance of one apical dendrite; learning restores it, in continuous time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dcm.lab.progress import one_thread, silent
from dcm.model.circuit import Circuit
from dcm.model.plasticity import LearningRates
from dcm.settle.dynamics import Recording
from dcm.settle.equilibrium import equilibrium


@dataclass(frozen=True)
class Config:
    """Numbers of the run. Sizes, transfer (logistic), rates and noise are believed to be the supplement's [SM*]."""

    sizes: tuple[int, ...] = (30, 20, 10)
    presentations: int = 400
    eta_up: tuple[float, ...] = (0.0011875, 0.0005)  # per ms, layer 1 and output [SM*]
    eta_ip: float = 0.0011875
    eta_pi: float = 0.0005
    noise: float = 0.1  # σ of the somatic noise
    duration: float = 100.0  # ms a presentation
    low: float = 0.1  # target rates are uniform on [low, high] [chosen]
    high: float = 0.9
    shown: float = (
        1500.0  # ms after the target's arrival that are recorded: the axis of Fig. 1C [paper]
    )

    @classmethod
    def quick(cls):
        """400 presentations, about 3 s."""
        return cls()

    @classmethod
    def paper(cls):
        """1000 presentations."""
        return cls(presentations=1000)


@dataclass(frozen=True)
class Result:
    """Traces around the arrival of the target, the slow closing of the error, and traces after learning.

    ``before``, ``arrival`` and ``after`` are ``Recording``s (see ``balance``). ``apical`` and ``output_error``, at the
    ends of presentations number ``presentation``, are noise-free: ‖v_A‖ at the nudged steady state, and
    ‖φ(u) - r_target‖ at the output with teaching off.
    """

    config: Config
    r_target: np.ndarray
    before: Recording
    arrival: Recording
    after: Recording
    presentation: np.ndarray
    apical: np.ndarray
    output_error: np.ndarray
    circuit: Circuit


@one_thread
def run(config: Config, rng: np.random.Generator, progress=silent) -> Result:
    """One input pattern, one new target, all of Eqs. 1-9 with noise; the circuit starts self-predicting."""
    from dcm import kernels

    weight_rng, data_rng, noise_rng = rng.spawn(3)
    circuit = Circuit.random(config.sizes, weight_rng).self_predicting()
    r_in = data_rng.uniform(-1, 1, config.sizes[0])
    r_target = data_rng.uniform(config.low, config.high, config.sizes[-1])
    u_target = circuit.transfer.inverse(r_target)
    rates = LearningRates(config.eta_up, config.eta_ip, config.eta_pi)

    def show(circuit, ms, start, target=True, plastic=True, record=RECORD):
        n = round(ms / config.duration)
        targets = np.tile(u_target, (n, 1)) if target else None
        return kernels.integrate(
            circuit, np.tile(r_in, (n, 1)), targets, rates=rates if plastic else None, rng=noise_rng,
            noise=config.noise, duration=config.duration, start=start, record=record,
        )  # fmt: skip

    before = show(circuit, 200.0, equilibrium(circuit, r_in), target=False, plastic=False)
    arrival = now = show(circuit, config.shown, before.state)
    curve = [measure(c, r_in, u_target, r_target) for c in (circuit, arrival.circuit)]
    at = [0, round(config.shown / config.duration)]
    for number in progress(range(at[-1] + 1, config.presentations + 1), desc="presentations"):
        now = show(now.circuit, config.duration, now, record=())
        at.append(number)
        curve.append(measure(now.circuit, r_in, u_target, r_target))
    after = show(now.circuit, 200.0, now, plastic=False)
    apical, error = np.array(curve).T
    return Result(
        config, r_target, before, arrival, after, np.array(at), apical, error, now.circuit
    )


def compute(config: Config, rng: np.random.Generator, progress=silent, checkpoint=None) -> dict:
    """A paper-scale result (seconds, so without checkpoints): curves over presentations, and traces every ms.

    ``level_free`` and ``level_onset`` are ‖mean of v_A over time‖ in the 200 ms before the target comes, and from 50 to
    150 ms after: the mean leaves the error and takes out the noise.
    """
    result = run(config, rng, progress)
    arrays = {name: getattr(result, name) for name in ("presentation", "apical", "output_error")}
    for name in ("before", "arrival", "after"):
        recording = getattr(result, name)
        gap = recording.traces["u_p[1]"] - recording.traces["u_i[0]"]
        arrays |= {
            f"{name}_t": recording.t,
            f"{name}_gap": np.sum(gap**2, axis=1),
            f"{name}_apical": np.linalg.norm(recording.traces["v_apical[0]"], axis=1),
        }
    free, onset = result.before.traces["v_apical[0]"], result.arrival.traces["v_apical[0]"][50:150]
    levels = {"level_free": free, "level_onset": onset}
    return {**arrays, **{name: np.linalg.norm(v.mean(axis=0)) for name, v in levels.items()}}


RECORD = ("u_p[1]", "u_i[0]", "v_apical[0]", "w_pi[0]")


def measure(circuit, r_in, u_target, r_target) -> tuple[float, float]:
    """(‖v_A‖ with the target, ‖φ(u_output) - r_target‖ without it), both at the noise-free steady state."""
    nudged, free = equilibrium(circuit, r_in, u_target), equilibrium(circuit, r_in)
    error = circuit.transfer(free.u_p[-1]) - r_target
    return float(np.linalg.norm(nudged.v_apical[0])), float(np.linalg.norm(error))


def balance(recording: Recording, dendrite: int) -> tuple[np.ndarray, np.ndarray]:
    """(top-down, lateral) parts of v_A of one apical dendrite over time (Eq. 4); each (n_records,)."""
    circuit, traces = recording.circuit, recording.traces
    r_above, r_inter = circuit.transfer(traces["u_p[1]"]), circuit.transfer(traces["u_i[0]"])
    return r_above @ circuit.w_down[0][dendrite], np.sum(
        r_inter * traces["w_pi[0]"][:, dendrite], axis=1
    )
