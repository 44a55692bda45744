"""Fig. 2 in continuous time: from a steady-state checkpoint on, with noise, filters and transients.

It first learns at the steady state, then goes on through Eqs. 1-2 with the same teacher and data.
"""

from dataclasses import dataclass, fields

import numpy as np

from dcm.experiments.config import check, check_run
from dcm.experiments.teacher_regression import experiment
from dcm.experiments.teacher_regression.transients import transients
from dcm.lab.checkpoint import resumable
from dcm.lab.progress import one_thread, silent
from dcm.lab.store import Result, plain
from dcm.model.plasticity import Updates
from dcm.model.state import state_of
from dcm.settle.equilibrium import equilibrium
from dcm.settle.recording import Recording, no_induction


@dataclass(frozen=True)
class Config:
    """Numbers of the run; all others are those of ``teacher``."""

    teacher: experiment.Config = experiment.Config()
    start_at: int = 2_000_000  # patterns learned at the steady state before [chosen: under way]
    n_patterns: int = 500_000  # patterns shown in continuous time [chosen]
    noise: float = 0.3  # σ [SM*: not in the main text, believed to be the supplement's]
    chunk: int = 1000  # patterns between two looks at the clock: a checkpoint can fall there
    n_probe: int = 2000  # patterns for the update with and without transients [chosen]

    def __post_init__(self):
        check(self, zero=("start_at",))
        parts = {"start_at": self.teacher.block, "n_patterns": self.chunk}
        for name, part in parts.items():
            if getattr(self, name) % part:
                found = f"{name} is {getattr(self, name)}"
                raise ValueError(f"{found}; give a multiple of {part}, the patterns in one go")


@one_thread
def run(config: Config, rng: np.random.Generator, progress=silent, checkpoint=None) -> Result:
    """Chunks of patterns in continuous time, measured after every ``teacher.block`` patterns.

    Gives the curves of ``experiment.run`` from ``start_at`` on, and what ``transients`` finds.
    """
    check_run(config, Config, rng)
    from dcm import kernels

    task = config.teacher
    circuit, teacher, unseen, data = experiment.prepare(task, rng)
    probe_rng, noise_rng = rng.spawn(1)[0].spawn(2)
    for _ in range(config.start_at // task.block):
        circuit = experiment.learned(circuit, teacher, data, task, task.block)
    shown_before = probe_rng.uniform(-1, 1, task.sizes[0])
    settled = equilibrium(circuit, shown_before, teacher(shown_before))
    probe_inputs = probe_rng.uniform(-1, 1, (config.n_probe, task.sizes[0]))
    probe = transients(circuit, teacher, probe_inputs, config.noise)
    options = {"rates": experiment.rates_of(task), "noise": config.noise, "duration": task.duration}

    def chunk(i, state):
        before = _recording(circuit, state)
        going_on = {"start": before, "rng": state["noise"], **options}
        inputs = state["data"].uniform(-1, 1, (config.chunk, task.sizes[0]))
        now = kernels.integrate(before.circuit, inputs, teacher(inputs), **going_on)
        shown = (i + 1) * config.chunk
        rows = state["rows"]
        if shown % task.block == 0:
            measured = experiment.measure(now.circuit, teacher, unseen)
            rows = np.vstack([rows, (config.start_at + shown, *measured)])
        return {**state, "rows": rows, **_arrays(now.circuit, now.state, now.induction)}

    rows = np.array([(config.start_at, *experiment.measure(circuit, teacher, unseen))])
    begin = _arrays(circuit, settled, no_induction(circuit))
    state = {"data": data, "noise": noise_rng, "rows": rows, **begin}
    n_chunks = config.n_patterns // config.chunk
    name = f"continuous, σ = {config.noise:g}"
    state = resumable(chunk, state, n_chunks, checkpoint, progress, name)
    return Result({"config": plain(config)}, experiment.curves(state["rows"]) | probe)


def steady_error(run: Result, full: Result) -> np.ndarray:
    """The error of the steady-state run ``full`` of the same seed at ``run["patterns"]``, (n,)."""
    return np.interp(run["patterns"], full["patterns"], full["error"])


def _arrays(circuit, state, induction: Updates) -> dict[str, np.ndarray]:
    """All that ``integrate`` goes on from, as arrays for a checkpoint."""
    tuples = {f"induction_{name}": parts for name, parts in vars(induction).items()}
    tuples |= {"u_p": state.u_p, "u_i": state.u_i}
    arrays = {"r_in": state.r_in, "u_target": state.u_target, **circuit.arrays()}
    for name, parts in tuples.items():
        arrays |= {f"{name}_{i}": part for i, part in enumerate(parts)}
    return arrays


def _recording(circuit, arrays) -> Recording:
    """The inverse of ``_arrays``."""

    def gathered(name) -> tuple:
        parts = []  # name_0, name_1, … as far as there are any
        while f"{name}_{len(parts)}" in arrays:
            parts.append(arrays[f"{name}_{len(parts)}"])
        return tuple(parts)

    circuit = circuit.with_arrays(arrays)
    u_i = gathered("u_i")
    state = state_of(circuit, arrays["r_in"], gathered("u_p"), u_i, arrays["u_target"])
    induction = Updates(**{f.name: gathered(f"induction_{f.name}") for f in fields(Updates)})
    return Recording(np.zeros(0), {}, state, circuit, induction)
