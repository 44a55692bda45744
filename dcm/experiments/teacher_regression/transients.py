"""What the transients after a change of pattern, and somatic noise, do to an update, beside the steady state's."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from dcm.model.plasticity import LearningRates, Updates, plasticity
from dcm.settle.dynamics import Recording
from dcm.settle.equilibrium import equilibrium

WINDOWS = (5.0, 5.0, 10.0, 30.0, 50.0)  # ms, one after the other; together one presentation
KINDS = (("up", 0), ("up", 1), ("ip", 0), ("pi", 0))


def transients(circuit, teacher, inputs, noise: float) -> dict[str, np.ndarray]:
    """What each stretch of a presentation would do to the frozen weights, beside the update at the steady state.

    Returns
    -------
    dict
        ``deviation`` (2, n_windows + 1, 4): ‖update - steady‖ / ‖steady‖ without and with noise, in each of
        ``WINDOWS`` and, last, over the whole presentation; columns as ``KINDS``.
        ``size`` likewise: ‖update‖ / ‖steady‖.
    """
    steady = plasticity(circuit, equilibrium(circuit, inputs, teacher(inputs)))
    steady = [getattr(steady, kind)[h] for kind, h in KINDS]
    deviation, size = [], []
    for sigma in (0.0, noise):
        means = _mean_induction(circuit, teacher, inputs, sigma)
        parts = [[*m, _whole(m)] for m in means]
        deviation.append(
            [[_norm(w - s) / _norm(s) for w in m] for m, s in zip(parts, steady, strict=True)]
        )
        size.append([[_norm(w) / _norm(s) for w in m] for m, s in zip(parts, steady, strict=True)])
    return {"deviation": np.array(deviation).swapaxes(1, 2), "size": np.array(size).swapaxes(1, 2)}


def lagging_soma(circuit, teacher, inputs, tau_input: float = 3.0) -> tuple[float, float]:
    """How well one cause explains what transients do to w_up[0]: a soma lags its dendrite by τ_m = 1/Σg.

    After a change of pattern the old rate meets the new input for a while: -τ_m Δφ(u) r_inᵀ a change. Inputs are
    low-passed too, so that of r_in half a share τ_0/(τ_0 + τ_m) of its change is still missing meanwhile [derived in
    the linear range of φ, for the soma's own lag only]. Noise-free, over the whole presentation of each of ``inputs``.

    Returns
    -------
    (float, float)
        Size of this term over that of the measured deviation from the steady update, and the cosine between the two.
    """
    state, g = equilibrium(circuit, inputs, teacher(inputs)), circuit.conductances
    lag, rates = 1 / (g.leak + g.basal + g.apical), circuit.transfer(state.u_p[0])
    seen = inputs[1:] - 0.5 * tau_input / (tau_input + lag) * np.diff(inputs, axis=0)
    predicted = -lag * np.diff(rates, axis=0).T @ seen / (len(inputs) * sum(WINDOWS))
    measured = (
        _whole(_mean_induction(circuit, teacher, inputs, 0.0)[0]) - plasticity(circuit, state).up[0]
    )
    sizes = _norm(predicted), _norm(measured)
    return sizes[0] / sizes[1], float(np.sum(predicted * measured)) / (sizes[0] * sizes[1])


def _mean_induction(circuit, teacher, inputs, noise):
    """Mean induction term of each kind (rows) in each window (columns), over all patterns.

    With a vanishing rate the weights stand still, and with a filter of 10⁹ ms Δ · 10⁹ ms is the integral of the
    induction terms.
    """
    from dcm import kernels

    rng, tau = np.random.default_rng(0), 1e9
    frozen = LearningRates(1e-30, 1e-30, 1e-30)
    state = equilibrium(circuit, inputs[0], teacher(inputs[0]))
    zero = nothing(circuit, state)
    sums = [[0.0] * len(WINDOWS) for _ in KINDS]
    for r_in in inputs:
        for number, window in enumerate(WINDOWS):
            now = kernels.integrate(
                circuit, r_in[None], teacher(r_in[None]), rng=rng, rates=frozen, noise=noise, duration=window,
                tau_weights=tau, start=Recording(np.zeros(0), {}, state, circuit, zero),
            )  # fmt: skip
            state = now.state
            for row, (kind, h) in zip(sums, KINDS, strict=True):
                row[number] = row[number] + getattr(now.drift, kind)[h] * (
                    tau / window / len(inputs)
                )
    return sums


def _whole(stretches):
    """Mean over a presentation of what its stretches give, one matrix each of ``WINDOWS``."""
    return sum(
        share * w for share, w in zip(np.array(WINDOWS) / sum(WINDOWS), stretches, strict=True)
    )


def nothing(circuit, state) -> Updates:
    """Low-passed induction terms of zero."""
    shapes = plasticity(circuit, state)
    return Updates(
        **{f.name: tuple(map(np.zeros_like, getattr(shapes, f.name))) for f in fields(Updates)}
    )


def rectified(noise: float):
    """Plasticity at the steady state plus what somatic noise of this σ adds to it on average [derived].

    A soma under noise has variance σ² / (2 g), g being its total conductance; where φ is convex its mean rate then lies
    ½ φ''(u) σ² / (2 g) above φ(u), the dendritic prediction does not, and the bracket of Eqs. 7-8 is that much larger.
    """

    def rule(circuit, state) -> Updates:
        g, updates = circuit.conductances, plasticity(circuit, state)
        loads = [g.basal + g.apical] * len(circuit.w_down) + [g.basal + g.somatic]
        r = [state.r_in, *map(circuit.transfer, state.u_p)]
        above = [
            _lift(circuit.transfer, u, noise, g.leak + load)
            for u, load in zip(state.u_p, loads, strict=True)
        ]
        inter = [
            _lift(circuit.transfer, u, noise, g.leak + g.dendritic + g.somatic) for u in state.u_i
        ]
        up = tuple(
            w + np.outer(b, pre) for w, b, pre in zip(updates.up, above, r[:-1], strict=True)
        )
        ip = tuple(
            w + np.outer(b, pre) for w, b, pre in zip(updates.ip, inter, r[1:-1], strict=True)
        )
        return replace(updates, up=up, ip=ip)

    return rule


def _lift(phi, u, noise, total):
    """½ φ''(u) σ² / (2 g), with φ'' by a central difference."""
    h = 1e-4
    return 0.5 * (phi.derivative(u + h) - phi.derivative(u - h)) / (2 * h) * noise**2 / (2 * total)


def _norm(a) -> float:
    return float(np.linalg.norm(a))
