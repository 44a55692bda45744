"""Section 3.1: as the mixing factor λ falls, the circuit's updates become backprop's (or feedback alignment's)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from dcm.experiments.measures import angle
from dcm.lab.progress import one_thread, silent
from dcm.model.backprop import backprop, feedback_alignment
from dcm.model.circuit import Circuit
from dcm.model.conductances import Conductances
from dcm.model.plasticity import plasticity
from dcm.settle.equilibrium import equilibrium
from dcm.settle.two_pass import two_pass

FEEDBACK = ("transposed", "random")


@dataclass(frozen=True)
class Config:
    """Numbers of the comparison. g_D differs from g_B on purpose; sizes and target range are chosen."""

    sizes: tuple[int, ...] = (12, 10, 9, 8, 7, 6)  # a net of depth N uses the first N + 1
    depths: tuple[int, ...] = (2, 3, 4)
    lambdas: tuple[float, ...] = (0.3, 0.2, 0.1, 0.05, 0.03, 0.02, 0.01, 0.005, 0.003, 0.002, 0.001)
    fit: tuple[float, float] = (0.01, 0.1)  # orders are fitted for λ in this range
    n_circuits: int = 10
    leak: float = 0.1
    dendritic: float = 1.3
    low: float = 0.2  # target rates are uniform on [low, high]
    high: float = 0.8

    @classmethod
    def quick(cls):
        """Depths 2-4, ten random circuits each: about 3 s."""
        return cls()

    @classmethod
    def paper(cls):
        """Depths 2-5."""
        return cls(depths=(2, 3, 4, 5))


@dataclass(frozen=True)
class Result:
    """Arrays over circuits, λ and layers, in dictionaries keyed (depth, feedback): each (n_circuits, n_λ, N).

    ``angle`` is in degrees, per up matrix, to backprop (transposed feedback) or feedback alignment (random feedback);
    ``remainder_update`` and ``remainder_soma`` are the absolute norms of what the leading order of Section 3.1 leaves,
    with their ``relative`` sizes; ``two_pass`` is the relative deviation of the two-pass update from the relaxed one.
    """

    config: Config
    angle: dict
    remainder_update: dict
    relative_update: dict
    remainder_soma: dict
    two_pass: dict


@one_thread
def run(config: Config, rng: np.random.Generator, progress=silent) -> Result:
    """All depths, both kinds of feedback, ``n_circuits`` random circuits, one input and target each."""
    measures = {
        name: {}
        for name in ("angle", "remainder_update", "relative_update", "remainder_soma", "two_pass")
    }
    cases = [(depth, feedback) for depth in config.depths for feedback in FEEDBACK]
    for case in progress(cases, desc="circuits"):
        per_circuit = [_one_circuit(config, *case, child) for child in rng.spawn(config.n_circuits)]
        for name in measures:
            measures[name][case] = np.array([[row[name] for row in rows] for rows in per_circuit])
    return Result(config, **measures)


def compute(config: Config, rng: np.random.Generator, progress=silent, checkpoint=None) -> dict:
    """All measures of ``Result`` as arrays named «measure depth feedback»: a paper-scale result (seconds)."""
    result = run(config, rng, progress)
    names = ("angle", "remainder_update", "relative_update", "remainder_soma", "two_pass")
    return {
        f"{name} {depth} {kind}": values
        for name in names
        for (depth, kind), values in getattr(result, name).items()
    }


def _one_circuit(config, depth, feedback, rng):
    circuit = Circuit.random(config.sizes[: depth + 1], rng)
    if feedback == "transposed":
        circuit = circuit.with_feedback(w.T for w in circuit.w_up[1:])
    r_in = rng.uniform(-1, 1, config.sizes[0])
    u_target = circuit.transfer.inverse(rng.uniform(config.low, config.high, config.sizes[depth]))
    return [
        compare(at_mixing(circuit, lam, config), r_in, u_target, feedback) for lam in config.lambdas
    ]


def at_mixing(circuit: Circuit, lam: float, config: Config) -> Circuit:
    """The circuit with λ_hid = λ_out = ``lam`` and the self-predicting weights that belong to it."""
    g = Conductances.from_mixing(lam, lam, leak=config.leak, dendritic=config.dendritic)
    return replace(circuit, conductances=g).self_predicting()


def compare(circuit, r_in, u_target, feedback) -> dict[str, list[float]]:
    """Each measure of ``Result`` for one circuit, one entry a layer (1…N)."""
    lam, depth = circuit.conductances.mixing_hidden, len(circuit.w_up)
    reference = (backprop if feedback == "transposed" else feedback_alignment)(
        circuit, r_in, u_target
    )
    free, nudged = equilibrium(circuit, r_in), equilibrium(circuit, r_in, u_target)
    update, fast = (
        plasticity(circuit, nudged).up,
        plasticity(circuit, two_pass(circuit, r_in, u_target)).up,
    )
    lead_soma = leading_order(circuit, free, u_target)
    gains = np.cumprod(circuit.attenuations[::-1])[
        ::-1
    ]  # backprop's attenuation factors from layer k to the output
    lead = [lam ** (depth - k) / gains[k] * reference[k] for k in range(depth)]
    soma = [nudged.u_p[k] - free.u_p[k] - lead_soma[k] for k in range(depth)]
    return {
        "angle": [angle(a, b) for a, b in zip(update, reference, strict=True)],
        "remainder_update": [_norm(a - b) for a, b in zip(update, lead, strict=True)],
        "relative_update": [_relative(a - b, b) for a, b in zip(update, lead, strict=True)],
        "remainder_soma": [_norm(r) for r in soma],
        "two_pass": [_relative(a - b, a) for a, b in zip(update, fast, strict=True)],
    }


def leading_order(circuit, free, u_target) -> list[np.ndarray]:
    """λ^(N-k+1) w_down (∏ D w_down) D_N (u* - u⁻_N) for each layer 1…N: the error that reaches the somata."""
    lam, slope = circuit.conductances.mixing_hidden, circuit.transfer.derivative
    delta = [lam * (u_target - free.u_p[-1])]
    for h in reversed(range(len(circuit.w_down))):
        delta.insert(0, lam * circuit.w_down[h] @ (slope(free.u_p[h + 1]) * delta[0]))
    return delta


def fitted_order(config: Config, values: np.ndarray) -> np.ndarray:
    """Slope of log(values) over log(λ) in the range ``config.fit``; values (n_circuits, n_λ, N) to (n_circuits, N)."""
    lam = np.array(config.lambdas)
    inside = (lam >= config.fit[0]) & (lam <= config.fit[1])
    n_circuits, _, depth = values.shape
    logs = np.log(values[:, inside]).transpose(1, 0, 2).reshape(inside.sum(), -1)
    return np.polyfit(np.log(lam[inside]), logs, 1)[0].reshape(n_circuits, depth)


def _norm(a):
    return float(np.linalg.norm(a))


def _relative(gap, whole):
    """‖gap‖ / ‖whole‖; NaN where the whole has vanished: λ^N of a deep net can sink below the resolution of float64."""
    return _norm(gap) / _norm(whole) if np.any(whole) else float("nan")
