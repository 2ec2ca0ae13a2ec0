"""TensorFlow: a tf.function, the best of one step or a loop over a hundred steps in it, with and without
XLA; and Keras's fit, in the same four ways."""

import time

import numpy as np
import tensorflow as tf

from worker import Shuffled, fastest, rate


def is_long(workload):
    return len(workload["sizes"]) > 12 or max(workload["sizes"]) > 2048


def skips(library, workload):
    if library == "Keras fit" and is_long(workload):
        return "an epoch takes too long"


class Peer:
    def __init__(self, library, workload, data, threads):
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        self.is_keras, self.workload, self.data = library == "Keras fit", workload, data
        self.size = workload["batch"]
        self.inputs, self.targets = tf.constant(data.inputs), tf.constant(data.targets)
        self.shuffled = Shuffled(len(data.inputs), self.size)
        counts = (1, self.steps_together()) if self.steps_together() >= 10 else (1,)
        ways = [(steps, compiles) for steps in counts for compiles in (False, True)]
        self.way = fastest(ways, self.speed)
        self.chosen = f"{self.way[0]} steps a call" + ", XLA" * self.way[1]
        self.start(workload["learningRate"])
        self.some_steps()()  # traced and compiled

    def steps_together(self):
        """Of long steps no more than an epoch has: calling them is nothing. Keras has no more."""
        bounded = self.is_keras or is_long(self.workload)
        return min(100, len(self.data.inputs) // self.size) if bounded else 100

    def speed(self, way):
        self.way = way
        self.start(self.workload["learningRate"])
        return rate(self.some_steps(), self.size, 0.3)

    def some_steps(self):
        """One call of the chosen way: an epoch of Keras, or steps."""
        return self.keras_epoch if self.is_keras else self.shuffled_steps

    def start(self, learning_rate):
        """From the weights given, in the chosen way."""
        if self.is_keras:
            return self.start_keras(learning_rate)
        self.w = [tf.Variable(w.T.copy()) for w in self.data.weights]
        self.b = [tf.Variable(b) for b in self.data.biases]
        variables = self.w + self.b
        self.first = [tf.Variable(tf.zeros_like(v)) for v in variables]
        self.second = [tf.Variable(tf.zeros_like(v)) for v in variables]
        self.t = tf.Variable(0.0)
        rule = self.workload["rule"]

        def step(rows):
            x, y = tf.gather(self.inputs, rows), tf.gather(self.targets, rows)
            with tf.GradientTape() as tape:
                loss = self.loss(x, y)
            gradients = tape.gradient(loss, variables)
            self.t.assign_add(1.0)
            if rule == "adamw":
                for w in self.w:
                    w.assign(w * (1 - learning_rate * 0.01))
            for p, g, m, v in zip(variables, gradients, self.first, self.second):
                if rule == "sgd":
                    p.assign_sub(learning_rate * g)
                elif rule == "momentum":
                    m.assign(0.9 * m + g)
                    p.assign_sub(learning_rate * m)
                else:
                    m.assign(0.9 * m + 0.1 * g)
                    v.assign(0.999 * v + 0.001 * g * g)
                    root = tf.sqrt(v / (1 - tf.pow(0.999, self.t))) + 1e-8
                    p.assign_sub(learning_rate / (1 - tf.pow(0.9, self.t)) * m / root)

        @tf.function(jit_compile=self.way[1])
        def steps(batches):
            if self.way[0] == 1:
                step(batches[0])
            else:
                for index in tf.range(tf.shape(batches)[0]):
                    step(batches[index])

        self.steps = steps

    def loss(self, x, y):
        for l, (w, b) in enumerate(zip(self.w, self.b)):
            x = tf.matmul(x, w) + b
            if l < len(self.w) - 1:
                x = getattr(tf.nn, self.workload["hidden"])(x)
        if self.data.is_classes:
            return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(y, x))
        return 0.5 * tf.reduce_mean(tf.reduce_sum(tf.square(x - y), axis=1))

    def start_keras(self, learning_rate):
        keras, sizes = tf.keras, self.workload["sizes"]
        layers = [keras.Input((sizes[0],))]
        layers += [keras.layers.Dense(n, self.workload["hidden"]) for n in sizes[1:-1]]
        layers.append(keras.layers.Dense(sizes[-1]))
        self.model = keras.Sequential(layers)
        for layer, w, b in zip(self.model.layers, self.data.weights, self.data.biases):
            layer.set_weights([w.T, b])
        rules = keras.optimizers
        optimizer = {
            "sgd": lambda: rules.SGD(learning_rate), "momentum": lambda: rules.SGD(learning_rate, 0.9),
            "adam": lambda: rules.Adam(learning_rate, epsilon=1e-8),
            "adamw": lambda: rules.AdamW(learning_rate, 0.01, epsilon=1e-8),
        }[self.workload["rule"]]()
        half = lambda y, p: 0.5 * tf.reduce_sum(tf.square(p - y), axis=-1)
        loss = keras.losses.CategoricalCrossentropy(from_logits=True) if self.data.is_classes else half
        self.model.compile(optimizer, loss, steps_per_execution=self.way[0],
                           jit_compile=self.way[1])
        # Full batches in whole calls, so that nothing is traced anew, and no odd batch costs nearly
        # as much as a full one and counts less.
        self.batches = max(1, len(self.data.inputs) // self.size // self.way[0]) * self.way[0]

    def check(self, steps, learning_rate):
        count = steps * self.size
        self.start(learning_rate)
        if self.is_keras:
            x, y = self.data.inputs[:count], self.data.targets[:count]
            before = self.model.evaluate(x, y, self.size, verbose=0)
            self.model.fit(x, y, self.size, shuffle=False, verbose=0)
            after = self.model.evaluate(x, y, self.size, verbose=0)
            self.start(self.workload["learningRate"])
            self.some_steps()()  # traced and compiled
            return float(before), float(after)
        before = float(self.loss(self.inputs[:count], self.targets[:count]))
        order = np.arange(count, dtype=np.int32).reshape(steps, 1, self.size)
        if self.way[0] > 1:
            order = order.reshape(1, steps, self.size)
        for batches in order:
            self.steps(tf.constant(batches))
        after = float(self.loss(self.inputs[:count], self.targets[:count]))
        self.start(self.workload["learningRate"])
        self.some_steps()()  # traced and compiled
        return before, after

    def shuffled_steps(self):
        count = self.way[0]
        self.steps(tf.constant(self.shuffled.several(count)))
        return count

    def keras_epoch(self, epochs=1):
        rows = self.batches * self.size
        self.model.fit(self.data.inputs[:rows], self.data.targets[:rows], self.size, epochs, verbose=0)
        return epochs * self.batches

    def measure(self, seconds):
        if not self.is_keras:
            return rate(self.shuffled_steps, self.size, seconds, warm_up=self.data.batches)
        # One call of fit for the whole time, since each call has a start of its own.
        speed = rate(self.keras_epoch, self.size, 0)
        epochs = max(1, round(seconds * speed / (self.batches * self.size)))
        start = time.perf_counter()
        batches = self.keras_epoch(epochs)
        return batches * self.size / (time.perf_counter() - start)
