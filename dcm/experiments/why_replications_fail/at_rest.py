"""Mistakes seen at the steady state: what each does to the fixed point and to learning.

Every demonstration returns an ``Outcome``; where it does not say otherwise, its ``extra`` is the
squared error of the output potentials before and after learning.
"""

from dataclasses import replace

import numpy as np

from dcm import Conductances, equilibrium, plasticity, two_pass
from dcm.experiments.measures import angle
from dcm.experiments.why_replications_fail import broken
from dcm.experiments.why_replications_fail.associations import Outcome, Task, learn_settled
from dcm.model.backprop import backprop, feedback_alignment


def output_attenuation(config, rng) -> Outcome:
    """Apical load in the output's v̂. Points: u and v̂ of the output, targets met."""
    task = Task.random(config, rng)
    circuit = task.circuit.self_predicting()
    met = equilibrium(circuit, task.inputs)  # a target equal to the free potential changes nothing
    points = {}
    for label, g in (("correct", circuit.conductances), ("broken", broken.ApicalLoadAtOutput())):
        # Eq. 7 at the output: v̂ = g_B / (g_lk + g_B) v_B
        points[label] = (met.u_p[-1], g.attenuation_output * met.v_basal[-1])
    wrong = broken.seen_through(broken.ApicalLoadAtOutput)
    return _learn_with_both(config, task, circuit, wrong, config.rates, points)


def forgotten_brackets(config, rng) -> Outcome:
    """g_D/g_lk + g_D. Points: cells of the layer above and interneurons, without a target.

    Lateral weights have learned from random ones. Extra: mean apical norm before and after that.
    """
    task = Task.random(config, rng)
    wrong = broken.seen_through(broken.ForgottenBrackets)
    before = equilibrium(task.circuit, task.inputs)
    points = {}
    silence = {}
    for label, rule in (("correct", plasticity), ("broken", wrong)):
        options = {"taught": False, "rule": rule}
        circuit, *_ = learn_settled(config, task, task.circuit, config.lateral_rates, **options)
        after = equilibrium(circuit, task.inputs)
        points[label] = (after.u_p[-1], after.u_i[-1])
        norms = [np.linalg.norm(state.v_apical[0], axis=1) for state in (before, after)]
        silence[label] = np.mean(norms, axis=1)
    start = task.circuit.self_predicting()
    outcome = _learn_with_both(config, task, start, wrong, config.rates, points)
    return replace(outcome, extra=silence)


def copied_weights(config, rng) -> Outcome:
    """w_ip a copy of w_up, depth 3. Points: layer 2 and the interneurons of layer 1, no target.

    Extra: angles of the first updates to feedback alignment's, degrees, one per layer.
    """
    task = Task.random(replace(config, sizes=config.deep), rng)
    reference = feedback_alignment(task.circuit, task.inputs, task.u_targets)
    starts = {"correct": task.circuit.self_predicting(), "broken": broken.copied_up(task.circuit)}
    points = {}
    curves = {}
    angles = {}
    for label, circuit in starts.items():
        free = equilibrium(circuit, task.inputs)
        points[label] = (free.u_p[1], free.u_i[0])
        nudged = equilibrium(circuit, task.inputs, task.u_targets)
        angles[label] = list(map(angle, plasticity(circuit, nudged).up, reference))
        _, x, curves[label] = learn_settled(config, task, circuit, config.deep_rates)
    return Outcome(points, x, curves, angles)


def bare_basal(config, rng) -> Outcome:
    """(1-λ) v_B + λ v_A compared with v_B, two passes. Points: u and v̂ of hidden cells, v_A = 0.

    Extra: norm of the hidden potentials before and after plasticity without any target.
    """
    g = Conductances.from_mixing(config.mixing, 0.1, 0.1)
    task = Task.random(replace(config, conductances=g), rng)
    circuit = task.circuit.self_predicting()
    free = equilibrium(circuit, task.inputs)
    points = {}
    for label, seen in (("correct", g), ("broken", broken.BareBasal())):
        # Eq. 7 at a hidden cell: v̂ = g_B / (g_lk + g_B + g_A) v_B = (1 - λ) v_B without leak
        points[label] = (free.u_p[0], seen.attenuation_hidden * free.v_basal[0])
    wrong = broken.seen_through(broken.BareBasal)
    rates = config.two_pass_rates
    outcome = _learn_with_both(config, task, circuit, wrong, rates, points, settle=two_pass)
    untaught = {}
    options = {"taught": False, "settle": two_pass}
    for label, rule in (("correct", plasticity), ("broken", wrong)):
        after, *_ = learn_settled(config, task, circuit, rates, rule=rule, **options)
        u_after = equilibrium(after, task.inputs).u_p[0]
        untaught[label] = [np.linalg.norm(free.u_p[0]), np.linalg.norm(u_after)]
    return replace(outcome, extra=untaught)


def backprop_ruler(config, rng) -> Outcome:
    """No attenuation in the reference, no self-predicting start. Curves: median angle over λ.

    Angles are of the updates into layer 1, in degrees. Points: these updates as unit vectors, of
    all circuits, at the smallest λ when correct, at the largest when broken.
    """
    bare = broken.backprop_without_dendrites
    cases = {
        "correct": (True, backprop),
        "reference not attenuated": (True, bare),
        "random lateral weights": (False, backprop),
        "both": (False, bare),
    }
    seeds = rng.integers(2**32, size=config.n_circuits)
    points = {}
    curves = {}
    for label, (prepared, reference) in cases.items():
        medians = []
        for lam in config.lambdas:
            pairs = [directions(config, lam, prepared, reference, seed) for seed in seeds]
            medians.append(np.median([angle(*pair) for pair in pairs]))
            if label == "correct" or lam == config.lambdas[0]:
                points[label] = np.swapaxes(pairs, 0, 1)
        curves[label] = np.array(medians)
    return Outcome(points, np.array(config.lambdas), curves)


def directions(config, lam, prepared, reference, seed) -> tuple[np.ndarray, np.ndarray]:
    """(the reference's, the circuit's) update into layer 1 as unit vectors, at λ_hid = λ_out = λ.

    Feedback is transposed; ``prepared``: whether the circuit is made self-predicting.
    """
    g = Conductances.from_mixing(lam, lam, leak=0.1)
    single = replace(config, conductances=g, n_associations=1)
    task = Task.random(single, np.random.default_rng(seed))
    circuit = task.circuit.with_feedback(w.T for w in task.circuit.w_up[1:])
    if prepared:
        circuit = circuit.self_predicting()
    state = equilibrium(circuit, task.inputs, task.u_targets)
    theirs = reference(circuit, task.inputs, task.u_targets)[0]
    ours = plasticity(circuit, state).up[0]
    return theirs / np.linalg.norm(theirs), ours / np.linalg.norm(ours)


def empty_loop(config, rng) -> Outcome:
    """A loop over hidden layers that never runs, depth 3. Points: their first updates."""
    task = Task.random(replace(config, sizes=config.deep), rng)
    circuit = task.circuit.self_predicting()
    state = equilibrium(circuit, task.inputs, task.u_targets)
    hidden = {}
    for label, rule in (("correct", plasticity), ("broken", broken.only_the_top)):
        hidden[label] = np.concatenate([update.ravel() for update in rule(circuit, state).up[:-1]])
    points = {label: (hidden["correct"], measured) for label, measured in hidden.items()}
    return _learn_with_both(config, task, circuit, broken.only_the_top, config.deep_rates, points)


def _learn_with_both(config, task, circuit, wrong, rates, points, **options) -> Outcome:
    """``points``, and the curves of the correct rule and of ``wrong``, from the same start."""
    curves = {}
    errors = {}
    for label, rule in (("correct", plasticity), ("broken", wrong)):
        after, x, curves[label] = learn_settled(config, task, circuit, rates, rule=rule, **options)
        gaps = [equilibrium(c, task.inputs).u_p[-1] - task.u_targets for c in (circuit, after)]
        errors[label] = [np.mean(np.sum(gap**2, axis=1)) for gap in gaps]
    return Outcome(points, x, curves, errors)
