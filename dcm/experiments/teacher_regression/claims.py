"""Claims on learning the teacher (Figs. 2, S1): lists of results in, a ``Verdict`` out.

Thresholds were set before the runs, unless marked [chosen].
"""

import numpy as np

from dcm.experiments.teacher_regression import runs
from dcm.experiments.teacher_regression.in_continuous_time import steady_error
from dcm.lab.verdict import Claim, Verdict, column, last, paired, spread


def percent_left(results) -> np.ndarray:
    """The error at the end in percent of that at the start, (n_seeds,)."""
    return column(results, lambda result: 100 * result["error"][-1] / result["error"][0])


def worst_seed(columns) -> np.ndarray:
    """The largest of several columns for each of the seeds that all of them have."""
    return np.array([max(values) for values in zip(*columns, strict=False)])


def beats_shallow(full, shallow) -> Verdict:
    """F2c: shallow error over full error at the end."""
    ratio = np.array([b["error"][-1] / a["error"][-1] for a, b in paired(full, shallow)])
    left = percent_left(full)
    detail = f"full {spread(last(full, 'error'))}, shallow {spread(last(shallow, 'error'))}; "
    detail += f"full learner at {spread(left)} % of its start"
    holds = np.median(ratio) >= 3 and np.median(left) < 25
    return Verdict(ratio, holds, detail, partly=np.median(ratio) > 1.2)


def emergence(full) -> Verdict:
    """F2s: distances of w_ip and w_pi to the self-predicting ones at the end."""
    ip = last(full, "distance_ip")
    pi = last(full, "distance_pi")
    start = np.median(column(full, lambda result: result["distance_pi"][0]))
    worst = np.maximum(ip, pi)
    detail = f"w_ip {spread(ip)}, w_pi {spread(pi)} (w_pi starts at {start:.2g})"
    return Verdict(worst, np.median(worst) < 0.15, detail, partly=np.median(worst) < 0.5)


def alignment(full, weak, small, long, continuous, *shown) -> Verdict:
    """F2a: angle between w_upᵀ and w_down at the end; ``shown`` are those of ``runs.ALL_RATES``."""
    end = last(full, "angle_weights")
    start = column(full, lambda result: result["angle_weights"][0])
    errors = spread(last(full, "angle_errors"))
    parts = [f"from {np.median(start):.0f}°; between the error vectors {errors}°"]
    names = ("g_A = g_som = .2", "up weights from U(-.1, .1)", "4·10⁷ patterns")
    for name, results in zip(names, (weak, small, long), strict=True):
        if results:
            weights = spread(last(results, "angle_weights"))
            parts.append(f"{name}: {weights}° (errors {spread(last(results, 'angle_errors'))}°)")
    if continuous:
        parts.append(_turned_in_continuous_time(continuous, full))
    if shown and all(shown):
        # At the steady state an update is η times the presentation time.
        times = ", ".join(f"{100 * factor:g}" for factor in runs.ALL_RATES)
        angles = ", ".join(spread(last(results, "angle_weights")) for results in shown)
        parts.append(f"shown for {times} ms (or all rates × as much), 5·10⁶ patterns: {angles}°")
    holds = abs(np.median(end) - 45) <= 10
    return Verdict(end, holds, "; ".join(parts), partly=np.median(start - end) > 10)


def _turned_in_continuous_time(continuous, full) -> str:
    """How far the up weights turn over the same patterns at the steady state and in time."""
    ends = continuous[0]["patterns"][[0, -1]]

    def turned(result):
        return np.diff(np.interp(ends, result["patterns"], result["angle_weights"]))[0]

    steady = spread(column(full, turned))
    timed = spread(column(continuous, turned))
    words = f"from {ends[0] / 1e6:g}·10⁶ to {ends[1] / 1e6:g}·10⁶ patterns it turns by "
    return words + f"{steady}° at the steady state, {timed}° in continuous time"


def strengths(*per_strength) -> Verdict:
    """F2n (a): error left with weak, usual and strong feedback."""
    left = [percent_left(results) for results in per_strength]
    worst = worst_seed(left)
    pairs = zip(runs.FEEDBACK, left, strict=True)
    detail = "; ".join(f"g = {g:g}: {spread(values)} %" for g, values in pairs)
    return Verdict(worst, np.median(worst) < 90, detail, partly=np.min(worst) < 90)


def noise(quiet, usual, loud) -> Verdict:
    """F2n (b): change of the first seed's error over the patterns that the shortest run has."""
    n = len(quiet[0]["error"])
    errors = {"0": quiet[0]["error"], ".3": usual[0]["error"], ".6": loud[0]["error"]}
    changes = {sigma: 100 * (error[n - 1] / error[0] - 1) for sigma, error in errors.items()}
    worst = max(changes.values())
    words = [f"σ = {sigma}: {change:+.1f} %" for sigma, change in changes.items()]
    return Verdict(np.array([worst]), worst < 0, "; ".join(words))


def rates(*per_case) -> Verdict:
    """F2r: error left with all rates, and with the interneurons' alone, times a factor."""
    names = [f"all × {factor:g}" for factor in runs.ALL_RATES]
    names += [f"η_ip × {factor:g}" for factor in runs.INTER_RATE]
    left = dict(zip(names, map(percent_left, per_case), strict=True))
    detail = "; ".join(f"{name}: {spread(values)} %" for name, values in left.items())
    del left[f"all × {max(runs.ALL_RATES):g}"]  # the largest rates may fail
    worst = worst_seed(left.values())
    return Verdict(worst, np.median(worst) < 90, detail)


def transients(continuous, full, quiet) -> Verdict:
    """F2t: largest difference of the error curves in continuous time and at the steady state."""
    gaps = []
    falls = []
    for timed, steady_run in paired(continuous, full):
        steady = steady_error(timed, steady_run)
        gaps.append(100 * np.max(np.abs(timed["error"] / steady - 1)))
        falls += [timed["error"][-1] < timed["error"][0], steady[-1] < steady[0]]
    ahead = spread(_percent_ahead(continuous, full))
    words = f"continuous time ends {ahead} % below the steady state"
    if quiet:
        behind = spread(-_percent_ahead(quiet, full))
        words += f" with noise .3, {behind} % above it without noise (fewer patterns)"
    # Noise-free updates, over a whole presentation and in its last 50 ms: (n_seeds, 6, 4)
    deviations = np.array([100 * result["probe_deviation"][0] for result in continuous])
    up_0, up_1, ip, pi = (spread(values) for values in deviations[:, -1].T)
    words += f"; transients change the update of w_up[0] by {up_0} % "
    words += f"(w_up[1] {up_1}, w_ip {ip}, w_pi {pi} %); "
    words += f"the last 50 ms alone differ by {spread(deviations[:, -2, 0])} %"
    return Verdict(np.array(gaps), np.median(gaps) <= 5 and all(falls), words, partly=all(falls))


def _percent_ahead(results, full) -> np.ndarray:
    """By how many percent each run ends below the steady-state curve of its seed."""
    pairs = paired(results, full)
    return np.array([100 * (1 - a["error"][-1] / steady_error(a, b)[-1]) for a, b in pairs])


CLAIMS = (
    Claim(
        "F2c",
        "The circuit beats the shallow learner after 10⁷ trials (2C)",
        "well below the shallow curve",
        "shallow over full squared error",
        "shallow error at least 3 times the full one's at the end; "
        "the full learner below a quarter of its start.",
        beats_shallow,
        (runs.FULL, runs.SHALLOW),
    ),
    Claim(
        "F2s",
        "The self-predicting state emerges during regression (S1)",
        "weights approach it",
        "relative distance of lateral weights, larger of both",
        "the distances of w_ip and w_pi to the self-predicting ones end below .15.",
        emergence,
        (runs.FULL,),
    ),
    Claim(
        "F2a",
        "Up weights align with the fixed top-down weights (S1)",
        "about 45°",
        "angle between W_21ᵀ and W_12 after 10⁷ patterns, degrees",
        "the angle between w_upᵀ and w_down; «about 45°» counts as within 10° of it [chosen].",
        alignment,
        (runs.FULL,),
        runs.FOR_ANGLE,
    ),
    Claim(
        "F2n a",
        "Works with weak and strong feedback (2)",
        "—",
        "error left after 5·10⁶ patterns, worst strength, %",
        "with weak, usual and strong feedback the error ends below 90 % of its start [chosen].",
        strengths,
        tuple(runs.FEEDBACK.values()),
    ),
    Claim(
        "F2n b",
        "Works with injected noise (2)",
        "—",
        "change of the error in 2·10⁵ patterns, worst of σ = 0, .3, .6, %",
        "in continuous time the error goes on falling with σ = 0, .3 and .6.",
        noise,
        (runs.NOISE[0.0], runs.CONTINUOUS, runs.NOISE[0.6]),
    ),
    Claim(
        "F2r",
        "Not highly sensitive to learning rates (2)",
        "—",
        "error left after 5·10⁶ patterns, worst but for doubled rates, %",
        "the error ends below 90 % of its start [chosen] at all rates but, at most, the largest.",
        rates,
        (*runs.ALL_RATES.values(), *runs.INTER_RATE.values()),
    ),
    Claim(
        "F2t",
        "Continuous time learns as the steady state does",
        "—",
        "largest difference of the error curves, %",
        "error curves in continuous time and at the steady state within 5 % of each other, "
        "both falling.",
        transients,
        (runs.CONTINUOUS, runs.FULL),
        (runs.NOISE[0.0],),
    ),
)
