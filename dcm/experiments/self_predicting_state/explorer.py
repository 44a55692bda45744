"""Explorer of notebook 01: detuned lateral weights make the apical dendrite speak."""

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
    """The steady state without a target.

    Attributes
    ----------
    apical : (20,)
        Potentials v_A of the hidden cells.
    above, interneurons : (10,)
        Potentials u_P of the output cells, and u_I of the interneurons that should equal them.
    silence : (21,)
        ‖v_A‖ over the factors ``FACTORS`` of w_ip, at the chosen factor of w_pi.
    """

    apical: np.ndarray
    above: np.ndarray
    interneurons: np.ndarray
    silence: np.ndarray

    def __str__(self):
        apical = np.linalg.norm(self.apical)
        mismatch = np.linalg.norm(self.interneurons - self.above)
        return f"apical potential ‖v_A‖ = {apical:.2f}, mismatch ‖u_I - u_P‖ = {mismatch:.2f}"


@styled
def self_prediction(ip=1.0, pi=1.0, pattern=0) -> Prediction:
    """A self-predicting 30-20-10 circuit with w_ip times ``ip`` and w_pi times ``pi``, no target.

    Left the apical potentials, in the middle each interneuron beside the output cell that it should
    equal, right how ‖v_A‖ depends on the factor of w_ip: with w_pi detuned, "silent" and
    "self-predicting" are not the same place.
    """
    circuit, inputs = _start()
    r_in = inputs[pattern]
    state = equilibrium(_detuned(circuit, ip, pi), r_in)
    apical = [equilibrium(_detuned(circuit, factor, pi), r_in).v_apical[0] for factor in FACTORS]
    silence = np.linalg.norm(apical, axis=1)
    shown = Prediction(state.v_apical[0], state.u_p[-1], state.u_i[0], silence)
    _, (left, middle, right) = canvas(
        1, 3, (9.6, 3.4), left=0.085, right=0.98, bottom=0.17, top=0.88, wspace=0.36
    )
    _apical_potentials(left, shown)
    _interneurons(middle, shown)
    _silence(right, shown, ip, pi)
    return shown


@cache
def _start():
    rng = np.random.default_rng(0)
    circuit = Circuit.random((30, 20, 10), rng).self_predicting()
    return circuit, rng.uniform(-1, 1, (10, 30))


def _detuned(circuit, ip, pi):
    w_ip = tuple(ip * w for w in circuit.w_ip)
    w_pi = tuple(pi * w for w in circuit.w_pi)
    return replace(circuit, w_ip=w_ip, w_pi=w_pi)


def _apical_potentials(ax, shown):
    ax.bar(range(len(shown.apical)), shown.apical, color=COLOURS["apical"])
    ax.axhline(0, color="0.3", lw=0.8)
    limit = max(1.0, 1.1 * np.abs(shown.apical).max())
    ax.set(ylim=(-limit, limit), xlabel="hidden cell", ylabel="apical potential $v_A$")
    ax.set_title("What the dendrite says")


def _interneurons(ax, shown):
    potentials = np.append(shown.above, shown.interneurons)
    ends = [potentials.min() - 0.2, potentials.max() + 0.2]
    ax.plot(ends, ends, color="0.6", lw=1, ls=":")
    ax.plot(shown.above, shown.interneurons, "o", color=COLOURS["interneuron"])
    ax.set(xlabel="output cell $u^P$", ylabel="its interneuron $u^I$", title="What it predicts")


def _silence(ax, shown, ip, pi):
    ax.plot(FACTORS, shown.silence, color=COLOURS["apical"])
    ax.plot(ip, np.linalg.norm(shown.apical), "D", color=COLOURS["target"])
    ax.set(xlabel="factor on $W^{IP}$", ylabel=r"$\|v_A\|$", ylim=(0, None))
    ax.set_title(rf"Factor on $W^{{PI}}$: {pi:.1f}")
