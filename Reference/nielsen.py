"""Nielsen's one neuron that learns to turn 1 into 0 (Neural Networks and Deep Learning, ch. 3).

One sigmoid, input 1, target 0, 300 epochs of gradient descent: quadratic cost with rate 0.15 from
w = 0.6, b = 0.9 (learns at once) and from w = b = 2.0 (saturated: learns slowly), cross-entropy with
rate 0.005 from both. Epoch e holds the neuron after e updates. 40-digit arithmetic, rounded to
double.
"""

import exact
import fixtures
from exact import mpf

EPOCHS = [0, 1, 2, 3, 10, 50, 100, 150, 200, 250, 300]
RUNS = [("squared-error", 0.15, 0.6, 0.9), ("squared-error", 0.15, 2.0, 2.0),
        ("binary-cross-entropy", 0.005, 0.6, 0.9), ("binary-cross-entropy", 0.005, 2.0, 2.0)]


def run(kind, rate, weight, bias):
    w, b, x, y = [[[mpf(weight)]]], [[mpf(bias)]], [mpf(1)], [mpf(0)]
    records = []
    for epoch in range(EPOCHS[-1] + 1):
        _, a, _, dw, db = exact.gradients(kind, w, b, x, y)
        if epoch in EPOCHS:
            records.append({"epoch": epoch, "weight": float(w[0][0][0]), "bias": float(b[0][0]),
                            "output": float(a[0][0]), "loss": float(exact.loss(kind, a[0], y)),
                            "weightGradient": float(dw[0][0][0]), "biasGradient": float(db[0][0])})
        w, b = exact.step(w, dw, mpf(rate)), exact.step(b, db, mpf(rate))
    return records


def build():
    cases = [{"name": f"{kind} from w = {w}, b = {b}", "sizes": [1, 1], "activations": ["sigmoid"],
              "loss": kind, "reduction": "sum", "learningRate": rate, "inputs": [[1.0]],
              "targets": [[0.0]], "weights": [[[w]]], "biases": [[b]],
              "epochs": run(kind, rate, w, b)} for kind, rate, w, b in RUNS]
    # The figures of the text: output 0.82 falls to 0.09; from saturation 0.98 to 0.20.
    for case, first, last in ((cases[0], 0.82, 0.09), (cases[1], 0.98, 0.20)):
        assert round(case["epochs"][0]["output"], 2) == first
        assert round(case["epochs"][-1]["output"], 2) == last
    return {"source": "Michael Nielsen, Neural Networks and Deep Learning, 2015, ch. 3, "
                      "http://neuralnetworksanddeeplearning.com/chap3.html",
            "cases": cases}


if __name__ == "__main__":
    fixtures.main("nielsen_neuron.json", build)
