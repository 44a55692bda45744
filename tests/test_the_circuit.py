"""Notebook 00: the explorer agrees with theory, panels draw the state that they are given."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from dcm import Circuit, equilibrium, integrate
from dcm.experiments.the_circuit import explorer, panels

from circuits import UNEQUAL

matplotlib.use("agg")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def test_attenuation_factors_by_hand():
    shown = explorer.one_neuron(leak=0.1, basal=1.0, apical=0.8, somatic=0.5)
    g = shown.conductances
    assert g.attenuation_hidden == pytest.approx(1 / 1.9)
    assert g.attenuation_output == pytest.approx(1 / 1.1)
    assert g.mixing_hidden == pytest.approx(0.8 / 1.9)
    assert g.mixing_output == g.mixing_interneuron == pytest.approx(0.5 / 1.6)
    from_basal = shown.basal / 1.9
    from_apical = 0.8 / 1.9 * shown.apical
    assert shown.soma == pytest.approx(from_basal + from_apical)
    bars, factors = plt.gcf().axes
    heights = [bar.get_height() for bar in bars.patches]
    widths = [bar.get_width() for bar in factors.patches]
    np.testing.assert_allclose(
        heights, [shown.basal, from_basal, shown.apical, from_apical, shown.soma]
    )
    np.testing.assert_allclose(widths, [1 / 1.9, 1 / 1.1, 1 / 1.1, 0.8 / 1.9, 0.5 / 1.6, 0.5 / 1.6])


@pytest.mark.parametrize("change", [{"pull": 0.0}, {"somatic": 0.0}])
@pytest.mark.parametrize("apical", [0.0, 0.8, 3.0])
def test_without_a_pull_the_apical_dendrite_is_silent_at_any_conductance(change, apical):
    assert abs(explorer.one_neuron(apical=apical, neuron=3, **change).apical) < 1e-9
    assert abs(explorer.one_neuron(apical=apical, neuron=3).apical) > 0.01


def test_the_bars_of_a_compartment_add_up_to_the_soma(rng):
    circuit = Circuit.random((6, 5, 3), rng, conductances=UNEQUAL)
    state = equilibrium(circuit, rng.uniform(-1, 1, 6), rng.uniform(-1, 1, 3))
    bars = panels.compartments(plt.subplots()[1], circuit, state, neuron=2)
    v_basal, from_basal, v_apical, from_apical, soma = [bar.get_height() for bar in bars]
    assert v_basal == state.v_basal[0][2]
    assert v_apical == state.v_apical[0][2]
    assert from_basal + from_apical == pytest.approx(soma)


def test_the_relaxation_draws_every_trace_and_its_goal(rng):
    circuit = Circuit.random((6, 5, 3), rng)
    r_in = rng.uniform(-1, 1, 6)
    names = [name for name, *_ in panels.RELAXATION]
    recording = integrate(circuit, r_in[None], duration=40.0, record=names)
    settled = equilibrium(circuit, r_in)
    axes = plt.subplots(1, 4)[1]
    lines = panels.relaxation(axes, recording, settled)
    assert len(lines) == 5 + 5 + 3 + 3
    np.testing.assert_array_equal(lines[7].get_ydata(), recording.traces["v_apical[0]"][:, 2])
    goals = [segment[0, 1] for segment in axes[3].collections[0].get_segments()]
    np.testing.assert_array_equal(goals, settled.u_p[1])
