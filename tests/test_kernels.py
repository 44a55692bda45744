"""Compiled twins against the plain NumPy functions that define them."""

import copy
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import dcm
from dcm import DivergenceError, LearningRates, Logistic, SoftRectifier
from dcm.model.circuit import LEARNING, WEIGHTS

from circuits import make_circuit

pytestmark = pytest.mark.compiled

RATES = LearningRates(0.0011, 0.0012, 0.0013, 0.0005, thresholds=True)
CASES = [((30, 50, 10), SoftRectifier()), ((9, 8, 7, 6, 4), Logistic())]


def worst(a, b):
    """Largest relative deviation (maximum norm) over all weights of two circuits."""
    pairs = [
        pair for name in WEIGHTS for pair in zip(getattr(a, name), getattr(b, name), strict=True)
    ]
    return max(np.abs(x - y).max() / max(np.abs(x).max(), 1e-300) for x, y in pairs)


def test_import_dcm_loads_no_compiler():
    heavy = ("numba", "matplotlib", "papermill", "pooch", "sklearn")
    code = f"import sys, dcm; print([m for m in {heavy} if m in sys.modules])"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        == "[]\n"
    )


def in_compiled_code(function):
    """``function`` of single numbers as a compiled loop over arrays (x, out)."""

    import numba

    @numba.njit
    def along(x, out):
        for i in range(x.size):
            out[i] = function(x[i])

    return along


@pytest.mark.parametrize(
    ("name", "reference"),
    [("logistic", Logistic()), ("softplus", SoftRectifier(gamma=1.0, theta=0.0))],
)
@pytest.mark.parametrize(("dtype", "bound"), [(np.float64, 1e-15), (np.float32, 4e-7)])
def test_compiled_transfer_is_exact_to_rounding(name, reference, dtype, bound):
    """Relative to φ where that is a normal number; NaN stays NaN."""
    from dcm.kernels import phi

    far = 700 if dtype == np.float64 else 80
    ends = [0.0, -0.0, -1e-30, 1e-30] * 2
    u = np.concatenate([np.linspace(-60, 60, 100_000), np.linspace(-far, far, 10_000), ends])
    u = u.astype(dtype)
    r = np.empty_like(u)
    compiled = in_compiled_code(getattr(phi, name))
    compiled(u, r)
    np.testing.assert_allclose(r, reference(u.astype(float)), rtol=bound)
    compiled(np.full(9, np.nan, dtype), r[:9])
    assert np.isnan(r[:9]).all()


@pytest.mark.parametrize(
    ("dtype", "name", "reference", "low", "high", "bound"),
    [
        (np.float64, "exp_negative", np.exp, -708.0, 0.0, 5e-16),
        (np.float64, "log1p_unit", np.log1p, 0.0, 1.0, 7e-16),
        (np.float32, "exp_negative", np.exp, -87.0, 0.0, 2e-7),
        (np.float32, "log1p_unit", np.log1p, 0.0, 1.0, 4e-7),
    ],
)
def test_polynomials_of_the_kernels_keep_their_stated_error(
    dtype, name, reference, low, high, bound, rng
):
    """Relative error against extended precision, where the machine has it."""
    from dcm.kernels import phi

    x = np.concatenate([rng.uniform(low, high, 99_992), [low, high, high / 2, low / 2] * 2])
    x = x.astype(dtype)
    out = np.empty_like(x)
    in_compiled_code(getattr(phi, name))(x, out)
    exact = reference(x.astype(np.longdouble))
    assert np.max(np.abs(out - exact) / np.maximum(exact, 1e-320)) < bound


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_padded_rows_begin_on_cache_lines_and_hold_zeros(dtype):
    from dcm.kernels.memory import padded

    array = padded((3, 2, 5), dtype, row_bytes=128)
    assert array.shape == (3, 2, 128 // array.itemsize)
    assert array.dtype == dtype
    assert array.flags.c_contiguous
    assert array.ctypes.data % 64 == array.strides[1] % 128 == 0
    assert not array.any()


@pytest.mark.parametrize(("sizes", "transfer"), CASES)
@pytest.mark.parametrize("nudged", [True, False])
def test_steady_learning_equals_its_plain_twin_over_1000_patterns(sizes, transfer, nudged, rng):
    from dcm import kernels

    circuit = make_circuit(sizes, transfer=transfer)
    inputs = rng.uniform(-1, 1, (1000, sizes[0]))
    targets = rng.normal(size=(1000, sizes[-1])) if nudged else None
    options = {"record": ("v_apical[0]", "w_ip[0]"), "record_every": 250}
    plain, plain_trace = dcm.learn(circuit, inputs, targets, RATES, **options)
    fast, trace = kernels.learn(circuit, inputs, targets, RATES, **options)
    assert worst(circuit, plain) > 1e-3
    assert worst(plain, fast) < 1e-9
    np.testing.assert_array_equal(trace.pattern, plain_trace.pattern)
    for name, values in plain_trace.traces.items():
        np.testing.assert_allclose(trace.traces[name], values, rtol=1e-9, atol=1e-10)


@pytest.mark.slow
def test_steady_learning_stays_with_its_plain_twin_over_10_000_patterns(rng):
    """Fig. 2's circuit with everything plastic."""
    from dcm import kernels

    circuit = dcm.Circuit.random((30, 50, 10), rng, transfer=SoftRectifier())
    inputs, targets = rng.uniform(-1, 1, (10_000, 30)), rng.normal(size=(10_000, 10))
    rates = LearningRates((0.0011875, 0.0005), 0.0011875, 0.0059375)
    plain, fast = (
        dcm.learn(circuit, inputs, targets, rates)[0],
        kernels.learn(circuit, inputs, targets, rates)[0],
    )
    assert worst(circuit, plain) > 0.1
    assert worst(plain, fast) < 1e-12


def nearly_self_predicting(seed):
    """A random circuit of depth 2-5 with feedback up to ten times as strong, and an input.

    Its w_pi, w_ip or target is off by 1e-6 … 1e-10 of itself: the only errors there are.
    """
    rng = np.random.default_rng(seed)
    sizes = (*rng.integers(8, 31, rng.integers(2, 6)).tolist(), 10)
    transfer = (Logistic(), SoftRectifier())[rng.integers(2)]
    scale_down = (1.0, 3.0, 10.0)[rng.integers(3)]
    circuit = dcm.Circuit.random(sizes, rng, transfer=transfer, scale_down=scale_down)
    circuit = circuit.self_predicting()
    r_in = rng.uniform(-1, 1, sizes[0])
    error = 10.0 ** -rng.integers(6, 11)
    disturbed = ("w_pi", "w_ip", "target")[rng.integers(3)]
    if disturbed == "target":
        return circuit, r_in, dcm.equilibrium(circuit, r_in).u_p[-1] + error * rng.normal(size=10)
    weights = getattr(circuit, disturbed)
    weights = tuple(w * (1 + error * rng.normal(size=w.shape)) for w in weights)
    return replace(circuit, **{disturbed: weights}), r_in, None


def excess(learned, circuit, changes, rates):
    """Largest error of a weight's change beyond 1e-6 of the array's largest, before its rate."""
    worst = 0.0
    for name, (field, kind) in LEARNING.items():
        etas = rates.per_layer(kind, len(getattr(circuit, name)))
        arrays = (getattr(x, name) for x in (learned, circuit))
        for new, old, change, eta in zip(*arrays, getattr(changes, field), etas, strict=True):
            if eta:
                error = np.abs((new - old) / eta - change).max()
                worst = max(worst, error - 1e-6 * np.abs(change).max())
    return worst


def one_step(circuit, r_in, target):
    """(changes at the exact fixed point, rates that move each weight by about 1) of a pattern.

    So large a step loses nothing in the sum with the weight.
    """
    exact = dcm.equilibrium(circuit, r_in, target, tol=2e-15)
    changes = dcm.plasticity(circuit, exact)
    etas = {}
    for kind in ("up", "ip", "pi", "down"):
        largest = [np.abs(change).max() for change in getattr(changes, kind)]
        etas[kind] = [1 / size if size > 1e-12 else 0.0 for size in largest]
    return changes, LearningRates(**etas, thresholds=True)


def test_small_apical_errors_teach_as_in_the_plain_twin():
    """Sweeps end late enough for errors of 1e-6 … 1e-10, in deep circuits too.

    To 1e-6 of themselves, and to the rounding of rates, in nearly all circuits; in those that
    settle slowly to ``equilibrium``'s own tolerance. So do the plain twin's.
    """
    from dcm import kernels

    beyond = {kernels.learn: [], dcm.learn: []}
    between = []
    for seed in range(200):
        circuit, r_in, target = nearly_self_predicting(seed)
        changes, rates = one_step(circuit, r_in, target)
        targets = None if target is None else target[None]
        ends = []
        for learn, found in beyond.items():
            learned, _ = learn(circuit, r_in[None], targets, rates, duration=1.0)
            found.append(excess(learned, circuit, changes, rates))
            ends.append(learned)
        plain_changes = difference(ends[1], circuit, rates)
        between.append(excess(ends[0], circuit, plain_changes, rates))
    for found in (*beyond.values(), between):
        assert np.mean(np.array(found) < 1e-14) > 0.9
        assert max(found) < 5e-13


def difference(learned, circuit, rates):
    """What each weight moved by, before its rate, as updates."""
    terms = {}
    for name, (field, kind) in LEARNING.items():
        etas = rates.per_layer(kind, len(getattr(circuit, name)))
        arrays = (getattr(x, name) for x in (learned, circuit))
        moved = zip(*arrays, etas, strict=True)
        terms[field] = tuple((new - old) / (eta or 1.0) for new, old, eta in moved)
    return SimpleNamespace(**terms)


def test_a_perturbed_self_predicting_circuit_learns_what_its_plain_twin_learns():
    """Two hidden layers, w_pi off by 1e-6: sweeps that stop early spoil a third of the change."""
    from dcm import kernels

    rng = np.random.default_rng(0)
    circuit = dcm.Circuit.random((20, 30, 30, 10), rng, scale_down=3.0).self_predicting()
    w_pi = tuple(w + 1e-6 * rng.normal(size=w.shape) for w in circuit.w_pi)
    circuit = replace(circuit, w_pi=w_pi)
    r_in = rng.uniform(-1, 1, (1, 20))
    rates = LearningRates(up=1e6)
    plain, _ = dcm.learn(circuit, r_in, None, rates, duration=1.0)
    fast, _ = kernels.learn(circuit, r_in, None, rates, duration=1.0)
    change = plain.w_up[0] - circuit.w_up[0]
    assert np.abs(fast.w_up[0] - plain.w_up[0]).max() < 1e-7 * np.abs(change).max()


@pytest.mark.parametrize("seed", [152, 296, *range(16)])
def test_of_several_fixed_points_both_twins_take_the_same(seed):
    """Strong loops; in the first two circuits another start leads to another fixed point."""
    from dcm import kernels

    rng = np.random.default_rng(seed)
    scale = (3.0, 10.0, 30.0)[seed % 3]
    scales = {"scale_up": 3.0, "scale_down": scale, "scale_lateral": scale}
    circuit = dcm.Circuit.random((6, 5, 4, 3) if seed % 2 else (6, 5, 3), rng, **scales)
    inputs, targets = rng.uniform(-1, 1, (1, 6)), rng.normal(size=(1, 3))
    rates = LearningRates(up=0.01, ip=0.01, pi=0.001)
    plain, _ = dcm.learn(circuit, inputs, targets, rates, duration=1.0)
    fast, _ = kernels.learn(circuit, inputs, targets, rates, duration=1.0)
    assert worst(plain, fast) < 1e-10


@pytest.mark.parametrize("record", [(), ("u_p[0]",)])
@pytest.mark.parametrize("n", [0, 3])
def test_both_twins_give_the_same_trace_and_precision(record, n, rng):
    """Single-precision patterns, too; arrays that do not learn stay the same objects."""
    from dcm import kernels

    circuit = make_circuit((6, 5, 3)).astype(np.float32)
    inputs = rng.uniform(-1, 1, (n, 6))
    rates = LearningRates(up=(0.0, 0.01), ip=0.01)
    for dtype in (np.float32, np.float64):
        pair = []
        for learn in (dcm.learn, kernels.learn):
            learned, trace = learn(circuit, inputs.astype(dtype), None, rates, record=record)
            pair.append((*learned.arrays().values(), trace.pattern, *trace.traces.values()))
            assert learned.w_up[0] is circuit.w_up[0]
            assert learned.b_up[1] is circuit.b_up[1]
        for one, two in zip(*pair, strict=True):
            assert one.dtype == two.dtype
            np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("eta", [1e4, 1e6, 1e8])
def test_both_twins_see_a_weight_run_away_at_the_same_pattern(eta, rng):
    """Also where it would come back within the limit at the next pattern."""
    from dcm import kernels

    circuit = make_circuit((6, 5, 3))
    inputs, targets = rng.uniform(-1, 1, (40, 6)), rng.normal(size=(40, 3))
    ends = []
    for learn in (dcm.learn, kernels.learn):
        with pytest.raises(DivergenceError) as caught:
            learn(circuit, inputs, targets, LearningRates(up=eta, ip=eta, pi=eta / 10))
        ends.append(str(caught.value).partition(":")[0])
    for integrate in (dcm.integrate, kernels.integrate):
        with pytest.raises(DivergenceError) as caught:
            integrate(circuit, inputs[:3], rates=LearningRates(up=eta * 1e6), duration=5.0)
        ends.append(str(caught.value).partition(":")[0])
    assert ends[0] == ends[1]
    assert ends[2] == ends[3]


def test_a_start_of_another_circuit_is_named(rng):
    from dcm import kernels

    circuit = make_circuit((6, 5, 3))
    other = make_circuit((6, 5, 300))
    inputs = rng.uniform(-1, 1, (2, 6))
    state = dcm.equilibrium(circuit, inputs[0])
    taught = kernels.integrate(other, inputs, np.zeros((2, 300)), rates=RATES, duration=1.0)
    before = kernels.integrate(circuit, inputs, np.zeros((2, 3)), rates=RATES, duration=1.0)
    for start, match in (
        (replace(state, u_target=np.zeros(300)), r"start\.u_target has shape \(300,\)"),
        (replace(state, u_i=()), r"start\.u_i has 0 arrays; this circuit needs 1"),
        (replace(state, u_p=(np.zeros(5), np.full(3, np.nan))), r"start\.u_p\[1\] holds NaN"),
        (taught, r"start\.induction\.up\[1\] has shape \(300, 5\); this circuit needs"),
        (replace(before, induction=taught.induction), r"start\.induction\.up\[1\] has shape"),
        ("start", r"start is 'start'; give a State or a Recording"),
    ):
        for integrate in (dcm.integrate, kernels.integrate):
            with pytest.raises(ValueError, match=match):
                integrate(circuit, inputs, np.zeros((2, 3)), duration=1.0, start=start)


def test_noise_is_drawn_piece_by_piece(rng, monkeypatch):
    """The same numbers however long the pieces; a long pattern does not fill the memory."""
    from dcm import kernels

    circuit = make_circuit((6, 5, 3))
    options = {"noise": 0.1, "duration": 20.0, "record": ("u_p[0]",), "record_every": 10.0}
    inputs = rng.uniform(-1, 1, (2, 6))
    for integrate in (dcm.integrate, kernels.integrate):
        whole = integrate(circuit, inputs, rng=np.random.default_rng(3), **options)
        with monkeypatch.context() as patch:
            patch.setattr("dcm.settle.recording.LONGEST", 7)
            pieces = integrate(circuit, inputs, rng=np.random.default_rng(3), **options)
        np.testing.assert_array_equal(pieces.t, whole.t)
        np.testing.assert_array_equal(pieces.traces["u_p[0]"], whole.traces["u_p[0]"])
        np.testing.assert_array_equal(pieces.state.u_p[1], whole.state.u_p[1])


@pytest.mark.parametrize(("sizes", "transfer"), CASES)
def test_steady_learning_does_not_depend_on_how_it_is_cut_into_calls(sizes, transfer, rng):
    from dcm import kernels

    circuit = make_circuit(sizes, transfer=transfer)
    inputs, targets = rng.uniform(-1, 1, (90, sizes[0])), rng.normal(size=(90, sizes[-1]))
    whole, _ = kernels.learn(circuit, inputs, targets, RATES)
    for rows in (slice(0, 1), slice(1, 40), slice(40, 90)):
        circuit, _ = kernels.learn(circuit, inputs[rows], targets[rows], RATES)
    assert worst(whole, circuit) == 0
    recorded, _ = kernels.learn(circuit, inputs, targets, RATES, record=("u_p[0]",), record_every=7)
    assert worst(recorded, kernels.learn(circuit, inputs, targets, RATES)[0]) == 0


@pytest.mark.parametrize(("sizes", "transfer"), CASES)
@pytest.mark.parametrize("nudged", [True, False])
def test_continuous_learning_does_not_depend_on_how_it_is_cut_into_calls(
    sizes, transfer, nudged, rng
):
    from dcm import kernels

    circuit = make_circuit(sizes, transfer=transfer)
    inputs = rng.uniform(-1, 1, (6, sizes[0]))
    targets = rng.normal(size=(6, sizes[-1])) if nudged else None
    options = {"rates": RATES, "noise": 0.3, "duration": 20.0}
    whole = kernels.integrate(circuit, inputs, targets, rng=np.random.default_rng(1), **options)
    options["rng"] = np.random.default_rng(1)
    part = None
    for rows, record in ((slice(0, 1), ()), (slice(1, 4), ("u_p[0]",)), (slice(4, 6), ())):
        start = part.circuit if part else circuit
        target = targets[rows] if nudged else None
        part = kernels.integrate(start, inputs[rows], target, start=part, record=record, **options)
    assert worst(circuit, whole.circuit) > 1e-5
    assert worst(whole.circuit, part.circuit) == 0
    for whole_part, cut_part in ((whole.state, part.state), (whole.induction, part.induction)):
        for name, value in vars(whole_part).items():
            np.testing.assert_equal(getattr(cut_part, name), value)


def test_a_continuous_run_leaves_its_recording_and_its_arguments_alone(rng):
    """Neither its results nor its arguments share memory with the next run."""
    from dcm import kernels

    circuit = make_circuit((6, 5, 3))
    first = kernels.integrate(
        circuit, rng.uniform(-1, 1, (2, 6)), rates=RATES, duration=5.0, record=("u_p[0]", "w_up[0]")
    )
    before = copy.deepcopy((circuit, first))
    kernels.integrate(
        first.circuit, rng.uniform(-1, 1, (2, 6)), rates=RATES, duration=5.0, start=first
    )
    np.testing.assert_equal(vars(first.state), vars(before[1].state))
    np.testing.assert_equal(vars(first.induction), vars(before[1].induction))
    assert worst(first.circuit, before[1].circuit) == worst(circuit, before[0]) == 0
    assert np.ptp(first.traces["u_p[0]"], axis=0).all()
    assert np.ptp(first.traces["w_up[0]"], axis=0).any()


@pytest.mark.parametrize(("sizes", "transfer"), CASES)
@pytest.mark.parametrize("tau_weights", [30.0, 0.0])
@pytest.mark.parametrize("nudged", [True, False])
def test_continuous_learning_equals_its_plain_twin_for_the_same_noise(
    sizes, transfer, tau_weights, nudged, rng
):
    from dcm import kernels

    circuit = make_circuit(sizes, transfer=transfer)
    inputs = rng.uniform(-1, 1, (3, sizes[0]))
    targets = rng.normal(size=(3, sizes[-1])) if nudged else None
    options = {
        "rates": RATES,
        "noise": 0.3,
        "duration": 50.0,
        "tau_weights": tau_weights,
        "record": ("u_p[1]", "w_pi[0]"),
    }
    plain = dcm.integrate(circuit, inputs, targets, rng=np.random.default_rng(1), **options)
    fast = kernels.integrate(circuit, inputs, targets, rng=np.random.default_rng(1), **options)
    assert worst(circuit, plain.circuit) > 1e-5
    assert worst(plain.circuit, fast.circuit) < 1e-9
    np.testing.assert_array_equal(fast.t, plain.t)
    for name, values in plain.traces.items():
        np.testing.assert_allclose(fast.traces[name], values, rtol=1e-9, atol=1e-12)


def test_divergence_stops_at_once_and_names_pattern_and_rate(rng):
    from dcm import kernels

    circuit = make_circuit((6, 5, 3))
    inputs, targets = rng.uniform(-1, 1, (300, 6)), rng.uniform(3, 4, (300, 3))
    wild = LearningRates(up=1e9)
    for learn in (dcm.learn, kernels.learn):
        with pytest.raises(DivergenceError, match=r"pattern \d+.*lower the learning rate.*up"):
            learn(circuit, inputs, targets, wild)
    for integrate in (dcm.integrate, kernels.integrate):
        with pytest.raises(DivergenceError, match=r"pattern \d+.*w_up.*lower the learning rate up"):
            integrate(
                circuit,
                inputs[:2],
                targets[:2],
                rates=wild.scaled(1e5),
                duration=5.0,
                record=("u_p[0]",),
            )


@pytest.mark.parametrize("kind", ["ip", "pi"])
def test_divergence_names_the_rate_that_drove_it(kind, rng):
    from dcm import kernels

    circuit = make_circuit((6, 5, 3))
    inputs = rng.uniform(-1, 1, (300, 6))
    for learn in (dcm.learn, kernels.learn):
        with pytest.raises(DivergenceError, match=rf"pattern \d+.*lower the learning rate {kind}"):
            learn(circuit, inputs, None, LearningRates(**{kind: 1e12}))


def test_somata_that_run_away_are_noticed_without_plasticity(rng):
    from dcm import kernels

    circuit = make_circuit(
        (6, 50, 50), transfer=SoftRectifier(5.0, 1.0, 0.0), scale_up=90.0, scale_down=90.0
    )
    for integrate in (dcm.integrate, kernels.integrate):
        with pytest.raises(DivergenceError, match=r"pattern \d+.*a soma has run away"):
            integrate(circuit, rng.uniform(0, 1, (300, 6)), duration=20.0)


def test_a_subclass_is_not_taken_for_its_parent(rng):
    from dcm import kernels

    class Other(Logistic):
        def __call__(self, u):
            return np.tanh(u)

    with pytest.raises(TypeError, match="has no compiled form"):
        kernels.learn(
            make_circuit((6, 5, 3), transfer=Other()), rng.uniform(-1, 1, (1, 6)), None, RATES
        )


def test_a_transfer_without_a_compiled_form_says_what_to_use(rng):
    from dcm import kernels

    circuit = make_circuit((6, 5, 3))
    object.__setattr__(circuit, "transfer", np.tanh)
    with pytest.raises(TypeError, match=r"use the plain dcm\.learn"):
        kernels.learn(circuit, rng.uniform(-1, 1, (1, 6)), None, RATES)


def test_a_circuit_that_does_not_settle_says_what_its_plain_twin_says(rng):
    from dcm import kernels

    circuit = make_circuit((6, 50, 50), transfer=SoftRectifier(5.0, 1.0, 0.0), scale_down=90.0)
    inputs, targets = rng.uniform(0, 1, (3, 6)), rng.normal(size=(3, 50))
    messages = []
    for learn in (dcm.learn, kernels.learn):
        with pytest.raises(
            DivergenceError, match=r"steady state.*lower the learning rate (up|ip),"
        ) as e:
            learn(circuit, inputs, targets, LearningRates(up=1e-6, ip=1e-6))
        messages.append(str(e.value))
    assert messages[0] == messages[1]
