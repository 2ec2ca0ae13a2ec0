"""Training: samples a second on the workloads W1 … W7, ours and the peers' in turns."""

import statistics

import numpy as np

from .chart import log_bars
from .context import Peer, WORKLOADS, short
from .report import Section, geometric_mean, middle, spread, table

THREADS = (1, 2)
LIBRARIES = ["PyTorch", "torch.compile", "JAX step", "JAX scan", "tf.function", "Keras fit",
             "scikit-learn", "NumPy"]
# Steps and rate of the check: enough that the loss moves, few enough that it is soon done.
CHECK_RATE = {"sgd": 0.05, "momentum": 0.01, "adam": 0.001, "adamw": 0.001}
CHECK_STEPS = {"W6": 2, "W7": 10}
TOLERANCE = 2e-3


def flops(workload):
    """What one sample's training step needs: 4 KN + 2 KN a layer, the first without passing down."""
    products = [i * o for i, o in zip(workload["sizes"], workload["sizes"][1:])]
    return 6 * sum(products) - 2 * products[0]


def share_data(workload, folder):
    """Writes the data and the weights that all contestants begin with."""
    source, sizes, rows = np.random.default_rng(0), workload["sizes"], workload["rows"]
    folder.mkdir(parents=True, exist_ok=True)
    source.random((rows, sizes[0]), dtype=np.float32).tofile(folder / "inputs.f32")
    if workload["loss"] == "cross-entropy":
        targets = np.eye(sizes[-1], dtype=np.float32)[source.integers(0, sizes[-1], rows)]
    else:
        targets = source.random((rows, sizes[-1]), dtype=np.float32)
    targets.tofile(folder / "targets.f32")
    weights = [source.standard_normal((o, i), dtype=np.float32) * np.float32(np.sqrt(2 / i))
               for i, o in zip(sizes, sizes[1:])]
    np.concatenate([w.ravel() for w in weights]).tofile(folder / "weights.f32")


def libraries_of(context):
    """The peers to measure: those that were asked for, or all."""
    return [] if context.alone else [l for l in LIBRARIES if l in (context.peers or LIBRARIES)]


def measure(context, name):
    """{(library, threads): [samples a second, one a round]}, what was left out, and the losses."""
    workload, folder = WORKLOADS[name], context.scratch / name
    share_data(workload, folder)
    steps = CHECK_STEPS.get(name, 30)
    rate = CHECK_RATE[workload["rule"]]
    check = context.ours("check", "--workload", name, "--data", folder, "--steps", steps, "--rate",
                         rate, "--threads", 2)[0]
    losses, peers, skipped = {"ours": (check["before"], check["after"])}, [], {}
    for library in libraries_of(context):
        for threads in THREADS:
            peer = Peer(library, threads)
            answer = peer.ask("prepare", workload=workload, folder=str(folder))
            if "skipped" in answer:
                skipped[library] = answer["skipped"]
                peer.close()
                break
            losses[library] = tuple(peer.ask("check", steps=steps, rate=rate).values())
            peers.append(peer)
    found = {}

    def add(library, threads, value):
        found.setdefault((library, threads), []).append(value)
        context.raw(section="training", workload=name, library=library, threads=threads,
                    samplesPerSecond=value)

    for _ in range(1 if context.quick and name == "W6" else context.rounds):
        for threads in THREADS:
            line = context.ours("--workload", name, "--threads", threads, "--seconds",
                                context.seconds, "--data", folder)[0]
            add("ours", threads, line["samplesPerSecond"])
        for peer in peers:
            add(peer.library, peer.threads,
                peer.ask("measure", seconds=context.seconds)["samplesPerSecond"])
    for peer in peers:
        peer.close()
    for file in folder.iterdir():
        file.unlink()
    return found, skipped, losses


def disagreement(losses):
    """The largest relative difference from the median of what the loss is after the check."""
    worst = 0
    for index in (0, 1):
        values = [pair[index] for pair in losses.values()]
        centre = statistics.median(values)
        worst = max(worst, max(abs(v - centre) / abs(centre) for v in values))
    return worst


def run(context, peaks):
    rows, ratios, eager, bars, notes, wrong = [], [], [], [], [], []
    libraries = libraries_of(context)
    for name in context.workloads:
        context.tell(f"training {name} …")
        workload = WORKLOADS[name]
        found, skipped, losses = measure(context, name)
        peaks.measure(context)
        best = {}
        for (library, threads), values in found.items():
            if library not in best or middle(values) > middle(best[library][1]):
                best[library] = (threads, values)
        mine, (threads, values) = middle(best["ours"][1]), best["ours"]
        row = [name, short(workload["sizes"]) + ", " + workload["hidden"],
               f"{workload['loss']}, {workload['rule']}, {workload['batch']}",
               *(spread(found["ours", t]) for t in THREADS)]
        for library in libraries:
            row.append(f"{spread(best[library][1])} ({best[library][0]})" if library in best else "–")
        if libraries:
            others = {l: middle(best[l][1]) for l in libraries if l in best}
            first = max(others, key=others.get)
            ratios.append(mine / others[first])
            eager.append(mine / others["PyTorch"] if "PyTorch" in others else float("nan"))
            row += [f"**{ratios[-1]:.2f}** ({first})", f"{eager[-1]:.1f}"]
        row.append(f"{mine * flops(workload) / 1e9 / peaks.flops[2]:.0%}")
        if libraries:
            far = disagreement(losses)
            before, after = losses["ours"]
            row.append(f"{before:.4f} → {after:.4f}, ±{far:.0e}")
            if far > TOLERANCE or abs(after - before) < 1e-4 * abs(before):
                wrong.append(f"{name}: {losses}")
        rows.append(row)
        bars.append((name, {f"ours, {t} thread{'s' * (t > 1)}": middle(found["ours", t])
                            for t in THREADS}
                     | {l: middle(best[l][1]) for l in libraries if l in best}))
        notes += [f"{name} without {library}: {why}" for library, why in skipped.items()]
    header = ["", "network", "loss, rule, batch", "ours, 1 thread", "ours, 2 threads", *libraries]
    if libraries:
        header += ["over the best", "over PyTorch"]
    header.append("of the FMA peak of two")
    if libraries:
        header.append("loss in the check")
    text = table(header, rows, left=3)
    text += (f"\n\nSamples a second while training in float32, median [minimum, maximum] of "
             f"{context.rounds} rounds in turns of {context.seconds} s; of a peer, the better of 1 and "
             f"2 threads (which one in parentheses).")
    if libraries:
        text += (f" Geometric mean over the best peer of each workload **{geometric_mean(ratios):.2f}**, "
                 f"over PyTorch (eager) **{geometric_mean(eager):.1f}**. The check: everyone's mean loss "
                 f"before and after the first {CHECK_STEPS.get('', 30)} steps (W6 "
                 f"{CHECK_STEPS['W6']}, W7 {CHECK_STEPS['W7']}) from the same weights on the same "
                 f"batches, at rates {', '.join(f'{k} {v}' for k, v in CHECK_RATE.items())}; "
                 f"± is the largest relative difference from the median.")
    if notes:
        text += "\n\nLeft out: " + "; ".join(dict.fromkeys(notes)) + "."
    if wrong:
        text += "\n\n**The losses disagree:** " + "; ".join(wrong)
        context.failures += wrong
    charts = [("training.svg", log_bars("Training in float32", "samples a second", bars))]
    return Section("training", "Training", text, charts)
