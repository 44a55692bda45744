"""Claims on learning the teacher (Figs. 2, S1): lists of results in, a ``Verdict`` out.

Thresholds were set before the runs, unless marked [chosen]. Where a claim has several parts,
``values`` holds the leading number of each seed, ``holds`` judges all parts, and ``detail`` reports
the others.
"""

from __future__ import annotations

import numpy as np

from dcm.experiments.teacher_regression.in_continuous_time import steady_error
from dcm.experiments.teacher_regression.runs import (
    ALL_RATES,
    CONTINUOUS,
    FEEDBACK,
    FULL,
    INTER_RATE,
    LONG,
    NOISE,
    SHALLOW,
    SMALL_START,
    WEAK_FEEDBACK,
)
from dcm.lab.verdict import Claim, Verdict, column, last, paired, spread


def percent_left(runs) -> np.ndarray:
    """The error at the end in percent of that at the start, (n_seeds,)."""
    return column(runs, lambda run: 100 * run["error"][-1] / run["error"][0])


def worst_seed(columns) -> np.ndarray:
    """The largest of several columns for each of the seeds that all of them have."""
    n_seeds = min(len(values) for values in columns)
    return np.max([values[:n_seeds] for values in columns], axis=0)


def beats_shallow(full, shallow) -> Verdict:
    """F2c: shallow error over full error at the end."""
    pairs = paired(full, shallow)
    ratio = np.array([other["error"][-1] / run["error"][-1] for run, other in pairs])
    left = column(full, lambda run: run["error"][-1] / run["error"][0])
    detail = (
        f"full {spread(last(full, 'error'))}, shallow {spread(last(shallow, 'error'))}; "
        f"full learner at {spread(100 * left)} % of its start"
    )
    holds = np.median(ratio) >= 3 and np.median(left) < 0.25
    return Verdict(ratio, holds, detail, partly=np.median(ratio) > 1.2)


def emergence(full) -> Verdict:
    """F2s: distances of w_ip and w_pi to the self-predicting ones at the end."""
    ip = last(full, "distance_ip")
    pi = last(full, "distance_pi")
    start = column(full, lambda run: run["distance_pi"][0])
    worst = np.maximum(ip, pi)
    detail = f"w_ip {spread(ip)}, w_pi {spread(pi)} (w_pi starts at {np.median(start):.2g})"
    return Verdict(worst, np.median(worst) < 0.15, detail, partly=np.median(worst) < 0.5)


def alignment(full, weak, small, long, continuous, *shown) -> Verdict:
    """F2a: angle between w_upᵀ and w_down at the end; ``shown`` are the runs of ``ALL_RATES``."""
    end = last(full, "angle_weights")
    start = column(full, lambda run: run["angle_weights"][0])
    errors = last(full, "angle_errors")
    parts = [f"from {np.median(start):.0f}°; between the error vectors {spread(errors)}°"]
    if weak:
        parts.append(f"g_A = g_som = .2: {_both_angles(weak)}")
    if small:
        parts.append(f"up weights from U(-.1, .1): {_both_angles(small)}")
    if long:
        parts.append(f"4·10⁷ patterns: {_both_angles(long)}")
    if continuous:
        parts.append(_turned_in_continuous_time(continuous, full))
    if shown and all(shown):
        parts.append(_shown_for_longer(shown))
    holds = abs(np.median(end) - 45) <= 10
    return Verdict(end, holds, "; ".join(parts), partly=np.median(start - end) > 10)


def _both_angles(runs) -> str:
    weights = last(runs, "angle_weights")
    errors = last(runs, "angle_errors")
    return f"{spread(weights)}° (errors {spread(errors)}°)"


def _turned_in_continuous_time(continuous, full) -> str:
    """How far the up weights turn over the same patterns at the steady state and in time."""
    ends = continuous[0]["patterns"][[0, -1]]

    def turned(run):
        angles = np.interp(ends, run["patterns"], run["angle_weights"])
        return angles[1] - angles[0]

    steady = spread(column(full, turned))
    timed = spread(column(continuous, turned))
    return (
        f"from {ends[0] / 1e6:g}·10⁶ to {ends[1] / 1e6:g}·10⁶ patterns it turns by "
        f"{steady}° at the steady state, {timed}° in continuous time"
    )


def _shown_for_longer(per_factor) -> str:
    """The angle at all rates × a factor: steady-state updates are η times the presentation time."""
    factors = list(ALL_RATES)[: len(per_factor)]
    times = ", ".join(f"{100 * factor:g}" for factor in factors)
    angles = ", ".join(spread(last(runs, "angle_weights")) for runs in per_factor)
    return f"shown for {times} ms (or all rates × as much), 5·10⁶ patterns: {angles}°"


def strengths(*per_strength) -> Verdict:
    """F2n (a): error left with weak, usual and strong feedback."""
    left = [percent_left(runs) for runs in per_strength]
    worst = worst_seed(left)
    pairs = zip(FEEDBACK, left, strict=True)
    detail = "; ".join(f"g = {g:g}: {spread(values)} %" for g, values in pairs)
    return Verdict(worst, np.median(worst) < 90, detail, partly=np.min(worst) < 90)


def noise(quiet, usual, loud) -> Verdict:
    """F2n (b): change of the first seed's error over the patterns that the shortest run has."""
    n = len(quiet[0]["error"])
    changes = []
    words = []
    for sigma, runs in (("0", quiet), (".3", usual), (".6", loud)):
        error = runs[0]["error"]
        change = 100 * (error[n - 1] / error[0] - 1)
        changes.append(change)
        words.append(f"σ = {sigma}: {change:+.1f} %")
    return Verdict(np.array([max(changes)]), max(changes) < 0, "; ".join(words))


def rates(*per_case) -> Verdict:
    """F2r: error left with all rates, and with the interneurons' alone, times a factor."""
    names = [f"all × {factor:g}" for factor in ALL_RATES]
    names += [f"η_ip × {factor:g}" for factor in INTER_RATE]
    left = [percent_left(runs) for runs in per_case]
    detail = "; ".join(f"{n}: {spread(values)} %" for n, values in zip(names, left, strict=True))
    largest = list(ALL_RATES).index(max(ALL_RATES))
    worst = worst_seed([values for i, values in enumerate(left) if i != largest])
    return Verdict(worst, np.median(worst) < 90, detail)


def transients(continuous, full, quiet) -> Verdict:
    """F2t: largest difference of the error curves in continuous time and at the steady state."""
    gaps = []
    falls = []
    for run, steady_run in paired(continuous, full):
        steady = steady_error(run, steady_run)
        gaps.append(100 * np.max(np.abs(run["error"] / steady - 1)))
        falls.append(run["error"][-1] < run["error"][0])
        falls.append(steady[-1] < steady[0])
    ahead = spread(_percent_ahead(continuous, full))
    words = f"continuous time ends {ahead} % below the steady state"
    if quiet:
        behind = spread(-_percent_ahead(quiet, full))
        words += f" with noise .3, {behind} % above it without noise (fewer patterns)"
    holds = np.median(gaps) <= 5 and all(falls)
    return Verdict(np.array(gaps), holds, f"{words}; {_deviations(continuous)}", partly=all(falls))


def _percent_ahead(runs, full) -> np.ndarray:
    """By how many percent each run ends below the steady-state curve of its seed."""
    ends = [run["error"][-1] / steady_error(run, steady)[-1] for run, steady in paired(runs, full)]
    return np.array([100 * (1 - end) for end in ends])


def _deviations(continuous) -> str:
    """How transients change the noise-free updates, over a presentation and in its last 50 ms."""
    quiet = np.array([100 * run["probe_deviation"][0] for run in continuous])  # (n_seeds, 6, 4)
    up_0, up_1, ip, pi = (spread(values) for values in quiet[:, -1].T)
    return (
        f"transients change the update of w_up[0] by {up_0} % "
        f"(w_up[1] {up_1}, w_ip {ip}, w_pi {pi} %); "
        f"the last 50 ms alone differ by {spread(quiet[:, -2, 0])} %"
    )


CLAIMS = (
    Claim(
        "F2c",
        "The circuit beats the shallow learner after 10⁷ trials (2C)",
        "well below the shallow curve",
        "shallow over full squared error",
        "shallow error at least 3 times the full one's at the end; "
        "the full learner below a quarter of its start.",
        beats_shallow,
        (FULL, SHALLOW),
    ),
    Claim(
        "F2s",
        "The self-predicting state emerges during regression (S1)",
        "weights approach it",
        "relative distance of lateral weights, larger of both",
        "the distances of w_ip and w_pi to the self-predicting ones end below .15.",
        emergence,
        (FULL,),
    ),
    Claim(
        "F2a",
        "Up weights align with the fixed top-down weights (S1)",
        "about 45°",
        "angle between W_21ᵀ and W_12 after 10⁷ patterns, degrees",
        "the angle between w_upᵀ and w_down; «about 45°» counts as within 10° of it [chosen].",
        alignment,
        (FULL,),
        (WEAK_FEEDBACK, SMALL_START, LONG, CONTINUOUS, *ALL_RATES.values()),
    ),
    Claim(
        "F2n a",
        "Works with weak and strong feedback (2)",
        "—",
        "error left after 5·10⁶ patterns, worst strength, %",
        "with weak, usual and strong feedback the error ends below 90 % of its start [chosen].",
        strengths,
        tuple(FEEDBACK.values()),
    ),
    Claim(
        "F2n b",
        "Works with injected noise (2)",
        "—",
        "change of the error in 2·10⁵ patterns, worst of σ = 0, .3, .6, %",
        "in continuous time the error goes on falling with σ = 0, .3 and .6.",
        noise,
        (NOISE[0.0], CONTINUOUS, NOISE[0.6]),
    ),
    Claim(
        "F2r",
        "Not highly sensitive to learning rates (2)",
        "—",
        "error left after 5·10⁶ patterns, worst but for doubled rates, %",
        "the error ends below 90 % of its start [chosen] at all rates but, at most, the largest.",
        rates,
        (*ALL_RATES.values(), *INTER_RATE.values()),
    ),
    Claim(
        "F2t",
        "Continuous time learns as the steady state does",
        "—",
        "largest difference of the error curves, %",
        "error curves in continuous time and at the steady state within 5 % of each other, "
        "both falling.",
        transients,
        (CONTINUOUS, FULL),
        (NOISE[0.0],),
    ),
)
