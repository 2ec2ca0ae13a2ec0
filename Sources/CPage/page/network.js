// The network as a picture: neurons in columns, weights as lines. It is one stop of the tab key; arrows move within it.

import { compact, largest, replace, short, spoken, svg } from "./dom.js";
import { signWords, t } from "./words.js";

const drawnAtFirst = 12;
const drawnAtMost = 200;
const radius = 21;
const rowHeight = 46;
const columnWidth = 168;

/// The neurons of a layer that are drawn: the first ones, and the one that is chosen.
export function drawn(width, isOpen, chosen) {
  const count = Math.min(width, isOpen ? drawnAtMost : drawnAtFirst);
  const list = Array.from({ length: count }, (_, j) => j);
  if (chosen >= count) list[count - 1] = chosen;
  return list;
}

/// What neurons and lines show at a phase: by the phase itself, or as is asked for.
export function shownQuantities(phase, colour) {
  const node = { forward: "a", loss: "a", bp1: "delta", bp2: "delta", bp3: "delta", bp4: "delta", update: "delta" }[phase.key];
  const edge = { bp4: "gradient", update: "update" }[phase.key] ?? "values";
  if (["a", "z", "derivative", "delta"].includes(colour)) return { node: colour, edge };
  if (colour === "weight") return { node, edge: "values" };
  if (colour === "gradient" || colour === "update") return { node, edge: colour };
  return { node, edge };
}

/// Whether a quantity of a layer is computed once a phase is done.
export function isKnown(phases, index, name, l) {
  const done = phases.slice(0, index + 1);
  switch (name) {
    case "a": case "z": case "derivative":
      return l === 1 || done.some((phase) => phase.key === "forward" && phase.layer === l);
    case "delta":
      return done.some((phase) => (phase.key === "bp1" || phase.key === "bp2") && phase.layer === l);
    case "gradient": return done.some((phase) => phase.key === "bp4");
    case "update": return done.some((phase) => phase.key === "update");
    default: return true;
  }
}

/// Sign by colour, by the pattern of a line and by the sign in front of the number; size by opacity.
function tone(value, most) {
  if (typeof value !== "number" || most === 0) return { class: "none", opacity: 0.15 };
  return { class: value < 0 ? "negative" : "positive", opacity: 0.15 + 0.85 * Math.min(1, Math.abs(value) / most) };
}

/// Draws into a figure and keeps the focus where it was.
export class NetworkPicture {
  constructor(figure, actions) {
    this.figure = figure;
    this.actions = actions;
    this.root = svg("svg", { class: "network", tabindex: "0", role: "application", "aria-label": t("networkLabel") });
    this.root.addEventListener("keydown", (event) => this.key(event));
    figure.append(this.root);
  }

  /// model: {trace, phases, index, x, colour, open: Set of layers, selected: {l, j}, weight: {l, j, k} or null}
  draw(model) {
    this.model = model;
    const { trace, phases, index, open, selected } = model;
    const phase = phases[index];
    const shown = shownQuantities(phase, model.colour);
    const layers = Array.from({ length: trace.last }, (_, at) => {
      const l = at + 1;
      const [width, isOpen] = [trace.width(l), open.has(l)];
      return { l, width, isOpen, list: drawn(width, isOpen, selected.l === l ? selected.j : -1), hasMore: width > drawnAtFirst };
    });
    const places = (layer) => layer.list.length + (layer.hasMore ? 1 : 0);
    const rows = Math.max(...layers.map(places));
    const size = { width: columnWidth * (layers.length - 1) + 200, height: rows * rowHeight + 76 };
    // By the place among those that are drawn.
    const place = (l, at) => ({
      x: 100 + (l - 1) * columnWidth, y: 60 + ((rows - places(layers[l - 1])) / 2 + at) * rowHeight,
    });
    this.layers = layers;
    this.root.setAttribute("viewBox", `0 0 ${size.width} ${size.height}`);
    this.root.setAttribute("aria-label", t("networkLabel"));
    this.root.setAttribute("aria-activedescendant", `neuron-${selected.l}-${selected.j < 0 ? "more" : selected.j}`);
    this.root.style.setProperty("max-width", `${size.width * 1.2}px`);
    replace(this.root,
      layers.slice(1).map((layer) => this.lines(layer, place, shown.edge, phase)),
      layers.map((layer) => this.neurons(layer, place, shown.node, phase)));
  }

  lines(layer, place, name, phase) {
    const { trace, phases, index, weight, x } = this.model;
    const { l } = layer;
    const below = this.layers[l - 2];
    const tensor = trace.weights(l);
    const isLit = (phase.key === "forward" && phase.layer === l) || (phase.key === "bp2" && phase.layer === l - 1);
    const result = [];
    if (!tensor) {
      // A layer of one number an input joins like with like.
      if (trace.layer(l).kind !== "scale") return result;
      layer.list.forEach((j, at) => {
        if (!below.list.includes(j)) return;
        const [from, to] = [place(l - 1, below.list.indexOf(j)), place(l, at)];
        result.push(svg("line", { x1: from.x + radius, y1: from.y, x2: to.x - radius, y2: to.y, class: "edge none" }));
      });
      return result;
    }
    const known = isKnown(phases, index, name, l);
    const values = tensor[name];
    const most = known ? largest(values.flat()) : 0;
    layer.list.forEach((j, at) => {
      below.list.forEach((k, belowAt) => {
        const [from, to] = [place(l - 1, belowAt), place(l, at)];
        const row = trace.row(l, j, x);
        const value = known ? values[row][k] : null;
        const { class: sign, opacity } = tone(value, most);
        const isChosen = weight && weight.l === l && weight.j === row && weight.k === k;
        result.push(svg("line", {
          x1: from.x + radius, y1: from.y, x2: to.x - radius, y2: to.y,
          class: `edge ${sign}${isLit ? " lit" : ""}${isChosen ? " chosen" : ""}`, "stroke-opacity": opacity.toFixed(3),
          "data-edge": `${l}:${j}:${k}`, onclick: () => this.actions.chooseWeight(l, row, k),
        }, svg("title", {}, `${t("weightName", l, j + 1, k + 1)}: ${value === null ? t("notYet") : short(value)}`)));
      });
    });
    return result;
  }

  neurons(layer, place, name, phase) {
    const { trace, phases, index, x, selected } = this.model;
    const { l } = layer;
    // Inputs have no error: they are what they are.
    if (l === 1) name = "a";
    const known = isKnown(phases, index, name, l);
    const all = known && trace.of(l, name, x) ? Array.from({ length: layer.width }, (_, j) => trace.value(l, name, j, x)) : null;
    const most = all ? largest(all) : 0;
    const isLit = phase.layer === l || (phase.layer === null && l > 1);
    const head = place(l, 0);
    const kind = l === 1 ? t("input") : trace.layer(l).activation;
    const result = [
      svg("text", { x: head.x, y: 18, class: "layer" }, t("layer", l)),
      svg("text", { x: head.x, y: 34, class: "kind" }, kind.length > 18 ? `${kind.slice(0, 17)}…` : kind),
    ];
    layer.list.forEach((j, at) => {
      const { x: cx, y: cy } = place(l, at);
      const value = all ? all[j] : null;
      const { class: sign, opacity } = tone(value, most);
      const isChosen = selected.l === l && selected.j === j;
      const label = `${t("layerNeuron", l, j + 1)}${trace.name(l, j) ? `, ${trace.name(l, j)}` : ""}, `
        + `${t(`colour.${name}`)} ${value === null ? t("notYet") : spoken(value, signWords())}`;
      const title = trace.name(l, j);
      result.push(svg("g", {
        id: `neuron-${l}-${j}`, role: "img", "aria-label": label, "data-neuron": `${l}:${j}`, "data-value": value,
        class: `neuron ${sign}${isLit ? " lit" : ""}${isChosen ? " chosen" : ""}`, onclick: () => this.actions.choose(l, j),
      },
      svg("circle", { cx, cy, r: radius, class: "back" }),
      svg("circle", { cx, cy, r: radius, class: "disc", "fill-opacity": (0.7 * opacity).toFixed(3) }),
      svg("text", { x: cx, y: cy + 4, class: "number" }, value === null ? "·" : compact(value)),
      title && (l === 1 || l === trace.last)
        ? svg("text", { x: l === 1 ? cx - radius - 5 : cx + radius + 5, y: cy + 4, class: l === 1 ? "name before" : "name" },
          title.length > 12 ? `${title.slice(0, 11)}…` : title, svg("title", {}, title))
        : j !== at ? svg("text", { x: cx + radius + 5, y: cy + 4, class: "name" }, `#${j + 1}`) : null,
      svg("title", {}, label)));
    });
    if (layer.hasMore) {
      const { x: cx, y: cy } = place(l, layer.list.length);
      const hidden = layer.width - layer.list.length;
      const label = layer.isOpen ? t("close", l) : t("open", hidden, l);
      result.push(svg("g", {
        id: `neuron-${l}-more`, role: "img", "aria-label": label, "data-ellipsis": l,
        class: `ellipsis${selected.l === l && selected.j < 0 ? " chosen" : ""}`, onclick: () => this.actions.toggle(l),
      },
      svg("circle", { cx, cy, r: radius, class: "back" }),
      svg("text", { x: cx, y: cy + 4, class: "number" }, layer.isOpen ? "⌃" : "⋮"),
      svg("text", { x: cx, y: cy + radius + 12, class: "kind" }, hidden ? t("more", hidden) : ""),
      svg("title", {}, label)));
    }
    return result;
  }

  key(event) {
    const { l, j } = this.model.selected;
    const layer = this.layers[l - 1];
    // Behind the last neuron that is drawn stands the one that opens the others.
    const at = j < 0 ? layer.list.length : layer.list.indexOf(j);
    const end = (each) => this.layers[each - 1].list.length + (this.layers[each - 1].hasMore ? 1 : 0) - 1;
    const move = (to, place) => {
      event.preventDefault();
      this.actions.choose(to, this.layers[to - 1].list[Math.max(0, Math.min(place, end(to)))] ?? -1);
    };
    switch (event.key) {
      case "ArrowLeft": if (l > 1) move(l - 1, at); break;
      case "ArrowRight": if (l < this.layers.length) move(l + 1, at); break;
      case "ArrowUp": move(l, at - 1); break;
      case "ArrowDown": move(l, at + 1); break;
      case "Home": move(l, 0); break;
      case "End": move(l, end(l)); break;
      case "Enter": case " ":
        event.preventDefault();
        if (j < 0) this.actions.toggle(l);
        else this.actions.openEquation();
        break;
    }
  }
}
