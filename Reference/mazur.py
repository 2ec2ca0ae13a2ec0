"""Mazur's 2-2-2 example: "A Step by Step Backpropagation Example" (Matt Mazur, 2015).

Two inputs, two sigmoids, two sigmoids, squared error summed over both outputs, rate 0.5. Mazur
updates the weights and leaves the biases as they are; the fixture also holds the step that updates
both. Everything in 40-digit arithmetic, rounded to double.
"""

import exact
import fixtures
from exact import mpf

INPUTS, TARGETS, RATE = [0.05, 0.10], [0.01, 0.99], 0.5
WEIGHTS = [[[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]]]  # [out][in]
BIASES = [[0.35, 0.35], [0.60, 0.60]]


def build():
    x, y, rate = exact.exact(INPUTS), exact.exact(TARGETS), mpf(RATE)
    w, b = exact.exact(WEIGHTS), exact.exact(BIASES)
    z, a, delta, weight, bias = exact.gradients("squared-error", w, b, x, y)
    before = exact.loss("squared-error", a[-1], y)
    after = exact.step(w, weight, rate)
    biases_after = exact.step(b, bias, rate)
    frozen = exact.forward(after, b, x)[1][-1]
    both = exact.forward(after, biases_after, x)[1][-1]
    loss_frozen = exact.loss("squared-error", frozen, y)
    assert abs(before - mpf("0.298371108760003")) < 1e-15
    assert abs(loss_frozen - mpf("0.291027773693599")) < 1e-15

    steps = 10_000
    v = w
    for _ in range(steps):
        v = exact.step(v, exact.gradients("squared-error", v, b, x, y)[3], rate)
    end = exact.forward(v, b, x)[1][-1]

    return {
        "source": "Matt Mazur, A Step by Step Backpropagation Example, 2015, "
                  "https://mattmazur.com/2015/03/17/a-step-by-step-backpropagation-example/",
        "sizes": [2, 2, 2], "activations": ["sigmoid", "sigmoid"],
        "loss": "squared-error", "reduction": "sum", "learningRate": RATE,
        "inputs": [INPUTS], "targets": [TARGETS], "weights": WEIGHTS, "biases": BIASES,
        "weightedInputs": exact.rounded(z), "outputs": exact.rounded(a),
        "lossOfEachOutput": exact.rounded(
            [exact.loss("squared-error", [p], [t]) for p, t in zip(a[-1], y)]),
        "lossValue": float(before), "deltas": exact.rounded(delta),
        "weightGradients": exact.rounded(weight), "biasGradients": exact.rounded(bias),
        "weightsAfter": exact.rounded(after), "biasesAfter": exact.rounded(biases_after),
        "frozenBiases": {"outputsAfter": exact.rounded(frozen), "lossAfter": float(loss_frozen),
                         "steps": steps, "outputsAtEnd": exact.rounded(end),
                         "lossAtEnd": float(exact.loss("squared-error", end, y)),
                         "weightsAtEnd": exact.rounded(v)},
        "trainedBiases": {"outputsAfter": exact.rounded(both),
                          "lossAfter": float(exact.loss("squared-error", both, y))},
    }


if __name__ == "__main__":
    fixtures.main("mazur.json", build)
