"""Arguments that do not fit, for every public function of ``dcm.kernels``; run in a process.

``python misfits.py KIND CASES SKIP`` tries so many cases a function one after the other, each drawn
by hypothesis, and prints what was wrong with it as a line of JSON. Should the process die, the
case after the last line killed it; another can go on behind it, with ``SKIP`` cases left out.
"""

import copy
import ctypes
import itertools
import json
import mmap
import re
import sys
import traceback
import warnings
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import dcm
from dcm import Circuit, DivergenceError, LearningRates, Logistic, SoftRectifier, kernels
from dcm.kernels import levels, memory, plain, products
from dcm.model.circuit import WEIGHTS

SIZES = (9, 7, 3)
N = 4  # patterns
HUGE = 10**400
OPTIONS = {
    "learn": ("duration", "record", "record_every"),
    "integrate": (
        *("rates", "dt", "duration", "noise", "rng", "tau_input", "tau_weights"),
        *("record", "record_every", "start", "progress"),
    ),
    "learn_two_pass": ("order", "batch"),
    "learn_backprop": ("order", "batch"),
}


class Other(Logistic):
    """Not the function that is compiled."""


def circuit_of(seed=0, sizes=SIZES, **options):
    return Circuit.random(sizes, np.random.default_rng(seed), **options)


def good(entry):
    """Arguments that fit."""
    rng = np.random.default_rng(1)
    shown = {"inputs": rng.uniform(0, 1, (N, 9)), "u_targets": rng.normal(size=(N, 3))}
    if entry == "learn_backprop":
        net = {"w": [rng.normal(size=(7, 9)), rng.normal(size=(3, 7))], "b": [np.zeros(7)]}
        net["b"].append(np.zeros(3))
        return {**net, **shown, "eta": 0.1, "order": np.array([2, 0, 1, 3, 0]), "batch": 2}
    given = {"circuit": circuit_of(), **shown}
    if entry == "integrate":
        return {**given, "rates": LearningRates(0.01, 0.01, 0.01, 0.01), "duration": 2.0}
    given["rates"] = LearningRates(0.01, 0.02, 0.03, 0.01, thresholds=True)
    if entry == "learn_two_pass":
        return {**given, "order": np.array([2, 0, 1, 3, 0]), "batch": 2}
    return given


def of_another_size(x):
    yield from (x[:-1], np.concatenate([x, x[:1]]), x[:0], x.ravel(), x[None], x[..., None])
    yield from (np.float64(1.0), x.T, np.zeros((10, 900)), np.zeros((0, 0)), [1.0, [2.0, 3.0]])
    if x.ndim == 2:
        yield from (x[:, :-1], np.hstack([x, x[:, :1]]), x[:, :0])


def in_another_layout(x):
    fixed = x.copy()
    fixed.flags.writeable = False
    yield from (np.asfortranarray(x), np.repeat(x, 2, axis=-1)[..., ::2], x[::-1], fixed)
    yield from (np.broadcast_to(x[:1], x.shape), x.tolist(), x.view(np.recarray), x.copy())


def of_another_type(x):
    for dtype in ("f2", "f4", "i4", "u1", "?", ">f8", "g", "c16", "U5", "S5", "O", "M8[s]"):
        yield (x * 3).astype("i8").astype(dtype) if dtype == "M8[s]" else (x * 3).astype(dtype)
    yield from (None, "text", {}, {1.0}, np.ma.masked_array(x, mask=x > 0.5))


def with_values(x):
    for value in (np.nan, np.inf, -np.inf, 1e300, -1e300, 1e40, 1e-320, 1e9, 1e4):
        changed = x.copy()
        changed[tuple(n // 2 for n in x.shape)] = value
        yield changed


def arrays(x):
    makers = (of_another_size, in_another_layout, of_another_type, with_values)
    return [value for make in makers for value in make(x)]


NUMBERS = [0, -1, 1, 2.5, np.nan, np.inf, -np.inf, 1e-300, 1e300, 1e6, 1e9, HUGE, "1", None, 1j]
NUMBERS += [True, np.float32(0.1), np.int8(1), Fraction(1, 10), [0.1], [0.1, 0.2], np.array(0.1)]
NUMBERS += [[0.1] * 3, [0.1, np.nan], [[0.1, 0.2]], np.array(["a"]), b"1", 1e-8]
COUNTS = [0, -1, 1, 3, 10**9, 10**30, 2.0, np.nan, None, "3", True, np.int64(2), np.uint8(3), [2]]
ORDERS = [[4], [-1], [0.0, 1.0], [True, False, True, False], [[0, 1], [2, 3]], [], "01", None, 3]
ORDERS += [[2**62], [2**63], [2**80], [0, [1]], slice(0, 2), range(4), (3, 3, 3), [1] * 200]
ORDERS += [np.array([1, 2], dtype) for dtype in ("u1", "i2", "u8", ">i8", "f4", "U2", "O")]
ORDERS += [np.arange(4)[::-1], np.arange(8)[::2] // 2, np.ma.masked_array([0, 1], mask=[0, 1])]
ORDERS += [np.array([[0, 1], [2, 3]], order="F")[0], {0, 1}, np.array([2**64 - 1], "u8")]
RATES = [None, 0.1, {}, LearningRates(), LearningRates((0.1, 0.1, 0.1)), LearningRates(pi=(1, 2))]
RATES += [LearningRates(up=eta, ip=eta) for eta in (1e6, 1e9, 1e20, 1e-12, 1.0)]
RATES += [LearningRates(pi=1e7), LearningRates(down=1e6), LearningRates(up=1e90, thresholds=True)]
RATES += [LearningRates(ip=(0.1,), up=(0.0, 0.1)), LearningRates(up=1e4, pi=1e3, ip=1e4)]
RECORDS = [(), ("u_p[0]", "w_ip[0]"), "u_p[0]", ("spine",), (3,), None, ["u_target"], ("u_p[9]",)]
RECORDS += [("b_up[1]", "v_apical[0]"), ("r_in",), 7, ("",)]


def circuits():
    mixed = circuit_of()
    mixed = replace(mixed, w_up=(mixed.w_up[0].astype(np.float32), mixed.w_up[1]))
    yield from (None, "circuit", {}, circuit_of(sizes=(9, 7, 4)), circuit_of(sizes=(8, 7, 3)))
    yield from (circuit_of().astype(np.float32), mixed, circuit_of(transfer=SoftRectifier()))
    yield from (circuit_of(transfer=Other()), circuit_of(sizes=(9, 7, 5, 3)))
    for scale in (3.0, 10.0, 30.0, 100.0):
        steep = SoftRectifier(gamma=scale / 10, theta=0.0)
        yield circuit_of(7, scale_down=scale, scale_lateral=scale, scale_up=2.0)
        yield circuit_of(8, scale_down=scale, transfer=steep)
    yield circuit_of(9, scale_up=1e9)
    yield circuit_of(9, scale_down=1e7)


def starts():
    """States and recordings, of this circuit and of others, whole and damaged."""
    circuit = circuit_of()
    inputs = good("integrate")["inputs"]
    how = {"rates": LearningRates(0.01, 0.01), "duration": 1.0}
    recording = dcm.integrate(circuit, inputs, **how)
    taught = dcm.integrate(circuit, inputs, np.ones((N, 3)), **how)
    state = recording.state
    other = circuit_of(sizes=(9, 6, 4))
    elsewhere = dcm.integrate(other, inputs, np.ones((N, 4)), **how)
    yield from (None, "start", 3, circuit, recording, taught, state, taught.state, elsewhere)
    yield from (elsewhere.state, dcm.equilibrium(circuit, inputs), dcm.two_pass(circuit, inputs[0]))
    yield from (replace(recording, induction=elsewhere.induction), replace(recording, state=None))
    yield from (replace(recording, induction=None), replace(recording, induction="none"))
    yield replace(recording, induction=replace(recording.induction, pi=()))
    for part in ("r_in", "u_p", "u_i", "u_target"):
        yield from (replace(state, **{part: value}) for value in (None, (), "u", np.zeros(1), 1.0))
    for target in (np.zeros(0), np.zeros(300), np.zeros((2, 3)), np.full(3, np.nan), np.zeros(3)):
        yield replace(state, u_target=target)
    for value in (np.nan, 1e300, 1e9):
        yield replace(state, u_p=(np.full(7, value), state.u_p[1]))
    yield replace(state, u_p=tuple(u.astype(np.float32) for u in state.u_p))
    yield replace(state, u_i=(np.zeros((3, 1)),))


def nets(name):
    """Weights or thresholds of a plain net, whole and damaged."""
    fits = good("learn_backprop")[name]
    for k in range(2):
        for value in arrays(fits[k]):
            yield [value if i == k else x for i, x in enumerate(fits)]
    yield from (fits[:1], [*fits, fits[1]], [], None, "w", tuple(fits), np.ones((3, 4)), {})
    yield from ([x.astype(np.float32) for x in fits], [np.ones((3, 4)), np.ones((2, 300))])
    memory = np.zeros(200)
    yield [memory[: x.size].reshape(x.shape) for x in fits]
    yield [fits[0], fits[0][tuple(slice(n) for n in fits[1].shape)]]


def misfits(entry):
    """Per argument the values to try in its place."""
    values = {
        "inputs": arrays(good(entry)["inputs"]),
        "u_targets": arrays(good(entry)["u_targets"]),
    }
    if entry == "learn_backprop":
        values |= {"w": list(nets("w")), "b": list(nets("b")), "eta": NUMBERS}
    else:
        values |= {"circuit": list(circuits()), "rates": RATES}
    generators = [None, 3, np.random.RandomState(0), np.random.default_rng(0)]
    options = {"record": RECORDS, "record_every": COUNTS, "order": ORDERS, "batch": COUNTS}
    options |= {"rng": generators, "progress": [None, 3, iter]}
    for name in OPTIONS[entry]:
        if name not in values:
            values[name] = list(starts()) if name == "start" else options.get(name, NUMBERS)
    if entry == "integrate":
        values["record_every"] = NUMBERS
        # neither 1e9 ms nor steps of 1e-8 ms, which are hours of computing
        values["duration"] = [x for x in NUMBERS if x not in (1e6, 1e9)]
        values["dt"] = [x for x in NUMBERS if x != 1e-8]
    return values


@st.composite
def calls(draw, entry, values):
    """Arguments of which one to three are drawn from the misfits."""
    given = good(entry)
    for name in draw(st.lists(st.sampled_from(sorted(values)), min_size=1, max_size=3)):
        given[name] = copy.deepcopy(draw(st.sampled_from(values[name])))
    return given


def outcome(function, given):
    """(result, None), or (None, error)."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return function(**given), None
        except Exception as error:
            return None, error


def not_documented(error, names):
    """What is wrong with an error: where it comes from, or what it does not say."""
    place = Path(traceback.extract_tb(error.__traceback__)[-1].filename)
    if not isinstance(error, (ValueError, TypeError, IndexError, DivergenceError)):
        return "not a documented error"
    if Path(dcm.__file__).parent not in place.parents:
        return f"an error of the machinery, {place.name}"
    if "\n" in str(error) or ";" not in str(error):
        return "no line with a remedy"
    if not isinstance(error, DivergenceError) and not any(n in str(error) for n in names):
        return "it names no argument"
    return None


def same(a, b) -> bool:
    """Whether arguments are what they were, bit for bit."""
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return (
            a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b, a.dtype.kind in "fc")
        )
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if type(a) is not type(b):
        return False
    if hasattr(a, "__dict__") and not isinstance(a, type):
        return all(same(x, vars(b)[key]) for key, x in vars(a).items())
    return True


def wrong_with(entry, given):
    """A call with misfits: it works or raises what is documented, and changes no argument."""
    before = copy.deepcopy(given)
    _, error = outcome(getattr(kernels, entry), given)
    problem = error and not_documented(error, [*given, "start", "learning rate"])
    changed = [name for name in given if name not in ("rng", "progress")]
    if entry == "learn_backprop" and not error:
        changed = [name for name in changed if name not in ("w", "b")]
    changed = [name for name in changed if not same(given[name], before[name])]
    return problem or (changed and f"{changed} changed") or None, error


def twins_disagree(entry, given):
    """The same call of a compiled function and its plain twin."""
    ours, theirs = copy.deepcopy(given), copy.deepcopy(given)
    fast, error = outcome(getattr(kernels, entry), ours)
    slow, plain_error = outcome(getattr(plain, entry), theirs)
    if "no compiled form" in str(error):  # documented
        return None, error
    if type(error) is not type(plain_error):
        return f"the plain twin: {plain_error!r}", error
    if error:
        ours, theirs = (re.sub(r"0x\w+", "", str(e)) for e in (error, plain_error))
        if isinstance(error, DivergenceError):  # several things may be the first to run away
            ours, theirs = ours.partition(":")[0], theirs.partition(":")[0]
        return None if ours == theirs else f"the plain twin: {plain_error!r}", error
    start = (
        [*given["w"], *given["b"]] if entry == "learn_backprop" else weights_of(given["circuit"])
    )
    pair = (ours, theirs) if entry == "learn_backprop" else (fast, slow)
    for k, (x, y) in enumerate(zip(*map(results, pair), strict=True)):
        if x.dtype != y.dtype or x.shape != y.shape:
            return f"array {k} is {x.dtype} {x.shape}, the plain twin's {y.dtype} {y.shape}", None
        size = 1e-12 + max(np.abs(y).max(initial=0.0), *(np.abs(w).max() for w in start))
        tolerance = 1e-3 if np.float32 in (x.dtype, *(w.dtype for w in start)) else 1e-6
        if not np.abs(x - y).max(initial=0.0) <= tolerance * size:
            return f"array {k} differs by {np.abs(x - y).max() / size:.2g}", None
    return None, None


def weights_of(circuit):
    return [w for name in WEIGHTS for w in getattr(circuit, name)]


def results(result):
    """All arrays of a result."""
    if isinstance(result, dict):
        return [*result["w"], *result["b"]]
    if isinstance(result, Circuit):
        return weights_of(result)
    if isinstance(result, tuple):
        circuit, trace = result
        return [*weights_of(circuit), trace.pattern, *trace.traces.values()]
    somata = [*result.state.u_p, *result.state.u_i, *result.state.v_apical, result.state.r_in]
    return [*weights_of(result.circuit), *somata, result.t, *result.traces.values()]


def behind_guards(array, *, at_end: bool):
    """A copy that ends where a page begins that nobody may touch, or begins where one ends."""
    page = mmap.PAGESIZE
    inside = max(-(-array.nbytes // page), 1) * page
    block = mmap.mmap(-1, inside + 2 * page)
    address = ctypes.addressof(ctypes.c_char.from_buffer(block))
    libc = ctypes.CDLL(None, use_errno=True)
    for guard in (address, address + page + inside):
        if libc.mprotect(ctypes.c_void_p(guard), ctypes.c_size_t(page), 0):
            raise OSError(ctypes.get_errno(), "mprotect")
    first = page + (inside - array.nbytes if at_end else 0)
    copied = np.frombuffer(block, array.dtype, array.size, first).reshape(array.shape)
    copied[...] = array
    return copied


def guard_pages(entry, given, *, at_end: bool):
    """A call that fits, whose arrays, work space included, lie between pages that are forbidden."""
    expected = copy.deepcopy(given)
    after, missing = outcome(getattr(kernels, entry), expected)
    guarded = {}
    for name, value in given.items():
        if isinstance(value, np.ndarray):
            value = behind_guards(value, at_end=at_end)
        elif isinstance(value, list):
            value = [behind_guards(x, at_end=at_end) for x in value]
        guarded[name] = value

    def padded(*args):
        return behind_guards(memory.padded(*args), at_end=at_end)

    levels.padded = products.padded = padded
    result, error = outcome(getattr(kernels, entry), guarded)
    levels.padded = products.padded = memory.padded
    pair = (guarded, expected) if entry == "learn_backprop" else (result, after)
    if error or missing or not all(map(np.array_equal, *map(results, pair))):
        return "behind guard pages the result is another", error
    return None, None


@st.composite
def fitting_calls(draw, entry):
    """Arguments that fit, of odd sizes."""
    depth = draw(st.integers(2, 5)) if entry in ("learn", "integrate") else 2
    sizes = tuple(draw(st.lists(st.integers(1, 40), min_size=depth + 1, max_size=depth + 1)))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    n = draw(st.integers(1, 12))
    given = good(entry)
    if entry == "learn":
        given["duration"] = 0.1
    given["inputs"] = rng.uniform(0, 1, (n, sizes[0]))
    given["u_targets"] = rng.normal(size=(n, sizes[-1]))
    dtype = np.float64
    if entry.startswith("learn_"):
        dtype = draw(st.sampled_from([np.float32, np.float64]))
        given["order"] = rng.integers(0, n, draw(st.integers(1, 30)))
        given["batch"] = draw(st.integers(1, 30))
    pairs = list(zip(sizes[1:], sizes[:-1], strict=True))
    if entry == "learn_backprop":
        given["w"] = [rng.normal(size=pair).astype(dtype) for pair in pairs]
        given["b"] = [np.zeros(m, dtype) for m in sizes[1:]]
    else:
        given["circuit"] = Circuit.random(sizes, rng).astype(dtype)
    for name in ("inputs", "u_targets"):
        given[name] = given[name].astype(dtype)
    return given


def in_words(entry, given):
    """A call in at most some hundred characters."""
    fits = good(entry)
    odd = {name: x for name, x in given.items() if name not in fits or not same(fits[name], x)}
    return f"{entry}({', '.join(f'{name}={x!r}' for name, x in odd.items())})"[:300]


def tried(entry, kind, number, given):
    """Try one case; print what was wrong with it, or null."""
    if kind == "guards":
        problem, error = guard_pages(entry, given, at_end=number % 2 == 0)
    else:
        problem, error = (wrong_with if kind == "misfits" else twins_disagree)(entry, given)
    found = problem and f"case {number}, {in_words(entry, given)}: {problem}; {error!r}"
    print(json.dumps(found), flush=True)


def each_of(strategy, call, chosen):
    """``call`` with every example that hypothesis draws."""

    @chosen
    @given(strategy)
    def every(arguments):
        call(arguments)

    every()


def main(kind, cases, skip):
    numbers = itertools.count(1)
    chosen = settings(
        derandomize=True,
        deadline=None,
        database=None,
        max_examples=cases,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    for entry in OPTIONS:
        strategy = fitting_calls(entry) if kind == "guards" else calls(entry, misfits(entry))

        def try_next(given, entry=entry):
            number = next(numbers)
            if number > skip:
                tried(entry, kind, number, given)

        each_of(strategy, try_next, chosen)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:4]))
