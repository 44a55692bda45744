"""Exercises 4.1-4.6: mixing factors, the backpropagated error that follows, and angles to it."""

from dataclasses import replace

import numpy as np

from dcm.exercises.checker.exercise import Curve, Exercise, Heading, random_conductances
from dcm.experiments.backprop_approximation.experiment import Config, at_mixing
from dcm.model.circuit import Circuit
from dcm.model.conductances import Conductances
from dcm.model.transfer import Logistic, SoftRectifier
from dcm.settle.equilibrium import equilibrium


def mixing(g):
    """(λ_hid, λ_out, λ_I): the shares of apical dendrite, target and layer above in their soma."""
    hidden = g.apical / (g.leak + g.basal + g.apical)  # Eq. 1
    output = g.somatic / (g.leak + g.basal + g.somatic)  # Eq. 1, without an apical dendrite
    interneuron = g.somatic / (g.leak + g.dendritic + g.somatic)  # Eq. 2
    return hidden, output, interneuron


MIXING = Exercise(
    Heading("4.1", "Three mixing factors", "code", 5, "●○○"),
    mixing,
    "Steady state of Eqs. 1 and 2: a mean weighted by conductances. "
    "Take the weight of what teaches.",
    "λ = (conductance that teaches) / (sum of all conductances of that soma)",
    cases=lambda rng: {
        "random conductances": (random_conductances(rng),),
        "others": (random_conductances(rng),),
        "defaults": (Conductances(),),
        "no apical conductance": (random_conductances(rng, apical=0.0),),
    },
    mistakes=lambda g: {
        "The leak is forgotten in the denominators.": mixing(replace(g, leak=0.0)),
        "λ_hid and λ_out are right. "
        "An interneuron's own dendrite couples with g_D, not g_B.": np.take(mixing(g), [0, 1, 1]),
        "These are 1 - λ, the share of all the rest.": 1 - np.array(mixing(g)),
        "λ_out holds g_A, but output cells have no apical compartment.": (
            mixing(g)[0],
            g.somatic / (g.leak + g.basal + g.apical + g.somatic),
            mixing(g)[2],
        ),
    },
)


def output_update(v_hat, u_target, r_pre, lam, phi):
    """Eq. 7 at the output to first order in λ: λ times the delta rule, (n_out, n_pre)."""
    shift = lam * (u_target - v_hat)  # of the nudged soma, u - v̂
    return np.outer(phi.derivative(v_hat) * shift, r_pre)  # Eq. 7: φ(u) - φ(v̂) ≈ φ'(v̂) (u - v̂)


def _output_cases(rng):
    def draw(n, m, lam, phi):
        return *rng.uniform(-2, 2, (2, n)), rng.uniform(0, 1, m), lam, phi

    v_hat, _, r_pre, lam, phi = draw(3, 4, 0.1, Logistic())
    return {
        "logistic φ": draw(3, 4, 0.1, Logistic()),
        "soft rectifier": draw(2, 5, 0.01, SoftRectifier(0.6, 1.0, 0.4)),
        "target met": (v_hat, v_hat, r_pre, lam, phi),
    }


OUTPUT_UPDATE = Exercise(
    Heading("4.2", "At the output: the delta rule", "code", 8, "●●○"),
    output_update,
    "Nudged, u = (1-λ) v̂ + λ u*. So u - v̂ = …?",
    "φ(u) - φ(v̂) ≈ φ'(v̂) (u - v̂) for small λ.",
    "lam * np.outer(phi.derivative(v_hat) * (…), r_pre)",
    cases=_output_cases,
    mistakes=lambda v_hat, u_target, r_pre, lam, phi: {
        "The slope φ'(v̂) is forgotten. Eq. 7 compares rates: φ(v̂ + ε) - φ(v̂) ≈ φ'(v̂) ε.": (
            lam * np.outer(u_target - v_hat, r_pre)
        ),
        "λ is missing: the target moves the soma by λ (u* - v̂) only.": (
            output_update(v_hat, u_target, r_pre, 1.0, phi)
        ),
        "This is Eq. 7 exactly. Now take its first order in λ, to see the "
        "delta rule in it.": np.outer(phi(v_hat + lam * (u_target - v_hat)) - phi(v_hat), r_pre),
        "A difference of rates φ(u*) - φ(v̂) is not φ'(v̂)(u* - v̂) unless the target is near. "
        "Small is λ, not the error.": lam * np.outer(phi(u_target) - phi(v_hat), r_pre),
        "Transposed: rows are postsynaptic (outputs), columns presynaptic.": (
            output_update(v_hat, u_target, r_pre, lam, phi).T
        ),
    },
)


def error_below(w_down, slope, error_above, lam):
    """Shift (n,) of hidden somata, if those above, of slope φ' (m,), shift by ``error_above``."""
    v_apical = w_down @ (slope * error_above)  # Eq. 4 if self-predicting, to first order
    return lam * v_apical  # Eq. 1: the soma takes up λ_hid of it


def _error_cases(rng):
    def draw(n, m, lam):
        return rng.uniform(-1, 1, (n, m)), rng.uniform(0.05, 0.25, m), rng.uniform(-1, 1, m), lam

    w_down, slope, error, lam = draw(4, 4, 0.2)
    return {
        "5 cells below 3": draw(5, 3, 0.1),
        "2 cells below 6": draw(2, 6, 0.05),
        "4 cells below 4": (w_down, slope, error, lam),
        "no error above": (w_down, slope, 0 * error, lam),
    }


ERROR_BELOW = Exercise(
    Heading("4.3", "The error, one layer down", "code", 8, "●●○"),
    error_below,
    "In a self-predicting circuit v_A = w_down (φ(u + error) - φ(u)). First order?",
    "u_k = v̂_B + λ v_A: the soma shifts by λ v_A.",
    cases=_error_cases,
    mistakes=lambda w_down, slope, error_above, lam: {
        "The slope of the layer above is forgotten: what travels down are rates, and "
        "a rate changes by φ' times the shift of its potential.": lam * w_down @ error_above,
        "This is v_A. The soma takes up λ of it.": w_down @ (slope * error_above),
        "The sign is flipped: v_A = w_down (φ(u_P) - φ(u_I)), the shifted layer above "
        "minus its prediction.": -error_below(w_down, slope, error_above, lam),
        "One λ a layer: that of the layers above is inside error_above already.": (
            lam * error_below(w_down, slope, error_above, lam)
        ),
    },
)


def angle(a, b):
    """Angle between two matrices of one shape, in degrees; 0 for an update and its double."""
    cosine = np.sum(a * b) / (np.linalg.norm(a) * np.linalg.norm(b))  # over all entries (Frobenius)
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))  # rounding can give 1 + 2e-16


def _unclipped(a, b):
    return np.degrees(np.arccos(np.sum(a * b) / np.linalg.norm(a) / np.linalg.norm(b)))


def _angle_cases(rng):
    a, b = rng.uniform(-1, 1, (2, 3, 4))
    with np.errstate(invalid="ignore"):
        # The first for which rounding gives a cosine beyond -1: only a clipped angle exists.
        rounded = next(m for m in rng.uniform(-1, 1, (99, 3, 4)) if np.isnan(_unclipped(m, -2 * m)))
    return {
        "two random updates": (a, b),
        "an acute angle": (a + b, b),
        "opposite, twice as long": (rounded, -2 * rounded),
        "the same twice": (-rounded, -rounded),
    }


def _angles(function, degrees):
    turned = np.stack([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))], axis=1)  # (n, 2)
    return [function(np.array([[3.0, 0.0]]), row[None]) for row in turned]


ANGLE = Exercise(
    Heading("4.4", "The angle to backprop", "code", 6, "●●○"),
    angle,
    "cos = ⟨a, b⟩ / (‖a‖ ‖b‖), the sum and norms over all entries (Frobenius).",
    "np.sum(a * b), np.linalg.norm, np.clip, np.arccos, np.degrees",
    cases=_angle_cases,
    mistakes=lambda a, b: {
        "These are radians; degrees are asked for.": np.radians(angle(a, b)),
        "This is the cosine. Apply arccos, then degrees.": np.cos(np.radians(angle(a, b))),
        "Right, but for parallel updates rounding gives a cosine of 1.0000000000000002, "
        "and arccos of that is NaN. Clip it to [-1, 1].": _unclipped(a, b),
        "Angles above 90° come out folded back. An update that points *against* the gradient "
        "must show: no absolute value of the cosine.": min(angle(a, b), 180 - angle(a, b)),
        "This is the mean of the angles of rows. "
        "Take the whole matrix as one long vector.": np.mean(list(map(angle, a, b))),
    },
    curve=Curve(np.linspace(1, 179, 60), _angles, "true angle (degrees)", "angle (degrees)"),
)


def shifts(lam):
    """‖u - u⁻‖ of layers 1…4, (4,): how far a target moves the somata; λ_hid = λ_out = ``lam``."""
    rng = np.random.default_rng(3)
    random = Circuit.random((8, 7, 6, 5, 4), rng)
    circuit = at_mixing(random.with_feedback(w.T for w in random.w_up[1:]), lam, Config())
    r_in = rng.uniform(-1, 1, 8)
    free = equilibrium(circuit, r_in)  # u⁻: without a target
    nudged = equilibrium(circuit, r_in, rng.uniform(-1, 1, 4))
    return np.array([np.linalg.norm(n - f) for n, f in zip(nudged.u_p, free.u_p, strict=True)])


def order_of_the_deepest():
    """Slope of log ‖u_1 - u_1⁻‖ over log λ.

    The error has met λ_out once and λ_hid in each of three hidden layers.
    """
    lam = np.array([0.05, 0.02, 0.01])  # small, yet above rounding [chosen]
    deepest = np.array([shifts(x)[0] for x in lam])
    return float(np.polyfit(np.log(lam), np.log(deepest), 1)[0])


DEEPEST = Exercise(
    Heading("4.5", "How small is the error in the deepest layer?", "explore", 8, "●●○"),
    order_of_the_deepest,
    "Every soma on the way takes up λ of what reaches it; "
    "count the somata from the target to layer 1.",
    "np.polyfit(np.log(lam), np.log(norms), 1)[0] is the slope of a power law.",
    rtol=0.06,
    mistakes={
        "Three hidden layers take up λ_hid each, "
        "but the output has already taken up only λ_out of the target.": 3.0,
        "That is the order at the output. "
        "Each layer below takes up only a share λ of what arrives.": 1.0,
        "That is the layer just below the output. Which one is asked for?": 2.0,
        "One too many: four layers have a soma, the input has none.": 5.0,
    },
)


def random_feedback_limit():
    """Answer a.

    Section 3.1 holds for any w_down: the update follows D w_down … D (u* - u⁻), which is feedback
    alignment's direction. It is backprop's only where w_down = w_upᵀ (up to a factor); between
    random matrices the angle stays near 90° until learning turns w_up towards w_downᵀ.
    """
    return "a"


RANDOM_FEEDBACK = Exercise(
    Heading("4.6", "Random feedback: whose update is it?", "think", 6, "●●○"),
    random_feedback_limit,
    "Put a random w_down into exercise 4.3. Compare with backprop's w_upᵀ.",
    "Run the cell below: two angles for each λ.",
    mistakes={
        "Small λ makes the *linearisation* exact, it does not change w_down. "
        "Errors still travel through the random matrix.": "b",
        "Close to 90° to backprop does not mean without direction: it is exactly the update of "
        "another algorithm. Which one sends errors through fixed random weights?": "c",
    },
)

EXERCISES = (MIXING, OUTPUT_UPDATE, ERROR_BELOW, ANGLE, DEEPEST, RANDOM_FEEDBACK)
