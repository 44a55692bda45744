"""Explorer of notebook 01: detune the lateral weights of a self-predicting circuit, and the apical dendrite speaks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from dcm.lab.drawing import COLOURS
from dcm.lab.widgets import Slider, canvas, styled
from dcm.model.circuit import Circuit
from dcm.settle.equilibrium import equilibrium

CONTROLS = {
    "ip": Slider("factor, pyramidal to interneuron $W^{IP}$", 0.0, 2.0, 0.1),
    "pi": Slider("factor, interneuron to apical $W^{PI}$", 0.0, 2.0, 0.1),
    "pattern": Slider("input pattern number", 0, 9, 1),
}
FACTORS = np.linspace(0, 2, 21)  # of w_ip, for the third panel


@dataclass(frozen=True)
class Prediction:
    """Steady state without a target: ``apical`` v_A (20,), output cells ``above`` u_P (10,), interneurons u_I (10,).

    ``silence`` (21,) is ‖v_A‖ over the factors ``FACTORS`` of w_ip, at the chosen factor of w_pi.
    """

    apical: np.ndarray
    above: np.ndarray
    interneurons: np.ndarray
    silence: np.ndarray

    def __str__(self):
        gap = np.linalg.norm(self.interneurons - self.above)
        return f"apical potential ‖v_A‖ = {np.linalg.norm(self.apical):.2f}, mismatch ‖u_I - u_P‖ = {gap:.2f}"


@styled
def self_prediction(ip=1.0, pi=1.0, pattern=0) -> Prediction:
    """A self-predicting 30-20-10 circuit with w_ip times ``ip`` and w_pi times ``pi``, no target, one random input.

    Left the apical potentials, in the middle each interneuron beside the output cell that it should equal, right how
    ‖v_A‖ depends on the factor of w_ip: with w_pi detuned, "silent" and "self-predicting" are not the same place.
    """
    circuit, inputs = _start()
    state = equilibrium(_detuned(circuit, ip, pi), inputs[pattern])
    others = [
        equilibrium(_detuned(circuit, factor, pi), inputs[pattern]).v_apical[0]
        for factor in FACTORS
    ]
    shown = Prediction(
        state.v_apical[0], state.u_p[-1], state.u_i[0], np.linalg.norm(others, axis=1)
    )
    _draw(shown, ip, pi)
    return shown


@cache
def _start():
    rng = np.random.default_rng(0)
    return Circuit.random((30, 20, 10), rng).self_predicting(), rng.uniform(-1, 1, (10, 30))


def _detuned(circuit, ip, pi):
    return replace(
        circuit, w_ip=tuple(ip * w for w in circuit.w_ip), w_pi=tuple(pi * w for w in circuit.w_pi)
    )


def _draw(shown, ip, pi):
    _, (left, middle, right) = canvas(
        1, 3, (9.6, 3.4), left=0.085, right=0.98, bottom=0.17, top=0.88, wspace=0.36
    )
    left.bar(range(len(shown.apical)), shown.apical, color=COLOURS["apical"])
    left.axhline(0, color="0.3", lw=0.8)
    limit = max(1.0, 1.1 * np.abs(shown.apical).max())
    left.set(
        ylim=(-limit, limit),
        xlabel="hidden cell",
        ylabel="apical potential $v_A$",
        title="What the dendrite says",
    )
    ends = [
        min(shown.above.min(), shown.interneurons.min()) - 0.2,
        max(shown.above.max(), shown.interneurons.max()) + 0.2,
    ]
    middle.plot(ends, ends, color="0.6", lw=1, ls=":")
    middle.plot(shown.above, shown.interneurons, "o", color=COLOURS["interneuron"])
    middle.set(xlabel="output cell $u^P$", ylabel="its interneuron $u^I$", title="What it predicts")
    right.plot(FACTORS, shown.silence, color=COLOURS["apical"])
    right.plot(ip, np.linalg.norm(shown.apical), "D", color=COLOURS["target"])
    right.set(
        xlabel="factor on $W^{IP}$",
        ylabel=r"$\|v_A\|$",
        ylim=(0, None),
        title=rf"Factor on $W^{{PI}}$: {pi:.1f}",
    )
