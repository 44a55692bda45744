"""Section 3.1: as the mixing factor λ falls, the circuit's updates become those of backprop."""

from dataclasses import dataclass, replace

import numpy as np

from dcm import Circuit, Conductances, equilibrium, plasticity, two_pass
from dcm.experiments.config import check, check_run
from dcm.experiments.measures import angle
from dcm.lab.progress import one_thread, silent
from dcm.lab.store import Result, plain
from dcm.model.backprop import backprop, feedback_alignment

# The kinds of top-down weights, each with the updates that the circuit's should become.
REFERENCES = {"transposed": backprop, "random": feedback_alignment}
FEEDBACK = tuple(REFERENCES)
MEASURES = ("angle", "remainder_update", "relative_update", "remainder_soma", "two_pass")


@dataclass(frozen=True)
class Config:
    """Numbers of the comparison, all [chosen]: the paper derives the limit and measures nothing."""

    sizes: tuple[int, ...] = (12, 10, 9, 8, 7, 6)  # a net of depth N uses the first N + 1
    depths: tuple[int, ...] = (2, 3, 4)
    lambdas: tuple[float, ...] = (0.3, 0.2, 0.1, 0.05, 0.03, 0.02, 0.01, 0.005, 0.003, 0.002, 0.001)
    fit: tuple[float, float] = (0.01, 0.1)  # orders are fitted for λ in this range
    n_circuits: int = 10
    leak: float = 0.1
    dendritic: float = 1.3  # other than g_B = 1: equal conductances hide mistakes
    low: float = 0.2  # target rates are uniform on [low, high]
    high: float = 0.8

    def __post_init__(self):
        check(self)
        if max(self.depths) >= len(self.sizes):
            found = f"depths is {self.depths}, sizes is {self.sizes}"
            raise ValueError(f"{found}; give one size more than the largest depth")

    @classmethod
    def quick(cls):
        """Depths 2-4, ten random circuits each: about 3 s."""
        return cls()

    @classmethod
    def paper(cls):
        """Depths 2-5."""
        return cls(depths=(2, 3, 4, 5))


def array_name(measure: str, depth: int, feedback: str) -> str:
    """The name of an array of the result: «measure depth feedback», as ``"angle 3 random"``."""
    return f"{measure} {depth} {feedback}"


@one_thread
def run(config: Config, rng: np.random.Generator, progress=silent, checkpoint=None) -> Result:
    """All depths and kinds of feedback, ``n_circuits`` random circuits with one pattern each.

    Its arrays (n_circuits, n_λ, N) are explained in ``compare``; ``checkpoint`` is not used.
    """
    check_run(config, Config, rng)
    arrays = {}
    cases = [(depth, feedback) for depth in config.depths for feedback in FEEDBACK]
    for depth, feedback in progress(cases, desc="circuits"):
        children = rng.spawn(config.n_circuits)
        # (n_circuits, n_λ, n_measures, N)
        values = np.array([one_circuit(config, depth, feedback, child) for child in children])
        for i, measure in enumerate(MEASURES):
            arrays[array_name(measure, depth, feedback)] = values[:, :, i]
    return Result({"config": plain(config)}, arrays)


def one_circuit(config: Config, depth: int, feedback: str, rng) -> list:
    """Every measure, (n_λ, n_measures, N), of a random circuit with a random input and target."""
    circuit = Circuit.random(config.sizes[: depth + 1], rng)
    if feedback == "transposed":
        circuit = circuit.with_feedback(w.T for w in circuit.w_up[1:])
    r_in = rng.uniform(-1, 1, config.sizes[0])
    u_target = circuit.transfer.inverse(rng.uniform(config.low, config.high, config.sizes[depth]))
    rows = []
    for lam in config.lambdas:
        measured = compare(at_mixing(circuit, lam, config), r_in, u_target, feedback)
        rows.append([measured[measure] for measure in MEASURES])
    return rows


def at_mixing(circuit: Circuit, lam: float, config: Config) -> Circuit:
    """The circuit with λ_hid = λ_out = ``lam`` and the self-predicting weights that go with it."""
    g = Conductances.from_mixing(lam, lam, leak=config.leak, dendritic=config.dendritic)
    return replace(circuit, conductances=g).self_predicting()


def compare(circuit, r_in, u_target, feedback) -> dict[str, list[float]]:
    """The circuit's updates beside the reference's, and beside the leading order of Section 3.1.

    Every measure has one number per layer 1…N. ``angle``: degrees from the update of w_up to that
    of backprop (transposed feedback) or feedback alignment (random). ``remainder_update``,
    ``remainder_soma``: norms of what the leading order in λ leaves of the update and of the soma's
    shift; ``relative_update``: the former over the leading order. ``two_pass``: relative deviation
    of the two-pass update from the relaxed one.
    """
    depth = len(circuit.w_up)
    free = equilibrium(circuit, r_in)
    nudged = equilibrium(circuit, r_in, u_target)
    relaxed = plasticity(circuit, nudged).up
    fast = plasticity(circuit, two_pass(circuit, r_in, u_target)).up
    reference = REFERENCES[feedback](circuit, r_in, u_target)
    shifts = leading_order(circuit, free, u_target)
    # Backprop's updates carry the attenuations of their own and all higher layers.
    gains = np.cumprod(circuit.attenuations[::-1])[::-1]

    measured = {measure: [] for measure in MEASURES}
    for k in range(depth):  # from layer k to layer k + 1
        # Section 3.1: λ^(N-k+1) D_k W_{k,k+1} … D_N (u* - u⁻_N) r_{k-1}ᵀ, with k + 1 for k
        lead = circuit.conductances.mixing_hidden ** (depth - k) / gains[k] * reference[k]
        remainder = relaxed[k] - lead
        measured["angle"].append(angle(relaxed[k], reference[k]))
        measured["remainder_update"].append(float(np.linalg.norm(remainder)))
        measured["relative_update"].append(_relative(remainder, lead))
        measured["remainder_soma"].append(np.linalg.norm(nudged.u_p[k] - free.u_p[k] - shifts[k]))
        measured["two_pass"].append(_relative(relaxed[k] - fast[k], relaxed[k]))
    return measured


def leading_order(circuit, free, u_target) -> list[np.ndarray]:
    """The error that reaches the somata to leading order in λ, (n_k,) per layer k = 1…N.

    Section 3.1: λ^(N-k+1) W_{k,k+1} D_{k+1} W_{k+1,k+2} … D_N (u* - u⁻_N), where u⁻ is the state
    ``free`` and D = diag φ'(u⁻).
    """
    lam = circuit.conductances.mixing_hidden
    delta = lam * (u_target - free.u_p[-1])
    shifts = [delta]
    for h in reversed(range(len(circuit.w_down))):
        # Eq. 4 to first order: v_A = w_down D δ, of which the share λ reaches the soma
        delta = lam * circuit.w_down[h] @ (circuit.transfer.derivative(free.u_p[h + 1]) * delta)
        shifts.insert(0, delta)
    return shifts


def fitted_order(config: Config, values: np.ndarray) -> np.ndarray:
    """(n_circuits, N) slopes of log(values (n_circuits, n_λ, N)) over log(λ), in ``config.fit``."""
    lambdas = np.array(config.lambdas)
    low, high = config.fit
    inside = (lambdas >= low) & (lambdas <= high)
    # (n_λ inside, n_circuits · N): one column per straight line to fit
    columns = np.log(values[:, inside]).swapaxes(0, 1).reshape(inside.sum(), -1)
    slopes, _ = np.polyfit(np.log(lambdas[inside]), columns, 1)
    return slopes.reshape(len(values), -1)


def _relative(gap, whole) -> float:
    """‖gap‖ / ‖whole‖, or NaN where the whole has vanished."""
    # λ^N of a deep net can sink below the resolution of float64
    return float(np.linalg.norm(gap)) / float(np.linalg.norm(whole)) if np.any(whole) else np.nan
