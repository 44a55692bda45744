"""Runs of notebook 03 at the paper's scale: both learners, and what was varied."""

from dataclasses import replace

from dcm.experiments.teacher_regression import experiment, in_continuous_time
from dcm.lab.run import Variant

PAPER = experiment.Config.paper()
HALF = replace(PAPER, n_patterns=5_000_000)  # enough to see whether learning works [chosen]
CONTINUOUS_TIME = in_continuous_time.Config()


def variant(name: str, config, seconds: float, most_seeds=None, run=experiment.run) -> Variant:
    """A variant that learns at the steady state, or by another ``run``."""
    return Variant(f"teacher_regression/{name}", run, config, seconds, most_seeds)


def with_feedback(config, g: float):
    """The same with g_A = g_som = ``g``."""
    return replace(config, conductances=replace(config.conductances, apical=g, somatic=g))


def with_rates(config, factor: float):
    """The same with all rates times ``factor``."""
    up = tuple(factor * eta for eta in config.eta_up)
    return replace(config, eta_up=up, eta_ip=factor * config.eta_ip, eta_pi=factor * config.eta_pi)


FULL = variant("full", PAPER, 60)
SHALLOW = variant("shallow", replace(PAPER, learner="shallow"), 50)
CONTINUOUS = variant("continuous", CONTINUOUS_TIME, 900, run=in_continuous_time.run)

# For F2a: do these bring the angle closer to 45°?
WEAK_FEEDBACK = variant("weak-feedback", with_feedback(PAPER, 0.2), 60, 3)
SMALL_START = variant("small-start", replace(PAPER, scale_up=0.1), 60, 3)
LONG = variant("long", replace(PAPER, n_patterns=40_000_000), 240, 2)

# For F2n: strengths of feedback by g_A = g_som, and noise by σ; .3 is the first part of CONTINUOUS.
FEEDBACK = {g: variant(f"feedback-{g:g}", with_feedback(HALF, g), 30, 3) for g in (0.2, 0.8, 2.0)}
SHORT = replace(CONTINUOUS_TIME, n_patterns=200_000)
NOISE = {
    sigma: variant(f"noise-{sigma:g}", replace(SHORT, noise=sigma), 400, 1, in_continuous_time.run)
    for sigma in (0.0, 0.6)
}

# For F2r: all rates times a factor, and η_ip alone (times 1 it is the same as all).
ALL_RATES = {f: variant(f"rates-x{f:g}", with_rates(HALF, f), 30, 2) for f in (0.5, 1.0, 2.0)}
INTER_RATE = {
    f: variant(f"inter-rate-x{f:g}", replace(HALF, eta_ip=f * HALF.eta_ip), 30, 2)
    for f in (0.5, 2.0)
}

FOR_ANGLE = (WEAK_FEEDBACK, SMALL_START, LONG, CONTINUOUS, *ALL_RATES.values())
RUNS = (FULL, SHALLOW, CONTINUOUS, WEAK_FEEDBACK, SMALL_START, LONG, *FEEDBACK.values())
RUNS += (*NOISE.values(), *ALL_RATES.values(), *INTER_RATE.values())
