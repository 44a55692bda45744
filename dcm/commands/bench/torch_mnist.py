"""The MNIST loops in plain PyTorch, with the kernels' signatures: the speed to be measured against.

Same algorithm, precision and order of images; backprop's deltas are written out: the fastest way.
"""

from dataclasses import replace

import numpy as np
import torch

torch.set_num_threads(1)  # as every loop that it is compared with


@torch.no_grad()
def learn_two_pass(circuit, inputs, u_targets, rates, *, order, batch=10):
    """As ``dcm.kernels.learn_two_pass`` where w_pi = -w_down is fixed and thresholds learn."""
    depth = len(circuit.w_up)
    g = circuit.conductances
    w_down = [torch.tensor(w) for w in circuit.w_down]
    names = ("w_up", "b_up", "w_ip", "b_ip")
    learned = {name: [torch.tensor(w) for w in getattr(circuit, name)] for name in names}
    w_up, b_up, w_ip, b_ip = learned.values()
    eta_up = rates.per_layer("up", depth)
    eta_ip = rates.per_layer("ip", depth - 1)
    for x, target in _batches(inputs, u_targets, order, batch):
        u = []
        r = [x]
        for k, attenuation in enumerate(circuit.attenuations):  # up
            u.append(torch.addmm(b_up[k], r[k], w_up[k].T).mul_(attenuation))
            r.append(torch.sigmoid(u[k]))
        predicted = r[1:]
        u[-1].lerp_(target, g.mixing_output)
        r[-1] = torch.sigmoid(u[-1])
        for h in reversed(range(depth - 1)):  # down
            v_inter = torch.addmm(b_ip[h], predicted[h], w_ip[h].T).mul_(g.attenuation_interneuron)
            r_inter = torch.sigmoid(torch.lerp(v_inter, u[h + 1], g.mixing_interneuron))
            u[h].addmm_(r[h + 2] - r_inter, w_down[h].T, alpha=g.mixing_hidden)
            r[h + 1] = torch.sigmoid(u[h])
            _learn(w_ip[h], b_ip[h], eta_ip[h], r_inter - torch.sigmoid(v_inter), r[h + 1])
        for k in range(depth):
            _learn(w_up[k], b_up[k], eta_up[k], r[k + 1] - predicted[k], r[k])
    arrays = {name: tuple(w.numpy() for w in ws) for name, ws in learned.items()}
    return replace(circuit, **arrays)


@torch.no_grad()
def learn_backprop(w, b, inputs, u_targets, eta, *, order, batch=10):
    """As ``dcm.kernels.learn_backprop``: stochastic gradient descent, in place."""
    w = [torch.from_numpy(x) for x in w]
    b = [torch.from_numpy(x) for x in b]
    for x, target in _batches(inputs, u_targets, order, batch):
        r = [x]
        for k in range(len(w)):
            u = torch.addmm(b[k], r[k], w[k].T)
            r.append(torch.sigmoid(u))
        delta = (target - u) * r[-1] * (1 - r[-1])
        for k in reversed(range(len(w))):
            below = (delta @ w[k]) * r[k] * (1 - r[k]) if k else None
            _learn(w[k], b[k], eta, delta, r[k])
            delta = below


def _batches(inputs, u_targets, order, batch):
    inputs = torch.from_numpy(np.ascontiguousarray(inputs))
    u_targets = torch.from_numpy(np.ascontiguousarray(u_targets))
    for rows in torch.from_numpy(np.ascontiguousarray(order)).split(batch):
        yield inputs[rows], u_targets[rows]


def _learn(w, b, eta, post, pre):
    w.addmm_(post.T, pre, alpha=eta / len(post))
    b.add_(post.mean(0), alpha=eta)
