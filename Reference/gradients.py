"""PyTorch's autograd for every legal pair of activation and loss, in float64 and float32.

Every activation is the last layer's once with every loss that admits its range, and a hidden
layer's at least once with every loss. Losses are PyTorch's own functions where it has them (computed
from logits for the canonical pair of softmax and cross-entropy), so that a formula copied wrongly
twice would still be found. Networks are drawn away from kinks: no weighted input of a kinked
activation, no difference of pieces, no residual and no margin lies within 0.01 of one.
"""

import itertools
import random

import torch
import torch.nn.functional as F

import fixtures

ANY_RANGE = ["squared-error", "absolute-error", "huber:1", "quantile:0.9", "hinge"]
HIDDEN = ["identity", "sigmoid", "tanh", "relu", "leaky-relu:0.1", "elu:1", "selu", "softplus",
          "gelu", "silu", "mish", "maxout:3"]
OUTPUT = {loss: HIDDEN + ["softmax"] for loss in ANY_RANGE} | {
    "cross-entropy": ["softmax", "sigmoid"],  # outputs in (0, 1)
    "binary-cross-entropy": ["sigmoid", "softmax"],
    "poisson": ["softplus", "sigmoid", "softmax"],  # positive outputs
}
FUNCTIONS = {
    "identity": lambda z: z, "sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": F.relu,
    "leaky-relu:0.1": lambda z: F.leaky_relu(z, 0.1), "elu:1": F.elu, "selu": F.selu,
    "softplus": F.softplus, "gelu": F.gelu, "silu": F.silu, "mish": F.mish,
    "softmax": lambda z: torch.softmax(z, dim=1),
    "maxout:3": lambda z: z.reshape(len(z), -1, 3).amax(dim=2),
}
KINKED = {"relu", "leaky-relu:0.1", "selu", "elu:1"}
MARGIN = 0.01


class TooCloseToAKink(Exception):
    pass


def keep_away(distances):
    if distances.numel() and distances.abs().min() < MARGIN:
        raise TooCloseToAKink


def activate(name, z):
    if name in KINKED:
        keep_away(z)
    if name == "maxout:3":
        top = z.reshape(len(z), -1, 3).topk(2, dim=2).values
        keep_away(top[..., 0] - top[..., 1])
    return FUNCTIONS[name](z)


def losses(kind, a, z, last, y):
    """The loss of every example, [examples]."""
    r = a - y
    if kind == "squared-error":
        return 0.5 * F.mse_loss(a, y, reduction="none").sum(1)
    if kind == "absolute-error":
        keep_away(r)
        return F.l1_loss(a, y, reduction="none").sum(1)
    if kind == "huber:1":
        keep_away(r.abs() - 1)
        return F.huber_loss(a, y, reduction="none", delta=1.0).sum(1)
    if kind == "quantile:0.9":
        keep_away(r)
        return torch.maximum(0.9 * -r, -0.1 * -r).sum(1)
    if kind == "binary-cross-entropy":
        return F.binary_cross_entropy(a, y, reduction="none").sum(1)
    if kind == "poisson":
        return F.poisson_nll_loss(a, y, log_input=False, full=False, eps=0, reduction="none").sum(1)
    if kind == "cross-entropy":
        if last == "softmax":
            return F.cross_entropy(z, y, reduction="none")
        return -(y * torch.log(a)).sum(1)
    if y.shape[1] == 1:  # hinge, y = -1 or 1
        keep_away(1 - y * a)
        return F.relu(1 - y * a).sum(1)
    right = y.argmax(1)
    margins = 1 + a - a.gather(1, right[:, None])
    keep_away(margins[y == 0])
    return F.multi_margin_loss(a, right, reduction="none") * y.shape[1]


def targets(kind, source, examples, outputs):
    grid = lambda low, high: source.randrange(low, high + 1) / 32
    if kind == "hinge" and outputs == 1:
        return [[source.choice([-1.0, 1.0])] for _ in range(examples)]
    if kind == "hinge" or kind == "cross-entropy" and source.random() < 0.5:
        right = [source.randrange(outputs) for _ in range(examples)]
        return [[float(j == c) for j in range(outputs)] for c in right]
    if kind == "cross-entropy":  # soft labels that sum to one
        rows = []
        for _ in range(examples):
            cuts = sorted(source.randrange(33) for _ in range(outputs - 1))
            rows.append([(b - a) / 32 for a, b in zip([0] + cuts, cuts + [32])])
        return rows
    if kind == "binary-cross-entropy":
        return [[source.choice([0.0, 1.0, grid(1, 31)]) for _ in range(outputs)]
                for _ in range(examples)]
    if kind == "poisson":
        return [[float(source.randrange(5)) for _ in range(outputs)] for _ in range(examples)]
    return [[grid(-48, 48) for _ in range(outputs)] for _ in range(examples)]


def compute(case, dtype):
    """Loss, weight gradients and bias gradients of a case as lists, by autograd in `dtype`."""
    tensor = lambda v: torch.tensor(v, dtype=dtype)
    weights = [tensor(w).requires_grad_() for w in case["weights"]]
    biases = [tensor(b).requires_grad_() for b in case["biases"]]
    a, y = tensor(case["inputs"]), tensor(case["targets"])
    for w, b, name in zip(weights, biases, case["activations"]):
        z = F.linear(a, w, b)
        a = activate(name, z)
    each = losses(case["loss"], a, z, case["activations"][-1], y)
    if case["exampleWeights"]:
        each = tensor(case["exampleWeights"]) * each
    loss = each.sum() / (len(y) if case["reduction"] == "mean" else 1)
    loss.backward()
    return loss, [w.grad for w in weights], [b.grad for b in biases]


def shortest(tensor):
    """A float32 tensor as lists of doubles that print as the float's own shortest decimals."""
    if tensor.dim():
        return [shortest(row) for row in tensor]
    return float(str(tensor.numpy()))


def draw(number, sizes, activations, loss, attempt):
    source = random.Random(1000 * number + attempt)
    grid = lambda *shape: ([grid(*shape[1:]) for _ in range(shape[0])] if shape
                           else source.randrange(-32, 33) / 32)
    rows = [o * (3 if a == "maxout:3" else 1) for o, a in zip(sizes[1:], activations)]
    examples = 4
    return {
        "name": f"{' '.join(activations)}, {loss}" + (", one output" if sizes[-1] == 1 else ""),
        "sizes": sizes, "activations": activations, "loss": loss,
        "reduction": "sum" if number % 3 == 2 else "mean",
        "exampleWeights": ([source.randrange(0, 65) / 32 for _ in range(examples)]
                           if number % 2 else None),
        "inputs": grid(examples, sizes[0]), "targets": targets(loss, source, examples, sizes[-1]),
        "weights": [grid(r, i) for r, i in zip(rows, sizes)], "biases": [grid(r) for r in rows],
    }


def solve(number, sizes, activations, loss):
    for attempt in itertools.count():
        case = draw(number, sizes, activations, loss, attempt)
        try:
            value, weights, biases = compute(case, torch.float64)
        except TooCloseToAKink:
            continue
        if all(w.abs().max() > 0 for w in weights):  # no dead network
            break
    case["lossValue"] = value.item()
    case["weightGradients"] = [w.tolist() for w in weights]
    case["biasGradients"] = [b.tolist() for b in biases]
    value, weights, biases = compute(case, torch.float32)
    case["lossValueFloat"] = shortest(value.detach())
    case["weightGradientsFloat"] = [shortest(w) for w in weights]
    case["biasGradientsFloat"] = [shortest(b) for b in biases]
    return case


def build():
    plan = []
    for loss, outputs in OUTPUT.items():
        hidden = itertools.cycle(HIDDEN)
        needed = max(len(outputs), len(HIDDEN) // 2)  # two hidden layers a case
        for output in itertools.islice(itertools.cycle(outputs), needed):
            plan.append(([4, 5, 2, 3], [next(hidden), next(hidden), output], loss))
    plan.append(([4, 5, 1], ["tanh", "identity"], "hinge"))
    plan.append(([4, 5, 1], ["gelu", "tanh"], "hinge"))
    plan.append(([4, 5, 1], ["silu", "sigmoid"], "binary-cross-entropy"))
    plan.append(([5, 3], ["softmax"], "cross-entropy"))
    plan.append(([5, 7, 6, 5, 3], ["relu", "mish", "maxout:3", "softmax"], "cross-entropy"))
    return {"source": f"PyTorch {torch.__version__.split('+')[0]}, autograd on one thread",
            "cases": [solve(number, *case) for number, case in enumerate(plan)]}


# Float32 sums of another PyTorch (or processor) may differ in the last bits: they get their own
# bound when compared.
def compare(found, expected, tolerance):
    for path, bound in (("Float", 1e-5), ("", tolerance)):
        pick = lambda document: {
            case["name"]: {k: v for k, v in case.items() if k.endswith("Float") == bool(path)}
            for case in document["cases"]}
        yield from fixtures.differences(pick(found), pick(expected), bound)


if __name__ == "__main__":
    torch.set_num_threads(1)
    fixtures.main("pytorch_gradients.json", build, tolerance=1e-12, compare=compare)
