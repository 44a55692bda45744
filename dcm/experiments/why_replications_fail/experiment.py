"""Notebook 06: ten mistakes in Eqs. 1-9 and their use, each beside the correct run."""

from dataclasses import dataclass

import numpy as np

from dcm import Conductances, LearningRates
from dcm.experiments.config import check, check_run
from dcm.experiments.teacher_regression.experiment import Config as Regression
from dcm.experiments.why_replications_fail import at_rest, in_time
from dcm.experiments.why_replications_fail.associations import Outcome
from dcm.lab.progress import one_thread, silent

MISTAKES = {
    "apical load at the output": at_rest.output_attenuation,
    "g_D / g_lk + g_D": at_rest.forgotten_brackets,
    "w_ip copied from w_up": at_rest.copied_weights,
    "soma compared with v_B": at_rest.bare_basal,
    "rate over τ_w, no low-pass": in_time.no_low_pass,
    "10⁴ patterns": in_time.short_run,
    "a loop that never runs": at_rest.empty_loop,
    "σ dt": in_time.weak_noise,
    "another net's backprop": at_rest.backprop_ruler,
    "learning while settling": in_time.settling,
}


@dataclass(frozen=True)
class Config:
    """Numbers of the demonstrations, [chosen] unless marked [SM*]: believed the supplement's."""

    sizes: tuple[int, ...] = (20, 15, 5)
    deep: tuple[int, ...] = (20, 30, 10, 5)
    conductances: Conductances = Conductances()  # [SM*]
    mixing: float = 0.3  # λ_hid of the two-pass net; there λ_out = λ_I = .1 [SM*]
    n_associations: int = 12
    low: float = 0.1  # target rates are uniform on [low, high]
    high: float = 0.9
    sweeps: int = 1500  # presentations of all associations together, updates averaged
    rates: LearningRates = LearningRates(0.004, 0.004, 0.002)
    # larger below, as errors lose one factor λ per layer going down
    deep_rates: LearningRates = LearningRates((0.016, 0.008, 0.003), (0.016, 0.006), 0.002)
    lateral_rates: LearningRates = LearningRates(ip=0.0025, pi=0.0025)
    two_pass_rates: LearningRates = LearningRates(up=0.008, ip=0.016)
    epochs: int = 30  # presentations of all associations one after the other, in continuous time
    noise: float = 0.3  # σ [SM*]
    time_steps: tuple[float, ...] = (0.5, 0.2, 0.1, 0.05)  # ms
    lambdas: tuple[float, ...] = (0.4, 0.2, 0.1, 0.05, 0.02, 0.01)
    n_circuits: int = 10  # whose angles to backprop are measured
    n_changes: int = 150  # changes of pattern, for the bias of settling
    tau_inputs: tuple[float, ...] = (0.0, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0)  # ms
    short: int = 10_000  # patterns of the run that is cut short
    regression: Regression = Regression(n_patterns=1_000_000, n_test=500)

    def __post_init__(self):
        check(self)

    @classmethod
    def quick(cls):
        """10⁶ patterns of the regression: about 25 s in all."""
        return cls()

    @classmethod
    def paper(cls):
        """10⁷ patterns of the regression [paper], and more of everything that is averaged."""
        return cls(regression=Regression(n_test=500), n_circuits=40, n_changes=1000)


@one_thread
def run(config: Config, rng: np.random.Generator, progress=silent) -> dict[str, Outcome]:
    """Every mistake of ``MISTAKES`` beside its correct run, each with its own random numbers."""
    check_run(config, Config, rng)
    streams = zip(progress(MISTAKES, desc="mistakes"), rng.spawn(len(MISTAKES)), strict=True)
    return {name: MISTAKES[name](config, stream) for name, stream in streams}
