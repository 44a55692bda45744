"""Effects on an update of somatic noise, and of transients after a change of pattern."""

from dataclasses import replace

import numpy as np
from numpy.linalg import norm

from dcm.model.plasticity import LearningRates, Updates, plasticity
from dcm.settle.equilibrium import equilibrium

WINDOWS = (5.0, 5.0, 10.0, 30.0, 50.0)  # ms, one after the other; together one presentation
KINDS = (("up", 0), ("up", 1), ("ip", 0), ("pi", 0))  # the weight arrays that learn


def transients(circuit, teacher, inputs, noise: float) -> dict[str, np.ndarray]:
    """Compare the update in each stretch of a presentation, weights frozen, with the steady one.

    ``probe_deviation`` (2, n_windows + 1, 4), ‖update - steady‖ / ‖steady‖, and ``probe_size``,
    ‖update‖ / ‖steady‖: without and with noise, per window and over all, columns as ``KINDS``.
    """
    steady = plasticity(circuit, equilibrium(circuit, inputs, teacher(inputs)))
    deviation = np.empty((2, len(WINDOWS) + 1, len(KINDS)))
    size = np.empty_like(deviation)
    for s, sigma in enumerate((0.0, noise)):
        means = _mean_induction(circuit, teacher, inputs, sigma)
        for k, (kind, layer) in enumerate(KINDS):
            goal = getattr(steady, kind)[layer]
            for w, update in enumerate([*means[k], _whole(means[k])]):
                deviation[s, w, k] = norm(update - goal) / norm(goal)
                size[s, w, k] = norm(update) / norm(goal)
    return {"probe_deviation": deviation, "probe_size": size}


def lagging_soma(circuit, teacher, inputs, tau_input: float = 3.0) -> tuple[float, float]:
    """How well one cause explains what transients do to w_up[0]: a soma lags its dendrite.

    The lag is τ_m = 1/Σg. After a change of pattern the old rate meets the new input for a while,
    which gives -τ_m Δφ(u) r_inᵀ per change. Inputs are low-passed too: meanwhile half a share
    τ_0/(τ_0 + τ_m) of the change of r_in is still missing [derived in the linear range of φ, for
    the soma's own lag only]. Returns the size of this term over that of the deviation from the
    steady update, and the cosine between the two; noise-free, over whole presentations.
    """
    g = circuit.conductances
    state = equilibrium(circuit, inputs, teacher(inputs))
    rates = circuit.transfer(state.u_p[0])  # (n_patterns, n_1)
    lag = 1 / (g.leak + g.basal + g.apical)  # τ_m, ms
    missing = 0.5 * tau_input / (tau_input + lag)
    seen = inputs[1:] - missing * np.diff(inputs, axis=0)  # (n_patterns - 1, n_0)
    shown = len(inputs) * sum(WINDOWS)  # ms
    predicted = -lag * np.diff(rates, axis=0).T @ seen / shown  # (n_1, n_0)
    update = _whole(_mean_induction(circuit, teacher, inputs, 0.0)[0])
    measured = update - plasticity(circuit, state).up[0]
    cosine = np.sum(predicted * measured) / (norm(predicted) * norm(measured))
    return float(norm(predicted) / norm(measured)), float(cosine)


def _mean_induction(circuit, teacher, inputs, noise) -> list[list[np.ndarray]]:
    """Mean induction term of each of ``KINDS`` in each of ``WINDOWS``, over all patterns.

    With a vanishing rate the weights stand still, and with a filter of τ = 10⁹ ms the low-passed
    term times τ is the integral of the induction terms.
    """
    from dcm import kernels

    tau = 1e9
    frozen = LearningRates(1e-30, 1e-30, 1e-30)
    options = {"rng": np.random.default_rng(0), "rates": frozen, "noise": noise}
    state = equilibrium(circuit, inputs[0], teacher(inputs[0]))
    means = [[0.0] * len(WINDOWS) for _ in KINDS]
    for r_in in inputs[:, None]:  # (1, n_0)
        for w, window in enumerate(WINDOWS):
            options |= {"duration": window, "tau_weights": tau}
            # Without an induction term to start from: each window is measured from zero.
            now = kernels.integrate(circuit, r_in, teacher(r_in), start=state, **options)
            state = now.state
            for mean, (kind, layer) in zip(means, KINDS, strict=True):
                induction = getattr(now.induction, kind)[layer]
                mean[w] = mean[w] + induction * (tau / window / len(inputs))
    return means


def _whole(stretches):
    """Mean over a presentation of what its stretches give, one matrix for each of ``WINDOWS``."""
    shares = np.array(WINDOWS) / sum(WINDOWS)
    return sum(share * mean for share, mean in zip(shares, stretches, strict=True))


def rectified(noise: float):
    """The rule ``plasticity`` plus the mean contribution of somatic noise of this σ [derived].

    Noise gives a soma the variance σ² / (2 g), g being its total conductance. Its mean rate then
    lies ½ φ''(u) σ² / (2 g) above φ(u): the brackets of Eqs. 7-8 are that much larger.
    """

    def rule(circuit, state) -> Updates:
        g = circuit.conductances
        phi = circuit.transfer

        def lift(u, total):
            h = 1e-4  # for φ'' by a central difference
            curvature = (phi.derivative(u + h) - phi.derivative(u - h)) / (2 * h)
            return 0.5 * curvature * noise**2 / (2 * total)

        updates = plasticity(circuit, state)
        r = [state.r_in, *map(phi, state.u_p)]  # rates of layers 0…N
        up = []
        for k, u in enumerate(state.u_p):
            above = g.apical if k < len(circuit.w_down) else g.somatic
            total = g.leak + (g.basal + above)
            up.append(updates.up[k] + np.outer(lift(u, total), r[k]))  # Eq. 7
        ip = []
        total = g.leak + g.dendritic + g.somatic
        for h, u in enumerate(state.u_i):
            ip.append(updates.ip[h] + np.outer(lift(u, total), r[h + 1]))  # Eq. 8
        return replace(updates, up=tuple(up), ip=tuple(ip))

    return rule
