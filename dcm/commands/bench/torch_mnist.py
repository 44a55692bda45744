"""The MNIST loops in straightforward PyTorch, with the kernels' signatures: the speed to be measured against.

Same algorithm, precision and order of images as ``dcm.kernels``. Backprop comes twice: with the deltas written out
(the fastest that plain PyTorch does), and as one usually writes it, with autograd and an optimiser.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from dcm.model.circuit import WEIGHTS


@torch.no_grad()
def learn_two_pass(circuit, inputs, u_targets, rates, *, order, batch=10):
    """As ``dcm.kernels.learn_two_pass`` for fixed w_pi = -w_down: rates ``up`` and ``ip``, thresholds plastic."""
    depth, g = len(circuit.w_up), circuit.conductances
    w_up, w_down, w_ip, b_up, b_ip = (
        [torch.tensor(a) for a in getattr(circuit, name)]
        for name in ("w_up", "w_down", "w_ip", "b_up", "b_ip")
    )
    eta_up, eta_ip = rates.per_layer("up", depth), rates.per_layer("ip", depth - 1)
    for x, target in _batches(inputs, u_targets, order, batch):
        u, r = [], [x]
        for k, a in enumerate(circuit.attenuations):
            u.append(torch.addmm(b_up[k], r[-1], w_up[k].T).mul_(a))
            r.append(torch.sigmoid(u[-1]))
        predicted = r[1:]
        u[-1].lerp_(target, g.mixing_output)
        r[-1] = torch.sigmoid(u[-1])
        for h in reversed(range(depth - 1)):
            v_inter = torch.addmm(b_ip[h], predicted[h], w_ip[h].T).mul_(g.attenuation_interneuron)
            r_inter = torch.sigmoid(torch.lerp(v_inter, u[h + 1], g.mixing_interneuron))
            u[h].addmm_(r[h + 2] - r_inter, w_down[h].T, alpha=g.mixing_hidden)
            r[h + 1] = torch.sigmoid(u[h])
            _move(w_ip[h], b_ip[h], eta_ip[h], r_inter - torch.sigmoid(v_inter), r[h + 1])
        for k in range(depth):
            _move(w_up[k], b_up[k], eta_up[k], r[k + 1] - predicted[k], r[k])
    learned = {"w_up": w_up, "w_ip": w_ip, "b_up": b_up, "b_ip": b_ip}
    return replace(
        circuit,
        **{name: tuple(x.numpy() for x in learned[name]) for name in WEIGHTS if name in learned},
    )


@torch.no_grad()
def learn_backprop(w, b, inputs, u_targets, eta, *, order, batch=10):
    """As ``dcm.kernels.learn_backprop``: plain stochastic gradient descent on the loss of Section 3, in place."""
    w, b = [torch.from_numpy(x) for x in w], [torch.from_numpy(x) for x in b]
    for x, target in _batches(inputs, u_targets, order, batch):
        r = [x]
        for k in range(len(w)):
            u = torch.addmm(b[k], r[-1], w[k].T)
            r.append(torch.sigmoid(u))
        delta = (target - u) * r[-1] * (1 - r[-1])
        for k in reversed(range(len(w))):
            below = (delta @ w[k]) * r[k] * (1 - r[k]) if k else None
            _move(w[k], b[k], eta, delta, r[k])
            delta = below


def learn_autograd(w, b, inputs, u_targets, eta, *, order, batch=10):
    """As ``learn_backprop``, by ``torch.nn.Linear``, autograd and ``torch.optim.SGD``."""
    layers = []
    for weights, thresholds in zip(w, b, strict=True):
        linear = torch.nn.Linear(*reversed(weights.shape))
        linear.weight.data, linear.bias.data = (
            torch.from_numpy(weights),
            torch.from_numpy(thresholds),
        )
        layers += [linear, torch.nn.Sigmoid()]
    net = torch.nn.Sequential(*layers[:-1])
    optimiser, area = (
        torch.optim.SGD(net.parameters(), lr=eta),
        torch.nn.functional.softplus,
    )  # Φ, with Φ' = φ
    for x, target in _batches(inputs, u_targets, order, batch):
        optimiser.zero_grad()
        u = net(x)
        loss = (area(target) - area(u) - torch.sigmoid(u) * (target - u)).sum() / len(x)
        loss.backward()
        optimiser.step()


def _batches(inputs, u_targets, order, batch):
    inputs, u_targets, order = (
        torch.from_numpy(np.ascontiguousarray(a)) for a in (inputs, u_targets, order)
    )
    for rows in order.split(batch):
        yield inputs[rows], u_targets[rows]


def _move(w, b, eta, post, pre):
    w.addmm_(post.T, pre, alpha=eta / len(post))
    b.add_(post.mean(0), alpha=eta)
