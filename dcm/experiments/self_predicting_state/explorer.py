"""Explorer of notebook 01: detuned lateral weights make the apical dendrite speak."""

from dataclasses import dataclass, replace

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
    """The steady state without a target."""

    apical: np.ndarray  # potentials v_A of the hidden cells, (20,)
    above: np.ndarray  # potentials u_P of the output cells, (10,)
    interneurons: np.ndarray  # potentials u_I, which should equal those, (10,)
    silence: np.ndarray  # ‖v_A‖ over the factors ``FACTORS`` of w_ip, for the same w_pi, (21,)

    def __str__(self):
        apical = np.linalg.norm(self.apical)
        mismatch = np.linalg.norm(self.interneurons - self.above)
        return f"apical potential ‖v_A‖ = {apical:.2f}, mismatch ‖u_I - u_P‖ = {mismatch:.2f}"


@styled
def self_prediction(ip=1.0, pi=1.0, pattern=0) -> Prediction:
    """A self-predicting 30-20-10 circuit with w_ip times ``ip`` and w_pi times ``pi``, no target.

    Left the apical potentials, in the middle each interneuron beside its output cell, right ‖v_A‖
    over the factor of w_ip: with w_pi detuned, "silent" and "self-predicting" are not one place.
    """
    rng = np.random.default_rng(0)
    tuned = Circuit.random((30, 20, 10), rng).self_predicting()
    r_in = rng.uniform(-1, 1, (10, 30))[pattern]
    state = _settled(tuned, ip, pi, r_in)
    silence = [np.linalg.norm(_settled(tuned, factor, pi, r_in).v_apical[0]) for factor in FACTORS]
    shown = Prediction(state.v_apical[0], state.u_p[-1], state.u_i[0], np.array(silence))
    margins = {"left": 0.085, "right": 0.98, "bottom": 0.17, "top": 0.88, "wspace": 0.36}
    _, (left, middle, right) = canvas(1, 3, (9.6, 3.4), **margins)

    left.bar(range(len(shown.apical)), shown.apical, color=COLOURS["apical"])
    left.axhline(0, color="0.3", lw=0.8)
    limit = max(1.0, 1.1 * np.abs(shown.apical).max())
    left.set(xlabel="hidden cell", ylabel="apical potential $v_A$", ylim=(-limit, limit))
    left.set_title("What the dendrite says")

    potentials = np.append(shown.above, shown.interneurons)
    ends = [potentials.min() - 0.2, potentials.max() + 0.2]
    middle.plot(ends, ends, color="0.6", lw=1, ls=":")
    middle.plot(shown.above, shown.interneurons, "o", color=COLOURS["interneuron"])
    middle.set(xlabel="output cell $u^P$", ylabel="its interneuron $u^I$", title="What it predicts")

    right.plot(FACTORS, shown.silence, color=COLOURS["apical"])
    right.plot(ip, np.linalg.norm(shown.apical), "D", color=COLOURS["target"])
    right.set(xlabel="factor on $W^{IP}$", ylabel=r"$\|v_A\|$", ylim=(0, None))
    right.set_title(rf"Factor on $W^{{PI}}$: {pi:.1f}")
    return shown


def _settled(circuit, ip, pi, r_in):
    """The steady state of the detuned circuit."""
    w_ip = tuple(ip * w for w in circuit.w_ip)
    w_pi = tuple(pi * w for w in circuit.w_pi)
    return equilibrium(replace(circuit, w_ip=w_ip, w_pi=w_pi), r_in)
