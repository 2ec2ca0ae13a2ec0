"""Charts as SVG, without any library: bars and lines on logarithmic axes.

They carry their own colours for bright and dark backgrounds (prefers-color-scheme)."""

import html
import math

STYLE = """<style>
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600; font-size: 15px }
  .small { font-size: 11px; fill: #57606a }
  .grid { stroke: #d0d7de; stroke-width: 1 }
  .paper { fill: #ffffff }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .small { fill: #9198a1 } .grid { stroke: #3d444d } .paper { fill: #0d1117 }
  }
</style>"""
OURS = ["#d1495b", "#edae49"]
OTHERS = ["#00798c", "#6a8d92", "#8f7aa8", "#9aa55b", "#b08968", "#7d8597", "#5b8e7d", "#a3a3a3"]


def short(value):
    """1,234,567 as 1.2M."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""), (1e-3, "m"), (1e-6, "µ"),
                       (1e-9, "n")):
        if value >= size * 0.9995:
            scaled = value / size
            digits = 0 if scaled >= 99.5 else 1 if scaled >= 9.95 else 2
            return f"{scaled:.{digits}f}".rstrip("0").rstrip(".") * (digits > 0) + \
                f"{scaled:.0f}" * (digits == 0) + unit
    return f"{value:.1e}"


def colours(names):
    """One colour a name: warm ones for ours, cool ones for the others; PyTorch's first."""
    ours, others = iter(OURS), iter(OTHERS[1:] * 9)
    return {name: next(ours, OURS[0]) if name.startswith("ours")
            else OTHERS[0] if name.startswith("PyTorch") else next(others) for name in names}


def ticks(low, high):
    """Powers of ten; 2 and 5 times them, too, where the range is short."""
    tens = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    factors = (1, 2, 5) if high / low < 300 else (1,)
    return [f * 10.0 ** e for e in tens for f in factors if low <= f * 10.0 ** e <= high]


def rules(marks, y, left, right):
    """Horizontal lines with their values."""
    return [f'<line class="grid" x1="{left}" x2="{right}" y1="{y(v):.1f}" y2="{y(v):.1f}"/>'
            f'<text class="small" x="{left - 6}" y="{y(v) + 4:.1f}" text-anchor="end">{short(v)}</text>'
            for v in marks]


def legend(names, colour, x, y, width):
    parts, at, row = [], x, y
    for name in names:
        length = 24 + 7.4 * len(name)
        if at + length > x + width:
            at, row = x, row + 18
        parts.append(f'<rect x="{at}" y="{row - 10}" width="12" height="12" rx="2" '
                     f'fill="{colour[name]}"/><text x="{at + 16}" y="{row}">{html.escape(name)}</text>')
        at += length
    return parts, row


def log_bars(title, unit, groups):
    """`groups`: [(group, {name: value})]; bars of one group stand side by side. Further lines of a
    group's name are written smaller. What the axis begins at has no meaning."""
    names = list(dict.fromkeys(name for _, values in groups for name in values))
    colour = colours(names)
    values = [v for _, group in groups for v in group.values() if v]
    low, high = min(values) / 1.8, max(values) * 1.3
    width, left, right = max(1000, 82 + 131 * len(groups)), 66, 16  # room for a group's name
    bottom = 30 + 16 * max(group.count("\n") for group, _ in groups)
    parts, row = legend(names, colour, left, 50, width - left - right)
    top, plot = row + 22, 330
    height = top + plot + bottom
    y = lambda v: top + plot * (1 - math.log(v / low) / math.log(high / low))
    parts += rules(ticks(low, high), y, left, width - right)
    slot = (width - left - right) / len(groups)
    for index, (group, found) in enumerate(groups):
        present = [name for name in names if found.get(name)]
        bar = min(slot * 0.86 / len(present), 70)
        start = left + (index + 0.5) * slot - bar * len(present) / 2
        best = max(present, key=found.get)
        for place, name in enumerate(present):
            v, x = found[name], start + place * bar
            parts.append(f'<rect x="{x:.1f}" y="{y(v):.1f}" width="{bar * 0.92:.1f}" '
                         f'height="{top + plot - y(v):.1f}" fill="{colour[name]}">'
                         f'<title>{html.escape(group)}, {html.escape(name)}: {short(v)} {unit}'
                         f'</title></rect>')
            if name == best or bar > 28:
                parts.append(f'<text class="small" x="{x + bar * 0.46:.1f}" y="{y(v) - 5:.1f}" '
                             f'text-anchor="middle">{short(v)}</text>')
        for line, text in enumerate(group.split("\n")):
            parts.append(f'<text class="{"small" if line else "name"}" '
                         f'x="{left + (index + 0.5) * slot:.1f}" y="{top + plot + 20 + 16 * line}" '
                         f'text-anchor="middle">{html.escape(text)}</text>')
    return frame(width, height, title, unit, parts)


def log_lines(title, x_name, unit, series):
    """`series`: {name: [(x, y)]}; both axes are logarithmic."""
    colour = colours(series)
    xs = [x for points in series.values() for x, _ in points]
    ys = [y for points in series.values() for _, y in points]
    width, left, right, bottom, plot = 720, 66, 20, 52, 320
    parts, row = legend(list(series), colour, left, 50, width - left - right)
    top = row + 20
    height = top + plot + bottom
    x_low, x_high = min(xs), max(max(xs), min(xs) * 2)  # also of a single value
    y_low, y_high = min(ys) / 1.3, max(ys) * 1.3
    px = lambda v: left + (width - left - right) * math.log(v / x_low) / math.log(x_high / x_low)
    py = lambda v: top + plot * (1 - math.log(v / y_low) / math.log(y_high / y_low))
    parts += rules(ticks(y_low, y_high), py, left, width - right)
    marks, last = sorted(set(xs)), -99
    for mark in marks:
        if px(mark) - last > 46:
            parts.append(f'<text class="small" x="{px(mark):.1f}" y="{top + plot + 16}" '
                         f'text-anchor="middle">{mark:,}</text>')
            last = px(mark)
    parts.append(f'<text x="{(left + width - right) / 2}" y="{top + plot + 38}" '
                 f'text-anchor="middle">{html.escape(x_name)}</text>')
    for name, points in series.items():
        path = " ".join(f"{px(x):.1f},{py(y):.1f}" for x, y in points)
        thick = 2.6 if name.startswith("ours") else 1.6
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour[name]}" '
                     f'stroke-width="{thick}"/>')
        parts += [f'<circle cx="{px(x):.1f}" cy="{py(y):.1f}" r="3" fill="{colour[name]}"><title>'
                  f'{html.escape(name)}, {x:,}: {short(y)} {unit}</title></circle>' for x, y in points]
    return frame(width, height, title, unit, parts)


def frame(width, height, title, unit, parts):
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" role="img" aria-label="{html.escape(title)}">')
    body = [f'<rect class="paper" width="{width}" height="{height}"/>',
            f'<text class="title" x="66" y="24">{html.escape(title)} '
            f'<tspan class="small">({html.escape(unit)})</tspan></text>']
    return "\n".join([head, STYLE, *body, *parts, "</svg>\n"])
