"""Continuous time against an independent simulator: a run of Brian 2 (``make brian2`` writes it).

Both sides take the same explicit Euler steps in float64, so only rounding may differ (measured:
1e-15). A change of 1 % in any number of the model, or another order within a step, leaves at least
1e-4.
"""

import ast
import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dcm import Conductances, LearningRates, integrate, kernels, plasticity
from dcm.experiments.error_in_the_dendrite import beside_brian2
from dcm.model.state import observe, state_of
from dcm.settle.dynamics import euler_somata, low_passed, low_passed_input
from dcm.settle.recording import Run

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "results" / "brian2.npz"
TOLERANCE = 1e-9  # room for other processors' exp; the comparison is meant to hold within 1e-6


@pytest.fixture(scope="module")
def reference():
    return beside_brian2.load(FILE)


@pytest.mark.parametrize("engine", [integrate, kernels.integrate], ids=["plain", "compiled"])
def test_traces_and_final_weights_are_those_of_brian2(engine, reference):
    recording = beside_brian2.replay(reference, engine)
    np.testing.assert_allclose(recording.t, reference.t, rtol=0, atol=1e-9)
    assert len(reference.t) == 200  # four patterns of 100 ms, every 2 ms
    within = {"rtol": TOLERANCE, "atol": TOLERANCE}
    for name, theirs in reference.traces.items():
        np.testing.assert_allclose(recording.traces[name], theirs, err_msg=name, **within)
    for name, theirs in reference.weights.items():
        ours = observe(name, recording.circuit, recording.state)
        np.testing.assert_allclose(ours, theirs, err_msg=name, **within)
    assert max(beside_brian2.differences(reference, recording).values()) < TOLERANCE


def one_percent_more(reference, what):
    """The reference's run with one of its numbers raised by 1 %."""
    if what in Conductances.__dataclass_fields__:
        g = reference.circuit.conductances
        g = replace(g, **{what: 1.01 * getattr(g, what)})
        return replace(reference, circuit=replace(reference.circuit, conductances=g))
    if what in reference.options:
        options = reference.options | {what: 1.01 * reference.options[what]}
        return replace(reference, options=options)
    rates = {kind: getattr(reference.rates, kind) for kind in ("up", "ip", "pi")}
    raised = {what: tuple(1.01 * np.atleast_1d(rates[what]))}
    return replace(reference, rates=LearningRates(**rates | raised))


NUMBERS = (
    *("leak", "basal", "apical", "dendritic", "somatic"),
    *("up", "ip", "pi"),
    *("tau_input", "tau_weights"),
)


@pytest.mark.parametrize("what", NUMBERS)
def test_one_percent_in_any_number_of_the_model_shows(what, reference):
    recording = beside_brian2.replay(one_percent_more(reference, what), kernels.integrate)
    assert max(beside_brian2.differences(reference, recording).values()) > 1e-4


def half_implicit(circuit, inputs, u_targets=None, **options):
    """As ``integrate``, but weights follow the new Δ instead of the old: the likeliest slip."""
    run = Run(circuit, inputs, u_targets, **options)
    state = run.state
    induction = run.induction
    for stretch in run.stretches():
        run.take_record(stretch, circuit, state)
        for _ in stretch.kicks:
            u_p, u_i = euler_somata(circuit, state, run.dt)
            induction = low_passed(induction, plasticity(circuit, state), run.share_weights)
            circuit = circuit.updated(induction, run.rates)
            r_in, u_target = low_passed_input(state, stretch, run.share_input)
            state = state_of(circuit, r_in, u_p, u_i, u_target)
    return run.recording(circuit, state, induction)


def test_another_order_within_the_step_shows(reference):
    recording = beside_brian2.replay(reference, half_implicit)
    assert max(beside_brian2.differences(reference, recording).values()) > 1e-4


def test_the_reference_exercises_everything(reference):
    """Plastic weights change visibly, top-down ones stay, and no two conductances agree."""
    change = {}
    for name, end in reference.weights.items():
        start = observe(name, reference.circuit, None)
        change[name] = np.abs(end - start).max()
    assert change.pop("w_down[0]") == 0
    assert min(change.values()) > 0.01, change
    assert np.abs(reference.traces["v_apical[0]"]).max() > 1
    assert len(set(vars(reference.circuit.conductances).values())) == 5
    assert len(set(map(tuple, reference.inputs))) == 4


def test_the_file_is_small_has_no_pickle_and_comes_from_the_locked_versions(reference):
    assert FILE.stat().st_size < 300_000
    with np.load(FILE, allow_pickle=False) as file:
        assert all(file[name].dtype.kind in "fU" for name in file.files)
        assert json.loads(str(file["about"]))["versions"] == reference.versions
    lock = (ROOT / "requirements-brian2.lock").read_text("utf-8")
    pinned = dict(re.findall(r"^([\w.-]+)==([\w.]+)", lock, re.M))
    assert reference.versions["brian2"] == pinned["brian2"]
    assert reference.versions["numpy"] == pinned["numpy"]
    assert lock.count("--hash=sha256:") >= len(pinned)
    assert "://" not in lock


def test_the_script_shares_no_code_with_dcm():
    tree = ast.parse((ROOT / "tools" / "brian2_reference.py").read_text("utf-8"))
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            imported.add(node.module)
    packages = {name.partition(".")[0] for name in imported}
    assert packages - set(sys.stdlib_module_names) == {"brian2", "numpy"}


def test_damaged_and_missing_files_are_named(tmp_path):
    cut = tmp_path / "cut.npz"
    cut.write_bytes(FILE.read_bytes()[:-1000])
    with pytest.raises(ValueError, match=r"cut\.npz is not a reference from Brian 2"):
        beside_brian2.load(cut)
    with np.load(FILE) as file:
        arrays = dict(file)
    arrays["trace/u_p[0]"] = arrays["trace/u_p[0]"] + 1e-9
    np.savez(tmp_path / "edited.npz", **arrays)
    with pytest.raises(ValueError, match=r"edited\.npz is not .*was changed after it"):
        beside_brian2.load(tmp_path / "edited.npz")
    with pytest.raises(FileNotFoundError, match=r"none\.npz is missing; make brian2"):
        beside_brian2.load(tmp_path / "none.npz")
