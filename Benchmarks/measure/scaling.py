"""Scaling: how the cost of a training step grows with width, depth, batch and data."""

from .chart import log_lines
from .context import Peers, flops
from .report import Section, middle, table
from .training import share_data

# Where a step took longer than this, or a peer did not answer, no greater value is tried.
SECONDS_A_STEP, PATIENCE = 2.0, 120.0
SERIES = ["ours, 1 thread", "ours, 2 threads", "PyTorch", "JAX step"]
# What grows, its values, and the network, batch and rows that follow from one.
CURVES = {
    "width": ("units of the hidden layers (64–w–w–10, batch 64)",
              [8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096],
              lambda w: ([64, w, w, 10], 64, max(256, min(16384, 1 << 20 >> (w // 256))))),
    "depth": ("hidden layers of 64 units (64–…–10, batch 64)", [1, 2, 4, 8, 16, 32, 64],
              lambda d: ([64] + [64] * d + [10], 64, 8192)),
    "batch": ("examples of a batch (64–128–128–10)",
              [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096],
              lambda m: ([64, 128, 128, 10], m, max(8192, 2 * m))),
    "data": ("rows of the data set (16–32–1, batch 128)",
             [1000, 10_000, 100_000, 1_000_000, 10_000_000], lambda n: ([16, 32, 1], 128, n)),
    "small width": ("units of the hidden layers (10–w–w–10, batch 128; pytorch #144633)",
              list(range(32, 257, 16)), lambda w: ([10, w, w, 10], 128, 12_800)),
}


def run(context, peaks):
    charts, texts, notes = [], [], []
    peers_of = [] if context.alone else [s for s in SERIES[2:] if s in (context.peers or SERIES)]
    rounds = max(1, context.rounds - 2)
    seconds = context.seconds / 2
    for name in context.curves or CURVES:
        title, values, case = CURVES[name]
        if context.quick:
            values = values[::3]
        context.tell(f"scaling with {name} …")
        found, left = {series: [] for series in SERIES[:2] + peers_of}, {}
        for value in values:
            sizes, batch, examples = case(value)
            workload = {"sizes": sizes, "hidden": "relu", "rule": "adam", "rows": examples,
                        "loss": "cross-entropy" if sizes[-1] > 1 else "squared-error",
                        "batch": batch, "learningRate": 1e-4}
            folder = context.scratch / "scaling"
            for series, points in found.items():
                if series not in left and points and points[-1][1] > SECONDS_A_STEP:
                    left[series] = value, f"at {points[-1][0]:,} a step took {points[-1][1]:.1f} s"
            share_data(workload, folder)
            # PyTorch and JAX with two threads, as they come.
            peers = Peers(context, [p for p in peers_of if p not in left], [2], workload, folder,
                          PATIENCE)
            times = {series: [] for series in found}
            for _ in range(rounds):
                for threads, series in enumerate(SERIES[:2], 1):
                    if series in left:
                        continue
                    line = context.ours("--sizes", ",".join(map(str, sizes)), "--batch", batch,
                                        "--threads", threads, "--seconds", seconds, "--data",
                                        folder)[0]
                    times[series].append(batch / line["overall"])
                for peer, answer in peers.ask("measure", seconds=seconds):
                    times[peer.name].append(batch / answer["samplesPerSecond"])
            peers.close()
            for library, why in peers.skipped.items():
                # Whoever is too slow for one value need not be tried with a greater one.
                left[library] = value, why
            for series, values_found in times.items():
                if values_found:
                    found[series].append((value, middle(values_found)))
                context.raw(curve=name, value=value, series=series,
                            secondsPerStep=values_found)
        notes += [f"{series} by {name} from {value:,} on: {why}"
                  for series, (value, why) in left.items()]
        charts.append((f"scaling-{'width-small' if name == 'small width' else name}.svg",
                       log_lines(f"A training step by {name}", title, "seconds",
                                 {series: points for series, points in found.items() if points})))
        rows = []
        for value in values:
            sizes, batch, _ = case(value)
            step = {series: dict(points).get(value) for series, points in found.items()}
            best = min(filter(None, (step[series] for series in SERIES[:2])), default=None)
            both = all(step[series] for series in SERIES[:2])
            rows.append([f"{value:,}", *(f"{each * 1e6:,.1f}" if each else "–" for each in step.values()),
                         f"{batch * flops({'sizes': sizes}) / best / 1e9:.1f}" if best else "–",
                         f"{step[SERIES[1]] / step[SERIES[0]]:.2f}" if both else "–"])
        texts.append(f"### By {name}: {title}\n\n" + table(
            [name, *(f"{series}, µs" for series in found), "ours, GFLOP/s", "2 threads / 1"], rows))
    text = "\n\n".join(texts) + (
        f"\n\nA step of training with Adam, in microseconds: medians of {rounds} rounds of {seconds} s "
        f"in turns.")
    if peers_of:
        text += " PyTorch (eager) and JAX with 2 threads."
    if notes:
        text += "\n\nLeft out: " + "; ".join(notes) + "."
    return Section("scaling", "Scaling", text, charts)
