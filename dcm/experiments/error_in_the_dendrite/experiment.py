"""Fig. 1B, 1C: a new target breaks the balance of an apical dendrite; learning restores it.

In continuous time, with noise. [SM*]: not in the main text; believed to be the supplement's.
"""

from dataclasses import dataclass

import numpy as np

from dcm.experiments.config import check, check_run
from dcm.lab.progress import one_thread, silent
from dcm.lab.store import Result, plain
from dcm.model.circuit import Circuit
from dcm.model.plasticity import LearningRates
from dcm.settle.equilibrium import equilibrium
from dcm.settle.recording import Recording

RECORD = ("u_p[1]", "u_i[0]", "v_apical[0]", "w_pi[0]")
MARGIN = 200.0  # ms recorded before the target and after learning; the axis of Fig. 1B [chosen]


@dataclass(frozen=True)
class Config:
    """Numbers of the run; it takes seconds, so that it needs no checkpoints."""

    sizes: tuple[int, ...] = (30, 20, 10)  # [SM*], as is the logistic transfer function
    presentations: int = 400  # [chosen]
    eta_up: tuple[float, ...] = (0.0011875, 0.0005)  # per ms, layer 1 and output [SM*]
    eta_ip: float = 0.0011875  # per ms [SM*]
    eta_pi: float = 0.0005  # per ms [SM*]
    noise: float = 0.1  # σ of the somatic noise [SM*]
    duration: float = 100.0  # ms per presentation [SM*]
    low: float = 0.1  # target rates are uniform on [low, high] [chosen]
    high: float = 0.9
    shown: float = 1500.0  # ms recorded from the target's arrival on: the axis of Fig. 1C [paper]

    def __post_init__(self):
        check(self)
        for ms in (MARGIN, self.shown):
            if ms < self.duration or abs(ms / self.duration - round(ms / self.duration)) > 1e-9:
                found = f"duration is {self.duration:g} ms, shown is {self.shown:g} ms"
                raise ValueError(f"{found}; give a divisor of {MARGIN:g} and of shown")


@one_thread
def run(config: Config, rng: np.random.Generator, progress=silent, checkpoint=None) -> Result:
    """One input, one new target, all of Eqs. 1-9; the circuit starts self-predicting.

    It learns from the target's arrival on; before, and for the last ``MARGIN``, weights are frozen.
    Gives what ``through_time`` gives, and ``measure`` after ``presentation`` (n,) presentations.
    """
    check_run(config, Config, rng)
    from dcm import kernels

    weight_rng, data_rng, noise_rng = rng.spawn(3)
    circuit = Circuit.random(config.sizes, weight_rng).self_predicting()
    r_in = data_rng.uniform(-1, 1, config.sizes[0])
    r_target = data_rng.uniform(config.low, config.high, config.sizes[-1])
    u_target = circuit.transfer.inverse(r_target)
    rates = LearningRates(config.eta_up, config.eta_ip, config.eta_pi)
    options = {"rng": noise_rng, "noise": config.noise, "duration": config.duration}

    def show(circuit, start, ms, target=u_target, record=RECORD, **learning):
        n = round(ms / config.duration)
        inputs = np.tile(r_in, (n, 1))  # (n, n_in): the same pattern again and again
        targets = None if target is None else np.tile(target, (n, 1))
        how = {"start": start, "record": record, **learning, **options}
        return kernels.integrate(circuit, inputs, targets, **how)

    before = show(circuit, equilibrium(circuit, r_in), MARGIN, target=None)
    arrival = show(circuit, before, config.shown, rates=rates)
    curve = [measure(moment.circuit, r_in, u_target, r_target) for moment in (before, arrival)]
    recorded = round(config.shown / config.duration)  # presentations so far
    later = range(recorded + 1, config.presentations + 1)
    now = arrival
    for _ in progress(later, desc="presentations"):
        now = show(now.circuit, now, config.duration, rates=rates, record=())
        curve.append(measure(now.circuit, r_in, u_target, r_target))
    after = show(now.circuit, now, MARGIN)
    arrays = through_time(before, arrival, after, r_target)
    arrays["presentation"] = np.array([0, recorded, *later])
    arrays["apical"], arrays["output_error"] = np.array(curve).T
    return Result({"config": plain(config)}, arrays)


def measure(circuit, r_in, u_target, r_target) -> tuple[float, float]:
    """(‖v_A‖ with the target, ‖φ(u_output) - r_target‖ without it), both at rest, without noise."""
    nudged = equilibrium(circuit, r_in, u_target)
    error = circuit.transfer(equilibrium(circuit, r_in).u_p[-1]) - r_target  # (n_out,)
    return float(np.linalg.norm(nudged.v_apical[0])), float(np.linalg.norm(error))


def through_time(before, arrival, after, r_target) -> dict[str, np.ndarray]:
    """The arrays behind the figures from the three recordings, one record per ms.

    Under ``before_…``, ``arrival_…`` and ``after_…``: ``t`` in ms, ``gap`` ‖u_P - u_I‖², ``apical``
    ‖v_A‖; for the first ``MARGIN`` the ``balance`` (``top_down``, ``lateral``) of the dendrite that
    responds most, and the ``rate`` of the cell with the most extreme target, ``target_rate``.
    ``level_free``, ``level_onset``: ‖mean of v_A over time‖ before the target, 50-150 ms after it.
    """
    v_apical = arrival.traces["v_apical[0]"]  # (n_records, n_hidden)
    dendrite = np.argmax(np.abs(v_apical[20:200].mean(axis=0)))  # without the first 20 ms [chosen]
    cell = np.argmax(np.abs(r_target - 0.5))
    arrays = {
        "target_rate": r_target[cell],
        "level_free": np.linalg.norm(before.traces["v_apical[0]"].mean(axis=0)),
        "level_onset": np.linalg.norm(v_apical[50:150].mean(axis=0)),  # [chosen]
    }
    for moment, recording in {"before": before, "arrival": arrival, "after": after}.items():
        traces = recording.traces
        gap = traces["u_p[1]"] - traces["u_i[0]"]  # (n_records, n_out)
        early = recording.t < MARGIN
        top_down, lateral = balance(recording, dendrite)
        arrays |= {
            f"{moment}_t": recording.t,
            f"{moment}_gap": np.sum(gap**2, axis=1),
            f"{moment}_apical": np.linalg.norm(traces["v_apical[0]"], axis=1),
            f"{moment}_top_down": top_down[early],
            f"{moment}_lateral": lateral[early],
            f"{moment}_rate": recording.circuit.transfer(traces["u_p[1]"][early, cell]),
        }
    return arrays


def balance(recording: Recording, dendrite: int) -> tuple[np.ndarray, np.ndarray]:
    """The terms of Eq. 4 for one apical dendrite: (top-down, lateral), (n_records,) each."""
    phi = recording.circuit.transfer
    w_down = recording.circuit.w_down[0][dendrite]  # (n_out,)
    w_pi = recording.traces["w_pi[0]"][:, dendrite]  # (n_records, n_out): it learns meanwhile
    top_down = phi(recording.traces["u_p[1]"]) @ w_down  # Eq. 4, first term
    lateral = np.sum(phi(recording.traces["u_i[0]"]) * w_pi, axis=1)  # Eq. 4, second term
    return top_down, lateral
