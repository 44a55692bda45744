"""The mistakes of notebook 06, each as the one thing that it changes: never use them elsewhere."""

from dataclasses import asdict, replace

import numpy as np

from dcm import Conductances, backprop, kernels, plasticity


class ApicalLoadAtOutput(Conductances):
    """The output's prediction is attenuated by an apical load that the output does not have."""

    @property
    def attenuation_output(self) -> float:
        """v̂_B / v_B of an output cell, wrongly that of a hidden cell."""
        return self.attenuation_hidden


class ForgottenBrackets(Conductances):
    """g_D / g_lk + g_D where g_D / (g_lk + g_D) was meant."""

    @property
    def attenuation_interneuron(self) -> float:
        """v̂_I / v_I of an interneuron, wrongly above 1."""
        return self.dendritic / self.leak + self.dendritic


class BareBasal(Conductances):
    """The soma u = (1 - λ) v_B + λ v_A is compared with v_B itself."""

    @property
    def attenuation_hidden(self) -> float:
        """v̂_B / v_B of a hidden cell, wrongly 1."""
        return 1.0


def seen_through(conductances: type[Conductances]):
    """``plasticity`` with the attenuation factors of another class; Eqs. 1-5 keep their own."""

    def rule(circuit, state):
        wrong = conductances(**asdict(circuit.conductances))
        return plasticity(replace(circuit, conductances=wrong), state)

    return rule


def copied_up(circuit):
    """The self-predicting construction with plain copies of w_up and b_up as w_ip and b_ip."""
    return replace(circuit.self_predicting(), w_ip=circuit.w_up[1:], b_ip=circuit.b_up[1:])


def only_the_top(circuit, state):
    """``plasticity``, collected by a loop over hidden layers with its bounds in the wrong order."""
    updates = plasticity(circuit, state)
    up = [np.zeros_like(w) for w in circuit.w_up]
    up[-1] = updates.up[-1]
    for k in range(len(up) - 1, 1):  # was meant to be range(len(up) - 1)
        up[k] = updates.up[k]
    return replace(updates, up=tuple(up))


def backprop_without_dendrites(circuit, r_in, u_target):
    """Backprop through point neurons: no leak, no apical load, hence no attenuation."""
    point = replace(circuit.conductances, leak=0.0, apical=0.0)
    return backprop(replace(circuit, conductances=point), r_in, u_target)


def rate_over_tau(circuit, inputs, u_targets, *, rates, tau_weights=30.0, **options):
    """``integrate`` without the low-pass of Eqs. 7-9, its time constant dividing the rates."""
    slow = rates.scaled(1 / tau_weights)
    return kernels.integrate(circuit, inputs, u_targets, rates=slow, tau_weights=0.0, **options)


def passed_for_sigma_dt(sigma: float, dt: float) -> float:
    """The ``noise`` for which ``integrate`` adds σ dt · N(0, 1); it adds noise · √dt · N(0, 1)."""
    return sigma * np.sqrt(dt)


def masked(circuit, inputs, u_targets, *, rates, start=None, pause=20.0, duration=100.0):
    """The comparison: no low-pass, no plasticity in a pattern's first ``pause`` ms, then faster."""
    taught = duration - pause
    options = {"duration": taught, "rates": rates.scaled(duration / taught), "tau_weights": 0.0}
    now = start
    for k in range(len(inputs)):
        pattern = (inputs[k : k + 1], None if u_targets is None else u_targets[k : k + 1])
        settled = kernels.integrate(circuit, *pattern, duration=pause, start=now and now.state)
        now = kernels.integrate(circuit, *pattern, start=settled.state, **options)
        circuit = now.circuit
    return now
