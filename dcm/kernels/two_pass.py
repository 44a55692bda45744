"""Fast twins for MNIST: ``dcm.learn`` with ``two_pass``, and plain backprop, by in-place BLAS on small batches."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
from scipy.linalg.blas import get_blas_funcs

from dcm import checks
from dcm.circuit import WEIGHTS
from dcm.learning import refuse_runaway
from dcm.transfer import Logistic


def learn_two_pass(circuit, inputs, u_targets, rates, *, order, batch=10):
    """As ``dcm.learn(…, settle=two_pass, duration=1, batch=batch)`` over the rows ``order``; returns the circuit.

    Works in the precision of the circuit (float32 for speed); only for ``Logistic`` neurons. Weights of rate 0 cost
    nothing, and where w_pi = -w_down is fixed, one product serves both.

    Parameters
    ----------
    inputs, u_targets : (n, n_0) and (n, n_N)
        All patterns; only the rows in ``order`` are shown, in that order.
    rates : LearningRates
        Per presentation.
    """
    _only_logistic(circuit.transfer)
    dtype, depth = circuit.w_up[0].dtype, len(circuit.w_up)
    # Matrices are kept transposed, (n_pre, n_post): the thin products of a small batch run twice as fast that way.
    w = {name: [np.array(a.T, order="C") for a in getattr(circuit, name)] for name in WEIGHTS}
    eta = {kind: rates.per_layer(kind, depth - (kind != "up")) for kind in ("up", "ip", "pi", "down")}
    merged = [not (eta["pi"][h] or eta["down"][h]) and np.array_equal(w["w_pi"][h], -w["w_down"][h])
              for h in range(depth - 1)]  # fmt: skip
    gemm = get_blas_funcs("gemm", dtype=dtype)
    with np.errstate(over="ignore"):  # exp overflows to infinity where the rate is exactly 0
        for i in range(0, len(order), checks.count("batch", batch)):
            rows = order[i : i + batch]
            if i % (500 * batch) == 0:
                refuse_runaway(SimpleNamespace(**w), f"pattern {i}")
            x = inputs[rows].astype(dtype, copy=False)
            _batch(circuit, w, x, u_targets[rows].astype(dtype, copy=False), eta, rates.thresholds, merged, gemm)
    refuse_runaway(SimpleNamespace(**w), f"pattern {len(order) - 1}")
    circuit = replace(circuit, **{name: tuple(np.ascontiguousarray(a.T) for a in arrays) for name, arrays in w.items()})
    return circuit


def _batch(circuit, w, x, target, eta, thresholds, merged, gemm):
    """One mini-batch of Section 5 and Eqs. 7-10, in place."""
    g, depth = circuit.conductances, len(w["w_up"])
    hat, below, before = [], x, []  # potentials and rates of the upward pass
    for k, a in enumerate(circuit.attenuations):
        u = below @ w["w_up"][k]
        u += w["b_up"][k]
        u *= u.dtype.type(a)
        hat.append(u)
        below = _rate(u)
        before.append(below)
    lam = x.dtype.type
    u = hat[-1] + lam(g.mixing_output) * (target - hat[-1])
    after = [None] * depth
    after[-1] = _rate(u)
    for h in reversed(range(depth - 1)):
        hat_i = before[h] @ w["w_ip"][h]
        hat_i += w["b_ip"][h]
        hat_i *= lam(g.attenuation_interneuron)
        r_i = _rate(hat_i + lam(g.mixing_interneuron) * (u - hat_i))
        if merged[h]:
            v_apical = (after[h + 1] - r_i) @ w["w_down"][h]
        else:
            v_apical = after[h + 1] @ w["w_down"][h] + r_i @ w["w_pi"][h]
        u = hat[h] + lam(g.mixing_hidden) * v_apical
        after[h] = _rate(u)
        if eta["down"][h]:
            post = after[h] - _rate(after[h + 1] @ w["w_down"][h])
            _add_outer(w["w_down"][h], eta["down"][h], post, after[h + 1], gemm)
        if eta["pi"][h]:
            _add_outer(w["w_pi"][h], eta["pi"][h], -v_apical, r_i, gemm)
        if eta["ip"][h]:
            post = r_i - _rate(hat_i)
            _add_outer(w["w_ip"][h], eta["ip"][h], post, after[h], gemm)
            if thresholds:
                w["b_ip"][h] += lam(eta["ip"][h]) * _mean(post)
    for k in range(depth):
        if eta["up"][k]:
            post = after[k] - before[k]
            _add_outer(w["w_up"][k], eta["up"][k], post, after[k - 1] if k else x, gemm)
            if thresholds:
                w["b_up"][k] += lam(eta["up"][k]) * _mean(post)


def learn_backprop(w, b, inputs, u_targets, eta, *, order, batch=10):
    """Plain stochastic gradient descent for a logistic feedforward net u_k = W_k φ(u_{k-1}) + b_k, in place.

    The direction is that of ``dcm.backprop`` for leak 0 and no apical load (loss of Section 3, steps ``eta`` times the
    batch mean).

    Parameters
    ----------
    w, b : list of (n_{k+1}, n_k) and of (n_{k+1},)
        Weights and thresholds; changed in place. One matrix makes a net without hidden layer.
    """
    gemm = get_blas_funcs("gemm", dtype=w[0].dtype)
    lam, turned = w[0].dtype.type, [np.array(weights.T, order="C") for weights in w]
    with np.errstate(over="ignore"):
        for i in range(0, len(order), checks.count("batch", batch)):
            rows = order[i : i + batch]
            rates = [inputs[rows].astype(w[0].dtype, copy=False)]
            for weights, thresholds in zip(turned, b, strict=True):
                u = rates[-1] @ weights
                u += thresholds
                rates.append(_rate(u))
            delta = (u_targets[rows] - u) * rates[-1] * (1 - rates[-1])
            for k in reversed(range(len(w))):
                below = (turned[k] @ delta.T).T * rates[k] * (1 - rates[k]) if k else None
                _add_outer(turned[k], eta, delta, rates[k], gemm)
                b[k] += lam(eta) * _mean(delta)
                delta = below
    refuse_runaway(SimpleNamespace(**dict.fromkeys(WEIGHTS, ()) | {"w_up": turned, "b_up": b}), "backprop")
    for weights, new in zip(w, turned, strict=True):
        weights[...] = new.T


def _rate(u):
    """Logistic rates, written for NumPy's vectorised exponential; twin of ``Logistic.__call__``."""
    r = np.negative(u)
    np.exp(r, out=r)
    r += 1
    return np.reciprocal(r, out=r)


def _mean(post):
    """Mean over the batch, as a product: several times faster than ``mean`` on a few rows."""
    return np.full(len(post), 1 / len(post), post.dtype) @ post


def _add_outer(w, eta, post, pre, gemm):
    """w += eta · mean over the batch of pre · postᵀ, for w kept transposed (n_pre, n_post), without a copy of w."""
    gemm(eta / len(post), np.ascontiguousarray(post).T, pre.T, beta=1.0, c=w.T, trans_b=True, overwrite_c=True)


def _only_logistic(transfer):
    if type(transfer) is not Logistic:
        raise TypeError(f"learn_two_pass is written for Logistic neurons, not {transfer!r}; use dcm.learn")
