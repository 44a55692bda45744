"""The search behind the MNIST recipes: short trials on the validation split only, one result each.

``python tools/mnist_search.py`` runs the trials that are not yet in ``results/mnist/search.json``
and adds them. All trials use seed 1000, which no reported run uses, and rates that fall to a
quarter over the trial.
"""

import argparse
import json
import os
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from mnist_trials import START, TRIALS
from tqdm import tqdm

from dcm.experiments.mnist import data as datasets
from dcm.experiments.mnist import experiment, learners
from dcm.lab import paths
from dcm.lab.progress import one_thread
from dcm.lab.provenance import provenance

EPOCHS = {"backprop": 25, "single layer": 10}  # of a trial that does not say; 40 for the circuits
LOST = 60.0  # percent wrong after the third epoch or later: the trial ends there


def recipe(learner: str, changes: dict) -> experiment.Config:
    """The configuration of a trial: the start with its changes, rates that fall to a quarter."""
    values = {"epochs": EPOCHS.get(learner, 40), "hidden": [500, 500], **START, **changes}
    values.setdefault("scale_output", values["scale_up"])
    values.setdefault("hidden_rate", [1.0] * len(values["hidden"]))
    return experiment.Config(**values, learner=learner, decay=0.25 ** (1 / values["epochs"]))


@one_thread
def trial(chosen: tuple, seed: int = 1000) -> dict:
    """Validation error (percent) after every epoch of one of ``TRIALS``."""
    began = time.perf_counter()
    learner, changes = chosen
    config = recipe(learner, changes)
    row = {
        "learner": learner,
        "changes": changes,
        "epochs": config.epochs,
        "seed": seed,
        "validation": [],
    }
    try:
        for error in validation_errors(config, seed):
            row["validation"].append(round(error, 2))
            if len(row["validation"]) > 2 and row["validation"][-1] > LOST:
                break
    except RuntimeError as error:  # a recipe that runs away is a result too
        row["error"] = str(error)
    return {**row, "seconds": round(time.perf_counter() - began, 1), **provenance()}


def validation_errors(config: experiment.Config, seed: int):
    """Train; yields the validation error (percent) after every epoch."""
    data = datasets.mnist()
    weights, order = np.random.default_rng(seed).spawn(2)
    learner = experiment.initial(config, data, weights)
    advanced = learners.net_epoch if config.learner in learners.NETS else learners.circuit_epoch
    for epoch in range(config.epochs):
        images = order.permutation(len(data.train.labels))
        learner = advanced(config, learner, data, images, epoch)
        yield learners.percent_wrong(learner, data.validation)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", default=str(paths.results() / "mnist" / "search.json"))
    jobs = "trials at a time (default: one per core)"
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help=jobs)
    given = parser.parse_args()
    out = Path(given.out)
    rows = json.loads(out.read_text("utf-8"))["trials"] if out.exists() else []
    done = [[row["learner"], row["changes"]] for row in rows]
    missing = [chosen for chosen in TRIALS if list(chosen) not in done]
    with ProcessPoolExecutor(given.jobs) as pool:
        for row in tqdm(pool.map(trial, missing), total=len(missing), desc="trials"):
            rows.append(row)
            with open(given.out + ".partial", "w", encoding="utf-8") as file:
                json.dump({"trials": rows}, file, indent=1)
            os.replace(given.out + ".partial", given.out)
            outcome = f"{row['validation'][-1:]} {row.get('error', '')}"
            tqdm.write(f"{row['learner']} {row['changes']}: {outcome}")


if __name__ == "__main__":
    main()
