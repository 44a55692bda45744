"""The loops under measurement: each kernel beside its plain twin and, for MNIST, beside PyTorch."""

from dataclasses import dataclass, replace
from importlib.util import find_spec

import numpy as np

from dcm import kernels
from dcm.experiments.mnist import learners
from dcm.experiments.mnist.data import DataUnavailable, Digits, Split, mnist
from dcm.experiments.mnist.experiment import Config
from dcm.kernels import plain
from dcm.model.circuit import Circuit
from dcm.model.plasticity import LearningRates
from dcm.model.transfer import SoftRectifier

KERNEL, PLAIN, TORCH = "kernel", "plain NumPy", "PyTorch"
SIZES = (30, 50, 10)  # Fig. 2's circuit [paper]
RATES = LearningRates((0.0011875, 0.0005), 0.0011875, 0.0059375)  # of Fig. 2 [SM*]
NOISE = 0.3  # [SM*: believed to be the supplement's]
STEPS = 1000  # per pattern: 100 ms at .1 ms [SM*]
# [chosen]; at .1, training itself amplifies rounding errors to order 1 within 3000 images.
BACKPROP_RATE = 0.03


@dataclass(frozen=True)
class Loop:
    """One loop and the ways of running it."""

    name: str
    units: str  # what is counted
    runners: dict[str, tuple]  # per way: call(n, dtype) -> arrays learned; n of one repetition
    start: list  # the arrays before learning
    dtypes: tuple = (np.float64,)  # in which kernel and twin are compared; the first is timed


@dataclass(frozen=True)
class Counts:
    """How much of each loop one repetition runs, chosen for some tenths of a second."""

    patterns: int = 40_000
    plain_patterns: int = 500
    noisy_patterns: int = 100  # of STEPS steps
    images: int = 10_000
    plain_images: int = 2_000
    compared: int = 10_000  # units after which the kernel is compared with its twin


TINY = Counts(20, 10, 1, 50, 20, 50)  # seconds in all; the rates mean nothing


def every_loop(counts: Counts, rng) -> tuple[str, list[Loop]]:
    """(data that stand for MNIST, the loops); PyTorch is left out where it is not installed."""
    circuit = Circuit.random(SIZES, rng, transfer=SoftRectifier())
    data = digits(max(counts.images, counts.compared), rng)
    loops = [steady(circuit, counts, rng), continuous(circuit, counts, rng)]
    return data.name, loops + mnist_loops(data, counts, rng)


def steady(circuit, counts: Counts, rng) -> Loop:
    """One steady state per pattern."""
    inputs, targets = random_patterns(max(counts.patterns, counts.compared), rng)

    def by(learn):
        return lambda n, dtype: weights(learn(circuit, inputs[:n], targets[:n], RATES)[0])

    runners = {KERNEL: (by(kernels.learn), counts.patterns)}
    runners[PLAIN] = (by(plain.learn), counts.plain_patterns)
    return Loop("steady state", "patterns", runners, weights(circuit))


def continuous(circuit, counts: Counts, rng) -> Loop:
    """Euler steps with noise and all filters; the same noise for both."""
    inputs, targets = random_patterns(max(counts.noisy_patterns, 1 + counts.compared // STEPS), rng)

    def by(integrate):
        def call(n, dtype):
            shown = -(-n // STEPS)
            options = {"rates": RATES, "noise": NOISE, "duration": 0.1 * n / shown}
            options["rng"] = np.random.default_rng(0)
            end = integrate(circuit, inputs[:shown], targets[:shown], **options)
            return [*weights(end.circuit), *end.state.u_p, *end.state.u_i]

        return call

    runners = {KERNEL: (by(kernels.integrate), STEPS * counts.noisy_patterns)}
    runners[PLAIN] = (by(plain.integrate), STEPS)
    somata = [np.zeros(n) for n in (*SIZES[1:], *SIZES[2:])]
    return Loop("continuous time", "steps", runners, [*weights(circuit), *somata])


def mnist_loops(data: Digits, counts: Counts, rng) -> list[Loop]:
    """Two-pass learning and backprop of 784-500-500-10, batches of 10, in single precision."""
    config = Config.quick()
    images = data.train.images
    targets = learners.target_potentials(config, data.train.labels)
    start = learners.initial_circuit(config, data, rng)
    net = learners.initial_net(replace(config, learner="backprop"), data, rng)
    rates = learners.learning_rates(config, 0)
    order = rng.permutation(len(images))

    def two_pass_by(learn):
        options = {"inputs": images, "u_targets": targets, "rates": rates}
        return lambda n, dtype: weights(learn(start.astype(dtype), order=order[:n], **options))

    def backprop_by(learn):
        def call(n, dtype):
            w = [x.astype(dtype) for x in net.w_up]
            b = [x.astype(dtype) for x in net.b_up]
            learn(w, b, images, targets, BACKPROP_RATE, order=order[:n])
            return [*w, *b]

        return call

    modules = {KERNEL: (kernels, counts.images), PLAIN: (plain, counts.plain_images)}
    if find_spec("torch"):
        from dcm.commands.bench import torch_mnist

        modules[TORCH] = (torch_mnist, counts.images)
    two_pass = {by: (two_pass_by(m.learn_two_pass), n) for by, (m, n) in modules.items()}
    backprop = {by: (backprop_by(m.learn_backprop), n) for by, (m, n) in modules.items()}
    precisions = (np.float32, np.float64)
    return [
        Loop("MNIST two-pass", "images", two_pass, weights(start), precisions),
        Loop("MNIST backprop", "images", backprop, [*net.w_up, *net.b_up], precisions),
    ]


def digits(n: int, rng) -> Digits:
    """MNIST where this machine has it, else ``n`` images of noise of its size and sparsity.

    ``DataError`` if ``DCM_DATA`` names a folder that must not be used.
    """
    try:
        return mnist(download=False)
    except DataUnavailable:
        images = rng.random((n, 784), np.float32)
        images[rng.random(images.shape, np.float32) > 0.19] = (
            0  # the share of MNIST's pixels that are not zero
        )
        split = Split(images, rng.integers(0, 10, n))
        return Digits("noise of MNIST's size and sparsity", 28, split, split, split)


def random_patterns(n: int, rng) -> tuple[np.ndarray, np.ndarray]:
    """Input rates and target potentials of ``n`` patterns."""
    return rng.uniform(-1, 1, (n, SIZES[0])), rng.normal(size=(n, SIZES[-1]))


def weights(circuit) -> list[np.ndarray]:
    """All weight arrays of a circuit."""
    return list(circuit.arrays().values())


def deviation(loop: Loop, n: int, dtype) -> float:
    """Largest difference of kernel and twin after ``n`` units, over the change of that array."""
    fast = loop.runners[KERNEL][0](n, dtype)
    slow = loop.runners[PLAIN][0](n, dtype)
    largest = 0.0
    for a, b, before in zip(fast, slow, loop.start, strict=True):
        change = float(np.abs(b - before).max()) or 1e-300  # what rests must not differ at all
        largest = max(largest, float(np.abs(a - b).max()) / change)
    return largest
