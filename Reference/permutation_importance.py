"""Permutation importance and partial dependence of a fixed network, by scikit-learn's `inspection`.

The network is made up, and computed by NumPy; scikit-learn permutes, scores and averages. Its random
numbers are not ours, so that the means agree within their intervals alone: REPEATS is large, and what is
left of the error here is the fixture's `error`. Partial dependence has no random numbers.
"""

import warnings

import numpy as np
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.inspection import partial_dependence, permutation_importance

import fixtures

REPEATS = 2000
COLUMNS = 4
QUANTILES = np.array([0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95])


class Network(BaseEstimator):
    def __init__(self, weights, biases):
        self.weights, self.biases = weights, biases

    def fit(self, x, y):
        self.fitted_ = True
        return self

    def outputs(self, x):
        for layer, (w, b) in enumerate(zip(self.weights, self.biases)):
            x = x @ np.array(w).T + np.array(b)
            if layer + 1 < len(self.weights):
                x = np.tanh(x)
        return x


class Classifier(ClassifierMixin, Network):
    def fit(self, x, y):
        self.classes_ = np.unique(y)
        return super().fit(x, y)

    def predict_proba(self, x):
        z = self.outputs(x)
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def predict(self, x):
        return self.predict_proba(x).argmax(axis=1)


class Regressor(RegressorMixin, Network):
    def predict(self, x):
        return self.outputs(x)[:, 0]


def case(name, make, outputs, activations, loss, metrics, rng):
    def coarse(values):
        return np.round(values * 32) / 32

    sizes = [COLUMNS, 5, outputs]
    weights = [coarse(rng.normal(size=(n, m))) for m, n in zip(sizes, sizes[1:])]
    # Columns count less and less, and the last not at all.
    weights[0] = coarse(weights[0] * np.array([2.0, 1.0, 0.5, 0.0]))
    biases = [coarse(rng.normal(size=n)) for n in sizes[1:]]
    x = coarse(rng.normal(size=(120, COLUMNS)))
    estimator = make([w.tolist() for w in weights], [b.tolist() for b in biases])
    if outputs > 1:
        noisy = estimator.outputs(x) + rng.gumbel(size=(len(x), outputs)) / 2
        y = noisy.argmax(axis=1)
        targets = np.eye(outputs)[y].tolist()
    else:
        y = coarse(estimator.outputs(x)[:, 0] + rng.normal(size=len(x)) / 4)
        targets = [[value] for value in y.tolist()]
    estimator.fit(x, y)
    values = []
    for key, scoring in metrics:
        found = permutation_importance(
            estimator, x, y, scoring=scoring, n_repeats=REPEATS, random_state=1)
        drops = found.importances
        values.append({
            "metric": key, "mean": drops.mean(axis=1).tolist(),
            "deviation": drops.std(axis=1, ddof=1).tolist(),
            "error": (drops.std(axis=1, ddof=1) / np.sqrt(REPEATS)).tolist()})
    dependence = []
    for column in range(COLUMNS):
        # Each a value of a row: the one at the place q (n - 1), halves rounded up.
        places = np.floor(QUANTILES * (len(x) - 1) + 0.5).astype(int)
        grid = np.unique(np.sort(x[:, column])[places])
        found = partial_dependence(
            estimator, x, [column], custom_values={column: grid}, kind="average",
            method="brute",
            response_method="predict_proba" if outputs > 1 else "auto")
        dependence.append({"grid": grid.tolist(), "average": found["average"].tolist()})
    return {
        "name": name, "sizes": sizes, "activations": activations, "loss": loss,
        "reduction": "mean", "weights": [w.tolist() for w in weights],
        "biases": [b.tolist() for b in biases], "inputs": x.tolist(), "targets": targets,
        "importance": values, "dependence": dependence,
    }


def build():
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(15)
    return {
        "source": f"scikit-learn {sklearn.__version__}, NumPy {np.__version__}",
        "repeats": REPEATS,
        "cases": [
            case("three classes", Classifier, 3, ["tanh", "softmax"], "cross-entropy",
                 [("accuracy", "accuracy"), ("log-loss", "neg_log_loss")], rng),
            case("a number", Regressor, 1, ["tanh", "identity"], "squared-error",
                 [("r2", "r2"), ("rmse", "neg_root_mean_squared_error")], rng),
        ],
    }


fixtures.main("sklearn_permutation_importance.json", build, tolerance=1e-9)
