"""The search behind the MNIST recipes: short trials on the validation split only, one line of results each.

``python tools/mnist_search.py`` runs the trials that are not yet in ``results/mnist/search.json`` and adds them. All
trials use seed 1000, which no reported run uses, and rates that fall to a quarter over the trial.
"""

import argparse
import json
import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from dcm import datasets
from dcm.experiments import mnist
from dcm.runs import one_thread, provenance, repository

EPOCHS = {"backprop": 25, "single layer": 10}  # of a trial; 40 for the circuits
START = {"scale_up": 3.3, "gain_hidden": 1.2, "gain_output": 7.0}  # where the search began; trials say what they change
G = {"gain_hidden": 1.0, "gain_output": 10.0}
G20 = {"gain_hidden": 1.0, "gain_output": 20.0}


def at(lam):
    """All mixing factors at one value."""
    return {"mixing_hidden": lam, "mixing_output": lam, "mixing_interneuron": lam}


TRIALS = [
    ("microcircuit", {}),
    ("backprop", {}),
    ("backprop", {"backprop_rate": 0.2, "scale_up": 1.0}),
    ("microcircuit", {"base_rate": 0.02}),
    ("microcircuit", G),
    ("microcircuit", {"scale_up": 2.5}),
    ("backprop", {"scale_up": 1.0}),
    ("microcircuit", {"mixing_output": 0.3}),
    ("microcircuit", {"inter_rate": 10.0}),
    ("microcircuit", {"base_rate": 0.005}),
    ("microcircuit", {**G, "gain_output": 15.0}),
    ("microcircuit", {**G, "gain_output": 20.0}),
    ("microcircuit", {**G, "inter_rate": 10.0}),
    ("microcircuit", {**G, "inter_rate": 10.0, "base_rate": 0.015}),
    ("microcircuit", {**G20, "base_rate": 0.02, "inter_rate": 2.5}),
    ("microcircuit", {**G20, "inter_rate": 2.5}),
    ("backprop", {"backprop_rate": 0.05}),
    ("microcircuit", {**G20, "gain_output": 30.0}),
    ("microcircuit", {**G20, "gain_hidden": 2.0}),
    ("backprop", {"backprop_rate": 0.1, "scale_up": 2.0}),
    ("microcircuit", {**G20, "scale_up": 2.0}),
    ("microcircuit", {**G20, "gain_output": 50.0}),
    ("microcircuit", {**G20, "gain_output": 80.0}),
    ("all plastic", {"hidden": [1000]}),
    ("all plastic", {"hidden": [1000], **G20}),
    ("microcircuit", {**G20, "gain_output": 30.0, "scale_up": 2.0}),
    ("microcircuit", {**G20, "scale_up": 1.4}),
    ("backprop", {"backprop_rate": 0.1, "scale_up": 5.0}),
    ("hidden to hidden frozen", G20),
    ("hidden to hidden frozen", {**G20, "gain_output": 30.0, "scale_up": 2.0}),
    ("hidden to hidden frozen", {**G20, "gain_hidden": 4.0}),
    ("hidden to hidden frozen", {**G20, "scale_up": 1.0}),
    ("hidden to hidden frozen", {**G20, "base_rate": 0.02}),
    ("hidden to hidden frozen", {}),
    ("hidden to hidden frozen", {**G20, "gain_hidden": 12.0}),
    ("hidden to hidden frozen", {**G20, "gain_hidden": 12.0, "scale_up": 5.0}),
    ("hidden to hidden frozen", {**G20, "gain_hidden": 4.0, "scale_up": 5.0}),
    ("hidden to hidden frozen", {**G20, "gain_hidden": 4.0, "scale_up": 8.0}),
    ("hidden to hidden frozen", {"gain_hidden": 12.9, "gain_output": 1.83}),  # top-down U(-1, 1) [SM*]
    ("hidden to hidden frozen", {"gain_hidden": 12.9, "gain_output": 5.0, "scale_up": 5.0}),
    ("hidden to hidden frozen", {"gain_hidden": 12.9, "gain_output": 2.0, "scale_up": 5.0}),
    ("hidden to hidden frozen", {"gain_hidden": 30.0, "gain_output": 5.0, "scale_up": 5.0}),
    ("hidden to hidden frozen", {"gain_hidden": 12.9, "gain_output": 5.0, "scale_up": 8.0}),
    ("microcircuit", {**at(0.5), "epochs": 8}),
    ("frozen hidden layers", {"epochs": 20}),
    ("frozen hidden layers", {"epochs": 20, "base_rate": 0.05, "inter_rate": 1.0}),
    ("microcircuit", {**at(0.3), "epochs": 8}),
    ("frozen hidden layers", {"epochs": 20, "base_rate": 0.05, "inter_rate": 1.0, "scale_up": 6.0}),
    ("single layer", {}),
    ("single layer", {"single_rate": 0.1}),
    ("single layer", {"single_rate": 0.01}),
]


@one_thread
def trial(learner: str, changes: dict, data, seed: int = 1000) -> dict:
    """Validation error (percent) before the first and after every epoch."""
    epochs = EPOCHS.get(learner, 40)
    epochs = changes.get("epochs", epochs)
    config = replace(
        mnist.Config(), **{"epochs": epochs, "decay": 0.25 ** (1 / epochs), "learner": learner, **START, **changes}
    )
    weights, order = np.random.default_rng(seed).spawn(2)
    net = (mnist.initial_net if learner in mnist.NETS else mnist.initial_circuit)(config, data, weights)
    epoch_of = mnist.net_epoch if learner in mnist.NETS else mnist.circuit_epoch
    curve = []
    for epoch in tqdm(range(config.epochs), desc=f"{learner} {changes}", disable=None):
        net = epoch_of(config, net, data, order.permutation(len(data.train.labels)), epoch)
        wrong = mnist.classify(net, data.validation.images) != data.validation.labels
        curve.append(round(100 * float(np.mean(wrong)), 2))
    return {"learner": learner, "changes": changes, "epochs": config.epochs, "seed": seed, "validation": curve}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", default=str(repository() / "results" / "mnist" / "search.json"))
    out = parser.parse_args().out
    rows = json.loads(Path(out).read_text())["trials"] if os.path.exists(out) else []
    done = {json.dumps([row["learner"], row["changes"]]) for row in rows}
    data = datasets.mnist()
    for learner, changes in TRIALS:
        if json.dumps([learner, changes]) in done:
            continue
        began = time.perf_counter()
        try:
            row = trial(learner, changes, data)
        except RuntimeError as error:  # a recipe that runs away is a result too
            row = {"learner": learner, "changes": changes, "error": str(error)}
        rows.append({**row, "seconds": round(time.perf_counter() - began, 1), **provenance()})
        with open(out + ".partial", "w") as file:
            json.dump({"trials": rows}, file, indent=1)
        os.replace(out + ".partial", out)
        print(learner, changes, row.get("validation", [row.get("error")])[-1], flush=True)


if __name__ == "__main__":
    main()
