"""Mistakes seen at the steady state, beside the correct run: what each does to the fixed point and to learning.

Every demonstration takes (config, rng) and returns an ``Outcome``; ``config`` is ``why_replications_fail.Config``.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dcm.experiments.measures import angle
from dcm.experiments.why_replications_fail import broken
from dcm.experiments.why_replications_fail.associations import Outcome, Task, learn_settled
from dcm.model.backprop import backprop, feedback_alignment
from dcm.model.conductances import Conductances
from dcm.model.plasticity import LearningRates, plasticity
from dcm.settle.equilibrium import equilibrium
from dcm.settle.two_pass import two_pass


def output_attenuation(config, rng) -> Outcome:
    """Apical load in the output's v̂. Points: v̂ and u, target met. Extra: squared error of potentials, start and end."""
    task = Task.random(config, rng)
    circuit = task.circuit.self_predicting()
    met, g = equilibrium(circuit, task.inputs), circuit.conductances
    factors = {
        "correct": g.attenuation_output,
        "broken": broken.ApicalLoadAtOutput().attenuation_output,
    }
    points = {label: (met.u_p[-1], a * met.v_basal[-1]) for label, a in factors.items()}
    return _with_rules(
        config, task, circuit, broken.seen_through(broken.ApicalLoadAtOutput), points
    )


def forgotten_brackets(config, rng) -> Outcome:
    """g_D/g_lk + g_D. Points: interneurons and the cells above after lateral learning from random weights, no target.

    Extra: mean apical norm before and after that.
    """
    task, points, silence = Task.random(config, rng), {}, {}
    wrong = broken.seen_through(broken.ForgottenBrackets)
    lateral = LearningRates(ip=config.eta_lateral, pi=config.eta_lateral)
    for label, rule in (("correct", plasticity), ("broken", wrong)):
        circuit, *_ = learn_settled(
            config, task, task.circuit, rule=rule, rates=lateral, taught=False
        )
        before, after = (equilibrium(c, task.inputs) for c in (task.circuit, circuit))
        points[label] = (after.u_p[-1], after.u_i[-1])
        silence[label] = [
            float(np.linalg.norm(s.v_apical[0], axis=1).mean()) for s in (before, after)
        ]
    outcome = _with_rules(config, task, task.circuit.self_predicting(), wrong, points)
    return replace(outcome, extra=silence)


def copied_weights(config, rng) -> Outcome:
    """w_ip a copy of w_up, depth 3. Points: interneurons of layer 1 and the cells above, no target.

    Extra: angles of the first updates to feedback alignment's, degrees, one a layer.
    """
    task, points, curves, angles = Task.random(config, rng, sizes=config.deep), {}, {}, {}
    reference = feedback_alignment(task.circuit, task.inputs, task.u_targets)
    for label, circuit in (
        ("correct", task.circuit.self_predicting()),
        ("broken", broken.copied_up(task.circuit)),
    ):
        free, nudged = (
            equilibrium(circuit, task.inputs),
            equilibrium(circuit, task.inputs, task.u_targets),
        )
        points[label] = (free.u_p[1], free.u_i[0])
        angles[label] = list(map(angle, plasticity(circuit, nudged).up, reference))
        _, x, curves[label] = learn_settled(config, task, circuit, rates=deep_rates(config))
    return Outcome(points, x, curves, angles)


def bare_basal(config, rng) -> Outcome:
    """u = (1-λ) v_B + λ v_A compared with v_B, two passes. Points: v̂ and u of hidden cells, apical silent.

    Extra: norm of the hidden potentials before and after plasticity without any target.
    """
    g = Conductances.from_mixing(config.mixing, 0.1, 0.1)
    task = Task.random(config, rng, conductances=g)
    circuit = task.circuit.self_predicting()
    free = equilibrium(circuit, task.inputs)
    factors = {"correct": g.attenuation_hidden, "broken": broken.BareBasal().attenuation_hidden}
    points = {label: (free.u_p[0], a * free.v_basal[0]) for label, a in factors.items()}
    wrong = broken.seen_through(broken.BareBasal)
    rates = LearningRates(up=2 * config.eta, ip=4 * config.eta)
    outcome, unlearned = (
        _with_rules(config, task, circuit, wrong, points, settle=two_pass, rates=rates),
        {},
    )
    for label, rule in (("correct", plasticity), ("broken", wrong)):
        after, *_ = learn_settled(
            config, task, circuit, rule=rule, settle=two_pass, rates=rates, taught=False
        )
        states = free, equilibrium(after, task.inputs)
        unlearned[label] = [float(np.linalg.norm(state.u_p[0])) for state in states]
    return replace(outcome, extra=unlearned)


def backprop_ruler(config, rng) -> Outcome:
    """Reference without attenuation, no self-predicting start. Curves: median angle in layer 1, degrees, over λ.

    Points: directions (unit vectors) of all circuits at the smallest λ when correct, at the largest when broken.
    """
    bare = broken.backprop_without_dendrites
    cases = {"correct": (True, backprop), "reference not attenuated": (True, bare),
             "random lateral weights": (False, backprop), "both": (False, bare)}  # fmt: skip
    seeds, points, curves = rng.integers(2**32, size=config.n_circuits), {}, {}
    for label, case in cases.items():
        pairs = [[directions(config, lam, *case, seed) for seed in seeds] for lam in config.lambdas]
        curves[label] = np.array([np.median([angle(*pair) for pair in row]) for row in pairs])
        row = pairs[-1 if label == "correct" else 0]
        points[label] = tuple(np.array([pair[i] for pair in row]) for i in (0, 1))
    return Outcome(points, np.array(config.lambdas), curves)


def directions(config, lam, prepared, reference, seed) -> tuple[np.ndarray, np.ndarray]:
    """(the reference's, the circuit's) update into layer 1 as unit vectors, feedback transposed, λ = ``lam``."""
    g = Conductances.from_mixing(lam, lam, leak=0.1)
    task = Task.random(config, np.random.default_rng(seed), conductances=g, n=1)
    circuit = task.circuit.with_feedback(w.T for w in task.circuit.w_up[1:])
    circuit = circuit.self_predicting() if prepared else circuit
    state = equilibrium(circuit, task.inputs, task.u_targets)
    both = reference(circuit, task.inputs, task.u_targets)[0], plasticity(circuit, state).up[0]
    return tuple(d / np.linalg.norm(d) for d in both)


def empty_loop(config, rng) -> Outcome:
    """A loop over hidden layers that never runs, depth 3. Points: first updates of all hidden weights."""
    task = Task.random(config, rng, sizes=config.deep)
    circuit = task.circuit.self_predicting()
    state = equilibrium(circuit, task.inputs, task.u_targets)
    hidden = [
        np.concatenate([d.ravel() for d in rule(circuit, state).up[:-1]])
        for rule in (plasticity, broken.only_the_top)
    ]
    points = {"correct": (hidden[0], hidden[0]), "broken": (hidden[0], hidden[1])}
    return _with_rules(config, task, circuit, broken.only_the_top, points, rates=deep_rates(config))


def deep_rates(config) -> LearningRates:
    """Rates of the depth-3 nets: larger below, where errors arrive weaker by one factor λ a layer."""
    bottom, middle, top = config.eta_deep
    return LearningRates((bottom, middle, top), (2 * middle, 2 * top), config.eta / 2)


def _with_rules(config, task, circuit, wrong, points, **options) -> Outcome:
    """``points``, and the curves of the correct rule and of ``wrong``; extra: errors of potentials, start and end."""
    curves, errors = {}, {}
    for label, rule in (("correct", plasticity), ("broken", wrong)):
        after, x, curves[label] = learn_settled(config, task, circuit, rule=rule, **options)
        errors[label] = [task.potential_error(circuit), task.potential_error(after)]
    return Outcome(points, x, curves, errors)
