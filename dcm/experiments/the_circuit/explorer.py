"""Explorer of notebook 00: one hidden cell, its compartments, and the factors of its conductances (Eqs. 1, 7)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from dcm.experiments.the_circuit.panels import compartments
from dcm.lab.drawing import COLOURS
from dcm.lab.widgets import Slider, canvas, styled
from dcm.model.circuit import Circuit
from dcm.model.conductances import Conductances
from dcm.settle.equilibrium import equilibrium

CONTROLS = {
    "leak": Slider("leak conductance $g_{lk}$", 0.0, 1.0, 0.1),
    "basal": Slider("basal conductance $g_B$", 0.2, 3.0, 0.1),
    "apical": Slider("apical conductance $g_A$", 0.0, 3.0, 0.1),
    "somatic": Slider("nudging conductance $g_{som}$", 0.0, 3.0, 0.1),
    "pull": Slider("pull of the target $u^* - u^-$", -4.0, 4.0, 0.5),
    "neuron": Slider("hidden cell number", 0, 19, 1),
}


@dataclass(frozen=True)
class Neuron:
    """Potentials of one hidden cell at the steady state, and the conductances behind them.

    ``basal`` v_B and ``apical`` v_A are those of the dendrites, ``soma`` is u; what the dendrites send to the soma is
    v̂_B = attenuation_hidden · v_B and mixing_hidden · v_A, the factors being those of ``conductances``.
    """

    conductances: Conductances
    basal: float
    apical: float
    soma: float

    def __str__(self):
        g = self.conductances
        parts = f"{g.attenuation_hidden:.2f} x {self.basal:.2f} + {g.mixing_hidden:.2f} x {self.apical:.2f}"
        return f"soma u = attenuation x v_B + mixing factor x v_A = {parts} = {self.soma:.2f}"


@styled
def one_neuron(leak=0.1, basal=1.0, apical=0.8, somatic=0.8, pull=2.0, neuron=8) -> Neuron:
    """One hidden cell of a self-predicting 30-20-10 circuit whose output target lies ``pull`` above its prediction.

    Left its compartments and what they send to the soma, right the attenuation and mixing factors of every kind of
    cell. ``leak`` … ``somatic`` are g_lk, g_B, g_A and g_som; g_D stays at 1.
    """
    circuit, r_in = _circuit_and_input(Conductances(leak, basal, apical, somatic=somatic))
    state = equilibrium(circuit, r_in, equilibrium(circuit, r_in).u_p[-1] + pull)
    _, (left, right) = canvas(
        1, 2, (9.6, 3.4), left=0.08, right=0.97, bottom=0.13, top=0.88, wspace=0.62
    )
    bars = compartments(left, circuit, state, neuron)
    limit = max(2.5, 1.2 * max(abs(bar.get_height()) for bar in bars))
    left.set(ylim=(-limit, limit), title=f"Hidden cell {neuron}")
    _factors(right, circuit.conductances)
    return Neuron(
        circuit.conductances,
        *(float(x[0][neuron]) for x in (state.v_basal, state.v_apical, state.u_p)),
    )


@cache
def _start():
    rng = np.random.default_rng(0)
    return Circuit.random((30, 20, 10), rng), rng.uniform(-1, 1, 30)


def _circuit_and_input(conductances):
    circuit, r_in = _start()
    weights = (circuit.w_up, circuit.w_down, circuit.w_ip, circuit.w_pi)
    return Circuit(circuit.transfer, conductances, *weights).self_predicting(), r_in


def _factors(ax, g):
    rows = (
        (r"hidden cell $\hat v_B / v_B$", g.attenuation_hidden, "basal", ""),
        (r"output cell $\hat v_B / v_B$", g.attenuation_output, "basal", ""),
        (r"interneuron $\hat v_I / v_I$", g.attenuation_interneuron, "interneuron", ""),
        (r"apical share $\lambda_{hid}$", g.mixing_hidden, "apical", "//"),
        (r"target's share $\lambda_{out}$", g.mixing_output, "target", "//"),
        (r"interneuron's nudge $\lambda_I$", g.mixing_interneuron, "interneuron", "//"),
    )
    for y, (_label, value, colour, hatch) in enumerate(rows):
        ax.barh(
            y,
            value,
            color="none" if hatch else COLOURS[colour],
            edgecolor=COLOURS[colour],
            hatch=hatch,
        )
        ax.text(value + 0.02, y, f"{value:.2f}", va="center")
    ax.set(xlim=(0, 1.15), yticks=range(len(rows)), yticklabels=[row[0] for row in rows])
    ax.set_title("Attenuation (full), mixing (hatched)")
    ax.invert_yaxis()
