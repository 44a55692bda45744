"""Work for the processes that tests start: light modules only, as each process imports them."""

import os
import signal
import sys
import time
from dataclasses import dataclass

import numpy as np

from dcm.lab.checkpoint import resumable
from dcm.lab.jobs import JobError
from dcm.lab.progress import silent
from dcm.lab.run import Run, Variant
from dcm.lab.store import Result, plain


@dataclass(frozen=True)
class Config:
    """A random walk of ``steps``, with a pause in each."""

    steps: int = 5
    pause: float = 0.0


def walk(config, rng, progress=silent, checkpoint=None) -> Result:
    """An experiment: one normal number per step."""

    def step(i, state):
        time.sleep(config.pause)
        return {"rng": state["rng"], "walk": np.append(state["walk"], state["rng"].normal())}

    start = {"rng": rng, "walk": np.zeros(0)}
    state = resumable(step, start, config.steps, checkpoint, progress, "walk")
    return Result({"config": plain(config)}, {"walk": state["walk"]})


def walking(seed, config=Config(), name="a/walk") -> Run:
    return Run(Variant(name, walk, config), seed)


def fail(progress):
    print("before the error")
    raise ValueError("two\nlines")


def fail_in_a_line(progress):
    raise JobError("cell 7: ValueError: wrong")


def be_killed(progress):
    os.kill(os.getpid(), signal.SIGKILL)


def end(progress):
    sys.exit(3)


def print_something(progress):
    print("one line")
    print("a warning", file=sys.stderr)
    os.system("echo from a child")


def refuse_to_end(progress):
    progress.tell(0.0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(60)
