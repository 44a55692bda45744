"""The microcircuit: its weights, and the self-predicting construction (Eqs. 3-5 and the paper's Section 2)."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from dcm.model import checks
from dcm.model.conductances import Conductances
from dcm.model.transfer import Logistic, SoftRectifier

TRANSFERS = {"Logistic": Logistic, "SoftRectifier": SoftRectifier}
WEIGHTS = ("w_up", "w_down", "w_ip", "w_pi", "b_up", "b_ip")
# weight: (field of Updates, kind of learning rate)
LEARNING = {
    "w_up": ("up", "up"),
    "w_down": ("down", "down"),
    "w_ip": ("ip", "ip"),
    "w_pi": ("pi", "pi"),
    "b_up": ("b_up", "up"),
    "b_ip": ("b_ip", "ip"),
}


@dataclass(frozen=True)
class Circuit:
    """A network of N + 1 layers, counted 0 (input) … N (output); hidden layer h (0-based) is layer h + 1.

    Every weight is a tuple of arrays (n_post, n_pre), float32 or float64. Arrays are shared, never modified.

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
        W^IP: pyramidal cells of hidden layer h to the dendrites of its interneurons, one per cell of the layer above.
    w_pi : tuple of (n_{h+1}, n_{h+2})
        W^PI: interneurons of hidden layer h to its apical dendrites.
    b_up, b_ip : tuple of (n_{k+1},) and of (n_{h+2},), optional
        Thresholds: weights of an extra input fixed at 1. Zeros unless given.

    Raises
    ------
    ValueError
        If fewer than three layers, or any array of the wrong shape or with NaN: the message names it.
    """

    transfer: Logistic
    conductances: Conductances
    w_up: tuple
    w_down: tuple
    w_ip: tuple
    w_pi: tuple
    b_up: tuple | None = None
    b_ip: tuple | None = None

    def __post_init__(self):
        n = checks.layer_sizes([np.shape(self.w_up[0])[-1], *(np.shape(w)[0] for w in self.w_up)])
        dtype = np.asarray(self.w_up[0]).dtype
        for name, shapes in weight_shapes(n).items():
            given = getattr(self, name)
            if given is None:
                given = [
                    np.zeros(shape, dtype if dtype == np.float32 else float) for shape in shapes
                ]
            if len(given) != len(shapes):
                raise ValueError(f"{name} has {len(given)} arrays; layers {n} need {len(shapes)}")
            checked = (
                checks.floats(f"{name}[{i}]", w, s)
                for i, (w, s) in enumerate(zip(given, shapes, strict=True))
            )
            object.__setattr__(self, name, tuple(checked))

    @classmethod
    def random(cls, sizes, rng, *, transfer=Logistic(), conductances=Conductances(),
               scale_up=1.0, scale_down=1.0, scale_lateral=1.0) -> Circuit:  # fmt: skip
        """A circuit with weights uniform on [-scale, scale], drawn in the order up, down, ip, pi [SM*: scale 1]."""
        if not isinstance(rng, np.random.Generator):
            raise ValueError(f"rng is {rng!r}; pass numpy.random.default_rng(seed)")
        shapes = weight_shapes(checks.layer_sizes(sizes))
        scales = {
            "w_up": scale_up,
            "w_down": scale_down,
            "w_ip": scale_lateral,
            "w_pi": scale_lateral,
        }
        scales = {
            name: checks.non_negative(f"scale of {name}", scale) for name, scale in scales.items()
        }
        draw = {
            name: tuple(rng.uniform(-s, s, shape) for shape in shapes[name])
            for name, s in scales.items()
        }
        return cls(transfer, conductances, **draw)

    @property
    def sizes(self) -> tuple[int, ...]:
        """(n_0, …, n_N)."""
        return (self.w_up[0].shape[1], *(w.shape[0] for w in self.w_up))

    @property
    def attenuations(self) -> tuple[float, ...]:
        """v̂_B / v_B per layer 1…N (Eq. 7): hidden layers carry the apical load, the output does not."""
        g = self.conductances
        return (g.attenuation_hidden,) * len(self.w_down) + (g.attenuation_output,)

    def self_predicting(self) -> Circuit:
        """The same circuit with w_ip, w_pi and b_ip set so that u_I = u_P of the layer above and v_A = 0.

        w_pi = -w_down, and w_ip = (g_lk + g_D)/g_D · (v̂_B/v_B of the layer above) · w_up into it [derived]:
        exact for every input, any conductances and any depth, as long as there is no target.
        """
        ratios = [a / self.conductances.attenuation_interneuron for a in self.attenuations[1:]]
        return replace(
            self,
            w_pi=tuple(-w for w in self.w_down),
            w_ip=tuple(c * w for c, w in zip(ratios, self.w_up[1:], strict=True)),
            b_ip=tuple(c * b for c, b in zip(ratios, self.b_up[1:], strict=True)),
        )

    def with_feedback(self, w_down) -> Circuit:
        """The same circuit with other top-down weights; call ``self_predicting`` after it to match w_pi."""
        return replace(self, w_down=tuple(w_down))

    def astype(self, dtype) -> Circuit:
        """A copy with all weights as ``dtype`` (float32 halves the cost of the two-pass MNIST run)."""
        return replace(
            self, **{name: tuple(w.astype(dtype) for w in getattr(self, name)) for name in WEIGHTS}
        )

    def updated(self, updates, rates) -> Circuit:
        """The circuit after one step of Eqs. 7-10: every weight plus its rate times its update.

        ``updates`` is an ``Updates``; ``rates`` is a ``LearningRates``, per presentation (that is, rate · duration).
        Thresholds move with the rate of their matrix when ``rates.thresholds`` is true.
        """
        moved = {f"w_{kind}": kind for kind in ("up", "down", "ip", "pi")}
        if rates.thresholds:
            moved |= {"b_up": "up", "b_ip": "ip"}
        new = {}
        for name, kind in moved.items():
            old, eta = getattr(self, name), rates.per_layer(kind, len(getattr(self, name)))
            step = getattr(updates, name if name.startswith("b") else kind)
            new[name] = tuple(w + e * d if e else w for w, e, d in zip(old, eta, step, strict=True))
        return replace(self, **new)

    def arrays(self) -> dict[str, np.ndarray]:
        """All weights by flat names, ``w_up_0`` … ``b_ip_0``, as files hold them."""
        return {f"{name}_{i}": w for name in WEIGHTS for i, w in enumerate(getattr(self, name))}

    def with_arrays(self, arrays) -> Circuit:
        """The same circuit with the weights of ``arrays``, named as ``arrays()`` names them; others are ignored."""
        counts = {name: range(len(getattr(self, name))) for name in WEIGHTS}
        return replace(
            self, **{name: tuple(arrays[f"{name}_{i}"] for i in counts[name]) for name in WEIGHTS}
        )

    def save(self, path: str | Path) -> None:
        """Write to a NumPy .npz file (no pickle), atomically: an interrupted write leaves the old file intact."""
        if type(self.transfer).__name__ not in TRANSFERS:
            raise ValueError(
                f"transfer {self.transfer!r} cannot be saved; use one of {', '.join(TRANSFERS)}"
            )
        kind = {"transfer": type(self.transfer).__name__, **asdict(self.transfer)}
        header = json.dumps({"conductances": asdict(self.conductances), "kind": kind})
        path = Path(path)
        partial = path.with_name(path.name + ".partial")
        with open(partial, "wb") as file:
            np.savez(file, header=np.array(header), **self.arrays())
        os.replace(partial, path)

    @classmethod
    def load(cls, path: str | Path) -> Circuit:
        """Read a circuit written by ``save``; raises ``ValueError`` naming the file if it holds none."""
        try:
            with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
                header = json.loads(str(file["header"]))
                depth = sum(name.startswith("w_up_") for name in file.files)
                layers = {name: range(depth if "up" in name else depth - 1) for name in WEIGHTS}
                arrays = {
                    name: tuple(file[f"{name}_{i}"] for i in layers[name]) for name in WEIGHTS
                }
        except FileNotFoundError:
            raise
        except Exception as error:  # a damaged archive can raise nearly anything
            raise ValueError(
                f"{path} is not a circuit saved by dcm ({error}); save it again"
            ) from error
        kind = header["kind"]
        transfer = TRANSFERS[kind.pop("transfer")](**kind)
        return cls(transfer, Conductances(**header["conductances"]), **arrays)


def weight_shapes(n: tuple[int, ...]) -> dict[str, list[tuple[int, ...]]]:
    """Shapes of every weight of a circuit with layer sizes ``n`` = (n_0, …, n_N)."""
    hidden = range(1, len(n) - 1)
    return {
        "w_up": [(n[k + 1], n[k]) for k in range(len(n) - 1)],
        "w_down": [(n[k], n[k + 1]) for k in hidden],
        "w_ip": [(n[k + 1], n[k]) for k in hidden],
        "w_pi": [(n[k], n[k + 1]) for k in hidden],
        "b_up": [(n[k + 1],) for k in range(len(n) - 1)],
        "b_ip": [(n[k + 1],) for k in hidden],
    }
