"""Explorer of notebook 00: one hidden cell and the factors of its conductances (Eqs. 1, 7)."""

from dataclasses import dataclass

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
    """One hidden cell at the steady state: soma u = v̂_B + λ v_A."""

    conductances: Conductances  # ``attenuation_hidden`` is v̂_B / v_B, ``mixing_hidden`` is λ
    basal: float  # v_B
    apical: float  # v_A
    soma: float  # u

    def __str__(self):
        g = self.conductances
        basal = f"{g.attenuation_hidden:.2f} x {self.basal:.2f}"
        apical = f"{g.mixing_hidden:.2f} x {self.apical:.2f}"
        words = "soma u = attenuation x v_B + mixing factor x v_A"
        return f"{words} = {basal} + {apical} = {self.soma:.2f}"


@styled
def one_neuron(leak=0.1, basal=1.0, apical=0.8, somatic=0.8, pull=2.0, neuron=8) -> Neuron:
    """A hidden cell of a self-predicting 30-20-10 circuit, its target ``pull`` above its output.

    Left its compartments, right the factors of every kind of cell. ``leak`` … ``somatic`` are
    g_lk, g_B, g_A and g_som; g_D stays at 1.
    """
    rng = np.random.default_rng(0)
    conductances = Conductances(leak, basal, apical, somatic=somatic)
    circuit = Circuit.random((30, 20, 10), rng, conductances=conductances).self_predicting()
    r_in = rng.uniform(-1, 1, 30)
    state = equilibrium(circuit, r_in, equilibrium(circuit, r_in).u_p[-1] + pull)
    margins = {"left": 0.08, "right": 0.97, "bottom": 0.13, "top": 0.88, "wspace": 0.62}
    _, (left, right) = canvas(1, 2, (9.6, 3.4), **margins)
    bars = compartments(left, circuit, state, neuron)
    limit = max(2.5, *(1.2 * abs(bar.get_height()) for bar in bars))
    left.set(ylim=(-limit, limit), title=f"Hidden cell {neuron}")
    _factors(right, conductances)
    potentials = (state.v_basal[0], state.v_apical[0], state.u_p[0])
    return Neuron(conductances, *(float(u[neuron]) for u in potentials))


def _factors(ax, g):
    """Attenuation factors as full bars, mixing factors as hatched ones."""
    factors = (  # label, factor, colour, hatch
        (r"hidden cell $\hat v_B / v_B$", g.attenuation_hidden, "basal", None),
        (r"output cell $\hat v_B / v_B$", g.attenuation_output, "basal", None),
        (r"interneuron $\hat v_I / v_I$", g.attenuation_interneuron, "interneuron", None),
        (r"apical share $\lambda_{hid}$", g.mixing_hidden, "apical", "//"),
        (r"target's share $\lambda_{out}$", g.mixing_output, "target", "//"),
        (r"interneuron's nudge $\lambda_I$", g.mixing_interneuron, "interneuron", "//"),
    )
    for label, share, compartment, hatch in factors:
        colour = COLOURS[compartment]
        ax.barh(label, share, fc="none" if hatch else colour, edgecolor=colour, hatch=hatch)
        ax.text(share + 0.02, label, f"{share:.2f}", va="center")
    ax.set(xlim=(0, 1.15), title="Attenuation (full), mixing (hatched)")
    ax.invert_yaxis()
