// The view Check: the gradient against differences of the loss, and the assumptions.

import { el, replace, short, table } from "./dom.js";
import { ask, showError } from "./server.js";
import { t } from "./words.js";

export class CheckView {
  constructor(root) {
    this.parts = {
      button: el("button", { type: "button", class: "primary", "data-check": "run", onclick: () => this.run() }),
      doctor: el("button", { type: "button", "data-check": "doctor", onclick: () => this.ask() }),
      error: el("p", { class: "bad", role: "alert", hidden: true }), found: el("div", { role: "region", "aria-live": "polite" }), doctorFound: el("div"),
    };
    const { parts } = this;
    replace(root, el("div", { class: "controls" }, parts.button, parts.doctor), parts.error, parts.found, parts.doctorFound);
  }

  show(isShown) {
    if (isShown) this.draw();
  }

  run() {
    replace(this.parts.found, el("p", { class: "live" }, t("checking")));
    ask("check").then((document) => {
      this.document = document;
      showError(this.parts.error, null);
      this.draw();
    }).catch((error) => {
      replace(this.parts.found);
      showError(this.parts.error, error);
    });
  }

  ask() {
    replace(this.parts.doctorFound, el("p", { class: "live" }, t("checking")));
    ask("doctor").then((document) => {
      this.diagnosis = document;
      showError(this.parts.error, null);
      this.draw();
    }).catch((error) => {
      replace(this.parts.doctorFound);
      showError(this.parts.error, error);
    });
  }

  draw() {
    const { parts } = this;
    parts.button.textContent = t("runCheck");
    parts.doctor.textContent = t("runDoctor");
    if (this.document) replace(parts.found, checkResult(this.document));
    if (this.diagnosis) replace(parts.doctorFound, this.doctor());
  }

  doctor() {
    const { layers, findings, mostLikely } = this.diagnosis;
    return [
      mostLikely ? el("div", { class: "card" }, el("strong", {}, mostLikely.text), el("p", {}, mostLikely.whatToDo)) : null,
      el("h2", {}, t("findings")),
      findingCards(findings),
      table(t("deltaPerLayer"), [t("layer", ""), "RMS δ", "W", "σ′", t("deadShare"), t("saturatedShare"), t("updateRatio")],
        layers.map((layer) => [String(layer.layer), short(layer.deltaNorm), short(layer.weightFactor), short(layer.derivativeFactor),
          short(layer.deadShare), short(layer.saturatedShare), short(layer.weightUpdateRatio)])),
    ];
  }
}

/// The doctor's findings, each with its value, threshold, cure and source.
export function findingCards(findings) {
  if (findings.length === 0) return [el("p", { class: "note" }, t("noFindings"))];
  return findings.map((finding) => el("div", { class: "card" },
    el("strong", {}, `${finding.code}${finding.layer ? ` · ${t("layer", finding.layer)}` : ""}`),
    el("p", {}, `${t("value")} ${short(finding.value)} · ${t("threshold")} ${short(finding.threshold)}`),
    el("p", {}, `${t("cure")}: ${finding.whatToDo}`), el("p", { class: "note" }, `${t("source")}: ${finding.source}`)));
}

/// "passed" or "failed", by a sign and a word beside the colour.
export function verdict(passed) {
  return el("strong", { class: passed ? "good" : "bad" }, passed ? `✓ ${t("passed")}` : `✗ ${t("failed")}`);
}

/// A gradient check as tables: one tensor a row, and both assumptions.
export function checkResult(document) {
  return [
    el("p", {}, verdict(document.passed)),
    table(t("runCheck"), [t("tensor"), t("checked"), t("kinks"), t("worst"), t("verdict")],
      document.tensors.map((tensor) => [`${t("layer", tensor.layer)} ${tensor.name}`, String(tensor.checked), String(tensor.kinks),
        short(tensor.worstRelativeError), el("span", { class: tensor.verdict === "good" ? "good" : tensor.verdict === "wrong" ? "bad" : null }, tensor.verdict)])),
    document.suspect?.equations?.length ? el("p", {}, `${t("suspect")}: ${document.suspect.equations.join(", ")}`) : null,
    ["I", "II"].map((name) => {
      const assumption = document[`assumption${name}`];
      return el("p", {}, `${t("assumption", name)}: ${assumption.passed ? t("holds") : t("holdsNot")}`
        + (assumption.worstResidual === undefined || assumption.worstResidual === null ? "" : ` (${t("residual")} ${short(assumption.worstResidual, 2)})`));
    }),
  ];
}
