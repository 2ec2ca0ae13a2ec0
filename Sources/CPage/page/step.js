// The view Step: one step of backpropagation, walked through.

import { heatMap, lineChart } from "./charts.js";
import { el, full, replace, short, spoken, svg, table } from "./dom.js";
import { derivativeAlone, votes, writtenOut } from "./equations.js";
import { isKnown, NetworkPicture } from "./network.js";
import { change, now } from "./state.js";
import { lineOf, phases, Trace } from "./trace.js";
import { signWords, t } from "./words.js";

const rowsAtMost = 300;
const pathsAtMost = 20000;

/// The error, largest in magnitude, of a layer: the neuron that is chosen where nobody chose one.
function loudest(values) {
  return values.reduce((best, value, at) => (Math.abs(value) > Math.abs(values[best]) ? at : best), 0);
}

export class StepView {
  /// source: {page, nudges(l, j), setWeight(l, j, k, value) or null}
  constructor(root, source) {
    this.root = root;
    this.source = source;
    this.parts = {};
    this.build();
    this.take(source.page);
  }

  /// Another step takes the place of this one.
  take(page) {
    this.trace = new Trace(page);
    this.phases = phases(this.trace);
    this.nudged = new Map();
  }

  build() {
    const parts = this.parts;
    parts.heading = el("p", { class: "subject" });
    parts.back = el("button", { type: "button", "data-action": "back", onclick: () => this.go(-1) }, "◀");
    parts.next = el("button", { type: "button", "data-action": "next", onclick: () => this.go(1) }, "▶");
    parts.phase = el("select", { id: "phase", onchange: (event) => change({ p: event.target.value, n: "", w: "" }) });
    parts.colour = el("select", { id: "colour", onchange: (event) => change({ c: event.target.value }) });
    parts.example = el("select", { id: "example", onchange: (event) => change({ x: event.target.value }) });
    parts.live = el("p", { class: "live", role: "status" });
    parts.figure = el("div", { class: "scroll picture" });
    parts.algorithm = el("ol", { class: "algorithm" });
    parts.chosen = el("p", { class: "chosen-name", "aria-live": "polite" });
    parts.equation = el("div", { class: "equation", tabindex: "0", role: "group" });
    parts.panels = el("div", { class: "panels" });
    parts.numbers = el("div", { class: "numbers" });
    parts.verdict = el("p", { class: "verdict" });
    parts.labels = { phase: el("label", { for: "phase", class: "hidden" }), colour: el("label", { for: "colour" }), example: el("label", { for: "example" }) };
    parts.titles = { algorithm: el("h2"), equation: el("h2") };
    replace(this.root,
      parts.heading,
      el("div", { class: "controls" }, el("span", { class: "walk" }, parts.back, parts.labels.phase, parts.phase, parts.next),
        el("span", {}, parts.labels.colour, parts.colour), el("span", { class: "example" }, parts.labels.example, parts.example)),
      parts.live,
      el("div", { class: "columns" },
        el("section", { class: "left" }, parts.figure, parts.panels),
        el("section", { class: "right" }, parts.titles.algorithm, parts.algorithm, parts.titles.equation, parts.chosen, parts.equation)),
      parts.numbers, parts.verdict);
    this.actions = {
      choose: (l, j) => change({ n: j < 0 ? `${l}:more` : `${l}:${j + 1}` }),
      // Of maxout several rows of W are of one neuron.
      chooseWeight: (l, j, k) => change({ w: `${l}:${j + 1},${k + 1}`, n: `${l}:${Math.floor(j / this.trace.pieces(l)) + 1}` }),
      toggle: (l) => {
        const open = new Set(now().open.split(",").filter(Boolean).map(Number));
        const isOpen = this.picture.layers[l - 1].isOpen;
        isOpen ? open.delete(l) : open.add(l);
        change({ open: [...open].sort((a, b) => a - b).join(","), ...isOpen ? { n: `${l}:1` } : {} });
      },
      openEquation: () => parts.equation.focus(),
    };
    this.picture = new NetworkPicture(parts.figure, this.actions);
    this.root.addEventListener("keydown", (event) => {
      if (event.target.matches("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "n") this.go(1);
      if (event.key === "p") this.go(-1);
    });
  }

  go(by) {
    const at = Math.max(0, Math.min(this.phases.length - 1, this.index + by));
    change({ p: this.phases[at].id, n: "", w: "" });
  }

  /// What is chosen: as the state says, or what matters most at this phase.
  chosen(phase, x) {
    const { trace } = this;
    const state = now();
    const l = phase.layer ?? trace.last;
    let neuron = state.n.match(/^(\d+):(\d+|more)$/)?.slice(1).map((text) => (text === "more" ? 0 : Number(text)));
    if (neuron && (neuron[0] < 1 || neuron[0] > trace.last || neuron[1] > trace.width(neuron[0]))) neuron = null;
    const values = trace.of(l, phase.key === "forward" ? "a" : "delta", x);
    const perNeuron = values.length / trace.width(l);
    const selected = neuron ? { l: neuron[0], j: neuron[1] - 1 } : { l, j: Math.floor(loudest(values) / perNeuron) };
    let weight = state.w.match(/^(\d+):(\d+),(\d+)$/)?.slice(1).map(Number) ?? null;
    const fits = ([wl, wj, wk]) => wl >= 2 && wl <= trace.last && trace.weights(wl)?.values[wj - 1]?.[wk - 1] !== undefined;
    weight = weight && fits(weight) ? { l: weight[0], j: weight[1] - 1, k: weight[2] - 1 } : null;
    if (!weight && selected.j >= 0 && (phase.key === "bp4" || phase.key === "update")) {
      const W = trace.weights(selected.l);
      if (W) {
        const row = trace.row(selected.l, selected.j, x);
        weight = { l: selected.l, j: row, k: loudest(W.gradient[row]) };
      }
    }
    return { selected, weight };
  }

  draw() {
    const { trace, parts, source } = this;
    const state = now();
    this.index = Math.max(0, this.phases.findIndex((phase) => phase.id === state.p));
    const phase = this.phases[this.index];
    const x = Math.max(0, Math.min(trace.examples.length - 1, Number(state.x) || 0));
    const { selected, weight } = this.chosen(phase, x);
    const name = t(`phase.${phase.key}`, phase.layer, phase.layer + 1);

    parts.heading.textContent = this.subject(x);
    parts.labels.phase.textContent = t("step");
    parts.labels.colour.textContent = t("colour");
    parts.labels.example.textContent = t("example");
    parts.titles.algorithm.textContent = t("algorithm");
    parts.titles.equation.textContent = t("equation");
    parts.equation.setAttribute("aria-label", t("equation"));
    parts.back.title = t("previous");
    parts.back.setAttribute("aria-label", t("previous"));
    parts.next.title = t("next");
    parts.next.setAttribute("aria-label", t("next"));
    parts.back.disabled = this.index === 0;
    parts.next.disabled = this.index === this.phases.length - 1;
    replace(parts.phase, this.phases.map((each) => el("option", { value: each.id, selected: each === phase },
      t(`phase.${each.key}`, each.layer, each.layer + 1))));
    replace(parts.colour, ["auto", "a", "z", "derivative", "delta", "weight", "gradient", "update"].map((each) =>
      el("option", { value: each, selected: each === state.c }, t(`colour.${each}`))));
    parts.example.parentElement.hidden = !trace.isBatch;
    replace(parts.example, trace.examples.map((number, at) => el("option", { value: String(at), selected: at === x }, t("row", number))));
    const told = t("stepOf", this.index + 1, this.phases.length, name);
    if (parts.live.textContent !== told) parts.live.textContent = told;
    replace(parts.algorithm, [1, 2, 3, 4, 5].map((line) => el("li", {
      class: lineOf(phase) === line ? "current" : null, "aria-current": lineOf(phase) === line ? "step" : null,
    }, t(`line${line}`))));

    this.picture.draw({
      trace, phases: this.phases, index: this.index, x, colour: state.c, selected, weight,
      open: new Set(state.open.split(",").filter(Boolean).map(Number)),
    });
    const isNeuron = selected.j >= 0;
    parts.chosen.textContent = isNeuron ? t("selected", this.spokenName(selected, weight, phase, x)) : "";
    replace(parts.equation, isNeuron ? writtenOut(trace, phase, selected, weight, x, this.actions) : []);
    replace(parts.panels, isNeuron ? this.panels(phase, selected, weight, x) : []);
    replace(parts.numbers, isNeuron ? this.numbers(selected, x) : []);
    const { document } = trace;
    parts.verdict.className = `verdict ${document.verified ? "good" : "bad"}`;
    parts.verdict.textContent = document.verified
      ? `✓ ${t("verified", document.equations, short(document.worstResidual, 2))}` : `✗ ${t("notVerified")}`;
  }

  subject(x) {
    const { page, document, examples } = this.trace;
    const label = page.truth?.[x] !== undefined && page.truth !== null
      ? ` · ${t("truth")} ${page.truth[x]}, ${t("prediction")} ${page.predicted[x]}` : "";
    return `${page.model} · ${t("row", examples[x])} · ${page.data}${label} · C = ${short(document.loss, 6)} (${document.lossName})`;
  }

  spokenName({ l, j }, weight, phase, x) {
    const { trace } = this;
    if (weight && (phase.key === "bp4" || phase.key === "update")) {
      const name = phase.key === "bp4" ? "gradient" : "update";
      return `${t("weightName", weight.l, weight.j + 1, weight.k + 1)}, ${t(`colour.${name}`)} ${spoken(trace.weights(weight.l)[name][weight.j][weight.k], signWords())}`;
    }
    const quantity = phase.key === "forward" || phase.key === "loss" ? "a" : "delta";
    const title = trace.name(l, j);
    const known = isKnown(this.phases, this.index, quantity, l);
    const value = known ? trace.value(l, quantity, j, x) : null;
    return `${t("layerNeuron", l, j + 1)}${title ? ` (${title})` : ""}`
      + (typeof value === "number" ? `, ${quantity === "a" ? "a" : "δ"} ${spoken(value, signWords())}` : "");
  }

  panels(phase, selected, weight, x) {
    const { trace } = this;
    const { l, j } = selected;
    const result = [];
    switch (phase.key) {
      case "forward":
        if (l > 1) result.push(this.matrix(l, { row: trace.row(l, j, x) }));
        break;
      case "loss": result.push(this.outputs(x)); break;
      case "bp1":
        result.push(this.outputs(x), this.experiment(selected, x));
        break;
      case "bp2":
        if (l > 1 && l < trace.last) {
          result.push(this.votes(l, j, x), el("p", { class: "note" }, t("why.transpose", j + 1)), this.matrix(l + 1, { column: j }));
        }
        if (l > 1) result.push(this.experiment(selected, x));
        break;
      case "bp3":
        if (trace.isBatch && l > 1) result.push(this.heat(l));
        break;
      case "bp4":
        if (weight) result.push(this.paths(weight, x));
        if (trace.isBatch && l > 1) result.push(this.heat(l));
        break;
      case "update":
        result.push(this.losses());
        if (weight) result.push(this.edit(weight));
        break;
    }
    return result;
  }

  /// What the last layer says, beside the targets.
  outputs(x) {
    const { trace } = this;
    const [a, y] = [trace.of(trace.last, "a", x), trace.targets(x)];
    const slope = trace.of(trace.last, "lossGradient", x);
    return table(t("layer", trace.last), [t("output"), "a", t("target"), "∂C/∂a"],
      a.slice(0, rowsAtMost).map((value, j) => [trace.name(trace.last, j) || String(j + 1), full(value), full(y[j]), full(slope[j])]));
  }

  /// W as a map, with what takes part.
  matrix(l, lit) {
    const W = this.trace.weights(l);
    if (!W || W.values.length > 40 || W.values[0].length > 40) return null;
    const columns = W.values[0].map((_, k) => String(k + 1));
    if (lit.column !== undefined) columns.lit = lit.column;
    return heatMap({
      title: lit.column !== undefined ? t("matrix", l, lit.column + 1) : t("matrixRow", l, lit.row + 1),
      rows: W.values.map((_, i) => ({ name: String(i + 1), isLit: lit.row === i })), columns, values: W.values,
      choose: (i, k) => this.actions.chooseWeight(l, i, k),
    });
  }

  /// BP2 as votes that add up, and shrink by σ′.
  votes(l, j, x) {
    const { trace } = this;
    const all = votes(trace, l, j, x);
    if (!all) return null;
    const shown = [...all].sort((one, other) => Math.abs(other.product) - Math.abs(one.product)).slice(0, 12);
    const sum = trace.value(l, "delta", j, x);
    const derivative = derivativeAlone(trace, l, j, x);
    const perNeuron = trace.pieces(l + 1);
    const total = all.reduce((at, vote) => at + vote.product, 0);
    const bars = shown.map((vote) => ({ name: t("vote", Math.floor(vote.i / perNeuron) + 1), value: vote.product, link: [l + 1, Math.floor(vote.i / perNeuron)] }));
    if (all.length > shown.length) {
      const others = total - shown.reduce((at, vote) => at + vote.product, 0);
      bars.push({ name: t("more", all.length - shown.length), value: others });
    }
    bars.push({ name: t("sumOfVotes"), value: total, isSum: true });
    if (derivative !== null) bars.push({ name: `${t("afterDerivative")} = δ`, value: sum, isSum: true });
    const most = Math.max(...bars.map((bar) => Math.abs(bar.value)), 1e-300);
    const [width, height] = [520, bars.length * 26 + 8];
    const middle = 300;
    return el("figure", { class: "votes" }, el("figcaption", {}, t("votes", l + 1)),
      svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${t("votes", l + 1)}: ${bars.map((bar) => `${bar.name} ${short(bar.value)}`).join(", ")}` },
        svg("line", { x1: middle, x2: middle, y1: 0, y2: height, class: "grid" }),
        bars.map((bar, at) => {
          const length = (Math.abs(bar.value) / most) * 140;
          const y = at * 26 + 6;
          return svg("g", {
            class: `${bar.value < 0 ? "negative" : "positive"}${bar.isSum ? " sum" : ""}`,
            onclick: bar.link ? () => this.actions.choose(...bar.link) : null,
          },
          svg("text", { x: 6, y: y + 13, class: "vote" }, bar.name),
          svg("rect", { x: bar.value < 0 ? middle - length : middle, y, width: Math.max(length, 1), height: 18, class: "bar" }),
          svg("text", { x: bar.value < 0 ? middle + 6 : middle + length + 6, y: y + 13, class: "vote" }, short(bar.value)));
        })));
  }

  /// δ by its definition: what the engine measured when z of this neuron was moved.
  experiment({ l, j }, x) {
    const { trace, source } = this;
    const box = el("section", { class: "experiment" }, el("h3", {}, t("experiment")));
    const row = trace.row(l, j, x);
    const key = `${l}:${row}`;
    // An answer of a step that was shown before stays with that.
    const { nudged } = this;
    const show = (measured) => {
      nudged.set(key, measured);
      if (!measured) return box.append(el("p", { class: "note" }, t("noExperiment")));
      const delta = trace.examples.reduce((sum, _, at) => sum + trace.of(l, "delta", at)[row], 0);
      const { changes, losses } = measured;
      const zero = changes.indexOf(0);
      const slider = el("input", { type: "range", min: "0", max: String(changes.length - 1), step: "1", value: String(zero + 2), "aria-label": t("deltaZ") });
      const values = el("dl", { class: "values" });
      const chart = el("div");
      const update = () => {
        const at = Number(slider.value);
        const [moved, real] = [changes[at], losses[at] - losses[zero]];
        slider.setAttribute("aria-valuetext", spoken(moved, signWords()));
        replace(values, [[t("deltaZ"), moved], [t("predicted"), delta * moved], [t("measured"), real], [t("difference"), real - delta * moved]]
          .map(([name, value], index) => el("div", { "data-role": ["change", "predicted", "measured", "difference"][index] }, el("dt", {}, name), el("dd", { title: full(value), "data-value": full(value) }, short(value, 5)))));
        replace(chart, lineChart({
          title: t("experiment"), x: t("deltaZ"), y: "ΔC", height: 220,
          series: [
            { name: t("measured"), points: changes.map((each, index) => [each, losses[index] - losses[zero]]) },
            { name: t("predicted"), points: changes.map((each) => [each, delta * each]) },
          ], marks: [{ x: moved, y: real, name: t("measured") }],
        }));
      };
      slider.addEventListener("input", update);
      box.append(el("p", {}, t("experimentText", t("layerNeuron", l, j + 1))),
        trace.isBatch ? el("p", { class: "note" }, t("experimentOfBatch")) : "", slider, values, chart);
      update();
    };
    if (nudged.has(key)) show(nudged.get(key));
    else source.nudges(l, row).then(show).catch((error) => box.append(el("p", { class: "bad", role: "alert" }, error.message)));
    return box;
  }

  /// The errors of a batch, and what is left of them in the sum.
  heat(l) {
    const { trace } = this;
    const width = Math.min(trace.of(l, "delta", 0).length, 24);
    const values = trace.examples.slice(0, 64).map((_, x) => trace.of(l, "delta", x).slice(0, width));
    const all = trace.examples.map((_, x) => trace.of(l, "delta", x));
    const sums = Array.from({ length: width }, (_, j) => all.reduce((sum, row) => sum + row[j], 0));
    const pushed = all.reduce((sum, row) => sum + row.slice(0, width).reduce((at, value) => at + Math.abs(value), 0), 0);
    const left = sums.reduce((sum, value) => sum + Math.abs(value), 0);
    return el("div", {}, heatMap({
      title: t("heat", l), columns: Array.from({ length: width }, (_, j) => String(j + 1)), isWide: true,
      rows: [...values.map((_, x) => ({ name: t("row", trace.examples[x]) })), { name: t("heatSum"), class: "sum" }],
      values: [...values, sums], choose: (i, j) => (i < values.length ? change({ x: String(i), n: `${l}:${Math.floor(j / trace.pieces(l)) + 1}` }) : null),
    }), el("p", { class: "note" }, t("heatText", pushed > 0 ? short(100 * left / pushed, 3) : 0)));
  }

  /// Every path from a weight to C: their products add up to BP4.
  paths({ l, j, k }, x) {
    const { trace } = this;
    const above = [];
    for (let layer = l; layer <= trace.last; layer++) {
      const record = trace.layer(layer);
      if (!trace.isPlain(layer) || record.normalization || record.activated || (layer < trace.last && !record.derivative)) return null;
      if (layer > l) above.push(trace.width(layer));
    }
    const count = above.reduce((product, width) => product * width, 1);
    const box = el("section", { class: "paths" }, el("h3", {}, t("paths")));
    if (count > pathsAtMost) return fillBox(box, el("p", { class: "note" }, t("noPaths", count)));
    const found = [];
    const walk = (layer, neuron, product, through) => {
      if (layer === trace.last) {
        found.push({ through, product: product * trace.of(layer, "delta", x)[neuron] });
        return;
      }
      const carried = product * trace.of(layer, "derivative", x)[neuron];
      trace.weights(layer + 1).values.forEach((weights, next) => walk(layer + 1, next, carried * weights[neuron], [...through, next + 1]));
    };
    walk(l, j, trace.of(l - 1, "a", x)[k], [j + 1]);
    const sum = found.reduce((total, path) => total + path.product, 0);
    const shown = found.sort((one, other) => Math.abs(other.product) - Math.abs(one.product)).slice(0, 6);
    const rows = shown.map((path) => [path.through.map((neuron, at) => `${l + at}:${neuron}`).join(" → "), short(path.product, 6)]);
    rows.push([t("sumOfPaths"), short(sum, 6)]);
    if (!trace.isBatch) rows.push([t("byBP4"), short(trace.weights(l).gradient[j][k], 6)]);
    return fillBox(box, el("p", {}, t("pathsText", count)), table(t("paths"), [t("path"), t("product")], rows));
  }

  losses() {
    const { document } = this.trace;
    const before = document.loss + document.penalty;
    const after = document.lossAfter + document.penaltyAfter;
    return table(t("losses"), [t("value"), "C"], [
      [t("lossBefore"), full(before)], [t("lossAfter"), full(after)],
      [t("predictedChange"), full(document.predictedChange)], [t("realChange"), full(after - before)],
    ]);
  }

  /// A weight by hand, where the engine is there to say what follows.
  edit({ l, j, k }) {
    const { trace, source } = this;
    if (!source.setWeight) return el("p", { class: "note" }, t("inStudio"));
    const field = el("input", { type: "number", step: "any", id: "weight-value", value: full(trace.weights(l).values[j][k]) });
    const refusal = el("span", { class: "bad", role: "alert" });
    const send = (value) => source.setWeight(l, j, k, value).then((page) => {
      this.take(page);
      this.draw();
    }).catch((error) => { refusal.textContent = error.message; });
    return el("form", { class: "edit", onsubmit: (event) => { event.preventDefault(); if (field.value !== "") send(Number(field.value)); } },
      el("label", { for: "weight-value" }, t("editWeight")), field,
      el("button", { type: "submit" }, t("apply")), el("button", { type: "button", onclick: () => send(null) }, t("undo")), refusal);
  }

  /// The tables behind the picture: all digits.
  numbers({ l, j }, x) {
    const { trace } = this;
    if (l === 1) {
      return details(t("numbers", 1), table(t("numbers", 1), [t("input"), "x"],
        trace.of(1, "a", x).slice(0, rowsAtMost).map((value, k) => [trace.name(1, k) || String(k + 1), full(value)])));
    }
    const known = (name) => isKnown(this.phases, this.index, name, l);
    const rowsOfZ = trace.of(l, "z", x).length;
    // Of a maxout neuron a is one number, and z and δ are several.
    const value = (name, at) => (known(name) ? full(trace.of(l, name, x)?.length === rowsOfZ ? trace.of(l, name, x)[at] : null) : "·");
    const bias = trace.tensor(l, "bias");
    const rows = trace.of(l, "z", x).slice(0, rowsAtMost).map((_, at) => [
      String(at + 1), value("z", at), value("a", at), value("derivative", at), value("delta", at),
      bias ? full(bias.values[at]) : "–", bias && known("gradient") ? full(bias.gradient[at]) : "·",
      bias && known("update") ? full(bias.update[at]) : "·",
    ]);
    const W = trace.weights(l);
    const own = W?.values[trace.row(l, j, x)];
    return [
      details(t("numbers", l), table(t("numbers", l), [t("layer", l), "z", "a", "σ′", "δ", "b", "∂C/∂b", "Δb"], rows, { class: "exact", "data-layer": String(l) })),
      own ? details(t("numbersOf", t("layerNeuron", l, j + 1)), table(t("numbersOf", t("layerNeuron", l, j + 1)), [t("layer", l - 1), "w", "a", "∂C/∂w", "Δw"],
        own.slice(0, rowsAtMost).map((w, k) => [trace.name(l - 1, k) || String(k + 1), full(w), full(trace.of(l - 1, "a", x)[k]),
          known("gradient") ? full(W.gradient[trace.row(l, j, x)][k]) : "·", known("update") ? full(W.update[trace.row(l, j, x)][k]) : "·"]),
        { class: "exact", "data-weights": `${l}:${j}` })) : null,
      ...trace.layer(l).kind === "dense" ? [] : trace.layer(l).tensors.map((tensor) => details(`${tensor.role} ${tensor.name}`,
        table(tensor.name, ["", tensor.role, "∂C/∂", "Δ"], tensor.values.flat().slice(0, rowsAtMost).map((each, at) =>
          [String(at + 1), full(each), full(tensor.gradient.flat()[at]), full(tensor.update.flat()[at])])))),
    ];
  }
}

function details(summary, content) {
  return el("details", {}, el("summary", {}, summary), content);
}

function fillBox(box, ...children) {
  box.append(...children);
  return box;
}
