"""Transfer functions, construction, saving, and the errors that name field, value and remedy."""

import json
import pickle
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from dcm import (
    Circuit,
    Conductances,
    ConvergenceError,
    LearningRates,
    Logistic,
    SoftRectifier,
    backprop,
    equilibrium,
    integrate,
    learn,
    plasticity,
    two_pass,
)
from dcm.model import checks
from dcm.model.circuit import LEARNING

from circuits import make_circuit


@pytest.mark.parametrize(
    "transfer", [Logistic(), SoftRectifier(), SoftRectifier(2.0, 0.5, -1.0)], ids=str
)
def test_inverse_and_derivative(transfer):
    u = np.linspace(-15, 15, 301)
    np.testing.assert_allclose(transfer.inverse(transfer(u)), u, rtol=1e-8, atol=1e-8)
    slope = (transfer(u + 1e-6) - transfer(u - 1e-6)) / 2e-6
    np.testing.assert_allclose(transfer.derivative(u), slope, rtol=1e-5, atol=1e-9)
    assert transfer(u.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize(
    ("transfer", "rate"), [(Logistic(), 1.2), (Logistic(), 0.0), (SoftRectifier(), -0.1)]
)
def test_target_rates_out_of_range(transfer, rate):
    with pytest.raises(ValueError, match=f"rate is {rate:g}.*rescale"):
        transfer.inverse(np.array([0.5, rate]))


def test_mixing_factors_round_trip():
    g = Conductances.from_mixing(0.3, 0.1, 0.2, leak=0.05, basal=0.9)
    assert (g.mixing_hidden, g.mixing_output, g.mixing_interneuron) == pytest.approx(
        (0.3, 0.1, 0.2)
    )
    paper = Conductances.from_mixing(0.3, 0.1)
    assert (paper.apical, paper.somatic) == pytest.approx((3 / 7, 1 / 9))


def test_saved_circuits_come_back_bit_for_bit(tmp_path, transfer):
    circuit = make_circuit((6, 5, 4, 3), transfer=transfer)
    circuit.save(tmp_path / "circuit.npz")
    loaded = Circuit.load(tmp_path / "circuit.npz")
    assert (loaded.transfer, loaded.conductances, loaded.sizes) == (
        circuit.transfer,
        circuit.conductances,
        circuit.sizes,
    )
    for name in ("w_up", "w_down", "w_ip", "w_pi", "b_up", "b_ip"):
        for a, b in zip(getattr(circuit, name), getattr(loaded, name), strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_damaged_file_is_refused_by_name(tmp_path):
    path = tmp_path / "circuit.npz"
    make_circuit((6, 5, 3)).save(path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ValueError, match=r"circuit\.npz is not a circuit"):
        Circuit.load(path)
    with pytest.raises(FileNotFoundError):
        Circuit.load(tmp_path / "missing.npz")


def test_a_circuit_without_one_of_its_arrays_is_refused_and_files_before_checksums_are_read(
    tmp_path,
):
    path = tmp_path / "circuit.npz"
    circuit = make_circuit((6, 5, 4, 3))
    circuit.save(path)
    with np.load(path) as file:
        members = dict(file)
    top = members.pop("w_up_2")
    np.savez(path, **members)
    with pytest.raises(ValueError, match=r"circuit\.npz is not a circuit .*was changed after it"):
        Circuit.load(path)
    header = json.loads(str(members["header"]))
    members["header"] = json.dumps({name: header[name] for name in ("conductances", "kind")})
    np.savez(path, **members)
    with pytest.raises(ValueError, match=r"circuit\.npz is not a circuit .*; save it again"):
        Circuit.load(path)
    np.savez(path, **members, w_up_2=top)
    np.testing.assert_array_equal(Circuit.load(path).w_up[2], circuit.w_up[2])


@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf"), "1"])
@pytest.mark.parametrize("field", ["leak", "basal", "apical", "dendritic", "somatic"])
def test_bad_conductances(field, value):
    with pytest.raises(ValueError, match=f"conductance {field} is .*give a finite number"):
        Conductances(**{field: value})


def test_no_leak_is_fine(rng):
    circuit = make_circuit((6, 5, 3), conductances=Conductances(leak=0.0)).self_predicting()
    assert np.abs(equilibrium(circuit, rng.uniform(-1, 1, 6)).v_apical[0]).max() < 1e-12


@pytest.mark.parametrize("kind", ["up", "ip", "pi", "down"])
@pytest.mark.parametrize("value", [-1.0, float("nan"), (0.1, -0.1)])
def test_bad_learning_rates(kind, value):
    with pytest.raises(ValueError, match=f"learning rate {kind} is .*give a finite number >= 0"):
        LearningRates(**{kind: value})


def test_rates_that_do_not_fit_the_depth(rng):
    with pytest.raises(ValueError, match="learning rate up has 3 values; give 1 or 2"):
        learn(
            make_circuit((6, 5, 3)),
            rng.uniform(-1, 1, (1, 6)),
            None,
            LearningRates(up=(0.1, 0.1, 0.1)),
        )


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((3, 2), "at least three layers"),
        ((3, 0, 2), r"sizes\[1\] is 0"),
        ((3, 2.5, 2), r"sizes\[1\] is 2.5"),
    ],
)
def test_bad_sizes(sizes, message, rng):
    with pytest.raises(ValueError, match=message):
        Circuit.random(sizes, rng)


def test_a_seed_is_not_a_generator(rng):
    with pytest.raises(ValueError, match=r"rng is 0; pass numpy\.random\.default_rng"):
        Circuit.random((3, 2, 2), 0)
    with pytest.raises(ValueError, match="scale of w_up is -1"):
        Circuit.random((3, 2, 2), rng, scale_up=-1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dt": 0.0}, "dt is 0.0; give a finite number > 0"),
        ({"dt": float("nan")}, "dt is nan"),
        ({"dt": 5.0}, r"dt is 5 ms.*use dt <= 0\.\d+ ms"),
        ({"noise": -1.0}, "noise is -1.0"),
        ({"noise": 0.1}, "rng is None"),
        ({"tau_input": -3.0}, "tau_input is -3.0"),
        ({"tau_weights": float("inf")}, "tau_weights is inf"),
        ({"duration": 0.25}, r"duration is 0\.25 ms.*multiple of dt"),
        ({"record": "u_i[0]"}, r"record is the string 'u_i\[0\]'; give a sequence"),
        ({"record": ("u_i[0]",), "record_every": 3.0}, "give a divisor of the duration"),
        ({"rates": 0.001}, "rates is 0.001; give LearningRates"),
        (
            {"start": equilibrium(make_circuit((6, 4, 3)), np.zeros(6))},
            r"start\.u_p\[0\] has shape \(4,\); this circuit needs \(5,\)",
        ),
        ({"record": ("v_spine[0]",)}, r"no trace 'v_spine\[0\]'; choose from"),
        ({"record": ("u_i[7]",)}, r"no trace 'u_i\[7\]'"),
    ],
    ids=str,
)
def test_bad_options_of_integrate(options, message, rng):
    with pytest.raises(ValueError, match=message):
        integrate(make_circuit((6, 5, 3)), rng.uniform(-1, 1, (1, 6)), **options)


@pytest.mark.parametrize("settle", [equilibrium, two_pass])
def test_bad_patterns(settle, rng):
    circuit = make_circuit((6, 5, 3))
    good = rng.uniform(-1, 1, 6)
    with pytest.raises(ValueError, match=r"r_in has shape \(5,\); its last axis must be 6"):
        settle(circuit, good[:5])
    with pytest.raises(ValueError, match="r_in holds NaN"):
        settle(circuit, np.full(6, np.nan))
    with pytest.raises(ValueError, match=r"u_target has shape \(4,\)"):
        settle(circuit, good, np.zeros(4))
    with pytest.raises(ValueError, match="one target per input"):
        settle(circuit, np.stack([good, good]), np.zeros((3, 3)))


def test_bad_weights():
    circuit = make_circuit((6, 5, 3))
    with pytest.raises(
        ValueError, match=r"w_pi\[0\] has shape \(3, 5\); this circuit needs \(5, 3\)"
    ):
        replace(circuit, w_pi=(circuit.w_pi[0].T,))
    with pytest.raises(ValueError, match=r"w_ip\[0\] holds NaN"):
        replace(circuit, w_ip=(circuit.w_ip[0] * np.nan,))
    with pytest.raises(ValueError, match="w_down has 2 arrays"):
        circuit.with_feedback((circuit.w_down[0], circuit.w_down[0]))


def test_no_steady_state_is_said(rng):
    """An inhibitory loop far too strong for the somata to settle in."""
    circuit = make_circuit((6, 40, 40), scale_up=60.0, scale_down=60.0, scale_lateral=60.0)
    with pytest.raises(
        ConvergenceError, match=r"no steady state within 40 sweeps.*smaller weights"
    ):
        equilibrium(circuit, rng.uniform(-1, 1, (20, 6)), max_sweeps=40)


def test_a_circuit_comes_back_from_its_flat_arrays(rng):
    circuit = make_circuit((6, 5, 4, 3))
    arrays = {**circuit.arrays(), "something_else": np.zeros(3)}
    back = Circuit.from_arrays(circuit.transfer, circuit.conductances, arrays)
    assert back.arrays().keys() == circuit.arrays().keys()
    for name, w in circuit.arrays().items():
        np.testing.assert_array_equal(back.arrays()[name], w)


def test_an_array_that_is_not_finite_is_named(rng):
    circuit = make_circuit((6, 5, 3))
    broken = circuit.w_pi[0].copy()
    broken[1, 2] = np.nan
    with pytest.raises(checks.NotFinite, match=r"w_pi\[0\] holds NaN") as caught:
        replace(circuit, w_pi=(broken,))
    assert caught.value.name == "w_pi[0]"


def test_every_weight_has_an_update_and_a_rate_of_its_kind(rng):
    """Moving one kind of weight moves exactly the arrays that the table says."""
    circuit = make_circuit((6, 5, 4, 3))
    state = equilibrium(circuit, rng.uniform(-1, 1, 6), rng.normal(size=3))
    updates = plasticity(circuit, state)
    for kind in ("up", "ip", "pi", "down"):
        rates = LearningRates(**{kind: 0.1}, thresholds=True)
        after = circuit.updated(updates, rates)
        for name, (update, of_kind) in LEARNING.items():
            for i, old in enumerate(getattr(circuit, name)):
                step = 0.1 * getattr(updates, update)[i] if of_kind == kind else 0.0
                np.testing.assert_array_equal(getattr(after, name)[i], old + step)


def test_circuits_states_and_updates_are_equal_when_their_numbers_are(rng):
    circuit = make_circuit((6, 5, 3))
    r_in = rng.uniform(-1, 1, 6)
    state = equilibrium(circuit, r_in)
    again = equilibrium(make_circuit((6, 5, 3)), r_in)
    assert circuit == make_circuit((6, 5, 3))
    assert circuit != make_circuit((6, 5, 3), seed=1)
    assert circuit != make_circuit((6, 5, 4, 3))
    assert state == again
    assert state != equilibrium(circuit, -r_in)
    assert plasticity(circuit, state) == plasticity(circuit, again)


@pytest.mark.parametrize(
    ("odd", "message"),
    [
        (np.ma.masked_array(np.ones(6), mask=True), "r_in is a masked array; fill or leave out"),
        ([np.ma.masked, *5 * [0.1]], "r_in is a masked array"),
        (np.ones(6) + 0j, "r_in holds complex numbers; give real numbers"),
        (np.ones(6).astype(str), "r_in holds text"),
        (6 * [Fraction(1, 3)], "r_in holds object in place of numbers"),
        (6 * [10**400], "r_in holds object in place of numbers"),
        ([[0.1], [0.1, 0.2]], "r_in cannot be read as an array"),
        (None, "r_in is None; give real numbers"),
        (0.5, r"r_in has shape \(\); its last axis must be 6"),
        (np.full(6, np.longdouble("1e4000")), "r_in holds NaN or infinity"),
    ],
    ids=str,
)
@pytest.mark.parametrize("settle", [equilibrium, two_pass])
def test_what_would_lose_something_is_refused(settle, odd, message):
    with pytest.raises(ValueError, match=message):
        settle(make_circuit((6, 5, 3)), odd)


@pytest.mark.parametrize("settle", [equilibrium, two_pass])
def test_patterns_beyond_all_bounds_are_refused_without_a_warning(settle):
    circuit = make_circuit((6, 5, 3), transfer=SoftRectifier())
    circuit = replace(circuit, w_up=tuple(map(np.ones_like, circuit.w_up)))
    with pytest.raises(ConvergenceError, match="use smaller weights, r_in or u_target"):
        settle(circuit, np.full(6, 1e308))


def test_no_pattern_has_no_mean():
    circuit = make_circuit((6, 5, 3))
    nothing = two_pass(circuit, np.zeros((0, 6)), np.zeros((0, 3)))
    assert nothing.u_p[0].shape == (0, 5)
    with pytest.raises(ValueError, match="state holds no pattern"):
        plasticity(circuit, nothing)
    with pytest.raises(ValueError, match=r"r_in has shape \(0, 6\), no pattern"):
        backprop(circuit, np.zeros((0, 6)), np.zeros((0, 3)))


def test_updates_and_states_that_do_not_fit_are_refused(rng):
    circuit = make_circuit((6, 5, 3))
    state = equilibrium(circuit, rng.uniform(-1, 1, 6))
    updates = plasticity(circuit, state)
    rates = LearningRates(0.1, 0.1, 0.1)
    with pytest.raises(ValueError, match="rates is None; give LearningRates"):
        circuit.updated(updates, None)
    with pytest.raises(ValueError, match="updates is None; give Updates"):
        circuit.updated(None, rates)
    with pytest.raises(ValueError, match=r"updates.up\[0\] has shape \(1, 6\)"):
        circuit.updated(replace(updates, up=(updates.up[0][:1], updates.up[1])), rates)
    with pytest.raises(ValueError, match="circuit is None; give a Circuit"):
        two_pass(None, state.r_in)
    with pytest.raises(ValueError, match=r"state.u_i\[0\] has shape \(1,\)"):
        plasticity(circuit, replace(state, u_i=(state.u_i[0][:1],)))
    with pytest.raises(ValueError, match=r"state is Circuit\(.*; give a State"):
        plasticity(circuit, circuit)


def test_a_circuit_needs_all_its_arrays():
    circuit = make_circuit((6, 5, 4, 3))
    arrays = circuit.arrays()
    with pytest.raises(ValueError, match="arrays holds no 'w_up_0'; give all weights"):
        circuit.with_arrays({})
    for name in arrays:  # also the topmost: never a shallower circuit
        some = {key: w for key, w in arrays.items() if key != name}
        with pytest.raises(ValueError, match=f"arrays holds no '{name}'"):
            circuit.with_arrays(some)


@pytest.mark.parametrize("dtype", [int, complex, "f2", object, None, "no type"])
def test_weights_are_single_or_double(dtype):
    with pytest.raises(ValueError, match=r"dtype is .*; give numpy\.float32 or"):
        make_circuit((6, 5, 3)).astype(dtype)


@pytest.mark.parametrize("transfer", [Logistic, np.tanh, None])
def test_what_is_no_transfer_function_is_refused(transfer):
    with pytest.raises(ValueError, match=r"transfer is .*; give Logistic\(\), SoftRectifier\(\)"):
        make_circuit((6, 5, 3), transfer=transfer)


def test_sizes_that_no_memory_holds_are_refused(rng):
    with pytest.raises(ValueError, match=r"5e\+12 weights; give smaller layers"):
        Circuit.random((10**6, 10**6, 10**6), rng)


def test_numbers_are_kept_as_floats():
    assert Conductances(apical=Fraction(4, 5)) == Conductances()
    assert type(SoftRectifier(gamma=np.float32(0.5)).gamma) is float
    assert LearningRates(up=np.array([0.5, 0.25])) == LearningRates(up=(0.5, 0.25))


def test_an_error_of_a_worker_keeps_its_words():
    error = pickle.loads(pickle.dumps(checks.NotFinite("w_up[0]", "w_up[0] is infinite; stop")))
    assert (error.name, str(error)) == ("w_up[0]", "w_up[0] is infinite; stop")


@pytest.mark.parametrize(
    "given", [lambda u: u[..., :1], lambda u: None, lambda u: 0.5, lambda u: u + 1j, np.sum]
)
def test_a_transfer_function_of_ones_own_gives_a_rate_per_potential(given):
    class Own(Logistic):
        def __call__(self, u):
            return given(u)

    class Steep(Logistic):
        def derivative(self, u):
            return given(u)

    circuit = Circuit.random((3, 2, 1), np.random.default_rng(0))
    for transfer in (Own(), Steep()):
        with pytest.raises(ValueError, match=r"transfer is .* for an array \(2, 3\); return"):
            replace(circuit, transfer=transfer)


def test_what_derives_from_a_circuit_stays_what_it_is():
    class Own(Circuit):
        pass

    circuit = Own.random((3, 2, 1), np.random.default_rng(0))
    assert type(circuit.astype(np.float32)) is Own
    assert type(circuit.with_feedback(circuit.w_down)) is Own
    assert type(circuit.with_arrays(circuit.arrays())) is Own
