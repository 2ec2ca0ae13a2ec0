"""A small multilayer perceptron in 40-digit arithmetic (mpmath), by BP1-BP4, for the fixtures.

It shares no line with the Swift code: plain lists, one example at a time, only what the three
hand-worked examples need (sigmoid layers; squared error or binary cross-entropy). The inputs are the
doubles that the computer sees (0.15 is 0.1499999999999999944...), the results are rounded once.
"""

from mpmath import mp, mpf

mp.dps = 40


def exact(values):
    """Nested lists of floats as 40-digit numbers."""
    return [exact(v) for v in values] if isinstance(values, list) else mpf(values)


def rounded(values):
    """Nested lists of 40-digit numbers, each rounded to the nearest double."""
    return [rounded(v) for v in values] if isinstance(values, list) else float(values)


def sigmoid(z):
    return 1 / (1 + mp.exp(-z))


def forward(weights, biases, inputs):
    """z and a of every layer above the input, weights as [out][in]."""
    zs, activations = [], []
    a = inputs
    for w, b in zip(weights, biases):
        z = [sum(wjk * ak for wjk, ak in zip(row, a)) + bj for row, bj in zip(w, b)]
        a = [sigmoid(zj) for zj in z]
        zs.append(z)
        activations.append(a)
    return zs, activations


def loss(kind, a, y):
    if kind == "squared-error":
        return sum((aj - yj) ** 2 for aj, yj in zip(a, y)) / 2
    terms = []
    for aj, yj in zip(a, y):
        terms.append(-yj * mp.log(aj) if yj else mpf(0))
        terms.append(-(1 - yj) * mp.log(1 - aj) if yj != 1 else mpf(0))
    return sum(terms)


def gradients(kind, weights, biases, inputs, targets):
    """Weighted inputs, outputs, deltas, weight gradients and bias gradients of one example."""
    zs, activations = forward(weights, biases, inputs)
    derivative = [[a * (1 - a) for a in layer] for layer in activations]
    output = activations[-1]
    if kind == "squared-error":
        nabla = [a - y for a, y in zip(output, targets)]
    else:
        nabla = [(1 - y) / (1 - a) - y / a for a, y in zip(output, targets)]
    deltas = [[g * d for g, d in zip(nabla, derivative[-1])]]  # BP1
    for layer in range(len(weights) - 2, -1, -1):  # BP2
        above, w = deltas[0], weights[layer + 1]
        passed = [sum(w[j][k] * above[j] for j in range(len(w))) for k in range(len(w[0]))]
        deltas.insert(0, [p * d for p, d in zip(passed, derivative[layer])])
    below = [inputs] + activations[:-1]
    weight = [[[d * a for a in al] for d in dl] for dl, al in zip(deltas, below)]  # BP4
    return zs, activations, deltas, weight, [list(d) for d in deltas]  # BP3


def step(parameters, gradient, rate):
    """theta - rate * gradient, elementwise over nested lists."""
    if isinstance(parameters, list):
        return [step(p, g, rate) for p, g in zip(parameters, gradient)]
    return parameters - rate * gradient
