"""How figures are summed up and written."""

import statistics


def middle(values):
    return statistics.median(values)


def spread(values, form="{:,.0f}"):
    """median [min, max]"""
    low, mid, high = (form.format(f(values)) for f in (min, statistics.median, max))
    return f"{mid} [{low}, {high}]"


def geometric_mean(values):
    return statistics.geometric_mean(values)


def table(header, rows, left=1):
    """A Markdown table; the first `left` columns are text."""
    lines = [header, ["---"] * left + ["---:"] * (len(header) - left), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


class Section:
    """What one part of the benchmark found."""

    def __init__(self, name, title, text, charts=()):
        self.name, self.title, self.text, self.charts = name, title, text, list(charts)
