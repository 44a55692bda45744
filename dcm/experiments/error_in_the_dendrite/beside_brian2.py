"""Eqs. 1-5 and 7-9 beside an independent simulator: a run of Brian 2, and dcm on the same numbers.

``tools/brian2_reference.py`` (``make brian2``) writes the file; it shares no code with dcm.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dcm.lab import paths
from dcm.lab.progress import one_thread
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
    """A run of Brian 2: what went in and what came out.

    Pattern 0 is shown without a target, the others with one.

    Attributes
    ----------
    circuit : Circuit
        At the start: 30-20-10, logistic, all weights random.
    inputs, u_targets : (n_patterns, 30) and (n_patterns - 1, 10)
        Input rates, and target potentials of patterns 1 to the last.
    rates : LearningRates
        Per ms.
    options : dict
        ``OPTIONS`` of ``integrate``: Euler step, durations and time constants, ms.
    t : (n_records,)
        Times of the records, ms.
    traces : dict of (n_records, n)
        Somatic and apical potentials, named as in ``integrate``.
    weights : dict of (n_post, n_pre)
        At the end.
    versions : dict
        Of Brian 2, NumPy and Python.
    """

    circuit: Circuit
    inputs: np.ndarray
    u_targets: np.ndarray
    rates: LearningRates
    options: dict
    t: np.ndarray
    traces: dict[str, np.ndarray]
    weights: dict[str, np.ndarray]
    versions: dict[str, str]


def load(path: str | Path | None = None) -> Reference:
    """The committed ``results/brian2.npz``, or another file.

    Raises ``FileNotFoundError`` naming a missing file, ``ValueError`` one that holds no reference.
    """
    path = paths.results() / "brian2.npz" if path is None else Path(path)
    try:
        with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
            return _reference(json.loads(str(file["about"])), dict(file))
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{path} is missing; make brian2 writes it") from error
    except Exception as error:  # a damaged archive can raise nearly anything
        raise ValueError(
            f"{path} is not a reference from Brian 2 ({error}); make brian2 writes it again"
        ) from error


def _reference(about: dict, arrays: dict) -> Reference:
    """The names in the file are those of ``integrate``, after start/, trace/ or end/."""
    circuit = Circuit(
        Logistic(),
        Conductances(**about["conductances"]),
        w_up=(arrays["start/w_up[0]"], arrays["start/w_up[1]"]),
        w_down=(arrays["start/w_down[0]"],),
        w_ip=(arrays["start/w_ip[0]"],),
        w_pi=(arrays["start/w_pi[0]"],),
    )
    return Reference(
        circuit=circuit,
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
    largest = {}
    for name, theirs in reference.traces.items():
        largest[name] = float(np.abs(recording.traces[name] - theirs).max())
    for name, theirs in reference.weights.items():
        ours = observe(name, recording.circuit, recording.state)
        largest[name] = float(np.abs(ours - theirs).max())
    return largest
