"""PyTorch's nn.LayerNorm and nn.RMSNorm inside small networks, gradients by autograd in float64."""

import random

import torch
import torch.nn.functional as F

import fixtures

FUNCTIONS = {"identity": lambda z: z, "sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": F.relu,
             "gelu": F.gelu, "silu": F.silu, "selu": F.selu, "softmax": lambda z: z,
             "maxout:3": lambda z: z.reshape(len(z), -1, 3).amax(dim=2)}
SIZES = [4, 19, 3, 3]
EPSILON = 1e-5


def case(number, norms, hidden):
    source = random.Random(number)
    grid = lambda *shape: torch.tensor(
        [source.randrange(-64, 65) / 32 for _ in range(torch.Size(shape).numel())],
        dtype=torch.float64).reshape(shape)
    activations = hidden + ["softmax"]
    widths = [o * (3 if a == "maxout:3" else 1) for o, a in zip(SIZES[1:], activations)]
    weights = [grid(w, i).requires_grad_() for w, i in zip(widths, SIZES)]
    biases = [grid(w).requires_grad_() for w in widths]
    layers = []
    for width, norm in zip(widths, norms):
        layer = {"layer": torch.nn.LayerNorm, "rms": torch.nn.RMSNorm}[norm](
            width, eps=EPSILON, dtype=torch.float64)
        with torch.no_grad():
            for parameter in layer.parameters():
                parameter.copy_(grid(width))
        layers.append(layer)
    inputs = grid(5, SIZES[0])
    labels = torch.tensor([source.randrange(3) for _ in range(5)])
    a = inputs
    for index, (w, b, name) in enumerate(zip(weights, biases, activations)):
        z = F.linear(a, w, b)
        if index < len(layers):
            z = layers[index](z)
        a = FUNCTIONS[name](z)
    loss = F.cross_entropy(a, labels)
    loss.backward()
    lists = lambda tensors: [t.detach().tolist() for t in tensors]
    shifts = [l.bias if n == "layer" else torch.tensor([]) for l, n in zip(layers, norms)]
    return {
        "name": " ".join(f"{n}+{a}" for n, a in zip(norms, hidden)), "sizes": SIZES,
        "activations": activations, "normalizations": norms, "inputs": inputs.tolist(),
        "targets": F.one_hot(labels, 3).double().tolist(), "weights": lists(weights),
        "biases": lists(biases), "gains": lists(l.weight for l in layers),
        "shifts": lists(shifts), "lossValue": loss.item(),
        "weightGradients": lists(w.grad for w in weights),
        "biasGradients": lists(b.grad for b in biases),
        "gainGradients": lists(l.weight.grad for l in layers),
        "shiftGradients": lists(s.grad if len(s) else s for s in shifts),
    }


def build():
    hidden = [["identity", "tanh"], ["sigmoid", "gelu"], ["relu", "silu"], ["maxout:3", "selu"]]
    norms = [["layer", "layer"], ["rms", "rms"], ["layer", "rms"]]
    pairs = [(n, h) for n in norms for h in hidden]
    return {"source": f"PyTorch {torch.__version__.split('+')[0]}, autograd on one thread",
            "cases": [case(number, *pair) for number, pair in enumerate(pairs)]}


if __name__ == "__main__":
    torch.set_num_threads(1)
    fixtures.main("pytorch_normalization.json", build, tolerance=1e-12)
