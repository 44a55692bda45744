"""Exercises 2.1-2.4: weights with which interneurons predict the layer above, and how to tell."""

from dataclasses import replace

import numpy as np

from dcm.exercises.checker.exercise import Curve, Exercise, Heading, random_conductances
from dcm.model.circuit import Circuit
from dcm.model.conductances import Conductances
from dcm.settle.equilibrium import equilibrium


def interneuron_weights(w_up, g, above):
    """w_ip with which u_I = u_P of the layer above, "hidden" or "output", into which w_up leads."""
    apical = g.apical if above == "hidden" else 0.0  # output cells have no apical dendrite
    v_hat_above = g.basal / (g.leak + g.basal + apical)  # v̂_B / v_B of Eq. 7
    v_hat_inter = g.dendritic / (g.leak + g.dendritic)  # v̂_I / v_I of Eq. 8
    return v_hat_above / v_hat_inter * w_up


def _weights_cases(rng):
    def draw(above, **fixed):
        return rng.uniform(-1, 1, (3, 5)), random_conductances(rng, **fixed), above

    return {
        "output above": draw("output"),
        "hidden layer above": draw("hidden"),
        "hidden layer above, no leak": draw("hidden", leak=0.0),
        "output above, g_D = g_B": draw("output", basal=1.0, dendritic=1.0),
    }


WEIGHTS = Exercise(
    Heading("2.1", "Interneurons that predict the layer above", "code", 10, "●●●"),
    interneuron_weights,
    "Both receive the same rates. "
    "Demand v̂_I = v̂_B of the layer above, and nudging has nothing to correct.",
    "g_D/(g_lk+g_D) · w_ip r = g_B/(g_lk+g_B+g_A') · w_up r, for every r. "
    "What is g_A' below an output?",
    "return (g.leak + g.dendritic) / g.dendritic * g.basal / (g.leak + g.basal + apical) * w_up",
    cases=_weights_cases,
    mistakes=lambda w_up, g, above: {
        "A plain copy of w_up works only for g_D = g_B below an output layer. Dendrites of "
        "interneurons and of pyramidal cells are attenuated differently: "
        "bring both v̂ to the same value.": w_up,
        "Right below an output layer. A hidden layer above carries an apical load: "
        "g_A enters its attenuation.": interneuron_weights(w_up, g, "output"),
        "Right below a hidden layer. Output cells have no apical dendrite, "
        "so no g_A there.": interneuron_weights(w_up, g, "hidden"),
        "The ratio is upside down: the weaker an interneuron's own attenuation factor, "
        "the larger w_ip.": w_up / interneuron_weights(1.0, g, above),
        "The attenuation of the layer above is in; "
        "that of the interneuron itself, g_D/(g_lk+g_D), is still missing: w_ip "
        "must make up for it.": g.attenuation_interneuron * interneuron_weights(w_up, g, above),
        "The factor is right, the matrix transposed. w_ip is (n_interneurons, n_pyramidal), and "
        "there is one interneuron for each cell above: "
        "the same shape as w_up.": interneuron_weights(w_up, g, above).T,
    },
    curve=Curve(
        np.linspace(0.2, 3, 40),
        lambda rule, x: [rule(np.eye(1), Conductances(dendritic=g), "output")[0, 0] for g in x],
        "dendritic conductance $g_D$ ($g_B = 1$)",
        "$w_{ip} / w_{up}$",
    ),
)


def interneuron_to_apical(w_down):
    """w_pi with which a perfect prediction cancels the top-down input in Eq. 4."""
    return -w_down  # Eq. 4: w_down r + w_pi r = 0 for every r


SILENCING = Exercise(
    Heading("2.2", "Interneurons that silence the apical dendrite", "code", 3, "●○○"),
    interneuron_to_apical,
    "Put r_inter = r_above into Eq. 4 and demand v_A = 0 for every r_above.",
    "w_down r + w_pi r = 0 for every r",
    cases=lambda rng: {
        "4 cells below 3": (rng.uniform(-1, 1, (4, 3)),),
        "2 cells below 5": (rng.uniform(-1, 1, (2, 5)),),
    },
    mistakes=lambda w_down: {
        "The sign is flipped: "
        "prediction and top-down input would add up to twice the drive.": w_down,
        "The sign is right, the matrix is transposed. "
        "Both w_down and w_pi end on the same apical dendrites: the same rows.": -w_down.T,
        "Transposed, and the sign is flipped: which cells are the rows?": w_down.T,
    },
)


def example(factor):
    """(circuit, inputs): self-predicting 30-20-10, its w_ip then times ``factor``; 100 inputs."""
    rng = np.random.default_rng(0)
    g = Conductances(dendritic=1.3)  # unlike g_B, so that w_ip is no copy of w_up [chosen]
    circuit = Circuit.random((30, 20, 10), rng, conductances=g).self_predicting()
    return replace(circuit, w_ip=(factor * circuit.w_ip[0],)), rng.uniform(-1, 1, (100, 30))


def apical_norm(circuit, inputs):
    """Mean of ‖v_A‖ over ``inputs``, without a target."""
    return float(np.linalg.norm(equilibrium(circuit, inputs).v_apical[0], axis=1).mean())


def detuned_twice_as_much():
    """‖v_A‖ with w_ip 20 % too large, over ‖v_A‖ with w_ip 10 % too large."""
    return apical_norm(*example(1.2)) / apical_norm(*example(1.1))


DETUNING = Exercise(
    Heading("2.3", "Detune w_ip: how loud does the dendrite get?", "explore", 8, "●●○"),
    detuned_twice_as_much,
    "v_A = w_down (φ(u_P) - φ(u_I)). How does u_I depend on w_ip?",
    "apical_norm(*example(1.2)) is the numerator.",
    rtol=0.1,
    mistakes={
        "As if v_A did not depend on how far w_ip is off. "
        "It is silent at factor 1 only, and louder the further away: compare two runs.": 1.0,
        "Quadratic would fit an error measure such as ‖v_A‖². "
        "The potential itself follows the difference φ(u_P) - φ(u_I) to first order.": 4.0,
        "The ratio is upside down: the 20 % belong above the line.": 0.5,
    },
)


def silent_is_not_self_predicting():
    """Answer c.

    v_A = 0 for one input is n_hidden equations for n_hidden × n_interneurons weights w_pi: they can
    be met whatever the interneurons do. Self-prediction is u_I = u_P of the layer above *and*
    w_pi = -w_down; then v_A = 0 for every input. So compare u_I with u_P, and look at inputs that
    were not trained.
    """
    return "c"


SILENT = Exercise(
    Heading("2.4", "Silent, therefore self-predicting?", "think", 6, "●●○"),
    silent_is_not_self_predicting,
    "Count: how many equations does v_A = 0 set for one input, and how many weights has w_pi?",
    "Which quantities would be unequal in this circuit although v_A = 0?",
    mistakes={
        "Silence is a consequence of self-prediction, not its definition: w_pi alone can silence "
        "one input with interneurons that predict nothing. Run the cell below.": "a",
        "More training on the same input makes v_A = 0 more exact there, and nowhere else. "
        "What has not been tested?": "b",
    },
)

EXERCISES = (WEIGHTS, SILENCING, DETUNING, SILENT)
