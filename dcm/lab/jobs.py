"""Paper-scale runs: which are missing from ``results/``, and computing them, several processes at a time.

Each run is one process on one core; results do not depend on how many run side by side.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty

import numpy as np

from dcm.lab.checkpoint import Checkpoint
from dcm.lab.paths import repository
from dcm.lab.provenance import provenance
from dcm.lab.store import ResultError, plain, read, write


def execute(
    runs: list[Run], n_parallel: int, report=lambda run, error: None, tick=lambda fraction: None
) -> None:
    """Compute ``runs``, longest first, ``n_parallel`` processes at a time.

    ``report(run, error)`` after each (error is None or a line of text); ``tick(fractions)`` about twice a second with
    the share done of each run. On Ctrl-C every process keeps its checkpoint, and ``KeyboardInterrupt`` goes on.
    """
    context = multiprocessing.get_context("spawn")
    channel, waiting = context.Queue(), sorted(range(len(runs)), key=lambda i: -runs[i].seconds)
    running, share = {}, [0.0] * len(runs)
    try:
        while waiting or running:
            while waiting and len(running) < n_parallel:
                i = waiting.pop(0)
                running[i] = context.Process(target=_work, args=(runs[i], i, channel))
                running[i].start()
            for i, fraction, error in _messages(channel):
                share[i] = max(share[i], fraction)
                if fraction >= 1 or error:
                    running.pop(i).join()
                    report(runs[i], error)
            for i in [
                i for i, process in running.items() if process.exitcode
            ]:  # killed, out of memory
                report(
                    runs[i],
                    f"its process ended with code {running.pop(i).exitcode}; run again to go on",
                )
            tick(share)
    finally:
        for process in running.values():
            if process.is_alive():
                os.kill(process.pid, signal.SIGINT)
        for process in running.values():
            process.join()


def _messages(channel):
    """What the processes have said by now, waiting at most half a second for the first."""
    try:
        yield channel.get(timeout=0.5)
        while True:
            yield channel.get_nowait()
    except Empty:
        return


def _work(run: Run, number: int, channel) -> None:
    """In a process of its own: compute, write the result, remove the checkpoint."""
    for name in (
        signal.SIGINT,
        signal.SIGTERM,
    ):  # a shell starts background jobs with SIGINT ignored
        signal.signal(name, signal.default_int_handler)
    told = [0.0]

    def progress(iterable, desc="", total=None, initial=0, **options):
        total = total or len(iterable)
        for i, item in enumerate(iterable, initial):
            yield item
            if time.monotonic() - told[0] > 0.5:
                channel.put((number, min(0.999, (i + 1) / total), None))
                told[0] = time.monotonic()

    checkpoint, began, cpu = checkpoint_of(run), time.perf_counter(), time.process_time()
    try:
        arrays = run.compute(run.config, np.random.default_rng(run.seed), progress, checkpoint)
        times = {
            "wall_s": round(time.perf_counter() - began, 1),
            "cpu_s": round(time.process_time() - cpu, 1),
        }
        write(run.path(), {**run.about, **provenance(), **times}, arrays)
        checkpoint.remove()
        channel.put((number, 1.0, None))
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except Exception as error:  # whatever went wrong in one run, the others go on
        channel.put((number, 0.0, f"{type(error).__name__}: {error}"))
