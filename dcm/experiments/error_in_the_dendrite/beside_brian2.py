"""Eqs. 1-5 and 7-9 beside an independent simulator: a run of Brian 2, and dcm on the same numbers.

``tools/brian2_reference.py`` (``make brian2``) writes the file; it shares no code with dcm.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dcm.lab import paths
from dcm.lab.progress import one_thread
from dcm.model import archive
from dcm.model.circuit import Circuit
from dcm.model.conductances import Conductances
from dcm.model.plasticity import LearningRates
from dcm.model.state import observe
from dcm.model.transfer import Logistic
from dcm.settle.dynamics import Recording, integrate

TRACES = ("u_p[0]", "u_p[1]", "u_i[0]", "v_apical[0]")
OPTIONS = ("dt", "duration", "record_every", "tau_input", "tau_weights")
WEIGHTS = ("w_up[0]", "w_up[1]", "w_down[0]", "w_ip[0]", "w_pi[0]")


@dataclass(frozen=True)
class Reference:
    """A run of Brian 2. Pattern 0 is shown without a target, the others with one."""

    circuit: Circuit  # at the start: 30-20-10, logistic, all weights random
    inputs: np.ndarray  # rates, (n_patterns, 30)
    u_targets: np.ndarray  # potentials, (n_patterns - 1, 10)
    rates: LearningRates  # per ms
    options: dict  # ``OPTIONS`` of ``integrate``, ms
    t: np.ndarray  # times of the records, ms, (n_records,)
    traces: dict[str, np.ndarray]  # ``TRACES``, (n_records, n) each
    weights: dict[str, np.ndarray]  # ``WEIGHTS`` at the end, (n_post, n_pre) each
    versions: dict[str, str]  # of Brian 2, NumPy and Python


def load(path: str | Path | None = None) -> Reference:
    """The committed ``results/brian2.npz``, or another; errors name a missing or damaged file."""
    path = paths.results() / "brian2.npz" if path is None else Path(path)
    try:
        return _reference(*archive.read(path, "about"))
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{path} is missing; make brian2 writes it") from error
    except (LookupError, TypeError, ValueError) as error:
        fault = getattr(error, "fault", error)  # without the file's name
        words = f"{path} is not a reference from Brian 2 ({fault}); make brian2 writes it again"
        raise ValueError(words) from error


def _reference(about: dict, arrays) -> Reference:
    """The names in the file are those of ``integrate``, after start/, trace/ or end/."""
    up_0, up_1, down, ip, pi = (arrays[f"start/{name}"] for name in WEIGHTS)
    conductances = Conductances(**about["conductances"])
    return Reference(
        circuit=Circuit(Logistic(), conductances, (up_0, up_1), (down,), (ip,), (pi,)),
        inputs=arrays["start/inputs"],
        u_targets=arrays["start/u_targets"],
        rates=LearningRates(**about["rates"]),
        options={name: about[name] for name in OPTIONS},
        t=arrays["t"],
        traces={name: arrays[f"trace/{name}"] for name in TRACES},
        weights={name: arrays[f"end/{name}"] for name in WEIGHTS},
        versions=about["versions"],
    )


@one_thread
def replay(reference: Reference, engine=integrate) -> Recording:
    """The same run by ``integrate`` or its compiled twin: ``TRACES`` at times ``reference.t``."""
    options = {"rates": reference.rates, "record": TRACES, **reference.options}
    free = engine(reference.circuit, reference.inputs[:1], **options)
    taught = engine(free.circuit, reference.inputs[1:], reference.u_targets, start=free, **options)
    t = np.append(free.t, taught.t + reference.options["duration"])
    traces = {name: np.concatenate([free.traces[name], taught.traces[name]]) for name in TRACES}
    return replace(taught, t=t, traces=traces)


def differences(reference: Reference, recording: Recording) -> dict[str, float]:
    """Largest absolute difference from Brian 2 of each trace and of each final weight matrix."""
    ours = {name: observe(name, recording.circuit, None) for name in WEIGHTS} | recording.traces
    theirs = reference.traces | reference.weights
    return {name: float(np.abs(ours[name] - theirs[name]).max()) for name in theirs}
