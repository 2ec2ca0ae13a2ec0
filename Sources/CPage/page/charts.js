// Charts as SVG, each with the same as a table.

import { el, short, svg, table } from "./dom.js";
import { t } from "./words.js";

const dashes = ["", "7 4", "2 3", "9 3 2 3", "1 4"];

/// Values along an axis that are easy to read.
function ticks(low, high, count = 5) {
  if (!(high > low)) return [low];
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= raw);
  const result = [];
  for (let value = Math.ceil(low / step) * step; value <= high + step * 1e-9; value += step) result.push(Math.abs(value) < step * 1e-9 ? 0 : value);
  return result;
}

/// Lines over one axis: {title, x, y, series: [{name, points: [[x, y]]}], isLog, marks: [{x, y, name}], level: {y, name}}.
export function lineChart({ title, x: xName, y: yName, series, isLog = false, marks = [], level = null, width = 420, height = 230 }) {
  const scale = (value) => (isLog ? Math.log10(value) : value);
  const usable = (value) => typeof value === "number" && Number.isFinite(value) && (!isLog || value > 0);
  const clean = series.map((line) => ({ ...line, points: line.points.filter(([px, py]) => usable(py) && Number.isFinite(px)) }));
  const all = clean.flatMap((line) => line.points);
  const ys = all.map(([, py]) => scale(py)).concat(level && usable(level.y) ? [scale(level.y)] : []);
  const xs = all.map(([px]) => px);
  const bounds = (values) => {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const room = high > low ? (high - low) * 0.05 : Math.abs(high) * 0.1 || 1;
    return [low - room, high + room];
  };
  const area = { left: 62, right: 12, top: 12, bottom: 40 };
  const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "chart", role: "img", "aria-label": title });
  if (all.length) {
    const [x0, x1] = bounds(xs);
    const [y0, y1] = bounds(ys);
    const px = (value) => area.left + ((value - x0) / (x1 - x0)) * (width - area.left - area.right);
    const py = (value) => height - area.bottom - ((scale(value) - y0) / (y1 - y0)) * (height - area.top - area.bottom);
    for (const value of ticks(x0, x1)) {
      root.append(svg("line", { x1: px(value), x2: px(value), y1: area.top, y2: height - area.bottom, class: "grid" }),
        svg("text", { x: px(value), y: height - area.bottom + 15, class: "tick" }, short(value, 3)));
    }
    for (const value of ticks(y0, y1, 4)) {
      const at = isLog ? 10 ** value : value;
      root.append(svg("line", { x1: area.left, x2: width - area.right, y1: py(at), y2: py(at), class: "grid" }),
        svg("text", { x: area.left - 6, y: py(at) + 4, class: "tick end" }, short(at, 3)));
    }
    if (level && usable(level.y)) {
      root.append(svg("line", { x1: area.left, x2: width - area.right, y1: py(level.y), y2: py(level.y), class: "level" }));
    }
    clean.forEach((line, at) => {
      root.append(svg("polyline", {
        points: line.points.map(([a, b]) => `${px(a).toFixed(1)},${py(b).toFixed(1)}`).join(" "),
        class: `line tone-${at % 5}`, "stroke-dasharray": dashes[at % 5] || null,
      }));
      if (line.points.length < 3) {
        for (const [a, b] of line.points) root.append(svg("circle", { cx: px(a), cy: py(b), r: 3, class: `dot tone-${at % 5}` }));
      }
    });
    for (const mark of marks) {
      if (usable(mark.y)) root.append(svg("circle", { cx: px(mark.x), cy: py(mark.y), r: 5, class: "mark" }, svg("title", {}, mark.name ?? "")));
    }
  }
  root.append(svg("text", { x: (area.left + width - area.right) / 2, y: height - 6, class: "axis" }, xName));
  root.append(svg("text", { x: 14, y: (area.top + height - area.bottom) / 2, class: "axis", transform: `rotate(-90 14 ${(area.top + height - area.bottom) / 2})` }, yName));
  const legend = el("ul", { class: "legend" }, series.map((line, at) => el("li", {},
    svg("svg", { viewBox: "0 0 28 8", class: "key", "aria-hidden": "true" },
      svg("line", { x1: 0, x2: 28, y1: 4, y2: 4, class: `line tone-${at % 5}`, "stroke-dasharray": dashes[at % 5] || null })),
    line.name)));
  const places = [...new Set(series.flatMap((line) => line.points.map(([a]) => a)))].sort((a, b) => a - b);
  const values = series.map((line) => new Map(line.points.map(([a, b]) => [a, b])));
  // A chart of many points has a table of some of them.
  const every = Math.max(1, Math.ceil(places.length / 200));
  return el("figure", { class: "chart" }, el("figcaption", {}, title), root, series.length > 1 ? legend : null,
    el("details", {}, el("summary", {}, t("asTable")),
      table(title, [xName, ...series.map((line) => line.name)],
        places.filter((_, at) => at % every === 0 || at === places.length - 1)
          .map((place) => [short(place, 6), ...values.map((map) => short(map.get(place) ?? null, 6))]))));
}

/// Numbers as tones: rows of cells, heads, and what a cell is called. Signs are by pattern and number, not by tone alone.
export function heatMap({ title, rows, columns, values, choose = null, isWide = false }) {
  let most = 0;
  for (const row of values) for (const value of row) most = Math.max(most, Math.abs(value));
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": title },
    el("table", { class: `heat${isWide ? " wide" : ""}` }, el("caption", {}, title),
      el("thead", {}, el("tr", {}, el("td", {}), columns.map((name) => el("th", { scope: "col" }, name)))),
      el("tbody", {}, values.map((row, i) => el("tr", { class: rows[i].class ?? null },
        el("th", { scope: "row" }, rows[i].name),
        row.map((value, j) => {
          const share = most > 0 ? Math.abs(value) / most : 0;
          const cell = el("td", {
            class: `${value < 0 ? "negative" : "positive"}${columns.lit === j || rows[i].isLit ? " lit" : ""}`,
            title: String(value),
          }, choose ? el("button", { type: "button", class: "cell", onclick: () => choose(i, j) }, short(value, 3)) : short(value, 3));
          cell.style.setProperty("--share", `${(100 * share).toFixed(0)}%`);
          return cell;
        }))))));
}
