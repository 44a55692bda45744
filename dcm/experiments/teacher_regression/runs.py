"""Runs of notebook 03 at the paper's scale: both learners, and what was varied."""

from dataclasses import replace

from dcm.experiments.teacher_regression import experiment, in_continuous_time
from dcm.lab.run import Variant

PAPER = experiment.Config.paper()
HALF = replace(PAPER, n_patterns=5_000_000)  # enough to see whether learning works [chosen]
CONTINUOUS_TIME = in_continuous_time.Config()


def steady(name: str, config, seconds: float, most_seeds=None) -> Variant:
    """A variant that learns at the steady state."""
    return Variant(f"teacher_regression/{name}", experiment.run, config, seconds, most_seeds)


def timed(name: str, config, seconds: float, most_seeds=None) -> Variant:
    """A variant that goes on in continuous time."""
    run = in_continuous_time.run
    return Variant(f"teacher_regression/{name}", run, config, seconds, most_seeds)


def with_feedback(config, g: float):
    """The same with g_A = g_som = ``g``."""
    return replace(config, conductances=replace(config.conductances, apical=g, somatic=g))


def with_rates(config, factor: float):
    """The same with all rates times ``factor``."""
    up = tuple(factor * eta for eta in config.eta_up)
    return replace(config, eta_up=up, eta_ip=factor * config.eta_ip, eta_pi=factor * config.eta_pi)


FULL = steady("full", PAPER, 60)
SHALLOW = steady("shallow", replace(PAPER, learner="shallow"), 50)
CONTINUOUS = timed("continuous", CONTINUOUS_TIME, 900)

# For F2a: do these bring the angle closer to 45°?
WEAK_FEEDBACK = steady("weak-feedback", with_feedback(PAPER, 0.2), 60, 3)
SMALL_START = steady("small-start", replace(PAPER, scale_up=0.1), 60, 3)
LONG = steady("long", replace(PAPER, n_patterns=40_000_000), 240, 2)

# For F2n: strengths of feedback by g_A = g_som, and noise by σ; .3 is the first part of CONTINUOUS.
FEEDBACK = {g: steady(f"feedback-{g:g}", with_feedback(HALF, g), 30, 3) for g in (0.2, 0.8, 2.0)}
SHORT = replace(CONTINUOUS_TIME, n_patterns=200_000)
NOISE = {
    sigma: timed(f"noise-{sigma:g}", replace(SHORT, noise=sigma), 400, 1) for sigma in (0.0, 0.6)
}

# For F2r: all rates times a factor, and η_ip alone (times 1 it is the same as all).
ALL_RATES = {f: steady(f"rates-x{f:g}", with_rates(HALF, f), 30, 2) for f in (0.5, 1.0, 2.0)}
INTER_RATE = {
    f: steady(f"inter-rate-x{f:g}", replace(HALF, eta_ip=f * HALF.eta_ip), 30, 2)
    for f in (0.5, 2.0)
}

RUNS = (FULL, SHALLOW, CONTINUOUS, WEAK_FEEDBACK, SMALL_START, LONG, *FEEDBACK.values())
RUNS += (*NOISE.values(), *ALL_RATES.values(), *INTER_RATE.values())
