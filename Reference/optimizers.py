"""The update rules over 1,000 steps, in float64: parameters after 1, 2, 10, 100 and 1,000 of them.

Two problems, each with all its examples in one batch, half of the squared error, mean over the
examples: "net" is a 3-4-2 network (tanh, identity) on five examples; "quadratic" is a linear map of
3 inputs to 2 outputs on six, whose loss is a quadratic of the parameters.

Conventions (PyTorch's): momentum v <- mu v + g, theta <- theta - eta v; Nesterov
theta <- theta - eta (g + mu v); Adam with epsilon outside the root and both moments corrected for
their start; RAdam with epsilon beside the uncorrected root; AdamW, NAdam and RAdam with decay
decoupled: the weights shrink by eta lambda before the step and the biases not at all. The rule
"adam+l2" adds the gradient of lambda/2 |W|^2 to the weights' gradient before the rule sees it.
PyTorch has no Lion; the class below is the program of its paper (Chen et al. 2023, arXiv 2302.06675).
L-BFGS is torch.optim.LBFGS with line_search_fn="strong_wolfe": all its steps until it stops.
A gradient is clipped by value as torch.nn.utils does, and by norm as Pascanu et al. 2013 write it,
g <- g c / |g| where |g| > c: PyTorch divides by |g| + 1e-6.

The rates are such that a difference of 1e-16 in the first step does not grow: Adam with a rate of
0.05 and Adadelta with one of 1 end in a cycle about the minimum that doubles it every few steps.
"""

import random

import torch

import fixtures

STEPS = [1, 2, 10, 100, 1000]
ADAM = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
RULES = [
    {"rule": "gd", "learningRate": 0.1},
    {"rule": "sgd", "learningRate": 0.1},
    {"rule": "sgd", "learningRate": 0.1, "clipNorm": 0.25},
    {"rule": "sgd", "learningRate": 0.1, "clipValue": 0.03125},
    {"rule": "momentum", "learningRate": 0.1, "momentum": 0.9},
    {"rule": "nesterov", "learningRate": 0.1, "momentum": 0.9},
    {"rule": "adagrad", "learningRate": 0.1, "epsilon": 1e-10},
    {"rule": "rmsprop", "learningRate": 0.001, "smoothing": 0.99, "epsilon": 1e-8},
    {"rule": "adadelta", "learningRate": 0.25, "smoothing": 0.9, "epsilon": 1e-6},
    {"rule": "adam", "learningRate": 0.01, **ADAM},
    {"rule": "adam", "learningRate": 0.001, "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3},
    {"rule": "adam", "learningRate": 0.01, **ADAM, "l2Penalty": 0.1},
    {"rule": "amsgrad", "learningRate": 0.01, **ADAM},
    {"rule": "nadam", "learningRate": 0.01, **ADAM, "momentumDecay": 0.004},
    {"rule": "nadam", "learningRate": 0.01, **ADAM, "momentumDecay": 0.004, "weightDecay": 0.1},
    {"rule": "adamw", "learningRate": 0.01, **ADAM, "weightDecay": 0.1},
    {"rule": "radam", "learningRate": 0.01, **ADAM},
    {"rule": "radam", "learningRate": 0.01, **ADAM, "weightDecay": 0.1},
    {"rule": "lion", "learningRate": 0.001, "beta1": 0.9, "beta2": 0.99},
    {"rule": "lion", "learningRate": 0.001, "beta1": 0.9, "beta2": 0.99, "weightDecay": 0.1},
    {"rule": "rprop", "learningRate": 0.01, "shrinkage": 0.5, "growth": 1.2, "smallest": 1e-6,
     "largest": 50.0},
]


# L-BFGS, and how many of its steps are compared on the net and on the quadratic: as many as PyTorch
# itself repeats within 1e-11 when each initial weight is off by one unit in its last place. What that
# unit grows to is the method's: 1e-9 after 45 steps on the net, 1e-8 after 12 with a memory that
# holds all steps on the quadratic. Where the whole run takes the same steps all the same, its end is
# compared too.
SEARCHES = [
    ({"rule": "lbfgs", "learningRate": 1.0, "memory": 10}, {"net": 29, "quadratic": 7}),
    ({"rule": "lbfgs", "learningRate": 1.0, "memory": 2}, {"net": 31, "quadratic": 1000}),
    ({"rule": "lbfgs", "learningRate": 0.5, "memory": 3, "l2Penalty": 0.01},
     {"net": 12, "quadratic": 1000}),
]
STABLE = {("net", 10), ("quadratic", 10), ("quadratic", 2), ("quadratic", 3)}
MOST_ITERATIONS = 1000


class Lion(torch.optim.Optimizer):
    def __init__(self, groups, lr, betas):
        super().__init__(groups, {"lr": lr, "betas": betas})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            rate, (beta1, beta2) = group["lr"], group["betas"]
            for theta in group["params"]:
                m = self.state[theta].setdefault("m", torch.zeros_like(theta))
                direction = torch.sign(beta1 * m + (1 - beta1) * theta.grad)
                theta.sub_(rate * group["weight_decay"] * theta)
                theta.sub_(rate * direction)
                m.copy_(beta2 * m + (1 - beta2) * theta.grad)


def problem(name):
    source = random.Random(20260)
    draw = lambda *shape: ([draw(*shape[1:]) for _ in range(shape[0])] if shape
                           else source.randrange(-32, 33) / 32)
    sizes, activations, examples = {"net": ([3, 4, 2], ["tanh", "identity"], 5),
                                    "quadratic": ([3, 2], ["identity"], 6)}[name]
    weights = [draw(o, i) for i, o in zip(sizes, sizes[1:])]
    biases = [draw(o) for o in sizes[1:]]
    return {"sizes": sizes, "activations": activations, "loss": "squared-error",
            "reduction": "mean", "inputs": draw(examples, 3), "targets": draw(examples, 2),
            "weights": weights, "biases": biases}


def optimizer(rule, weights, biases):
    name, rate = rule["rule"], rule["learningRate"]
    decay = rule.get("weightDecay", rule.get("l2Penalty", 0.0))
    groups = [{"params": weights, "weight_decay": decay}, {"params": biases, "weight_decay": 0.0}]
    epsilon = rule.get("epsilon")
    betas = (rule.get("beta1"), rule.get("beta2"))
    adam = {"lr": rate, "betas": betas, "eps": epsilon, "foreach": False}
    decoupled = {"decoupled_weight_decay": "weightDecay" in rule}
    if name in ("gd", "sgd", "momentum", "nesterov"):
        return torch.optim.SGD(groups, lr=rate, momentum=rule.get("momentum", 0.0),
                               nesterov=name == "nesterov", foreach=False)
    if name == "adagrad":
        return torch.optim.Adagrad(groups, lr=rate, eps=epsilon, foreach=False)
    if name == "rmsprop":
        return torch.optim.RMSprop(groups, lr=rate, alpha=rule["smoothing"], eps=epsilon,
                                   foreach=False)
    if name == "adadelta":
        return torch.optim.Adadelta(groups, lr=rate, rho=rule["smoothing"], eps=epsilon,
                                    foreach=False)
    if name in ("adam", "amsgrad"):
        return torch.optim.Adam(groups, **adam, amsgrad=name == "amsgrad")
    if name == "adamw":
        return torch.optim.AdamW(groups, **adam)
    if name == "nadam":
        return torch.optim.NAdam(groups, **adam, **decoupled, momentum_decay=rule["momentumDecay"])
    if name == "radam":
        return torch.optim.RAdam(groups, **adam, **decoupled)
    if name == "lion":
        return Lion(groups, rate, betas)
    return torch.optim.Rprop([{"params": weights + biases}], lr=rate,
                             etas=(rule["shrinkage"], rule["growth"]),
                             step_sizes=(rule["smallest"], rule["largest"]), foreach=False)


def clip(rule, parameters):
    if "clipValue" in rule:
        torch.nn.utils.clip_grad_value_(parameters, rule["clipValue"])
    if "clipNorm" in rule:
        norm = torch.sqrt(sum((p.grad ** 2).sum() for p in parameters))
        if norm > rule["clipNorm"]:
            for p in parameters:
                p.grad.mul_(rule["clipNorm"] / norm)


def run(rule, on):
    setting = problem(on)
    tensor = lambda v: torch.tensor(v, dtype=torch.float64)
    w = [tensor(v).requires_grad_() for v in setting["weights"]]
    b = [tensor(v).requires_grad_() for v in setting["biases"]]
    x, y = tensor(setting["inputs"]), tensor(setting["targets"])
    update = optimizer(rule, w, b)
    after = []
    for step in range(1, STEPS[-1] + 1):
        update.zero_grad()
        a = x
        for layer, name in enumerate(setting["activations"]):
            a = a @ w[layer].T + b[layer]
            a = torch.tanh(a) if name == "tanh" else a
        loss = 0.5 * ((a - y) ** 2).sum() / len(x)
        loss.backward()
        clip(rule, w + b)
        update.step()
        if step in STEPS:
            after.append({"step": step, "lossBefore": loss.item(),
                          "weights": [v.tolist() for v in w], "biases": [v.tolist() for v in b]})
    name = on + ": " + rule["rule"]
    for key, words in {"l2Penalty": "+l2", "weightDecay": ", decay", "clipNorm": ", norm clipped",
                       "clipValue": ", values clipped"}.items():
        name += words if key in rule else ""
    name += ", other constants" if rule.get("beta1") == 0.8 else ""
    return {"name": name, "problem": on, **rule, "after": after}


def search(rule, on, compared):
    """torch.optim.LBFGS, one iteration a call, with the tests for an end that it makes between two
    iterations of one call. 26 evaluations a call leave its line search the 25 that it has by default.
    """
    setting = problem(on)
    tensor = lambda v: torch.tensor(v, dtype=torch.float64)
    w = [tensor(v).requires_grad_() for v in setting["weights"]]
    b = [tensor(v).requires_grad_() for v in setting["biases"]]
    x, y = tensor(setting["inputs"]), tensor(setting["targets"])
    update = torch.optim.LBFGS(w + b, lr=rule["learningRate"], max_iter=1, max_eval=26,
                               history_size=rule["memory"], line_search_fn="strong_wolfe")
    penalty = rule.get("l2Penalty", 0.0)
    evaluations = 0

    def closure():
        nonlocal evaluations
        evaluations += 1
        update.zero_grad()
        a = x
        for layer, name in enumerate(setting["activations"]):
            a = a @ w[layer].T + b[layer]
            a = torch.tanh(a) if name == "tanh" else a
        loss = 0.5 * ((a - y) ** 2).sum() / len(x)
        loss = loss + 0.5 * penalty * sum((v ** 2).sum() for v in w)
        loss.backward()
        return loss

    steps = []
    before = closure().item()
    while len(steps) < MOST_ITERATIONS:
        evaluations = 0
        old = [v.detach().clone() for v in w + b]
        update.step(closure)
        cost = evaluations - 1
        loss = closure().item()
        slope = max(v.grad.abs().max().item() for v in w + b)
        moved = max((v - o).abs().max().item() for v, o in zip(w + b, old))
        steps.append({"lossAfter": loss, "evaluations": cost,
                      "weights": [v.tolist() for v in w], "biases": [v.tolist() for v in b]})
        if slope <= 1e-7 or moved <= 1e-9 or abs(loss - before) < 1e-9:
            break
        before = loss
    name = f"{on}: lbfgs, memory {rule['memory']}"
    case = {"name": name, "problem": on, **rule, "steps": steps[:compared]}
    if (on, rule["memory"]) in STABLE:
        case["whole"] = {"steps": len(steps), "loss": loss,
                         "evaluations": sum(step["evaluations"] for step in steps),
                         "end": "gradient" if slope <= 1e-7 else "progress"}
    return case


def build():
    return {"source": f"PyTorch {torch.__version__.split('+')[0]}, torch.optim, float64",
            **problem("net"), "quadratic": problem("quadratic"),
            "cases": [run(rule, on) for rule in RULES for on in ("net", "quadratic")],
            "searches": [search(rule, on, compared[on]) for rule, compared in SEARCHES
                         for on in ("net", "quadratic")]}


if __name__ == "__main__":
    torch.set_num_threads(1)
    # Else NAdam keeps its product of momenta in float32, whatever the parameters are.
    torch.set_default_dtype(torch.float64)
    fixtures.main("pytorch_optimizers.json", build, tolerance=1e-10)
