"""The mistakes of notebook 06, each stated as the one thing that it changes; everything else is the package's own.

Never use these outside of that notebook. A rule built by ``seen_through`` leaves the physics (Eqs. 1-5) alone: only
the plasticity looks through the wrong factor.
"""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np

from dcm.model.backprop import backprop
from dcm.model.conductances import Conductances
from dcm.model.plasticity import plasticity


class ApicalLoadAtOutput(Conductances):
    """The output's prediction is attenuated by an apical conductance that the output does not have."""

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
    """``plasticity``, its attenuation factors taken from another class: a rule for ``dcm.learn``."""

    def rule(circuit, state):
        return plasticity(
            replace(circuit, conductances=conductances(**asdict(circuit.conductances))), state
        )

    return rule


def copied_up(circuit):
    """The self-predicting construction with w_ip and b_ip plain copies of w_up and b_up, no conductance ratio."""
    return replace(circuit.self_predicting(), w_ip=circuit.w_up[1:], b_ip=circuit.b_up[1:])


def only_the_top(circuit, state):
    """``plasticity``, collected by a loop over hidden layers whose bounds are the wrong way round."""
    updates = plasticity(circuit, state)
    up = [np.zeros_like(w) for w in circuit.w_up]
    up[-1] = updates.up[-1]
    for k in range(len(up) - 1, 1):  # was meant to be range(len(up) - 1)
        up[k] = updates.up[k]
    return replace(updates, up=tuple(up))


def backprop_without_dendrites(circuit, r_in, u_target):
    """Backprop through a net of point neurons: no leak, no apical load, hence no attenuation."""
    return backprop(
        replace(circuit, conductances=replace(circuit.conductances, leak=0.0, apical=0.0)),
        r_in,
        u_target,
    )


def rate_over_tau(circuit, inputs, u_targets, *, rates, tau_weights=30.0, **options):
    """``integrate`` without the low-pass of plasticity; the rates are divided by its time constant instead."""
    from dcm.kernels import integrate

    return integrate(
        circuit, inputs, u_targets, rates=rates.scaled(1 / tau_weights), tau_weights=0.0, **options
    )


def passed_for_sigma_dt(sigma: float, dt: float) -> float:
    """What to pass to ``integrate`` as ``noise`` so that its kicks, noise · √dt · N(0, 1), become σ dt · N(0, 1)."""
    return sigma * np.sqrt(dt)


def masked(circuit, inputs, u_targets, *, rates, start=None, pause=20.0, duration=100.0):
    """``integrate`` without low-pass, and without plasticity in the first ``pause`` ms of a pattern.

    Not a mistake but the comparison for one: rates are raised by what the pause takes away.
    """
    from dcm.kernels import integrate

    rest, state = duration - pause, start.state if start else None
    for k in range(len(inputs)):
        pattern = inputs[k : k + 1], None if u_targets is None else u_targets[k : k + 1]
        state = integrate(circuit, *pattern, duration=pause, start=state).state
        now = integrate(
            circuit,
            *pattern,
            duration=rest,
            start=state,
            tau_weights=0.0,
            rates=rates.scaled(duration / rest),
        )
        circuit, state = now.circuit, now.state
    return now
