"""The machine that all this was measured on: its processor, and what it can do at best."""

import datetime
import importlib.metadata
import json
import os
import pathlib
import subprocess

from .context import FOLDER

LIBRARIES = {"torch": "PyTorch", "jax": "JAX", "tensorflow_cpu": "TensorFlow",
             "scikit-learn": "scikit-learn", "numpy": "NumPy", "onnxruntime": "onnxruntime",
             "pandas": "pandas", "polars": "polars", "pyarrow": "pyarrow"}


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown processor"


def vectors():
    flags = pathlib.Path("/proc/cpuinfo").read_text()
    return "AVX-512" if "avx512f" in flags else "AVX2" if "avx2" in flags else "no AVX2"


def commit():
    git = lambda *words: subprocess.run(["git", *words], cwd=FOLDER, capture_output=True,
                                        text=True).stdout.strip()
    return git("rev-parse", "--short=10", "HEAD") + (" with changes" if git(
        "status", "--porcelain", "--untracked-files=no", "--", "../Sources", "Sources") else "")


def versions():
    found = []
    for package, name in LIBRARIES.items():
        try:
            found.append(f"{name} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            pass
    return ", ".join(found)


class Peaks:
    """The best of several measurements, before, between and after the rest."""

    def __init__(self):
        self.flops, self.bandwidth = {1: 0.0, 2: 0.0}, {1: 0.0, 2: 0.0}

    def measure(self, context):
        for threads in self.flops:
            lines = subprocess.run([context.bench.parent / "fma-peak", str(threads), "0.3"],
                                   stdout=subprocess.PIPE, text=True, check=True).stdout
            for line in map(json.loads, lines.splitlines()):
                kind = self.flops if "gigaflops" in line else self.bandwidth
                kind[threads] = max(kind[threads], line.get("gigaflops", line.get("gigabytes")))

    def __str__(self):
        f, b = self.flops, self.bandwidth
        return (f"multiply-add peak {f[1]:.0f} GFLOP/s on one thread, {f[2]:.0f} on two; memory read "
                f"at {b[1]:.0f} GB/s by one thread, {b[2]:.0f} by two")


def facts(peaks):
    lines = [f"- {datetime.date.today():%d %B %Y}, commit {commit()}",
             f"- {processor()}, {os.cpu_count()} cores, {vectors()}; {peaks}"]
    if peaks.flops[2] < 1.6 * peaks.flops[1]:
        lines.append("- **Two threads never had two cores for themselves: something else was running, and "
                     "the shares of the peak are too high**")
    if versions():
        lines.append(f"- {versions()}")
    return "\n".join(lines)
