"""NumPy: the four equations by hand, in float32, every buffer allocated beforehand and one flat
buffer of parameters."""

import numpy as np

from worker import Shuffled, rate

BETA1, BETA2, EPSILON, MOMENTUM, DECAY = 0.9, 0.999, 1e-8, 0.9, 0.01


def skips(library, workload):
    return None


class Peer:
    def __init__(self, library, workload, data, threads):
        self.data, self.size, self.hidden = data, workload["batch"], workload["hidden"]
        self.rule, self.sizes, self.workload = workload["rule"], workload["sizes"], workload
        self.shuffled = Shuffled(len(data.inputs), self.size)
        self.start(workload["learningRate"])

    def start(self, learning_rate):
        pairs = list(zip(self.sizes, self.sizes[1:]))
        total = sum(i * o + o for i, o in pairs)
        self.rate = np.float32(learning_rate)
        self.theta, self.gradient, self.first, self.second, self.scratch = (
            np.zeros(total, np.float32) for _ in range(5))
        self.w, self.b = self.views(self.theta, pairs)
        self.dw, self.db = self.views(self.gradient, pairs)
        for w, start in zip(self.w, self.data.weights):
            w[...] = start.T
        self.a = [np.zeros((self.size, n), np.float32) for n in self.sizes]
        self.delta = [np.zeros((self.size, n), np.float32) for n in self.sizes[1:]]
        self.y, self.t = np.zeros((self.size, self.sizes[-1]), np.float32), 0

    @staticmethod
    def views(flat, pairs):
        weights, biases, at = [], [], 0
        for i, o in pairs:
            weights.append(flat[at:at + i * o].reshape(i, o))
            biases.append(flat[at + i * o:at + i * o + o])
            at += i * o + o
        return weights, biases

    def forward(self, a):
        last = len(self.w) - 1
        for l, (w, b) in enumerate(zip(self.w, self.b)):
            z = np.dot(a[l], w, out=a[l + 1])
            z += b
            if l == last:
                if self.data.is_classes:
                    z -= z.max(axis=1, keepdims=True)
                    np.exp(z, out=z)
                    z /= z.sum(axis=1, keepdims=True)
            elif self.hidden == "relu":
                np.maximum(z, 0, out=z)
            elif self.hidden == "tanh":
                np.tanh(z, out=z)
            else:
                np.negative(z, out=z)
                np.exp(z, out=z)
                z += 1
                np.reciprocal(z, out=z)

    def step(self):
        """One step on the rows that a[0] and y hold."""
        a, delta, last = self.a, self.delta, len(self.w) - 1
        self.forward(a)
        np.subtract(a[-1], self.y, out=delta[-1])
        delta[-1] *= np.float32(1 / self.size)
        for l in range(last, -1, -1):
            np.dot(a[l].T, delta[l], out=self.dw[l])
            np.sum(delta[l], axis=0, out=self.db[l])
            if l:
                np.dot(delta[l], self.w[l].T, out=delta[l - 1])
                if self.hidden == "relu":
                    delta[l - 1] *= a[l] > 0
                elif self.hidden == "tanh":
                    delta[l - 1] *= 1 - a[l] * a[l]
                else:
                    delta[l - 1] *= a[l] * (1 - a[l])
        self.update()

    def update(self):
        g, s, self.t = self.gradient, self.scratch, self.t + 1
        if self.rule == "sgd":
            np.multiply(g, self.rate, out=s)
        elif self.rule == "momentum":
            self.first *= np.float32(MOMENTUM)
            self.first += g
            np.multiply(self.first, self.rate, out=s)
        else:
            if self.rule == "adamw":
                for w in self.w:
                    w *= np.float32(1 - self.rate * DECAY)
            self.first *= np.float32(BETA1)
            np.multiply(g, np.float32(1 - BETA1), out=s)
            self.first += s
            self.second *= np.float32(BETA2)
            np.multiply(g, g, out=s)
            s *= np.float32(1 - BETA2)
            self.second += s
            np.multiply(self.second, np.float32(1 / (1 - BETA2 ** self.t)), out=s)
            np.sqrt(s, out=s)
            s += np.float32(EPSILON)
            np.divide(self.first, s, out=s)
            s *= np.float32(self.rate / (1 - BETA1 ** self.t))
        self.theta -= s

    def mean_loss(self, count):
        x, y = self.data.inputs[:count], self.data.targets[:count]
        a = [x] + [np.zeros((count, n), np.float32) for n in self.sizes[1:]]
        self.forward(a)
        if self.data.is_classes:
            return float(-np.log(a[-1][np.arange(count), self.data.labels[:count]]).mean())
        return float(0.5 * np.square(a[-1] - y).sum() / count)

    def check(self, steps, learning_rate):
        self.start(learning_rate)
        count = steps * self.size
        before = self.mean_loss(count)
        for at in range(0, count, self.size):
            self.a[0][...] = self.data.inputs[at:at + self.size]
            self.y[...] = self.data.targets[at:at + self.size]
            self.step()
        after = self.mean_loss(count)
        self.start(self.workload["learningRate"])
        return before, after

    def shuffled_step(self):
        rows = self.shuffled.next()
        np.take(self.data.inputs, rows, axis=0, out=self.a[0])
        np.take(self.data.targets, rows, axis=0, out=self.y)
        self.step()

    def measure(self, seconds):
        return rate(self.shuffled_step, self.size, seconds, warm_up=self.data.batches)
