"""Sums up what accuracy.py measured: formulae, tables, picture."""

import math
import statistics

from sets import SETS

BASE = "LightGBM"


def relative(error, base, is_classification):
    """An error by another's; half a percent is added to class errors, which may be 0."""
    return (error + 0.5) / (base + 0.5) if is_classification else error / base


def geometric_mean(values):
    return math.exp(statistics.fmean(map(math.log, values)))


def standard_error(values):
    return statistics.stdev(values) / len(values) ** 0.5


class Summary:
    """The records of some sets, methods and seeds.

    Sums compare what the base has, too. A method that lacks some of it is compared on the splits that it has, which
    the table says, and has no rank: ranks and normalised scores are those among the methods that have all.
    """

    def __init__(self, records, sets, methods, seeds, base=BASE):
        self.base_method = base
        self.found = {(r["set"], r["seed"], r["method"]): r for r in records
                      if r["set"] in sets and r["seed"] in seeds and (r["method"] in methods or r["method"] == base)}
        measured = {key: r for key, r in self.found.items() if "error" in r}
        self.left_out = {key: r["over"] for key, r in self.found.items() if "error" not in r}
        self.splits = {m: {(s, seed) for s, seed, other in measured if other == m} for m in [*methods, base]}
        self.methods = [m for m in methods if self.splits[m]]
        self.sets = [s for s in sets if any(s == key[0] for key in measured)]
        self.base = self.splits[base]
        self.complete = [m for m in self.methods if self.base and self.splits[m] >= self.base]

    def values(self, method, field, name=None, splits=None):
        """A field of a method's records: on one set, or on all splits that the base has as well."""
        splits = self.splits[method] & self.base if splits is None else splits
        return [self.found[s, seed, method][field] for s, seed in sorted(splits)
                if name in (None, s) and self.found[s, seed, method].get(field) is not None]

    def mean(self, method, name, splits):
        return statistics.fmean(self.values(method, "error", name, splits))

    def relative_error(self, method):
        """The geometric mean over the sets, of errors that are means over the seeds."""
        splits = self.splits[method] & self.base
        names = sorted({s for s, _ in splits})
        return geometric_mean([
            relative(self.mean(method, s, splits), self.mean(self.base_method, s, splits), SETS[s].is_classification)
            for s in names]) if names else None

    def rank(self, method):
        """The mean over the sets of 1 + how many are better; those as good as each other share the mean."""
        def place(name):
            own, all_ = self.mean(method, name, self.base), self.errors(name)
            return 1 + sum(e < own for e in all_) + (sum(e == own for e in all_) - 1) / 2
        return statistics.fmean(map(place, self.base_sets())) if method in self.complete else None

    def normalised(self, method):
        """The mean over the sets of a score that is 1 for the best method and 0 for the worst."""
        def score(name):
            own, all_ = self.mean(method, name, self.base), self.errors(name)
            return (max(all_) - own) / (max(all_) - min(all_)) if max(all_) > min(all_) else 1
        return statistics.fmean(map(score, self.base_sets())) if method in self.complete else None

    def errors(self, name):
        return [self.mean(m, name, self.base) for m in self.complete]

    def base_sets(self):
        return sorted({s for s, _ in self.base})

    def average(self, method, field):
        values = self.values(method, field)
        return statistics.fmean(values) if values else None

    def geometric(self, method, field):
        """The geometric mean over the sets of what is a mean over the seeds."""
        splits = self.splits[method] & self.base
        means = [self.values(method, field, s, splits) for s in sorted({s for s, _ in splits})]
        return geometric_mean([max(statistics.fmean(v), 1e-3) for v in means if v]) if any(means) else None

    def seconds(self, method):
        return self.geometric(method, "seconds")


def row(cells):
    return "| " + " | ".join(cells) + " |"


def number(value, form):
    return "–" if value is None else format(value, form)


def overview(summary):
    lines = [row(["method", f"error relative to {BASE}", "mean rank", "normalised score", "log loss", "ROC AUC",
                  "seconds of fit", "peak memory, MB", "splits"]), row(["---"] + ["---:"] * 8)]
    known = [m for m in summary.methods if summary.relative_error(m) is not None]
    for method in sorted(known, key=summary.relative_error):
        shared = len(summary.splits[method] & summary.base)
        lines.append(row([
            method, number(summary.relative_error(method), ".3f"), number(summary.rank(method), ".1f"),
            number(summary.normalised(method), ".2f"), number(summary.average(method, "logLoss"), ".3f"),
            number(summary.average(method, "rocAUC"), ".4f"), number(summary.seconds(method), ".2f"),
            number(summary.geometric(method, "memory"), ".0f"),
            f"{shared}" if method in summary.complete else f"{shared} of {len(summary.base)}"]))
    return "\n".join(lines) + "\n"


def cell(summary, name, method):
    errors = summary.values(method, "error", name, summary.splits[method])
    if not errors:
        return "–"
    spread = f" ± {standard_error(errors):.2g}" if len(errors) > 1 else ""
    return f"{statistics.fmean(errors):.4g}{spread}"


def time(summary, name, method):
    seconds = summary.values(method, "seconds", name, summary.splits[method])
    return f"{statistics.fmean(seconds):.3g}" if seconds else "–"


def by_set(summary, value):
    """A row a set, a column a method."""
    lines = [row(["set", *summary.methods]), row(["---"] + ["---:"] * len(summary.methods))]
    for name in summary.sets:
        unit = "%" if SETS[name].is_classification else "RMSE"
        lines.append(row([f"{name}, {unit}" if value is cell else name]
                         + [value(summary, name, m) for m in summary.methods]))
    return "\n".join(lines) + "\n"


def page(summary):
    parts = ["# Accuracy with defaults\n", "![Error relative to LightGBM against seconds of fit](accuracy.svg)\n"]
    if summary.base:
        parts += [f"The error relative to {BASE} is the geometric mean over the sets of (class error + 0.5 %) or RMSE, "
                  f"by {BASE}'s; ranks and normalised scores (1 for the best method of a set, 0 for the worst) are "
                  "those among the methods that have all splits; log loss and ROC AUC are means over the sets with "
                  "classes, seconds and memory geometric means.\n", overview(summary)]
    parts += ["## Error on the test rows\n", "Means over the seeds with their standard error.\n",
              by_set(summary, cell), "## Seconds of fit\n", by_set(summary, time)]
    if summary.left_out:
        parts.append("Left out, as the whole took longer than it might: " + "; ".join(
            f"{m} on {s}, seed {seed} ({limit:g} s)" for (s, seed, m), limit in summary.left_out.items()) + ".\n")
    parts.append("`make accuracy` makes this page; what is measured, and how, stands in `Benchmarks/README.md`.\n")
    return "\n".join(parts)


def ablation_page(summary):
    """What the recipe is worth without each of its ingredients."""
    lines = [row(["left out of the recipe", "error relative to auto's", "log loss", "splits"]),
             row(["---"] + ["---:"] * 3)]
    known = [m for m in summary.methods if summary.relative_error(m) is not None]
    for method in sorted(known, key=lambda m: -summary.relative_error(m)):
        lines.append(row([
            "nothing" if method == summary.base_method else method, number(summary.relative_error(method), ".3f"),
            number(summary.average(method, "logLoss"), ".3f"), str(len(summary.splits[method] & summary.base))]))
    return "\n".join([
        "# What each ingredient of the recipe is worth\n",
        "`auto` of `Benchmarks/accuracy/methods.py` without one of its ingredients each: the geometric mean over the "
        "sets of (class error + 0.5 %) or RMSE, by that of the whole; the more above 1, the more the ingredient is "
        "worth. Where a task does not have the ingredient, nothing is left out.\n",
        "\n".join(lines) + "\n", "## Error on the test rows\n", by_set(summary, cell),
        "`make accuracy ACCURACY=\"--ablation\"` makes this page (`--quick`: seed 0 of eight sets).\n"])


def picture(summary, ours, path):
    """A point a method: its error relative to LightGBM's against its seconds; hollow if it lacks splits."""
    points = {m: (summary.seconds(m), summary.relative_error(m)) for m in summary.methods
              if summary.splits[m] & summary.base}
    if not points:
        return
    try:
        import matplotlib
    except ImportError:
        print("no picture: matplotlib is not installed")
        return
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "accuracy", "svg.fonttype": "none", "font.family": "sans-serif"})
    from matplotlib import pyplot
    from matplotlib.ticker import NullFormatter, StrMethodFormatter
    figure, axes = pyplot.subplots(figsize=(8, 5))
    axes.set_xscale("log")
    axes.axhline(1, color="#d0d7de", linewidth=1, zorder=0)
    line = sorted(points[m] for m in points if m in ours)
    axes.plot(*zip(*line) if line else ([], []), color="#d1495b", linewidth=1, alpha=0.5, zorder=1)
    for method, (seconds, error) in points.items():
        colour = "#d1495b" if method in ours else "#00798c"
        whole = method in summary.complete
        axes.scatter([seconds], [error], s=40, color=colour if whole else "white", edgecolors=colour, zorder=2)
        axes.annotate(method, (seconds, error), xytext=(6, 5), textcoords="offset points", fontsize=9, color=colour)
    axes.margins(x=0.15, y=0.12)
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("seconds of fit (geometric mean over the sets)")
    axes.set_ylabel(f"error relative to {BASE}")
    axes.set_title("Below and left is better", fontsize=10, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    pyplot.close(figure)
