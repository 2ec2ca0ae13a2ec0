"""The whole process: start, read the images of Fashion-MNIST, train one epoch of 784–128–10, end."""

import os
import pathlib
import subprocess
import sys
import time

from .chart import log_bars
from .context import FOLDER
from .report import Section, middle, spread, table

DATA = pathlib.Path("/usr/share/datasets/fashion-mnist")  # Debian: dataset-fashion-mnist
LIBRARIES = ["PyTorch", "PyTorch, own batches", "JAX", "Keras", "scikit-learn", "NumPy"]


def once(command, environment):
    """Wall seconds and peak MiB of a process."""
    start = time.perf_counter()
    with open(os.devnull, "w") as nothing:
        process = subprocess.Popen(command, stdout=nothing, stderr=nothing,
                                   env=os.environ | environment)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"error: {' '.join(map(str, command))} ended with {process.returncode}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def run(context, peaks):
    if not DATA.is_dir():
        return Section("process", "The whole process",
                       f"Not measured: there is no {DATA} (Debian: dataset-fashion-mnist).")
    model = context.scratch / "model.safetensors"
    commands = {"ours": [context.backprop, "train", DATA, "--recipe", "plain", "--hidden", "128", "--epochs", "1",
                         "--batch-size", "32", "--optimizer", "momentum", "--validation", "0",
                         "-o", model, "--quiet", "--force"]}
    if not context.alone:
        for library in LIBRARIES:
            commands[library] = [sys.executable, FOLDER / "peers" / "whole_process.py", library, DATA]
    found = {name: [] for name in commands}
    for _ in range(max(2, context.rounds - 2)):
        for name, command in commands.items():
            context.tell(f"whole process, {name} …")
            seconds, mebibytes = once(command, {"TF_CPP_MIN_LOG_LEVEL": "3"})
            found[name].append((seconds, mebibytes))
            context.raw(library=name, seconds=seconds, mebibytes=mebibytes)
    mine = [middle([f[i] for f in found["ours"]]) for i in (0, 1)]
    rows = [[name, spread([s for s, _ in values], "{:.2f}"), spread([m for _, m in values]),
             f"{middle([s for s, _ in values]) / mine[0]:.1f}",
             f"{middle([m for _, m in values]) / mine[1]:.1f}"] for name, values in found.items()]
    text = table(["", "seconds", "peak MiB", "times our time", "times our memory"], rows)
    text += ("\n\nOne process each: start, read 60,000 images of 28 × 28 from the compressed IDX files, "
             "one epoch of 784–128–10 (ReLU, momentum, batches of 32), end; median [minimum, maximum]. "
             "Peers run `peers/whole_process.py`, with as many threads as they take by themselves; ours "
             "also reads and judges the 10,000 test images, and writes the model. PyTorch is measured with "
             "its DataLoader, as its tutorials have it, and with batches gathered by index; TensorFlow as "
             "Keras's fit.")
    title = "One epoch on 60,000 images, start to end of the process"
    charts = [(f"process-{name}.svg", log_bars(title, unit, [
        (unit, {library: middle([f[index] for f in values]) for library, values in found.items()})]))
        for index, (name, unit) in enumerate([("time", "seconds"), ("memory", "peak MiB")])]
    return Section("process", "The whole process", text, charts)
