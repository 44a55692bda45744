"""The microcircuit: its weights (Eqs. 3-5), and the construction that makes it predict itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from dcm.model import archive, checks
from dcm.model.conductances import Conductances
from dcm.model.transfer import Logistic, SoftRectifier, check_transfer
from dcm.model.updates import Updates, checked_rates

TRANSFERS = {"Logistic": Logistic, "SoftRectifier": SoftRectifier}
# Every weight array, with the entry of ``Updates`` and the kind of learning rate that move it.
LEARNING = {
    "w_up": ("up", "up"),
    "w_down": ("down", "down"),
    "w_ip": ("ip", "ip"),
    "w_pi": ("pi", "pi"),
    "b_up": ("b_up", "up"),
    "b_ip": ("b_ip", "ip"),
}
WEIGHTS = tuple(LEARNING)


@dataclass(frozen=True, eq=False)
class Circuit:
    """A net of layers 0 (input) … N (output); hidden layer h = 0…N-2 is layer h + 1.

    Weights are tuples of arrays (n_post, n_pre), float32 or float64, shared and never modified.

    Parameters
    ----------
    transfer : Logistic or SoftRectifier
        φ of every neuron.
    conductances : Conductances
        Shared by all cells of a kind.
    w_up : tuple of (n_{k+1}, n_k), k = 0…N-1
        W^PP_{k+1,k}: pyramidal cells of layer k to basal dendrites of layer k + 1.
    w_down : tuple of (n_{h+1}, n_{h+2}), h = 0…N-2
        W^PP_{h+1,h+2}: pyramidal cells of the layer above to apical dendrites.
    w_ip : tuple of (n_{h+2}, n_{h+1})
        W^IP: pyramidal cells of hidden layer h to its interneurons, one per cell of layer h + 2.
    w_pi : tuple of (n_{h+1}, n_{h+2})
        W^PI: interneurons of hidden layer h to its apical dendrites.
    b_up, b_ip : tuple of (n_{k+1},) and of (n_{h+2},), optional
        Thresholds: weights of an extra input fixed at 1. Zeros unless given.

    Raises
    ------
    ValueError
        If there are fewer than three layers, or an array has the wrong shape or holds NaN, or
        transfer or conductances are no such thing.
    """

    transfer: Logistic | SoftRectifier
    conductances: Conductances
    w_up: tuple
    w_down: tuple
    w_ip: tuple
    w_pi: tuple
    b_up: tuple | None = None
    b_ip: tuple | None = None

    def __post_init__(self):
        check_transfer(self.transfer)
        checks.instance("conductances", self.conductances, Conductances, "Conductances()")
        w_up = _matrices("w_up", self.w_up)
        object.__setattr__(self, "w_up", w_up)
        n = self.sizes
        for name, shapes in weight_shapes(n).items():
            given = getattr(self, name)
            if given is None and name in ("b_up", "b_ip"):
                given = [np.zeros(shape, w_up[0].dtype) for shape in shapes]
            for i, array in enumerate(arrays := checks.arrays(name, given, shapes)):
                if not checks.finite(array):
                    raise checks.NotFinite(f"{name}[{i}]")
            object.__setattr__(self, name, arrays)

    def __eq__(self, other):
        return checks.same(self, other)

    @classmethod
    def random(
        cls,
        sizes,
        rng,
        *,
        transfer=Logistic(),
        conductances=Conductances(),
        scale_up=1.0,
        scale_down=1.0,
        scale_lateral=1.0,
    ) -> Circuit:
        """A circuit with weights uniform on [-scale, scale], drawn in the order up, down, ip, pi.

        A scale of 1 is [SM*]; ``scale_lateral`` is that of w_ip and w_pi. Thresholds are 0.
        """
        checks.generator("rng", rng)
        shapes = weight_shapes(checks.layer_sizes(sizes))
        lateral = {"w_ip": scale_lateral, "w_pi": scale_lateral}
        scales = {"w_up": scale_up, "w_down": scale_down, **lateral}
        weights = {}
        for name, scale in scales.items():
            scale = checks.non_negative(f"scale of {name}", scale)
            weights[name] = tuple(rng.uniform(-scale, scale, shape) for shape in shapes[name])
        return cls(transfer, conductances, **weights)

    @classmethod
    def from_arrays(cls, transfer, conductances, arrays) -> Circuit:
        """A circuit with the weights in ``arrays``, by the names that ``arrays()`` gives them.

        Other entries are ignored; ``ValueError`` if a weight is missing.
        """
        return cls(transfer, conductances, **_weights_in(arrays))

    @property
    def sizes(self) -> tuple[int, ...]:
        """(n_0, …, n_N)."""
        return (self.w_up[0].shape[1], *(w.shape[0] for w in self.w_up))

    @property
    def attenuations(self) -> tuple[float, ...]:
        """v̂_B / v_B of layers 1…N (Eq. 7): only hidden layers carry the apical load."""
        g = self.conductances
        return (g.attenuation_hidden,) * len(self.w_down) + (g.attenuation_output,)

    def self_predicting(self) -> Circuit:
        """The same circuit with lateral weights that make it predict itself.

        w_pi = -w_down, and w_ip = (g_lk + g_D)/g_D · (v̂_B/v_B of the layer above) · w_up into it,
        b_ip likewise. Without a target, every interneuron then equals its cell of the layer above
        (u_I = u_P) and every apical dendrite is silent (v_A = 0), at any input and depth [derived].
        """
        ratios = [a / self.conductances.attenuation_interneuron for a in self.attenuations[1:]]
        w_pi = tuple(-w for w in self.w_down)
        w_ip = tuple(ratio * w for ratio, w in zip(ratios, self.w_up[1:], strict=True))
        b_ip = tuple(ratio * b for ratio, b in zip(ratios, self.b_up[1:], strict=True))
        return replace(self, w_pi=w_pi, w_ip=w_ip, b_ip=b_ip)

    def with_feedback(self, w_down) -> Circuit:
        """The same circuit with other top-down weights; w_pi does not follow them."""
        return replace(self, w_down=checks.sequence("w_down", w_down))

    def astype(self, dtype) -> Circuit:
        """A copy with all weights as ``dtype``; float32 halves the cost of MNIST runs.

        ``ValueError`` if ``dtype`` is neither float32 nor float64, or a weight does not fit it.
        """
        try:
            wanted = np.dtype(dtype)
        except Exception:  # nearly anything, for what is no dtype
            wanted = None
        if dtype is None or wanted not in (np.float32, np.float64):
            raise ValueError(f"dtype is {checks.shown(dtype)}; give numpy.float32 or numpy.float64")
        with np.errstate(over="ignore"):  # the new circuit refuses what has become infinite
            weights = {name: [w.astype(wanted) for w in getattr(self, name)] for name in WEIGHTS}
            return replace(self, **weights)

    def updated(self, updates, rates) -> Circuit:
        """The circuit after one step of Eqs. 7-10: every weight plus its rate times its update.

        ``rates`` are per presentation (rate · duration). Arrays of rate 0 stay the same objects,
        and so do thresholds unless ``rates.thresholds``.

        Raises
        ------
        ValueError
            If updates or rates do not fit the circuit, or a weight would be NaN or infinite.
        """
        checks.instance("updates", updates, Updates, "Updates, as plasticity(circuit, state)")
        checked_rates(rates)
        with checks.overflow_reported():
            weights = self._moved(updates, rates)
        try:
            return replace(self, **weights)
        except checks.NotFinite as error:
            words = f"{error.name} plus rates times updates is NaN or infinite; lower the rates"
            raise checks.NotFinite(error.name, words) from None

    def _moved(self, updates, rates) -> dict[str, tuple]:
        weights = {}
        for name, (update, kind) in LEARNING.items():
            if name in ("b_up", "b_ip") and not rates.thresholds:
                continue
            old = getattr(self, name)
            eta = rates.per_layer(kind, len(old))
            if not any(eta):
                continue
            step = getattr(updates, update)
            step = checks.arrays(f"updates.{update}", step, [w.shape for w in old])
            new = list(old)
            for i in range(len(old)):
                if eta[i]:
                    # Eqs. 7-10: w + η · bracket · r_pre
                    new[i] = old[i] + eta[i] * step[i]
            weights[name] = tuple(new)
        return weights

    def arrays(self) -> dict[str, np.ndarray]:
        """All weights by flat names, ``w_up_0`` … ``b_ip_0``, as files hold them."""
        flat = {}
        for name in WEIGHTS:
            for i, w in enumerate(getattr(self, name)):
                flat[f"{name}_{i}"] = w
        return flat

    def with_arrays(self, arrays) -> Circuit:
        """The same circuit with the weights of ``arrays``; see ``from_arrays``."""
        return replace(self, **_weights_in(arrays))

    def save(self, path: str | Path) -> None:
        """Write a NumPy .npz file (no pickle); a write that fails leaves the old file intact."""
        kind = type(self.transfer).__name__
        if kind not in TRANSFERS:
            remedy = f"use one of {', '.join(TRANSFERS)}"
            raise ValueError(f"transfer {self.transfer!r} cannot be saved; {remedy}")
        transfer = {"transfer": kind, **asdict(self.transfer)}
        header = {"conductances": asdict(self.conductances), "kind": transfer}
        archive.write(path, header, self.arrays())

    @classmethod
    def load(cls, path: str | Path) -> Circuit:
        """Read a circuit written by ``save``; ``ValueError`` names a file that holds none.

        Files of earlier versions have no SHA-256; theirs must hold the arrays of all layers.
        """
        path = checks.path("path", path)
        try:
            header, arrays = archive.read(path, unsigned=True)
            parameters = dict(header["kind"])
            transfer = TRANSFERS[parameters.pop("transfer")](**parameters)
            circuit = cls.from_arrays(transfer, Conductances(**header["conductances"]), arrays)
            if set(arrays) != set(circuit.arrays()):
                raise ValueError(f"arrays of a circuit with layers {circuit.sizes} and others")
            return circuit
        except (LookupError, TypeError, ValueError) as error:
            fault = getattr(error, "fault", error)  # without the file's name
            words = f"{path} is not a circuit saved by dcm: {fault}; save it again"
            raise ValueError(words) from error


def checked_circuit(circuit) -> Circuit:
    """``circuit``, or ``ValueError`` unless it is a ``Circuit``."""
    example = "a Circuit, as Circuit.random((30, 20, 10), numpy.random.default_rng(0))"
    return checks.instance("circuit", circuit, Circuit, example)


def _weights_in(arrays) -> dict[str, tuple]:
    """The weights of a circuit among arrays by the names of ``Circuit.arrays``."""
    checks.instance("arrays", arrays, Mapping, "a dictionary, as circuit.arrays()")
    numbered = [re.fullmatch(r"([wb]_[a-z]+)_(\d{1,9})", str(key)) for key in arrays]
    found = [(match[1], int(match[2])) for match in numbered if match]
    tops = [i + (name not in ("w_up", "b_up")) for name, i in found if name in WEIGHTS]
    depth = max(tops, default=1) + 1
    weights = {}
    for name in WEIGHTS:
        layers = depth if name in ("w_up", "b_up") else depth - 1
        names = [f"{name}_{i}" for i in range(layers)]
        missing = [key for key in names if key not in arrays]
        if missing:
            remedy = "give all weights of one circuit"
            raise ValueError(f"arrays holds no {missing[0]!r}; {remedy}")
        weights[name] = tuple(arrays[key] for key in names)
    return weights


def _matrices(name: str, value) -> tuple[np.ndarray, ...]:
    """The up weights, each of rows and columns that are not empty; at least two."""
    arrays = tuple(
        checks.array(f"{name}[{k}]", w) for k, w in enumerate(checks.sequence(name, value))
    )
    if len(arrays) < 2:
        remedy = "give two or more: a circuit has at least three layers"
        raise ValueError(f"{name} has {len(arrays)} arrays; {remedy}")
    for k, w in enumerate(arrays):
        if w.ndim != 2 or not w.size:
            raise ValueError(f"{name}[{k}] has shape {w.shape}; give (n_post, n_pre)")
    return arrays


def weight_shapes(n: tuple[int, ...]) -> dict[str, list[tuple[int, ...]]]:
    """Shapes of every weight of a circuit with layer sizes ``n`` = (n_0, …, n_N)."""
    layers = range(len(n) - 1)
    hidden = range(1, len(n) - 1)
    return {
        "w_up": [(n[k + 1], n[k]) for k in layers],
        "w_down": [(n[k], n[k + 1]) for k in hidden],
        "w_ip": [(n[k + 1], n[k]) for k in hidden],
        "w_pi": [(n[k], n[k + 1]) for k in hidden],
        "b_up": [(n[k + 1],) for k in layers],
        "b_ip": [(n[k + 1],) for k in hidden],
    }
