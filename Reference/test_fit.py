"""scikit-learn's own hand-worked step: `test_fit` of sklearn/neural_network/tests/test_mlp.py.

A 3-2-1 network of sigmoids, one example, binary cross-entropy, L2 penalty 0.1 (on weights only;
half of lambda times the squared norm, over one example, so every way to scale it is the same), one
step of gradient descent with rate 0.1. scikit-learn asserts three decimals; the fixture holds the
same quantities in 40-digit arithmetic, rounded to double. Before it is written, a NumPy computation
in double and, if it is installed, scikit-learn itself must agree within 1e-15.
"""

import numpy as np

import exact
import fixtures
from exact import mpf

INPUTS, TARGETS = [0.6, 0.8, 0.7], [0.0]
WEIGHTS = [[[0.1, 0.3, 0.5], [0.2, 0.1, 0.0]], [[0.1, 0.2]]]  # [out][in]
BIASES = [[0.1, 0.1], [1.0]]
PENALTY, RATE = 0.1, 0.1


def by_numpy():
    """The same step in double, as scikit-learn's comments write it: [in, out], one line a quantity."""
    g = lambda z: 1 / (1 + np.exp(-z))
    x, w1, w2 = np.array([INPUTS]), np.array(WEIGHTS[0]).T, np.array(WEIGHTS[1]).T
    b1, b2 = np.array(BIASES[0]), np.array(BIASES[1])
    h = g(x @ w1 + b1)
    o = g(h @ w2 + b2)
    d2 = o - np.array([TARGETS])
    d1 = (1 - h) * h * (d2 @ w2.T)
    w1, w2 = w1 - RATE * (x.T @ d1 + PENALTY * w1), w2 - RATE * (h.T @ d2 + PENALTY * w2)
    b1, b2 = b1 - RATE * d1[0], b2 - RATE * d2[0]
    return [w1.T, w2.T], [b1, b2], g(g(x @ w1 + b1) @ w2 + b2)


def by_scikit_learn():
    """The test itself, up to its assertions. None if scikit-learn is not installed."""
    try:
        from sklearn.neural_network import MLPClassifier
    except ImportError:
        return None
    mlp = MLPClassifier(solver="sgd", learning_rate_init=RATE, alpha=PENALTY, activation="logistic",
                        random_state=1, max_iter=1, hidden_layer_sizes=2, momentum=0)
    mlp.partial_fit(np.array([INPUTS]), np.array([0]), classes=[0, 1])
    mlp.coefs_ = [np.array(w).T.copy() for w in WEIGHTS]
    mlp.intercepts_ = [np.array(b) for b in BIASES]
    mlp._optimizer.velocities = [np.zeros_like(p) for p in mlp.coefs_ + mlp.intercepts_]
    # The optimiser keeps the list of parameters it updates: hand it the new arrays.
    mlp._optimizer.params = mlp.coefs_ + mlp.intercepts_
    mlp.partial_fit(np.array([INPUTS]), np.array([0]))
    probability = mlp.predict_proba(np.array([INPUTS]))[:, 1:]
    return [w.T for w in mlp.coefs_], mlp.intercepts_, probability


def build():
    w, b = exact.exact(WEIGHTS), exact.exact(BIASES)
    x, y = exact.exact(INPUTS), exact.exact(TARGETS)
    penalty, rate = mpf(PENALTY), mpf(RATE)
    z, a, delta, weight, bias = exact.gradients("binary-cross-entropy", w, b, x, y)
    squares = sum(v * v for layer in w for row in layer for v in row)
    total = [[[g + penalty * v for g, v in zip(gr, vr)] for gr, vr in zip(gl, vl)]
             for gl, vl in zip(weight, w)]
    after, after_biases = exact.step(w, total, rate), exact.step(b, bias, rate)
    _, a_after = exact.forward(after, after_biases, x)

    for name, found in (("NumPy", by_numpy()), ("scikit-learn", by_scikit_learn())):
        if found is None:
            print(f"{name} is not installed: not compared")
            continue
        pairs = zip(found[0] + found[1] + [found[2]], after + after_biases + [[a_after[-1]]])
        worst = max(np.abs(np.asarray(f) - np.array(exact.rounded(e))).max() for f, e in pairs)
        print(f"{name} differs by {worst:.1e} at most")
        assert worst <= 1e-15, name

    return {
        "source": "scikit-learn 1.9.1, sklearn/neural_network/tests/test_mlp.py, test_fit",
        "sizes": [3, 2, 1], "activations": ["sigmoid", "sigmoid"],
        "loss": "binary-cross-entropy", "reduction": "mean",
        "l2Penalty": PENALTY, "learningRate": RATE,
        "inputs": [INPUTS], "targets": [TARGETS], "weights": WEIGHTS, "biases": BIASES,
        "weightedInputs": exact.rounded(z), "outputs": exact.rounded(a),
        "dataLoss": float(exact.loss("binary-cross-entropy", a[-1], y)),
        "lossValue": float(exact.loss("binary-cross-entropy", a[-1], y) + penalty * squares / 2),
        "deltas": exact.rounded(delta),
        "weightGradients": exact.rounded(weight), "biasGradients": exact.rounded(bias),
        "weightGradientsWithPenalty": exact.rounded(total),
        "weightsAfter": exact.rounded(after), "biasesAfter": exact.rounded(after_biases),
        "outputsAfter": exact.rounded(a_after[-1]),
        "asserted": {  # what scikit-learn's test asserts, to three decimals, here as [out][in]
            "decimals": 3,
            "weightsAfter": [[[0.098, 0.2956664, 0.4939998], [0.195756, 0.096008, -0.002244]],
                             [[0.04706, 0.154089]]],
            "biasesAfter": [[0.098333, 0.09626], [0.9235]],
            "outputsAfter": [0.739]},
    }


if __name__ == "__main__":
    fixtures.main("sklearn_test_fit.json", build)
