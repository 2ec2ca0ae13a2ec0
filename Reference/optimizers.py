"""PyTorch's update rules on a small fixed problem, in float64: parameters after 1, 2 and 10 steps.

A 3-4-2 network (tanh, identity), five examples in one batch, half of the squared error, mean over
the examples. Conventions (PyTorch's): momentum v <- mu v + g, theta <- theta - eta v; Nesterov
theta <- theta - eta (g + mu v); Adam with epsilon outside the root and both moments corrected for
their start; AdamW decays the weights by eta lambda before the step and the biases not at all. The
rule "adam+l2" adds the gradient of lambda/2 |W|^2 to the weights' gradient before the rule sees it.
"""

import random

import torch

import fixtures

SIZES, STEPS = [3, 4, 2], [1, 2, 10]
RULES = [
    {"rule": "sgd", "learningRate": 0.1},
    {"rule": "momentum", "learningRate": 0.1, "momentum": 0.9},
    {"rule": "nesterov", "learningRate": 0.1, "momentum": 0.9},
    {"rule": "adam", "learningRate": 0.01, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
    {"rule": "adam", "learningRate": 0.05, "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3},
    {"rule": "adam", "learningRate": 0.01, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8,
     "l2Penalty": 0.1},
    {"rule": "adamw", "learningRate": 0.01, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8,
     "weightDecay": 0.1},
]


def problem():
    source = random.Random(20260)
    draw = lambda *shape: ([draw(*shape[1:]) for _ in range(shape[0])] if shape
                           else source.randrange(-32, 33) / 32)
    weights = [draw(o, i) for i, o in zip(SIZES, SIZES[1:])]
    biases = [draw(o) for o in SIZES[1:]]
    return weights, biases, draw(5, 3), draw(5, 2)


def optimizer(rule, weights, biases):
    rate, decay = rule["learningRate"], rule.get("weightDecay", rule.get("l2Penalty", 0.0))
    groups = [{"params": weights, "weight_decay": decay}, {"params": biases, "weight_decay": 0.0}]
    if rule["rule"] in ("sgd", "momentum", "nesterov"):
        return torch.optim.SGD(groups, lr=rate, momentum=rule.get("momentum", 0.0),
                               nesterov=rule["rule"] == "nesterov", foreach=False)
    kind = torch.optim.AdamW if rule["rule"] == "adamw" else torch.optim.Adam
    return kind(groups, lr=rate, betas=(rule["beta1"], rule["beta2"]), eps=rule["epsilon"],
                foreach=False)


def run(rule):
    weights, biases, inputs, targets = problem()
    tensor = lambda v: torch.tensor(v, dtype=torch.float64)
    w, b = [tensor(v).requires_grad_() for v in weights], [tensor(v).requires_grad_() for v in biases]
    x, y = tensor(inputs), tensor(targets)
    update = optimizer(rule, w, b)
    after = []
    for step in range(1, STEPS[-1] + 1):
        update.zero_grad()
        a = torch.tanh(x @ w[0].T + b[0]) @ w[1].T + b[1]
        loss = 0.5 * ((a - y) ** 2).sum() / len(x)
        loss.backward()
        update.step()
        if step in STEPS:
            after.append({"step": step, "lossBefore": loss.item(),
                          "weights": [v.tolist() for v in w], "biases": [v.tolist() for v in b]})
    name = rule["rule"] + ("+l2" if "l2Penalty" in rule else "")
    name += " with other constants" if rule.get("beta1") == 0.8 else ""
    return {"name": name, **rule, "after": after}


def build():
    weights, biases, inputs, targets = problem()
    return {"source": f"PyTorch {torch.__version__.split('+')[0]}, torch.optim, float64",
            "sizes": SIZES, "activations": ["tanh", "identity"], "loss": "squared-error",
            "reduction": "mean", "inputs": inputs, "targets": targets,
            "weights": weights, "biases": biases, "cases": [run(rule) for rule in RULES]}


if __name__ == "__main__":
    torch.set_num_threads(1)
    fixtures.main("pytorch_optimizers.json", build, tolerance=1e-12)
