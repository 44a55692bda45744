"""Mistakes seen at the steady state: what each does to the fixed point and to learning."""

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
    wrong = broken.seen_through(broken.ApicalLoadAtOutput)
    outcome = _learn_with_both(config, task, circuit, wrong, config.rates)
    met = equilibrium(circuit, task.inputs)  # a target equal to the free potential changes nothing
    for label, g in (("correct", circuit.conductances), ("broken", broken.ApicalLoadAtOutput())):
        # Eq. 7 at the output: v̂ = g_B / (g_lk + g_B) v_B
        outcome.points[label] = (met.u_p[-1], g.attenuation_output * met.v_basal[-1])
    return outcome


def forgotten_brackets(config, rng) -> Outcome:
    """g_D/g_lk + g_D. Points: cells above and interneurons after lateral learning, no target."""
    task = Task.random(config, rng)
    start = task.circuit  # with random lateral weights
    wrong = broken.seen_through(broken.ForgottenBrackets)
    outcome = _learn_with_both(config, task, start.self_predicting(), wrong, config.rates)
    before = equilibrium(start, task.inputs)
    rates = config.lateral_rates
    for label, rule in (("correct", plasticity), ("broken", wrong)):
        circuit, *_ = learn_settled(config, task, start, rates, taught=False, rule=rule)
        after = equilibrium(circuit, task.inputs)
        outcome.points[label] = (after.u_p[-1], after.u_i[-1])
        norms = [np.linalg.norm(state.v_apical[0], axis=1) for state in (before, after)]
        outcome.extra[label] = np.mean(norms, axis=1)  # apical, before and after lateral learning
    return outcome


def copied_weights(config, rng) -> Outcome:
    """w_ip a copy of w_up, depth 3. Points: layer 2 and the interneurons of layer 1, no target."""
    task = Task.random(replace(config, sizes=config.deep), rng)
    reference = feedback_alignment(task.circuit, task.inputs, task.u_targets)
    starts = {"correct": task.circuit.self_predicting(), "broken": broken.copied_up(task.circuit)}
    rates = config.deep_rates
    outcome = Outcome()
    for label, circuit in starts.items():
        free = equilibrium(circuit, task.inputs)
        outcome.points[label] = (free.u_p[1], free.u_i[0])
        first = plasticity(circuit, equilibrium(circuit, task.inputs, task.u_targets)).up
        outcome.extra[label] = list(map(angle, first, reference))  # degrees, one per layer
        _, outcome.x, outcome.curves[label] = learn_settled(config, task, circuit, rates)
    return outcome


def bare_basal(config, rng) -> Outcome:
    """(1-λ) v_B + λ v_A compared with v_B, two passes. Points: u and v̂ of hidden cells, v_A = 0."""
    g = Conductances.from_mixing(config.mixing, 0.1, 0.1)
    task = Task.random(replace(config, conductances=g), rng)
    circuit = task.circuit.self_predicting()
    wrong = broken.seen_through(broken.BareBasal)
    rates = config.two_pass_rates
    outcome = _learn_with_both(config, task, circuit, wrong, rates, settle=two_pass)
    free = equilibrium(circuit, task.inputs)
    options = {"taught": False, "settle": two_pass}  # extra: what this does to hidden potentials
    for label, rule, seen in (("correct", plasticity, g), ("broken", wrong, broken.BareBasal())):
        # Eq. 7 at a hidden cell: v̂ = g_B / (g_lk + g_B + g_A) v_B = (1 - λ) v_B without leak
        outcome.points[label] = (free.u_p[0], seen.attenuation_hidden * free.v_basal[0])
        untaught, *_ = learn_settled(config, task, circuit, rates, rule=rule, **options)
        after = equilibrium(untaught, task.inputs)
        outcome.extra[label] = [np.linalg.norm(state.u_p[0]) for state in (free, after)]
    return outcome


def backprop_ruler(config, rng) -> Outcome:
    """No attenuation in the reference, no self-predicting start. Curves: median angle over λ."""
    cases = (
        ("correct", True, backprop),
        ("reference not attenuated", True, broken.backprop_without_dendrites),
        ("random lateral weights", False, backprop),
        ("both", False, broken.backprop_without_dendrites),
    )
    seeds = rng.integers(2**32, size=config.n_circuits)
    outcome = Outcome(x=np.array(config.lambdas))
    for label, prepared, reference in cases:
        medians = []
        for lam in config.lambdas:
            pairs = [directions(config, lam, prepared, reference, seed) for seed in seeds]
            medians.append(np.median([angle(*pair) for pair in pairs]))
            if label == "correct" or lam == config.lambdas[0]:  # the smallest λ, or the largest
                outcome.points[label] = np.swapaxes(pairs, 0, 1)
        outcome.curves[label] = np.array(medians)
    return outcome


def directions(config, lam, prepared, reference, seed) -> tuple[np.ndarray, np.ndarray]:
    """(the reference's, the circuit's) update into layer 1 as unit vectors, feedback transposed."""
    g = Conductances.from_mixing(lam, lam, leak=0.1)
    single = replace(config, conductances=g, n_associations=1)
    task = Task.random(single, np.random.default_rng(seed))
    circuit = task.circuit.with_feedback(w.T for w in task.circuit.w_up[1:])
    if prepared:
        circuit = circuit.self_predicting()
    theirs = reference(circuit, task.inputs, task.u_targets)[0]
    ours = plasticity(circuit, equilibrium(circuit, task.inputs, task.u_targets)).up[0]
    return theirs / np.linalg.norm(theirs), ours / np.linalg.norm(ours)


def empty_loop(config, rng) -> Outcome:
    """A loop over hidden layers that never runs, depth 3. Points: their first updates."""
    task = Task.random(replace(config, sizes=config.deep), rng)
    circuit = task.circuit.self_predicting()
    outcome = _learn_with_both(config, task, circuit, broken.only_the_top, config.deep_rates)
    state = equilibrium(circuit, task.inputs, task.u_targets)
    hidden = []
    for rule in (plasticity, broken.only_the_top):
        hidden.append(np.concatenate([update.ravel() for update in rule(circuit, state).up[:-1]]))
    outcome.points.update(correct=(hidden[0], hidden[0]), broken=(hidden[0], hidden[1]))
    return outcome


def _learn_with_both(config, task, circuit, wrong, rates, **options) -> Outcome:
    """Curves of the correct rule and of ``wrong``; extra: Σ (u - u*)² before and after learning."""
    outcome = Outcome()
    for label, rule in (("correct", plasticity), ("broken", wrong)):
        learned = learn_settled(config, task, circuit, rates, rule=rule, **options)
        after, outcome.x, outcome.curves[label] = learned
        gaps = [equilibrium(c, task.inputs).u_p[-1] - task.u_targets for c in (circuit, after)]
        outcome.extra[label] = [np.mean(np.sum(gap**2, axis=1)) for gap in gaps]
    return outcome
