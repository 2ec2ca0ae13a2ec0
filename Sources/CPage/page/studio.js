// The studio's page: views over a server.

import { CheckView } from "./check.js";
import { el } from "./dom.js";
import { ask, order, showError } from "./server.js";
import { shell } from "./shell.js";
import { begin, change, follow, now } from "./state.js";
import { StepView } from "./step.js";
import { TrainView } from "./train.js";
import { useLanguage } from "./words.js";
import { WhatIfView } from "./whatif.js";

const views = ["step", "train", "check", "whatif"];

begin({ lang: navigator.language?.startsWith("ko") ? "ko" : "en" });
useLanguage(now().lang);
const frame = shell();
const error = el("p", { class: "bad", role: "alert", hidden: true });
frame.main.append(error);
const roots = Object.fromEntries(views.map((id) => [id, el("div", { class: "view", "data-view-of": id, hidden: true })]));
frame.main.append(...Object.values(roots));

const bench = {
  state: null,
  set(state) {
    this.state = state;
    stepIsOld = true;
  },
  refresh() {
    stepIsOld = true;
    return ask("state").then((state) => this.set(state));
  },
};
let stepIsOld = true;
let step = null;
let rowsOfStep = null;
let questions = 0;

const source = {
  page: null,
  nudges: (l, j) => ask("nudges", { layer: l, neuron: j + 1, rows: now().rows }),
  setWeight: (l, j, k, value) => order("weight", { layer: l, to: j + 1, from: k + 1, value }).then(() => ask("step", { rows: now().rows })),
};

/// The step of the weights as they are now.
async function showStep() {
  const { rows } = now();
  if (stepIsOld || rows !== rowsOfStep) {
    // Of two answers under way the later question's counts.
    const number = ++questions;
    [stepIsOld, rowsOfStep] = [false, rows];
    let page;
    try {
      page = await ask("step", { rows });
    } catch (problem) {
      if (number === questions) stepIsOld = true;
      throw problem;
    }
    if (number !== questions) return;
    if (step) step.take(page);
    else {
      source.page = page;
      step = new StepView(roots.step, source);
    }
  }
  step?.draw();
}

ask("state").then((state) => {
  bench.set(state);
  const others = { train: new TrainView(roots.train, bench), check: new CheckView(roots.check), whatif: new WhatIfView(roots.whatif) };
  let shown = null;
  follow(() => {
    useLanguage(now().lang);
    const view = views.includes(now().view) ? now().view : "step";
    frame.draw();
    frame.showTabs(views);
    for (const id of views) roots[id].hidden = id !== view;
    if (view === "step") showStep().then(() => showError(error, null)).catch((problem) => showError(error, problem));
    for (const [id, each] of Object.entries(others)) if (id === view || id === shown) each.show(id === view);
    shown = view;
  });
  // A file may be dropped anywhere.
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    const file = event.dataTransfer.files[0];
    if (file) {
      change({ view: "train" });
      others.train.upload(file, "");
    }
  });
}).catch((problem) => showError(error, problem));
