"""Inference: one example (median and 99th percentile of a call) and a thousand."""

import numpy as np

from .chart import log_bars
from .context import Peers, short
from .report import Section, middle, spread, table
from .training import share_data

NETWORKS = [[784, 128, 10], [64, 256, 256, 256, 1]]
LIBRARIES = ["onnxruntime", "PyTorch predict", "JAX predict", "NumPy predict",
             "scikit-learn predict"]
THREADS = (1, 2)


def run(context, peaks):
    rows, bars = [], []
    libraries = [] if context.alone else LIBRARIES
    for sizes in NETWORKS:
        for batch in (1, 1024):
            context.tell(f"inference {short(sizes)}, {batch} …")
            folder = context.scratch / "inference"
            workload = {"sizes": sizes, "rows": max(batch, 2048), "hidden": "relu", "rule": "adam",
                        "loss": "cross-entropy" if sizes[-1] > 1 else "squared-error",
                        "batch": batch, "learningRate": 1e-4}
            share_data(workload, folder)
            text = ",".join(map(str, sizes))
            peers = Peers(context, libraries, THREADS, workload, folder)
            outputs = folder / "outputs.f32"
            found = {}

            def add(library, threads, median, p99):
                found.setdefault((library, threads), []).append((median, p99))
                context.raw(sizes=sizes, batch=batch, library=library,
                            threads=threads, median=median, p99=p99)

            reference = None
            for _ in range(context.rounds):
                for threads in THREADS:
                    line = context.ours("inference", "--sizes", text, "--rows", batch, "--threads",
                                        threads, "--seconds", context.seconds, "--data", folder,
                                        "--outputs", outputs)[0]
                    add("ours", threads, line["median"], line["p99"])
                    reference = np.fromfile(outputs, np.float32)
                for peer, answer in peers.ask("measure", seconds=context.seconds):
                    add(peer.name, peer.threads, answer["median"], answer["p99"])
                    far = float(np.abs(np.array(answer["outputs"]) - reference).max())
                    if not far <= 1e-4:
                        context.fails(f"outputs of {peer.name} on {text} differ by {far}")
            peers.close()
            best = {}
            for (library, threads), values in found.items():
                key = middle([m for m, _ in values])
                if library not in best or key < best[library][0]:
                    best[library] = (key, threads, values)
            unit = 1e6 if batch == 1 else 1
            row = [short(sizes), batch]
            for library in ["ours", *libraries]:
                if library not in best:
                    row.append("–")
                    continue
                _, threads, values = best[library]
                if batch == 1:
                    cell = (spread([m * 1e6 for m, _ in values], "{:.1f}")
                            + f", p99 {middle([p for _, p in values]) * 1e6:.1f}")
                else:
                    cell = spread([batch / m for m, _ in values])
                row.append(f"{cell} ({threads})")
            if libraries:
                row.append(f"**{best['onnxruntime'][0] / best['ours'][0]:.1f}**"
                           if "onnxruntime" in best else "–")
            rows.append(row)
            bars.append((f"{short(sizes)}, {batch}",
                         {library: batch / key for library, (key, _, _) in best.items()}))
    header = ["network", "batch", "ours", *libraries] + ["over onnxruntime"] * bool(libraries)
    text = table(header, rows, left=1)
    text += (f"\n\nOf one example the microseconds of a call, of 1024 the examples a second: median "
             f"[minimum, maximum] of the medians of {context.rounds} rounds of {context.seconds} s in "
             f"turns; the better of 1 and 2 threads (in parentheses). Ours is called from Swift, as a "
             f"program that ships a model would, the peers from Python. All have the same weights, and "
             f"outputs that agree to 1e-4.")
    return Section("inference", "Inference", text,
                   [("inference.svg", log_bars("Inference", "examples a second", bars))])
