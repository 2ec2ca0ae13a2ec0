"""PyTorch: eager, with the better of its default and its fused optimiser, or compiled."""

import copy

import torch
import torch.nn.functional as F

from worker import Shuffled, rate

HIDDEN = {"relu": torch.nn.ReLU, "sigmoid": torch.nn.Sigmoid}


def skips(library, workload):
    if library == "torch.compile" and len(workload["sizes"]) > 12:
        return "compiling that many layers takes minutes"


class Peer:
    def __init__(self, library, workload, data, threads):
        torch.set_num_threads(threads)
        self.workload, self.data = workload, data
        self.size = workload["batch"]
        self.inputs = torch.from_numpy(data.inputs)
        self.targets = torch.from_numpy(data.labels if data.is_classes else data.targets)
        self.compiles = library == "torch.compile"
        self.shuffled = Shuffled(len(self.inputs), self.size)
        self.start(workload["learningRate"], False)

    def start(self, learning_rate, fused):
        layers = []
        for weights, biases in zip(self.data.weights, self.data.biases):
            linear = torch.nn.Linear(weights.shape[1], weights.shape[0])
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(weights))
                linear.bias.copy_(torch.from_numpy(biases))
            layers += [linear, HIDDEN[self.workload["hidden"]]()]
        self.network = torch.nn.Sequential(*layers[:-1])
        parameters, extra = self.network.parameters(), {"fused": True} if fused else {}
        self.optimizer = {
            "sgd": lambda: torch.optim.SGD(parameters, lr=learning_rate, **extra),
            "momentum": lambda: torch.optim.SGD(parameters, lr=learning_rate, momentum=0.9, **extra),
            "adam": lambda: torch.optim.Adam(parameters, lr=learning_rate, **extra),
            "adamw": lambda: torch.optim.AdamW(parameters, lr=learning_rate, weight_decay=0.01,
                                               **extra),
        }[self.workload["rule"]]()
        self.loss = self.plain_loss
        self.update = self.optimizer.step
        if self.compiles:
            self.loss = torch.compile(self.plain_loss)

    def plain_loss(self, x, y):
        outputs = self.network(x)
        return F.cross_entropy(outputs, y) if self.data.is_classes else 0.5 * F.mse_loss(outputs, y)

    def step(self, x, y):
        loss = self.loss(x, y)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.update()

    def check(self, steps, learning_rate):
        self.start(learning_rate, False)
        count = steps * self.size
        x, y = self.inputs[:count], self.targets[:count]
        with torch.no_grad():
            before = float(self.plain_loss(x, y))
        for at in range(0, count, self.size):
            self.step(x[at:at + self.size], y[at:at + self.size])
        with torch.no_grad():
            after = float(self.plain_loss(x, y))
        # From here on the faster of the two implementations of the rule.
        speeds = []
        for fused in (False, True):
            self.start(self.workload["learningRate"], fused)
            speeds.append((rate(self.shuffled_step, self.size, 0.3), fused))
        self.start(self.workload["learningRate"], max(speeds)[1])
        self.shuffled_step()
        return before, after

    def shuffled_step(self):
        rows = torch.from_numpy(self.shuffled.next())
        self.step(self.inputs[rows], self.targets[rows])

    def measure(self, seconds):
        return rate(self.shuffled_step, self.size, seconds)
