"""scikit-learn: `partial_fit`, a whole epoch a call."""

import warnings

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor

from worker import rate

warnings.simplefilter("ignore")


def skips(library, workload):
    if len(workload["sizes"]) > 12 or max(workload["sizes"]) > 2048:
        return "a step takes seconds"


class Peer:
    def __init__(self, library, workload, data, threads):
        self.data, self.size, self.workload = data, workload["batch"], workload
        # Full batches only: an odd one would cost nearly as much, and count less.
        self.batches = max(1, len(data.inputs) // self.size)
        self.start(workload["learningRate"], True)

    def start(self, learning_rate, shuffles):
        sizes, rule = self.workload["sizes"], self.workload["rule"]
        kind = MLPClassifier if self.data.is_classes else MLPRegressor
        self.model = kind(
            hidden_layer_sizes=sizes[1:-1], batch_size=self.size, alpha=0.0, random_state=0,
            activation={"sigmoid": "logistic"}.get(self.workload["hidden"], self.workload["hidden"]),
            solver="adam" if rule.startswith("adam") else "sgd", nesterovs_momentum=False,
            momentum=0.9 if rule == "momentum" else 0.0, learning_rate_init=learning_rate,
            shuffle=shuffles)
        self.extra = {"classes": np.arange(sizes[-1])} if self.data.is_classes else {}
        self.targets = self.data.labels if self.data.is_classes else self.data.targets.squeeze()

    def mean_loss(self, x, y):
        if self.data.is_classes:
            p = self.model.predict_proba(x)
            return float(-np.log(p[np.arange(len(y)), y]).mean())
        return float(0.5 * np.square(self.model.predict(x) - y).sum() / len(y))

    def check(self, steps, learning_rate):
        count = steps * self.size
        x, y = self.data.inputs[:count], self.targets[:count]
        # A first step of no length, so that there are weights to be replaced; then nothing is left
        # of its gradient in the optimiser.
        self.start(1e-30, False)
        self.model.partial_fit(x[:self.size], y[:self.size], **self.extra)
        model, optimizer = self.model, self.model._optimizer
        for coefficients, weights in zip(model.coefs_, self.data.weights):
            coefficients[...] = weights.T
        for intercepts in model.intercepts_:
            intercepts[...] = 0
        for name in ("velocities", "ms", "vs"):
            for moment in getattr(optimizer, name, []):
                moment[...] = 0
        if hasattr(optimizer, "t"):
            optimizer.t = 0
        optimizer.learning_rate_init = optimizer.learning_rate = learning_rate
        before = self.mean_loss(x, y)
        model.partial_fit(x, y)
        after = self.mean_loss(x, y)
        self.start(self.workload["learningRate"], True)
        return before, after

    def epoch(self):
        rows = self.batches * self.size
        self.model.partial_fit(self.data.inputs[:rows], self.targets[:rows], **self.extra)
        return self.batches

    def measure(self, seconds):
        return rate(self.epoch, self.size, seconds)
