// The view Train: a run that is watched, paused, taken back, and looked into.

import { heatMap, lineChart } from "./charts.js";
import { findingCards } from "./check.js";
import { el, full, replace, svg } from "./dom.js";
import { ask, fileAddress, listen, order, showError } from "./server.js";
import { change } from "./state.js";
import { t } from "./words.js";

const builtIn = ["moons", "xor", "circles", "spiral"];
const activations = ["relu", "tanh", "sigmoid", "leaky-relu", "elu", "selu", "softplus", "gelu", "silu", "mish", "identity"];
const optimizers = ["adam", "sgd", "momentum", "nesterov", "rmsprop", "adagrad", "adamw", "nadam", "lion"];
const initializers = ["", "zeros", "xavier-uniform", "xavier-normal", "he-uniform", "he-normal", "lecun-normal", "normal:1"];

/// Settings are one word or a list of them.
function first(value) {
  return Array.isArray(value) ? value[0] : value;
}

export class TrainView {
  /// bench: {state, refresh()}, what the server says of the network.
  constructor(root, bench) {
    this.bench = bench;
    this.forget();
    this.parts = {
      error: el("p", { class: "bad", role: "alert", hidden: true }), phase: el("span", { role: "status" }), place: el("span"),
      controls: el("div", { class: "controls" }), charts: el("div", { class: "charts" }), boundary: el("section"),
      confusion: el("section"), findings: el("section"), network: el("details", { class: "card" }), command: el("p", { class: "note" }),
    };
    const { parts } = this;
    replace(root, el("p", { class: "live" }, parts.phase, parts.place), parts.controls, parts.error, parts.network, parts.charts,
      el("div", { class: "columns" }, el("div", {}, parts.boundary), el("div", {}, parts.confusion, parts.findings)), parts.command);
    this.buildControls();
    listen((event) => this.take(event));
  }

  forget() {
    this.epochs = [];
    this.layers = [];
    this.findings = [];
    this.outcome = null;
  }

  run(action, more = {}) {
    order("run", { action, ...more }).then((state) => {
      this.problem = null;
      this.bench.set(state);
      this.draw();
    }).catch((error) => this.refused(error));
  }

  refused(error) {
    this.problem = error.message;
    this.draw();
  }

  buildControls() {
    const { parts } = this;
    this.buttons = Object.fromEntries([["start", "start"], ["pause", "pause"], ["step", "oneStep"], ["epoch", "oneEpoch"], ["rewind", "rewind"]]
      .map(([action, name]) => [action, { name, element: el("button", { type: "button", "data-run": action, class: action === "start" ? "primary" : null, onclick: () => this.run(action) }) }]));
    parts.rate = el("input", { type: "number", step: "any", min: "0", id: "rate", onchange: (event) => this.run("rate", { rate: Number(event.target.value) }) });
    parts.rateLabel = el("label", { for: "rate" });
    parts.back = el("select", {
      id: "back", onchange: (event) => {
        const epoch = Number(event.target.value);
        // So that the same one can be chosen again, and the list is renewed.
        event.target.value = "";
        event.target.blur();
        if (epoch) this.run("back", { epoch });
      },
    });
    parts.backLabel = el("label", { for: "back" });
    parts.isLog = el("input", { type: "checkbox", id: "log", onchange: () => this.draw() });
    parts.logLabel = el("label", { for: "log" });
    replace(parts.controls, Object.values(this.buttons).map((button) => button.element),
      el("span", {}, parts.rateLabel, parts.rate), el("span", {}, parts.backLabel, parts.back), el("span", {}, parts.isLog, parts.logLabel));
  }

  take(event) {
    switch (event.event) {
      case "epoch":
        this.epochs = [...this.epochs.filter((each) => each.epoch < event.epoch), event];
        this.bench.state.run = { ...this.bench.state.run, epoch: event.epoch, step: event.step };
        break;
      case "stand":
        this.epochs = this.epochs.filter((each) => each.epoch <= event.epoch);
        this.layers = this.layers.filter((each) => each.epoch < event.epoch || (each.epoch === event.epoch && event.epoch > 0));
        this.findings = this.layers.at(-1)?.findings ?? [];
        this.outcome = null;
        break;
      case "layers":
        this.layers = [...this.layers.filter((each) => each.epoch < event.epoch), event];
        this.findings = event.findings;
        break;
      case "status":
        this.bench.state.run = { ...this.bench.state.run, ...event };
        if (event.status !== "running") {
          this.bench.refresh().then(() => this.drawSoon());
          this.pictures();
        }
        break;
      case "progress": this.bench.state.run = { ...this.bench.state.run, epoch: event.epoch, status: "running" }; break;
      case "end":
        this.bench.state.run.reason = event.reason;
        this.outcome = event.divergence;
        break;
      case "error": this.outcome = event.message; break;
      case "lost": this.isLost = true; break;
      case "found":
        // It may be another run that answers now.
        if (this.isLost) this.bench.refresh().then(() => this.drawSoon());
        this.isLost = false;
        break;
    }
    this.drawSoon();
  }

  /// At most a few times a second, and only while the page is looked at.
  drawSoon() {
    if (this.waits || !this.isShown) return;
    this.waits = true;
    setTimeout(() => {
      this.waits = false;
      if (this.isShown) this.draw();
    }, 200);
  }

  show(isShown) {
    this.isShown = isShown;
    if (isShown) {
      this.draw();
      this.pictures();
    }
  }

  draw() {
    const { parts, bench } = this;
    const { run, configuration } = bench.state;
    const status = run.status === "ended" ? t("ended", run.reason ?? "") : t(run.status);
    // Read out are the phases alone; where the run is stands beside them.
    if (parts.phase.textContent !== status) parts.phase.textContent = status;
    parts.place.textContent = ` · ${t("atEpoch", run.epoch, run.step)}`;
    const trouble = this.isLost ? t("lost") : this.problem ?? this.outcome;
    showError(parts.error, trouble ? new Error(trouble) : null);
    for (const { name, element } of Object.values(this.buttons)) element.textContent = t(name);
    this.buttons.start.element.disabled = run.status === "running" || run.status === "ended";
    this.buttons.pause.element.disabled = run.status !== "running";
    for (const name of ["step", "epoch"]) this.buttons[name].element.disabled = run.status === "ended";
    parts.rateLabel.textContent = t("rate");
    if (document.activeElement !== parts.rate) {
      const rate = run.learningRate ?? configuration.updates?.learningRate;
      parts.rate.value = rate === undefined ? "" : String(Number(rate.toPrecision(6)));
    }
    parts.backLabel.textContent = t("backEpoch");
    if (document.activeElement !== parts.back) replace(parts.back, el("option", { value: "" }, "–"), (run.epochs ?? []).map((epoch) => el("option", { value: String(epoch) }, String(epoch))));
    parts.logLabel.textContent = t("logScale");
    // What somebody is in is left as it is.
    const focusable = () => [...parts.charts.querySelectorAll("summary, [tabindex]")];
    const focused = focusable().indexOf(document.activeElement);
    this.drawCharts();
    if (focused >= 0) focusable()[focused]?.focus();
    this.drawFindings();
    if (!parts.network.open && !parts.network.contains(document.activeElement)) this.drawEditor();
    parts.command.hidden = builtIn.includes(this.bench.state.data);
    parts.command.textContent = `${t("commandLine")}: ${this.commandLine()}`;
  }

  drawCharts() {
    const { parts, epochs, layers } = this;
    const isLog = parts.isLog.checked;
    const held = epochs.filter((each) => each.validation);
    const metric = Object.keys(epochs[0]?.metrics ?? {})[0];
    const figures = [lineChart({
      title: t("loss"), x: t("epoch"), y: t("loss"), isLog,
      series: [{ name: t("trainingLoss"), points: epochs.map((each) => [each.epoch, each.loss]) },
        ...held.length ? [{ name: t("heldOut"), points: held.map((each) => [each.epoch, each.validation.loss]) }] : []],
    })];
    if (metric) {
      figures.push(lineChart({
        title: metric, x: t("epoch"), y: metric,
        series: [{ name: t("trainingLoss"), points: epochs.map((each) => [each.epoch, each.metrics[metric]]) },
          ...held.length ? [{ name: t("heldOut"), points: held.map((each) => [each.epoch, each.validation[metric]]) }] : []],
      }));
    }
    const perLayer = (name) => (layers.at(-1)?.layers ?? []).map((layer) => ({
      name: t("layer", layer.layer),
      points: layers.map((each) => [each.epoch, each.layers.find((other) => other.layer === layer.layer)?.[name] ?? null]),
    })).filter((line) => line.points.some(([, value]) => typeof value === "number"));
    if (layers.length) {
      figures.push(
        lineChart({ title: t("deltaPerLayer"), x: t("epoch"), y: "RMS δ", isLog: true, series: perLayer("deltaNorm") }),
        lineChart({
          title: t("factors"), x: t("epoch"), y: "", isLog: true,
          series: [...perLayer("weightFactor").map((line) => ({ ...line, name: `W · ${line.name}` })),
            ...perLayer("derivativeFactor").map((line) => ({ ...line, name: `σ′ · ${line.name}` }))],
        }),
        lineChart({ title: t("updateRatio"), x: t("epoch"), y: "", isLog: true, series: perLayer("weightUpdateRatio"), level: { y: 1e-3 } }));
      const shares = [...perLayer("deadShare").map((line) => ({ ...line, name: `${t("deadShare")} · ${line.name}` })),
        ...perLayer("saturatedShare").map((line) => ({ ...line, name: `${t("saturatedShare")} · ${line.name}` }))];
      if (shares.length) figures.push(lineChart({ title: `${t("deadShare")}, ${t("saturatedShare")}`, x: t("epoch"), y: "", series: shares }));
    }
    // What somebody has opened stays open.
    const open = [...parts.charts.querySelectorAll("details")].map((each) => each.open);
    replace(parts.charts, figures);
    parts.charts.querySelectorAll("details").forEach((each, at) => { each.open = open[at] ?? false; });
  }

  drawFindings() {
    replace(this.parts.findings, el("h2", {}, t("findings")), findingCards(this.findings));
  }

  /// What the network says of the plane and of each class: asked when the run stands still.
  pictures() {
    if (!this.isShown) return;
    const { parts, bench } = this;
    const names = bench.state.inputs;
    if (names.length >= 2) {
      this.plane = this.plane ?? { x: 0, y: 1 };
      ask("boundary", this.plane).then((found) => replace(parts.boundary, this.plane2d(found, names)))
        .catch(() => replace(parts.boundary));
    } else replace(parts.boundary);
    if (bench.state.labels.length) {
      ask("confusion").then((found) => {
        const map = heatMap({
          title: t("confusion"), rows: found.labels.map((name) => ({ name })), columns: found.labels, values: found.counts,
          choose: (i, j) => found.rows[i][j].length && change({ view: "step", rows: found.rows[i][j].join(","), x: "0", p: "", n: "" }),
        });
        replace(parts.confusion, map, el("p", { class: "note" }, t("openExamples")));
      }).catch(() => replace(parts.confusion));
    } else replace(parts.confusion);
  }

  plane2d({ x, y, says, points, isClassification }, names) {
    const size = 360;
    const [x0, x1, y0, y1] = [x.values[0], x.values.at(-1), y.values[0], y.values.at(-1)];
    const px = (value) => ((value - x0) / (x1 - x0)) * size;
    const py = (value) => size - ((value - y0) / (y1 - y0)) * size;
    const cell = size / (x.values.length - 1);
    const low = Math.min(...says.map(([answer]) => answer));
    const high = Math.max(...says.map(([answer]) => answer));
    const kind = (answer) => (isClassification ? answer % 5 : answer < (low + high) / 2 ? 1 : 0);
    const strength = (answer, sure) => (isClassification ? 0.12 + 0.5 * Math.max(0, sure - 0.5) * 2 : 0.1 + 0.6 * Math.abs((answer - (low + high) / 2) / ((high - low) / 2 || 1)));
    const root = svg("svg", { viewBox: `0 0 ${size} ${size}`, class: "plane", role: "img", "aria-label": t("boundary", x.name, y.name) });
    says.forEach(([answer, sure], at) => {
      const [column, row] = [at % x.values.length, Math.floor(at / x.values.length)];
      root.append(svg("rect", {
        x: px(x.values[column]) - cell / 2, y: py(y.values[row]) - cell / 2, width: cell + 0.5, height: cell + 0.5,
        class: `area tone-${kind(answer)}`, "fill-opacity": strength(answer, sure).toFixed(3),
      }));
    });
    for (const [a, b, truth] of points) {
      const mark = isClassification ? truth % 3 : 0;
      const [cx, cy] = [px(a), py(b)];
      root.append(mark === 0 ? svg("circle", { cx, cy, r: 3.4, class: `point tone-${kind(truth)}` })
        : mark === 1 ? svg("rect", { x: cx - 3, y: cy - 3, width: 6, height: 6, class: `point tone-${kind(truth)}` })
          : svg("path", { d: `M${cx} ${cy - 4}l4 7h-8z`, class: `point tone-${kind(truth)}` }));
    }
    const choose = (axis) => el("select", {
      "aria-label": axis, onchange: (event) => {
        this.plane[axis] = Number(event.target.value);
        this.pictures();
      },
    }, names.slice(0, 100).map((name, at) => el("option", { value: String(at), selected: this.plane[axis] === at }, name)));
    return [el("h2", {}, t("boundary", x.name, y.name)), el("div", { class: "controls" }, "x", choose("x"), "y", choose("y")), root,
      el("p", { class: "note" }, t("others"))];
  }

  // The network's editor.

  drawEditor() {
    const { state } = this.bench;
    const { configuration } = state;
    const field = (id, name, input) => el("span", { class: "field" }, el("label", { for: id }, name), Object.assign(input, { id }));
    const select = (values, value) => el("select", {}, values.map((each) => el("option", { value: each, selected: each === value }, each || "–")));
    const parts = {
      dataset: select(["", ...builtIn], builtIn.includes(state.data) ? state.data : ""),
      target: el("input", { type: "text", value: state.target.join(",") }),
      hidden: el("input", { type: "text", value: [configuration.network?.hidden ?? state.sizes.slice(1, -1)].flat().join(",") }),
      activation: select(activations, first(configuration.network?.activation) ?? state.activations[0]),
      initializer: select(initializers, configuration.network?.initializer ?? ""),
      optimizer: select(optimizers, typeof configuration.updates?.optimizer === "string" ? configuration.updates.optimizer : configuration.updates?.optimizer?.rule ?? "adam"),
      rate: el("input", { type: "number", step: "any", value: configuration.updates?.learningRate ?? "" }),
      batch: el("input", { type: "number", step: "1", min: "1", value: configuration.updates?.batchSize ?? "" }),
      l2: el("input", { type: "number", step: "any", value: "" }),
      seed: el("input", { type: "number", step: "1", value: configuration.data?.seed ?? 0 }),
    };
    const file = el("input", {
      type: "file", accept: ".csv,.tsv,.txt", onchange: (event) => event.target.files[0] && this.upload(event.target.files[0], ""),
    });
    const form = el("form", { class: "editor", onsubmit: (event) => { event.preventDefault(); this.make(parts); } },
      field("e-dataset", t("dataset"), parts.dataset), field("e-file", t("upload"), file), field("e-target", t("targetColumn"), parts.target),
      field("e-hidden", t("hidden"), parts.hidden), field("e-activation", t("activation"), parts.activation), field("e-init", t("initializer"), parts.initializer),
      field("e-optimizer", t("optimizer"), parts.optimizer), field("e-rate", t("rate"), parts.rate), field("e-batch", t("batchSize"), parts.batch),
      field("e-l2", t("l2"), parts.l2), field("e-seed", t("seed"), parts.seed), el("button", { type: "submit", class: "primary" }, t("build")));
    replace(this.parts.network, el("summary", {}, `${t("newNetwork")}: ${state.sizes.join("–")} · ${state.data} → ${state.target.join(", ")}`), form,
      el("a", { href: fileAddress("model"), download: "model.safetensors" }, t("download")));
  }

  make(parts) {
    const number = (input) => (input.value === "" ? undefined : Number(input.value));
    const hidden = parts.hidden.value.split(",").map((each) => Number(each)).filter((each) => each > 0);
    const configuration = {
      data: { seed: number(parts.seed) },
      network: { hidden, activation: [parts.activation.value], ...parts.initializer.value ? { initializer: parts.initializer.value } : {} },
      updates: { optimizer: parts.optimizer.value, learningRate: number(parts.rate), batchSize: number(parts.batch), l2: number(parts.l2) },
    };
    const isBuiltIn = parts.dataset.value !== "";
    this.replaceBench(order("network", {
      ...isBuiltIn ? { dataset: parts.dataset.value } : { target: parts.target.value || undefined }, configuration,
    }));
  }

  upload(file, target) {
    this.replaceBench(order("data", file, { name: file.name, ...target ? { target } : {} }));
  }

  replaceBench(made) {
    made.then((state) => {
      this.forget();
      this.plane = null;
      this.problem = null;
      this.parts.network.open = false;
      this.bench.set(state);
      // The rows and neurons that were chosen are of other data.
      change({ rows: "", n: "", w: "", open: "", x: "0", p: "" });
      this.draw();
      this.pictures();
    }).catch((error) => this.refused(error));
  }

  commandLine() {
    const { state } = this.bench;
    const { network = {}, updates = {}, data = {} } = state.configuration;
    const optimizer = typeof updates.optimizer === "string" ? updates.optimizer : updates.optimizer?.rule;
    const word = (text) => (/^[\w.,/:=@+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
    return ["backprop train", word(state.data), "--target", word(state.target.join(",")), "--recipe plain",
      network.hidden ? `--hidden ${[network.hidden].flat().join(",")}` : "", network.activation ? `--activation ${[network.activation].flat().join(",")}` : "",
      optimizer ? `--optimizer ${optimizer}` : "", updates.learningRate ? `--learning-rate ${full(updates.learningRate)}` : "",
      updates.batchSize ? `--batch-size ${updates.batchSize}` : "", updates.l2 ? `--l2 ${full(updates.l2)}` : "",
      network.initializer ? `--initializer ${network.initializer}` : "", network.loss ? `--loss ${network.loss}` : "", `--seed ${data.seed ?? 0}`].filter(Boolean).join(" ");
  }
}
