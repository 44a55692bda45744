"""The 30-20-10 circuit in Brian 2 (Stimberg, Brette & Goodman 2019): an independent simulator.

Eqs. 1-5 and 7-9 with the low-passes of input, target and plasticity, as explicit Euler steps.
Nothing here comes from ``dcm``, on purpose: two programs that share code share mistakes. Brian 2.9
needs NumPy 1, so ``make brian2`` builds an environment for it and runs this script, which writes
``results/brian2.npz`` (no pickle); tests hold ``dcm`` to that file. Pattern 0 is shown without a
target, the others with one. [SM*] marks numbers believed to be the supplement's.
"""

import hashlib
import io
import json
import os
import platform
from pathlib import Path

import brian2 as b2
import numpy as np
from brian2 import ms

TARGET = Path(__file__).resolve().parents[1] / "results" / "brian2.npz"
SETTINGS = {
    "seed": 0,
    "sizes": [30, 20, 10],  # [SM*]
    # Pairwise unequal [chosen], so that no two can be mistaken; leak, basal and apical are [SM*].
    "conductances": {"leak": 0.1, "basal": 1.0, "apical": 0.8, "dendritic": 1.3, "somatic": 0.6},
    "rates": {"up": [0.0011875, 0.0005], "ip": [0.0011875], "pi": [0.0005]},  # per ms [SM*]
    "dt": 0.1,  # ms [SM*], as are the next three
    "duration": 100.0,
    "tau_input": 3.0,
    "tau_weights": 30.0,
    "n_patterns": 4,  # [chosen]
    "record_every": 2.0,  # ms [chosen]: keeps the file small
}
# Order within a step: dendrites and copies of potentials from the old somata, records, weights,
# somata. So every right-hand side sees the state at the start of the step: explicit Euler. The last
# two are in Brian's slot "groups".
DENDRITES = {"when": "before_groups", "order": 0}
RECORDS = {"when": "before_groups", "order": 1}
WEIGHTS = 0
SOMATA = 1


def phi(potential: str) -> str:
    """The logistic transfer function as an expression in Brian's language."""
    return f"1/(1 + exp(-({potential})))"


INPUT = "drate/dt = (shown(t, i) - rate)/tau_input : 1"
PYRAMIDAL = f"""
    du/dt = -leak*u + basal*(v_basal - u) + apical*(v_down + v_lateral - u) : 1
    rate = {phi("u")} : 1
    v_basal : 1
    v_down : 1
    v_lateral : 1
    v_apical = v_down + v_lateral : 1
"""
OUTPUT = f"""
    du/dt = -leak*u + basal*(v_basal - u) + teaching*(u_target - u) : 1
    du_target/dt = (wanted(t, i) - u_target)/tau_input : 1
    rate = {phi("u")} : 1
    v_basal : 1
    teaching : Hz (shared)
"""
INTERNEURON = f"""
    du/dt = -leak*u + dendritic*(v_dendrite - u) + somatic*(u_above - u) : 1
    rate = {phi("u")} : 1
    v_dendrite : 1
    u_above : 1
"""


def plastic(compartment: str, error: str) -> str:
    """Synapses that drive ``compartment`` and learn by Eq. 6: ``error`` times rate, low-passed."""
    return f"""
        {compartment}_post = w*rate_pre : 1 (summed)
        dw/dt = eta*induction : 1 (clock-driven)
        dinduction/dt = (({error})*rate_pre - induction)/tau_weights : 1 (clock-driven)
    """


def draw(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Weights (n_post, n_pre) and inputs on [-1, 1] [SM*], target rates on [.1, .9] [chosen]."""
    n_in, n_hidden, n_out = SETTINGS["sizes"]
    shapes = {
        "w_up[0]": (n_hidden, n_in),
        "w_up[1]": (n_out, n_hidden),
        "w_down[0]": (n_hidden, n_out),
        "w_ip[0]": (n_out, n_hidden),
        "w_pi[0]": (n_hidden, n_out),
    }
    drawn = {name: rng.uniform(-1, 1, shape) for name, shape in shapes.items()}
    drawn["inputs"] = rng.uniform(-1, 1, (SETTINGS["n_patterns"], n_in))
    target_rates = rng.uniform(0.1, 0.9, (SETTINGS["n_patterns"] - 1, n_out))
    return drawn | {"u_targets": np.log(target_rates / (1 - target_rates))}


def constants(drawn) -> dict:
    """The names that Brian's equations use, with units."""
    g = SETTINGS["conductances"]
    duration = SETTINGS["duration"] * ms
    no_target = np.zeros(SETTINGS["sizes"][-1])  # teaches nothing: see ``run``
    wanted = np.vstack([no_target, drawn["u_targets"]])
    return {
        **{name: value / ms for name, value in g.items()},
        "tau_input": SETTINGS["tau_input"] * ms,
        "tau_weights": SETTINGS["tau_weights"] * ms,
        "hidden_share": g["basal"] / (g["leak"] + g["basal"] + g["apical"]),
        "output_share": g["basal"] / (g["leak"] + g["basal"]),
        "interneuron_share": g["dendritic"] / (g["leak"] + g["dendritic"]),
        "shown": b2.TimedArray(drawn["inputs"], dt=duration),
        "wanted": b2.TimedArray(wanted, dt=duration),
    }


def neurons(namespace) -> dict[str, b2.NeuronGroup]:
    """One group per population, all at rest."""
    n_in, n_hidden, n_out = SETTINGS["sizes"]
    populations = {
        "input": (n_in, INPUT),
        "hidden": (n_hidden, PYRAMIDAL),
        "output": (n_out, OUTPUT),
        "inter": (n_out, INTERNEURON),
    }
    options = {"method": "euler", "namespace": namespace, "order": SOMATA}
    return {name: b2.NeuronGroup(n, model, **options) for name, (n, model) in populations.items()}


def synapses(cells, drawn, namespace) -> dict[str, b2.Synapses]:
    """All projections by the name of their weights; the nudge copies output potentials."""
    rates = SETTINGS["rates"]
    hidden_error = f"rate_post - {phi('hidden_share*v_basal_post')}"
    output_error = f"rate_post - {phi('output_share*v_basal_post')}"
    inter_error = f"rate_post - {phi('interneuron_share*v_dendrite_post')}"
    table = {  # from, to, model, learning rate
        "w_up[0]": ("input", "hidden", plastic("v_basal", hidden_error), rates["up"][0]),
        "w_up[1]": ("hidden", "output", plastic("v_basal", output_error), rates["up"][1]),
        "w_ip[0]": ("hidden", "inter", plastic("v_dendrite", inter_error), rates["ip"][0]),
        "w_pi[0]": ("inter", "hidden", plastic("v_lateral", "-v_apical_post"), rates["pi"][0]),
        "w_down[0]": ("output", "hidden", "w : 1\nv_down_post = w*rate_pre : 1 (summed)", 0),
        "nudge": ("output", "inter", "u_above_post = u_pre : 1 (summed)", 0),
    }
    projections = {}
    for name, (pre, post, model, eta) in table.items():
        options = {"method": "euler", "namespace": namespace | {"eta": eta / ms}, "order": WEIGHTS}
        projection = b2.Synapses(cells[pre], cells[post], model, **options)
        if name == "nudge":
            projection.connect(j="i")
        else:
            projection.connect()
            projection.w = drawn[name][projection.j[:], projection.i[:]]
        for updater in projection.summed_updaters.values():
            updater.when = DENDRITES["when"]
            updater.order = DENDRITES["order"]
        projections[name] = projection
    return projections


def run(drawn) -> dict[str, np.ndarray]:
    """Simulate; traces (n_records, n) and final weights (n_post, n_pre), named as in ``dcm``."""
    namespace = constants(drawn)
    cells = neurons(namespace)
    projections = synapses(cells, drawn, namespace)
    recorded = {
        "u_p[0]": ("hidden", "u"),
        "u_p[1]": ("output", "u"),
        "u_i[0]": ("inter", "u"),
        "v_apical[0]": ("hidden", "v_apical"),
    }
    every = SETTINGS["record_every"] * ms
    monitors = {
        name: b2.StateMonitor(cells[cell], variable, record=True, dt=every, **RECORDS)
        for name, (cell, variable) in recorded.items()
    }
    network = b2.Network(*cells.values(), *projections.values(), *monitors.values())
    network.run(SETTINGS["duration"] * ms)
    # A target appears: its low-pass starts from the output's own potential, so nudging is smooth.
    cells["output"].u_target = cells["output"].u
    cells["output"].teaching = namespace["somatic"]
    network.run((SETTINGS["n_patterns"] - 1) * SETTINGS["duration"] * ms)
    traces = {f"trace/{name}": getattr(m, recorded[name][1]).T for name, m in monitors.items()}
    ends = {
        f"end/{name}": matrix(s, drawn[name].shape)
        for name, s in projections.items()
        if name in drawn
    }
    return {"t": np.asarray(monitors["u_p[0]"].t / ms), **traces, **ends}


def matrix(projection, shape) -> np.ndarray:
    """Weights as (n_post, n_pre)."""
    w = np.full(shape, np.nan)
    w[projection.j[:], projection.i[:]] = projection.w[:]
    return w


def digest(about: dict, arrays: dict) -> str:
    """SHA-256 over header and arrays, as ``dcm`` checks it."""
    total = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for name in sorted(arrays):
        a = np.ascontiguousarray(arrays[name])
        total.update(f"{name} {a.dtype.str} {a.shape}".encode() + a.tobytes())
    return total.hexdigest()


def replace_target(content: bytes) -> None:
    """Write beside the old file and move over it, so that a full disk leaves the old one."""
    TARGET.parent.mkdir(exist_ok=True)
    partial = TARGET.with_name(f"{TARGET.name}.partial")
    try:
        with open(partial, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(TARGET)
    except OSError as error:
        raise SystemExit(f"{TARGET} could not be written ({error}); run the same again") from error
    finally:
        partial.unlink(missing_ok=True)


def main():
    b2.prefs.codegen.target = "numpy"  # no compiler, one rounding everywhere
    b2.defaultclock.dt = SETTINGS["dt"] * ms
    drawn = draw(np.random.default_rng(SETTINGS["seed"]))
    versions = {
        "brian2": b2.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
    arrays = {f"start/{k}": v for k, v in drawn.items()} | run(drawn)
    about = {"format": 1, **SETTINGS, "versions": versions}
    about["sha256"] = digest(about, arrays)
    content = io.BytesIO()
    np.savez_compressed(content, about=np.array(json.dumps(about, sort_keys=True)), **arrays)
    replace_target(content.getvalue())
    print(f"results/{TARGET.name}: {TARGET.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
