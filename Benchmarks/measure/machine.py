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
    """The best of several measurements, before, between and after the rest. Each of them is a line of
    the section's JSON, too."""

    def __init__(self):
        self.flops, self.reading, self.triad = ({1: 0.0, 2: 0.0} for _ in range(3))

    def measure(self, context):
        kinds = {"peak": self.flops, "memory": self.reading, "triad": self.triad}
        for threads in self.flops:
            lines = subprocess.run([context.bench.parent / "fma-peak", str(threads), "0.3"],
                                   stdout=subprocess.PIPE, text=True, check=True).stdout
            for line in map(json.loads, lines.splitlines()):
                context.raw(**line)
                kind = kinds[line["workload"]]
                kind[threads] = max(kind[threads], line.get("gigaflops", line.get("gigabytes")))

    def __str__(self):
        f, r, t = self.flops, self.reading, self.triad
        return (f"multiply-add peak {f[1]:.0f} GFLOP/s on one thread, {f[2]:.0f} on two; memory read "
                f"at {r[1]:.0f} GB/s by one thread, {r[2]:.0f} by two; STREAM's triad at {t[1]:.0f} and "
                f"{t[2]:.0f} GB/s (24 bytes an element: write-allocate is not counted)")


def facts(peaks, context):
    lines = [f"- {datetime.date.today():%d %B %Y}, commit {commit()}",
             f"- {processor()}, {os.cpu_count()} cores, {vectors()}; {peaks}"]
    if peaks.flops[2] < 1.6 * peaks.flops[1]:
        lines.append("- **Two threads never had two cores for themselves: something else was running, and "
                     "the shares of the peak are too high**")
    if versions():
        lines.append(f"- {versions()}")
    if context.openblas:
        lines.append(f"- OpenBLAS under NumPy and scikit-learn took its kernels for "
                     f"{', '.join(sorted(context.openblas))}")
    if context.cleared:
        found = ", ".join(f"{name}={value}" for name, value in context.cleared.items())
        lines.append(f"- The environment had {found}, which peers did not see")
    return "\n".join(lines)
