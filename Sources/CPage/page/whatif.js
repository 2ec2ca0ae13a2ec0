// The view What if: assumptions broken on purpose, and wrong equations to be found.

import { checkResult, verdict } from "./check.js";
import { el, replace, short, table } from "./dom.js";
import { ask, showError } from "./server.js";
import { t } from "./words.js";

const questions = ["product", "logarithm", "hidden-penalty", "l2", "mutants"];

export class WhatIfView {
  constructor(root) {
    this.parts = {
      question: el("select", { id: "question" }, questions.map((each) => el("option", { value: each }, each))),
      label: el("label", { for: "question" }),
      button: el("button", { type: "button", class: "primary", "data-whatif": "run", onclick: () => this.run() }),
      error: el("p", { class: "bad", role: "alert", hidden: true }), found: el("div", { "aria-live": "polite" }), why: el("p", { class: "note" }),
    };
    const { parts } = this;
    parts.question.addEventListener("change", () => this.draw());
    replace(root, el("div", { class: "controls" }, parts.label, parts.question, parts.button), parts.why, parts.error, parts.found);
  }

  show(isShown) {
    if (isShown) this.draw();
  }

  run() {
    replace(this.parts.found, el("p", { class: "live" }, t("checking")));
    ask("whatif", { question: this.parts.question.value }).then((document) => {
      this.document = document;
      showError(this.parts.error, null);
      this.draw();
    }).catch((error) => {
      this.document = null;
      replace(this.parts.found);
      showError(this.parts.error, error);
    });
  }

  draw() {
    const { parts } = this;
    parts.label.textContent = t("experimentName");
    parts.button.textContent = t("runExperiment");
    parts.why.textContent = t(`whatif.${parts.question.value}`);
    if (this.document) replace(parts.found, this.document.experiments.map((each) => this.experiment(each)), this.mutants(this.document.mutants));
  }

  /// The equations as they are written, as they are repaired, and the slope of the loss itself.
  experiment(found) {
    return el("div", { class: "card" },
      el("p", {}, el("strong", {}, `${found.name}: `), verdict(found.passed), ` · C = ${short(found.loss, 6)}`),
      table(t("tensor"), [t("tensor"), `${t("naive")}: ${t("worst")}`, `${t("repaired")}: ${t("worst")}`],
        found.tensors.map((tensor) => [`${t("layer", tensor.layer)} ${tensor.name}`, short(tensor.naiveError), short(tensor.repairedError)])),
      found.tensors.filter((tensor) => tensor.samples.length).map((tensor) => el("details", {},
        el("summary", {}, `${t("layer", tensor.layer)} ${tensor.name}`),
        table(`${t("layer", tensor.layer)} ${tensor.name}`, ["", t("naive"), t("repaired"), t("numeric")],
          tensor.samples.map((sample) => [sample.input === null ? `${sample.output}` : `${sample.output},${sample.input}`,
            short(sample.naive, 6), short(sample.repaired, 6), short(sample.numeric, 6)])))));
  }

  /// Networks that learned by wrong equations: what became of the loss, and what the check says.
  mutants(all) {
    if (all.length === 0) return null;
    const usual = all.filter((mutant) => mutant.applies);
    return el("div", {}, table(t("mutant"), [t("mutant"), t("loss"), usual[0]?.metric ?? t("metric"), t("runCheck"), t("equationBroken")],
      usual.map((mutant) => [mutant.name, `${short(mutant.lossBefore)} → ${short(mutant.lossAfter)}`,
        `${short(mutant.before)} → ${short(mutant.after)}`, mutant.checkPassed === null ? "–" : verdict(mutant.checkPassed), mutant.equations.join(", ")])),
    this.quiz(usual.map((mutant) => mutant.name).filter((name) => name !== "backpropagation")));
  }

  /// A wrong equation that is not named: the check says which tensors fail, and the reader which equation it was.
  quiz(names) {
    const [result, ready] = [el("div"), el("div", { class: "controls" })];
    const answer = el("p", { role: "status" });
    const begin = () => {
      const secret = names[Math.floor(Math.random() * names.length)];
      answer.textContent = "";
      ask("check", { mutant: secret }).then((document) => {
        replace(result, checkResult({ ...document, suspect: null }));
        replace(ready, names.map((name) => el("button", {
          type: "button", onclick: () => { answer.textContent = name === secret ? t("guessRight", name) : t("guessWrong"); },
        }, name)));
      }).catch((error) => showError(this.parts.error, error));
    };
    return el("section", { class: "card" }, el("h2", {}, t("guess")), el("button", { type: "button", onclick: begin }, t("runExperiment")), result, ready, answer);
  }
}
