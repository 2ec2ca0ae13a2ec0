"""The recipe of Scripts/fashion-mnist in PyTorch, to compare accuracy and time.

    python Reference/fashion_mnist_torch.py [--hidden 256,128] [--epochs 20] [--seed 0] [--threads 2]

ReLU layers with He's normal initialisation and zero biases, softmax with cross-entropy, Adam, batch
128, 5 % warm-up then cosine from 2e-3. All 60,000 training pictures are trained on unless
--validation 0.2 keeps a part back, as `backprop train` does; the t10k files are only tested on, once,
after the last epoch.
"""

import argparse
import gzip
import itertools
import math
import pathlib
import time

import numpy as np
import torch
import torch.nn.functional as F


def idx(folder, name):
    for path in (folder / name, folder / f"{name}.gz"):
        if path.exists():
            content = (gzip.open if path.suffix == ".gz" else open)(path, "rb").read()
            shape = np.frombuffer(content, ">u4", content[3], 4)
            return np.frombuffer(content, np.uint8, offset=4 + 4 * content[3]).reshape(shape)
    raise SystemExit(f"error: no {name}[.gz] in {folder}")


def load(folder, part):
    images, labels = idx(folder, f"{part}-images-idx3-ubyte"), idx(folder, f"{part}-labels-idx1-ubyte")
    return (torch.from_numpy(images.reshape(len(images), -1).astype(np.float32) / 255),
            torch.from_numpy(labels.astype(np.int64)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=pathlib.Path, default="/usr/share/datasets/fashion-mnist")
    parser.add_argument("--hidden", default="256,128")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--validation", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)

    x, y = load(arguments.data, "train")
    x_test, y_test = load(arguments.data, "t10k")
    order = torch.randperm(len(x))
    kept = int(len(x) * arguments.validation)
    held, training = order[:kept], order[kept:]

    sizes = [x.shape[1], *map(int, arguments.hidden.split(",")), 10]
    layers = []
    for i, o in itertools.pairwise(sizes):
        linear = torch.nn.Linear(i, o)
        torch.nn.init.kaiming_normal_(linear.weight, nonlinearity="relu")
        torch.nn.init.zeros_(linear.bias)
        layers += [linear, torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.Adam(network.parameters(), lr=arguments.learning_rate, fused=True)
    size = arguments.batch_size
    total = arguments.epochs * math.ceil(len(training) / size)
    warm = max(1, round(0.05 * total))

    def factor(step):
        if step < warm:
            return (step + 1) / warm
        return 0.5 * (1 + math.cos(math.pi * (step - warm) / (total - warm)))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)

    def accuracy(x, y):
        with torch.no_grad():
            return (network(x).argmax(1) == y).float().mean().item()

    start = time.perf_counter()
    for epoch in range(1, arguments.epochs + 1):
        shuffled = training[torch.randperm(len(training))]
        mean = 0.0
        for at in range(0, len(shuffled), size):
            rows = shuffled[at:at + size]
            loss = F.cross_entropy(network(x[rows]), y[rows])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            mean += loss.item() * len(rows) / len(shuffled)
        held_out = f", validation {accuracy(x[held], y[held]):.4f}" if kept else ""
        print(f"epoch {epoch}: loss {mean:.4f}{held_out}", flush=True)
    print(f"{time.perf_counter() - start:.1f} s, test accuracy {accuracy(x_test, y_test):.4f}")


if __name__ == "__main__":
    main()
