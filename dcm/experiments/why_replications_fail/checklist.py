"""The check-list of notebook 06: ten small tests (Eqs. 1-9), each given the part that it tests.

A ``rule`` is called like ``plasticity``; an implementation with other names needs an adapter per
test. Equal conductances and shallow nets hide mistakes, so that the tests use neither.
"""

import ast
import inspect

import numpy as np

from dcm import Circuit, Conductances, LearningRates, equilibrium, plasticity

UNEQUAL = Conductances(leak=0.12, basal=1.1, apical=0.7, dendritic=1.6, somatic=0.5)  # [chosen]
SIZES = (8, 7, 6, 4)  # depth 3 [chosen]


def example() -> tuple:
    """(self-predicting circuit, input rates (n_0,)) that the tests use."""
    rng = np.random.default_rng(0)
    circuit = Circuit.random(SIZES, rng, conductances=UNEQUAL).self_predicting()
    return circuit, rng.uniform(-1, 1, SIZES[0])


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
    update = rule(circuit, state).ip[-1]
    assert np.allclose(update, 0, atol=1e-12), "a matching interneuron still learns"


def construction_predicts_itself(construct):
    """Without a target u_I = u_P above and v_A = 0; ``construct`` sets w_ip, w_pi and b_ip."""
    circuit, r_in = example()
    state = equilibrium(construct(circuit), r_in)
    for inter, above in zip(state.u_i, state.u_p[1:], strict=True):
        assert np.allclose(inter, above), "an interneuron differs from the cell above"
    for apical in state.v_apical:
        assert np.allclose(apical, 0, atol=1e-12), "an apical dendrite is not silent"


def silent_dendrite_teaches_nothing(rule):
    """Eq. 7 at hidden cells: no apical potential, no change."""
    circuit, r_in = example()
    updates = rule(circuit, equilibrium(circuit, r_in)).up[:-1]
    for update in updates:
        assert np.allclose(update, 0, atol=1e-12), "hidden cells learn although nobody teaches"


def weights_move_by_rate_times_time(integrate):
    """Eqs. 6-9 in time: Δw = η · time · bracket; ``integrate`` shows a pattern for 100 ms."""
    circuit, r_in = example()
    u_target = np.ones(SIZES[-1])
    second = np.tile(r_in, (10, 1)), np.tile(u_target, (10, 1))
    after = integrate(circuit, *second, rates=LearningRates(up=1e-8)).circuit
    change = after.w_up[-1] - circuit.w_up[-1]
    bracket = plasticity(circuit, equilibrium(circuit, r_in, u_target)).up[-1]
    share = np.linalg.norm(change) / np.linalg.norm(1e-8 * 1000.0 * bracket)
    assert abs(share - 1) < 0.1, f"weights move at {share:.3f} of their rate"


def run_is_long_enough(n_patterns, circuit, inputs, u_targets, rates):
    """Before a long run: ``n_patterns`` of 100 ms must be able to move w_up[0] by its own size."""
    bracket = plasticity(circuit, equilibrium(circuit, inputs, u_targets)).up[0]
    eta = rates.per_layer("up", len(circuit.w_up))[0]
    step = eta * 100.0 * np.linalg.norm(bracket)
    reach = n_patterns * step / np.linalg.norm(circuit.w_up[0])
    assert reach > 1, f"weights into layer 1 can move by only {reach:.2g} of their size"


def noise_does_not_depend_on_the_step(spread):
    """Eq. 1: white noise spreads a soma by σ/√(2 g); ``spread(dt)``: of an output cell, over σ."""
    g = Conductances()
    for dt in (0.1, 0.05):
        share = spread(dt) * np.sqrt(2 * (g.leak + g.basal))
        assert abs(share - 1) < 0.1, f"at dt = {dt} ms noise is {share:.2f} of what it should be"


def angle_to_backprop_vanishes(angle_at):
    """Section 3.1: ``angle_at(λ)``, degrees to backprop in a hidden layer, vanishes with λ."""
    large = angle_at(0.1)
    small = angle_at(0.01)
    assert small < 0.5, f"at λ = .01 still {small:.2g} degrees"
    assert small < large / 5


def every_matrix_moves(rule):
    """Eq. 7: one pattern with a target moves every up weight matrix."""
    circuit, r_in = example()
    updates = rule(circuit, equilibrium(circuit, r_in, np.ones(SIZES[-1]))).up
    still = [k for k, update in enumerate(updates) if not np.any(update)]
    assert not still, f"w_up{still} never moves"


def settling_hardly_teaches(bias):
    """``bias``: what changing patterns teach by themselves, as a share of an unfiltered input's."""
    assert abs(bias) < 0.3, f"changing patterns teach {bias:.2f} of what unfiltered inputs would"


def complaint(test, part) -> str | None:
    """The objection of ``test`` to a part of the model, or None; a tuple is several arguments."""
    arguments = part if isinstance(part, tuple) else (part,)
    if not __debug__:
        test = _with_asserts(test)
    try:
        test(*arguments)
    except AssertionError as error:
        return str(error)
    return None


def _with_asserts(test):
    """``test`` with its ``assert`` statements, which ``python -O`` leaves out."""
    scope = dict(test.__globals__)
    code = compile(inspect.getsource(test), inspect.getfile(test), "exec", optimize=0)
    exec(code, scope)
    return scope[test.__name__]


def source(written) -> str:
    """The lines of a function or class, without docstrings and empty lines."""
    code = inspect.getsource(written)
    bare = code
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            bare = bare.replace(ast.get_source_segment(code, node.body[0]), "")
    return "\n".join(line for line in bare.splitlines() if line.strip())


def verdict(test, correct, broken, written=None) -> str:
    """``source`` of what was ``written`` and of ``test``, and what it says of both parts."""
    said = [complaint(test, part) or "passes" for part in (correct, broken)]
    head = f"Written:\n\n{source(written)}\n\nThe test:\n\n" if written else ""
    return f"{head}{source(test)}\n\ncorrect: {said[0]}\nbroken:  {said[1]}"
