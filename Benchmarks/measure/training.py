"""Training: samples a second on the workloads W1 … W8, ours and the peers' in turns."""

import json
import math
import statistics
import sys

import numpy as np

from .chart import log_bars
from .context import Peers, WORKLOADS, flops, short
from .report import Section, geometric_mean, middle, spread, table

THREADS = (1, 2)
LIBRARIES = ["PyTorch", "torch.compile", "JAX step", "JAX scan", "tf.function", "Keras fit",
             "scikit-learn", "NumPy"]
# Steps and rate of the check: enough that the loss moves, few enough that it is soon done.
CHECK_RATE = {"sgd": 0.05, "momentum": 0.01, "adam": 0.001, "adamw": 0.001}
DEFAULT_STEPS = 30
CHECK_STEPS = {"W6": 2, "W7": 3, "W8": 1, "W8-1024": 10}
TOLERANCE = 2e-3


def matrix_exponentials(rows):
    """e^A of the 2 × 2 matrix A in each row. With m half of A's trace, B = A − m I has B² = s² I, where
    s² = −det B, so that e^A = e^m (cosh s I + sinh s / s B)."""
    a = rows.astype(np.float64).reshape(-1, 2, 2)
    m = np.trace(a, axis1=1, axis2=2)[:, None, None] / 2
    b = a - m * np.eye(2)
    s = np.sqrt(-np.linalg.det(b) + 0j)[:, None, None]
    exponential = np.exp(m) * (np.cosh(s) * np.eye(2) + np.sinh(s) / s * b)
    return exponential.real.reshape(-1, 4).astype(np.float32)


def share_data(workload, folder):
    """Writes the data and the weights that all contestants begin with."""
    source, sizes, rows = np.random.default_rng(0), workload["sizes"], workload["rows"]
    folder.mkdir(parents=True, exist_ok=True)
    draw = source.standard_normal if "task" in workload else source.random
    inputs = draw((rows, sizes[0]), dtype=np.float32)
    inputs.tofile(folder / "inputs.f32")
    if "task" in workload:
        targets = matrix_exponentials(inputs)
    elif workload["loss"] == "cross-entropy":
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


def recorded(context, name):
    """What `measure` gives of a workload, from the lines that an interrupted run has left; None if they
    are not complete, which the line of losses at their end tells, and then they are taken out."""
    path = context.out / "training.jsonl"
    if not context.resume or not path.exists():
        return None
    found, losses, skipped = {}, None, {}
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        if line.get("workload") != name:
            continue
        if "samplesPerSecond" in line:
            found.setdefault((line["library"], line["threads"]), []).append(line["samplesPerSecond"])
        elif "losses" in line:
            losses = {who: tuple(values) for who, values in line["losses"].items()}
            skipped = line["skipped"]
    if losses is not None:
        return found, skipped, losses
    path.write_text("".join(json.dumps(line) + "\n" for line in lines if line.get("workload") != name))
    return None


def measure(context, name):
    """{(library, threads): [samples a second, one a round]}, what was left out, and the losses."""
    workload, folder = WORKLOADS[name], context.scratch / name
    share_data(workload, folder)
    steps = CHECK_STEPS.get(name, DEFAULT_STEPS)
    rate = CHECK_RATE[workload["rule"]]
    checks = [context.ours("check", "--workload", name, "--data", folder, "--steps", steps, "--rate",
                           rate, "--threads", threads)[0] for threads in THREADS]
    if checks[0] != checks[1]:
        sys.exit(f"error: {name}: ours with 1 and 2 threads: {checks}")
    losses, found = {"ours": (checks[0]["before"], checks[0]["after"])}, {}
    peers = Peers(context, libraries_of(context), THREADS, workload, folder)
    for peer, answer in peers.ask("check", steps=steps, rate=rate):
        losses[f"{peer.name} ({peer.threads})"] = (answer["before"], answer["after"])

    def add(library, threads, value):
        found.setdefault((library, threads), []).append(value)
        context.raw(workload=name, library=library, threads=threads,
                    samplesPerSecond=value)

    for _ in range(1 if context.quick and name == "W6" else context.rounds):
        for threads in THREADS:
            line = context.ours("--workload", name, "--threads", threads, "--seconds",
                                context.seconds, "--data", folder)[0]
            add("ours", threads, line["overall"])
        for peer, answer in peers.ask("measure", seconds=context.seconds):
            add(peer.name, peer.threads, answer["samplesPerSecond"])
    context.raw(workload=name, losses=losses, skipped=peers.skipped)
    peers.close()
    for file in folder.iterdir():
        file.unlink()
    return found, peers.skipped, losses


def disagreement(losses):
    """The largest relative difference of a loss from the median of all, before or after the check;
    infinite if one is no number."""
    worst = 0
    for values in zip(*losses.values()):
        if not all(map(math.isfinite, values)):
            return math.inf
        centre = statistics.median(values)
        worst = max(worst, *(abs(v - centre) / abs(centre) for v in values))
    return worst


def run(context, peaks):
    summary, shares, ratios, eager, bars, notes, wrong = [], [], [], [], [], [], []
    libraries = LIBRARIES if context.resume else libraries_of(context)
    cells = {contestant: [] for contestant in ["ours, 1 thread", "ours, 2 threads", *libraries]}
    for name in context.workloads:
        context.tell(f"training {name} …")
        workload = WORKLOADS[name]
        found, skipped, losses = recorded(context, name) or measure(context, name)
        peaks.measure(context)
        best = {}
        for (library, threads), values in found.items():
            if library not in best or middle(values) > middle(best[library][1]):
                best[library] = (threads, values)
        mine = middle(best["ours"][1])
        others = {l: middle(best[l][1]) for l in libraries if l in best}
        row = [name, f"{short(workload['sizes'])}, {workload['hidden']}; {workload['loss']}, "
                     f"{workload['rule']}, batches of {workload['batch']}",
               f"{spread(best['ours'][1])} ({best['ours'][0]})"]
        label = f"{name}\n{short(workload['sizes'])}"
        if others:
            first = max(others, key=others.get)
            ratios.append(mine / others[first])
            row += [f"{spread(best[first][1])} {first} ({best[first][0]})", f"**{ratios[-1]:.2f}**"]
            label += f"\n{ratios[-1]:.1f} × {first}"
            if "PyTorch" in others:
                eager.append(mine / others["PyTorch"])
            row.append(f"{eager[-1]:.1f}" if "PyTorch" in others else "–")
        elif libraries:
            row += ["–"] * 3
        shares.append((row, len(row), mine * flops(workload) / 1e9))
        row.append("")
        if libraries:
            far, (before, after) = disagreement(losses), losses["ours"]
            agrees = far <= TOLERANCE and abs(after - before) > 1e-4 * abs(before)
            row.append(f"{before:.4f} → {after:.4f}, {'all' if agrees else '**not all**'} within "
                       f"{far:.0e}")
            if not agrees:
                wrong.append(f"{name}: {losses}")
        summary.append(row)
        for contestant, line in cells.items():
            if contestant.startswith("ours"):
                line.append(spread(found["ours", int(contestant.split()[1])]))
            else:
                line.append(f"{spread(best[contestant][1])} ({best[contestant][0]})"
                            if contestant in best else "–")
        bars.append((label, {f"ours, {t} thread{'s' * (t > 1)}": middle(found["ours", t])
                             for t in THREADS} | others))
        notes += [f"{name} without {library}: {why}" for library, why in skipped.items()]
    for row, column, gigaflops in shares:  # of the best peak of the whole run
        row[column] = f"{gigaflops / peaks.flops[2]:.0%}"
    header = ["", "network; loss, rule", "ours"]
    if libraries:
        header += ["best peer", "over it", "over PyTorch eager"]
    header.append("of the multiply-add peak of two")
    if libraries:
        header.append("loss in the check")
    text = table(header, summary, left=2)
    text += "\n\n" + table(["", *context.workloads], [[c, *line] for c, line in cells.items()])
    text += (f"\n\nSamples a second while training in float32, median [minimum, maximum] of "
             f"{context.rounds} rounds in turns of {context.seconds} s; the better of 1 and 2 threads "
             f"(which one in parentheses).")
    if ratios:
        text += f" Geometric mean over the best peer of each workload **{geometric_mean(ratios):.2f}**"
        text += f", over PyTorch eager **{geometric_mean(eager):.1f}**." if eager else "."
    if libraries:
        listed = lambda figures: ", ".join(f"{key} {value}" for key, value in figures.items())
        text += (f" The check: everyone's mean loss before and after the first {DEFAULT_STEPS} steps "
                 f"({listed(CHECK_STEPS)}) from the same weights on the same batches, at rates "
                 f"{listed(CHECK_RATE)}; the last column is the loss of ours, and the largest relative "
                 f"difference of anyone's from the median; more than {TOLERANCE} fails the run.")
    if context.resume:
        text += " The run was interrupted and resumed: its lines may be of two days and commits."
    if notes:
        text += "\n\nLeft out: " + "; ".join(dict.fromkeys(notes)) + "."
    for losses in wrong:
        text += f"\n\n**The losses disagree:** {losses}"
        context.fails(f"the losses disagree: {losses}")
    charts = [("training.svg", log_bars("Training in float32", "samples a second", bars))]
    return Section("training", "Training", text, charts)
