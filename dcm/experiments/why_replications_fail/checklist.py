"""The check-list of notebook 06: ten small tests of the model (Eqs. 1-9), each given the part of it that it tests.

Every test returns None or raises ``AssertionError``. They are written against this package's ``Circuit`` and
``State``; an implementation with other names needs one small adapter a test. All use circuits whose conductances
differ from one another and three or more layers of weights: equal numbers and shallow nets hide mistakes.
"""

from __future__ import annotations

import ast
import inspect
import textwrap

import numpy as np

from dcm.model.circuit import Circuit
from dcm.model.conductances import Conductances
from dcm.model.plasticity import LearningRates, plasticity
from dcm.settle.equilibrium import equilibrium

UNEQUAL = Conductances(
    leak=0.12, basal=1.1, apical=0.7, dendritic=1.6, somatic=0.5
)  # nothing round [chosen]
SIZES = (8, 7, 6, 4)  # depth 3 [chosen]


def example(seed: int = 0) -> tuple:
    """(self-predicting circuit, input rates (n_0,)) that the tests use."""
    rng = np.random.default_rng(seed)
    return Circuit.random(SIZES, rng, conductances=UNEQUAL).self_predicting(), rng.uniform(
        -1, 1, SIZES[0]
    )


def output_rests_at_its_target(rule):
    """Eq. 7 at the output: a target that is already met changes nothing."""
    circuit, r_in = example()
    u_met = equilibrium(circuit, r_in).u_p[-1]
    update = rule(circuit, equilibrium(circuit, r_in, u_met)).up[-1]
    assert np.allclose(update, 0, atol=1e-12), "the output learns although it is at its target"


def interneurons_rest_when_they_match(rule):
    """Eq. 8: an interneuron equal to the cell above has nothing left to learn."""
    circuit, r_in = example()
    state = equilibrium(circuit, r_in)
    assert np.allclose(state.u_i[-1], state.u_p[-1])
    assert np.allclose(rule(circuit, state).ip[-1], 0, atol=1e-12), (
        "a matching interneuron still learns"
    )


def construction_predicts_itself(construct):
    """Section 2: without a target interneurons equal the cells above, and apical dendrites are silent."""
    circuit, r_in = example()
    state = equilibrium(construct(circuit), r_in)
    for inter, above in zip(state.u_i, state.u_p[1:], strict=True):
        assert np.allclose(inter, above), "an interneuron differs from the cell above"
    assert all(np.allclose(v, 0, atol=1e-12) for v in state.v_apical), (
        "an apical dendrite is not silent"
    )


def silent_dendrite_teaches_nothing(rule):
    """Eq. 7 at hidden cells: no apical potential, no change."""
    circuit, r_in = example()
    updates = rule(circuit, equilibrium(circuit, r_in)).up[:-1]
    assert all(np.allclose(d, 0, atol=1e-12) for d in updates), (
        "hidden cells learn although nothing teaches them"
    )


def weights_move_by_rate_times_time(show):
    """Eqs. 6-9 in time: Δw = η · time · bracket; ``show`` has the arguments of ``integrate``, 100 ms a row."""
    circuit, r_in = example()
    u_target, rates = np.ones(SIZES[-1]), LearningRates(up=1e-8)
    after = show(circuit, np.tile(r_in, (10, 1)), np.tile(u_target, (10, 1)), rates=rates).circuit
    bracket = plasticity(circuit, equilibrium(circuit, r_in, u_target)).up[-1]
    moved = np.linalg.norm(after.w_up[-1] - circuit.w_up[-1]) / np.linalg.norm(
        1e-8 * 1000.0 * bracket
    )
    assert abs(moved - 1) < 0.1, f"weights move at {moved:.3f} of their rate"


def run_is_long_enough(n_patterns, circuit, inputs, u_targets, rates):
    """Before a long run: up weights must be able to move by their own size in ``n_patterns`` of 100 ms."""
    bracket = plasticity(circuit, equilibrium(circuit, inputs, u_targets)).up[0]
    step = rates.per_layer("up", len(circuit.w_up))[0] * 100.0 * np.linalg.norm(bracket)
    reach = n_patterns * step / np.linalg.norm(circuit.w_up[0])
    assert reach > 1, f"weights into layer 1 can move by only {reach:.2g} of their size"


def noise_does_not_depend_on_the_step(spread):
    """Eq. 1: a soma under white noise spreads by σ/√(2 g); ``spread(dt)`` is that of an output cell over σ."""
    g = Conductances()
    for dt in (0.1, 0.05):
        ratio = spread(dt) * np.sqrt(2 * (g.leak + g.basal))
        assert abs(ratio - 1) < 0.1, (
            f"at dt = {dt} ms the noise is {ratio:.2f} of what it should be"
        )


def angle_to_backprop_vanishes(angle_at):
    """Section 3.1: ``angle_at(λ)``, degrees to backprop in a hidden layer, falls with λ to nothing."""
    angles = angle_at(0.1), angle_at(0.01)
    assert angles[1] < 0.5, f"at λ = .01 still {angles[1]:.2g} degrees"
    assert angles[1] < angles[0] / 5


def every_matrix_moves(rule):
    """Eq. 7: one pattern with a target moves every up weight matrix."""
    circuit, r_in = example()
    updates = rule(circuit, equilibrium(circuit, r_in, np.ones(SIZES[-1]))).up
    still = [k for k, d in enumerate(updates) if not np.any(d)]
    assert not still, f"w_up{still} never moves"


def settling_hardly_teaches(bias):
    """Plasticity while the circuit settles: ``bias`` is its systematic part, as a share of an unfiltered input's."""
    assert abs(bias) < 0.3, (
        f"changing patterns teach {bias:.2f} of what they would without an input filter"
    )


ALL = (
    output_rests_at_its_target,
    interneurons_rest_when_they_match,
    construction_predicts_itself,
    silent_dendrite_teaches_nothing,
    weights_move_by_rate_times_time,
    run_is_long_enough,
    every_matrix_moves,
    noise_does_not_depend_on_the_step,
    angle_to_backprop_vanishes,
    settling_hardly_teaches,
)


def complaint(test, *arguments) -> str | None:
    """What ``test`` says against ``arguments``, or None when it passes."""
    try:
        test(*arguments)
    except AssertionError as error:
        return str(error)
    return None


def source(written) -> str:
    """Source of a function or class without its docstrings: notebook 06 shows what was written."""
    text = textwrap.dedent(inspect.getsource(written))
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            first = node.body[0]
            lines[first.lineno - 1 : first.end_lineno] = [None] * (
                first.end_lineno - first.lineno + 1
            )
    return "\n".join(line for line in lines if line).replace("\n    @", "\n\n    @")


def verdict(test, correct, broken, written=None) -> str:
    """``source`` of what was ``written`` and of ``test``, and what the test says of the correct and the broken part.

    A tuple is passed as several arguments.
    """
    said = [
        complaint(test, *(x if isinstance(x, tuple) else (x,))) or "passes"
        for x in (correct, broken)
    ]
    shown = [f"Written:\n\n{source(written)}\n\nThe test:\n"] if written else []
    return "\n".join([*shown, source(test), "", f"correct: {said[0]}", f"broken:  {said[1]}"])
