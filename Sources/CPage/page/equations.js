// Equations in MathML, with the numbers of the step. Each number leads to the neuron or weight that it is.

import { el, full, mathml, short } from "./dom.js";
import { t } from "./words.js";

const termsAtMost = 5;
const m = mathml;

const mi = (text) => m("mi", {}, text);
const mo = (text) => m("mo", {}, text);
const row = (...parts) => m("mrow", {}, ...parts);

/// A symbol with layer above and indices below: δ, 2, "1" or w, 2, "1", "3".
export function symbol(name, layer, ...indices) {
  if (name === "σ′") return mi(name);
  const base = mi(name);
  if (indices.length === 0) return m("msup", {}, base, m("mn", {}, String(layer)));
  return m("msubsup", {}, base, row(m("mn", {}, indices.join(","))), m("mn", {}, String(layer)));
}

/// A number that leads to what it is.
function number(value, link, actions, digits = 4) {
  const negative = typeof value === "number" && value < 0;
  const node = m("mn", { class: link ? "link" : null, title: full(value), "data-value": full(value) },
    short(typeof value === "number" ? Math.abs(value) : value, digits));
  if (link) {
    node.dataset.ref = link.join(":");
    node.tabIndex = 0;
    const lead = () => (link.length === 2 ? actions.choose(...link) : actions.chooseWeight(...link));
    node.addEventListener("click", lead);
    node.addEventListener("keydown", (event) => { if (event.key === "Enter") lead(); });
  }
  return negative ? row(mo("("), mo("−"), node, mo(")")) : node;
}

function equation(...lines) {
  return m("math", { display: "block" }, m("mtable", { columnalign: "right center left" }, lines.map(([left, ...rights]) =>
    rights.map((right, at) => m("mtr", {},
      m("mtd", {}, at === 0 ? left : row()), m("mtd", {}, mo("=")), m("mtd", {}, right))))));
}

/// A sum of products, the largest terms first, and what the others come to.
function sumOfTerms(terms, actions) {
  const sorted = terms.length > termsAtMost
    ? [...terms].sort((one, other) => Math.abs(other.product) - Math.abs(one.product)) : terms;
  const shown = sorted.slice(0, termsAtMost);
  const rest = sorted.slice(termsAtMost);
  const parts = shown.flatMap((term, at) => [
    at ? mo("+") : null,
    number(term.left.value, term.left.link, actions), mo("·"), number(term.right.value, term.right.link, actions),
  ]);
  if (rest.length) {
    parts.push(mo("+"), m("mtext", {}, "…"));
  }
  return { node: row(...parts.filter(Boolean)), rest };
}

function restText(rest) {
  return rest.length
    ? el("p", { class: "note" }, t("moreTerms", rest.length, short(rest.reduce((sum, term) => sum + term.product, 0))))
    : null;
}

/// z and a of a neuron.
function forward(trace, l, j, x, actions) {
  const record = trace.layer(l);
  const [z, a] = [trace.of(l, "z", x), trace.of(l, "a", x)];
  if (record.kind === "scale") {
    const scale = trace.tensor(l, "scale") ?? record.tensors[0];
    return [equation([symbol("a", l, j + 1),
      row(symbol("s", l, j + 1), symbol("a", l - 1, j + 1)),
      row(number(scale.values[j], null, actions), mo("·"), number(trace.of(l - 1, "a", x)[j], [l - 1, j], actions)),
      number(a[j], [l, j], actions, 6)]), el("p", { class: "note" }, t("kind.scale"))];
  }
  const W = trace.weights(l);
  if (!W || !trace.isPlain(l)) return [el("p", { class: "note" }, record.kind === "columns" ? t("kind.columns") : `${record.activation}: a = ${short(a[j], 6)}`)];
  const below = trace.of(l - 1, "a", x);
  const bias = trace.tensor(l, "bias");
  const { node, rest } = sumOfTerms(W.values[j].map((w, k) => ({
    left: { value: w, link: [l, j, k] }, right: { value: below[k], link: [l - 1, k] }, product: w * below[k],
  })), actions);
  const lines = [[symbol("z", l, j + 1),
    row(m("munder", {}, mo("∑"), mi("k")), symbol("w", l, `${j + 1}k`), symbol("a", l - 1, "k"), bias ? mo("+") : row(), bias ? symbol("b", l, j + 1) : row()),
    bias ? row(node, mo("+"), number(bias.values[j], null, actions)) : node,
    number(z[j], [l, j], actions, 6)]];
  const normalized = record.normalization;
  let argument = symbol("z", l, j + 1);
  if (normalized) {
    const n = trace.rows(normalized.n)[x];
    lines.push([symbol("n", l, j + 1), m("mtext", {}, t("normalized")), number(n[j], [l, j], actions, 6)]);
    argument = symbol("n", l, j + 1);
  }
  if (record.activation === "softmax") {
    lines.push([symbol("a", l, j + 1),
      m("mfrac", {}, m("msup", {}, mi("e"), argument),
        row(m("munder", {}, mo("∑"), mi("i")), m("msup", {}, mi("e"), symbol("z", l, "i")))),
      number(a[j], [l, j], actions, 6)]);
  } else if (record.activated) {
    const [slope, activated] = [trace.tensor(l, "slope"), trace.of(l, "activated", x)[j]];
    const before = normalized ? trace.rows(normalized.n)[x][j] : z[j];
    lines.push([symbol("a", l, j + 1),
      row(argument, mo("+"), symbol("α", l, j + 1), mo("("), mi("σ"), mo("("), argument, mo(")"), mo("−"), argument, mo(")")),
      row(number(before, [l, j], actions), mo("+"), number(slope.values.length === 1 ? slope.values[0] : slope.values[j], null, actions),
        mo("("), number(activated, null, actions), mo("−"), number(before, [l, j], actions), mo(")")),
      number(a[j], [l, j], actions, 6)]);
  } else {
    lines.push([symbol("a", l, j + 1), row(mi("σ"), mo("("), argument, mo(")")),
      row(mi(record.activation), mo("("), number(normalized ? trace.rows(normalized.n)[x][j] : z[j], [l, j], actions, 6), mo(")")),
      number(a[j], [l, j], actions, 6)]);
  }
  return [equation(...lines), restText(rest)];
}

/// BP1 of an output neuron.
function outputError(trace, l, j, x, actions) {
  const record = trace.layer(l);
  const slope = trace.of(l, "lossGradient", x);
  const [delta, derivative] = [trace.of(l, "delta", x), trace.of(l, "derivative", x)];
  const cda = m("mfrac", {}, row(mo("∂"), mi("C")), row(mo("∂"), symbol("a", l, j + 1)));
  const isFinite = Number.isFinite(slope[j]) && Number.isFinite(delta[j]);
  if (isFinite && derivative && derivative.length === delta.length && slope.length === delta.length && !record.normalization) {
    const lines = [[symbol("δ", l, j + 1), row(cda, symbol("σ′", l), mo("("), symbol("z", l, j + 1), mo(")")),
      row(number(slope[j], [l, j], actions), mo("·"), number(derivative[j], [l, j], actions)),
      number(delta[j], [l, j], actions, 6)]];
    return [equation(...lines), record.generalDelta ? el("p", { class: "note" }, t("why.bp1canonical")) : null];
  }
  const a = trace.of(l, "a", x);
  const lines = [[symbol("δ", l, j + 1),
    row(m("munder", {}, mo("∑"), mi("i")),
      m("mfrac", {}, row(mo("∂"), mi("C")), row(mo("∂"), symbol("a", l, "i"))),
      m("mfrac", {}, row(mo("∂"), symbol("a", l, "i")), row(mo("∂"), symbol("z", l, j + 1)))),
    number(delta[j], [l, j], actions, 6)]];
  if (record.generalDelta && trace.document.exampleWeights) {
    const y = trace.targets(x);
    lines[0].splice(2, 0, row(mi("w"), mo("("), symbol("a", l, j + 1), mo("−"), symbol("y", "", j + 1), mo(")")),
      row(number(trace.document.exampleWeights[x], null, actions), mo("·"), mo("("), number(a[j], [l, j], actions), mo("−"), number(y[j], null, actions), mo(")")));
  }
  return [equation(...lines), derivative ? null : el("p", { class: "note" }, t("why.bp1softmax")),
    record.generalDelta ? el("p", { class: "note" }, t("why.bp1canonical")) : null];
}

/// The signed votes of the layer above for a neuron: [{i, w, delta, product}].
export function votes(trace, l, j, x) {
  const W = trace.weights(l + 1);
  const above = trace.of(l + 1, "delta", x);
  if (!W || above.length !== W.values.length) return null;
  return W.values.map((weights, i) => ({ i, w: weights[j], delta: above[i], product: weights[j] * above[i] }));
}

/// σ′ of a neuron, where nothing else stands between its votes and its δ: no normalisation, no part of an activation.
export function derivativeAlone(trace, l, j, x) {
  const record = trace.layer(l);
  return record.normalization || record.activated || record.kind !== "dense" ? null : trace.value(l, "derivative", j, x);
}

/// BP2 of a hidden neuron.
function backpropagated(trace, l, j, x, actions) {
  const delta = trace.value(l, "delta", j, x);
  const all = votes(trace, l, j, x);
  const factor = derivativeAlone(trace, l, j, x);
  if (!all || factor === null) {
    return [equation([symbol("δ", l, j + 1), number(delta, [l, j], actions, 6)])];
  }
  const { node, rest } = sumOfTerms(all.map(({ i, w, delta: error, product }) => ({
    left: { value: w, link: [l + 1, i, j] }, right: { value: error, link: [l + 1, Math.floor(i / trace.pieces(l + 1))] }, product,
  })), actions);
  return [equation([symbol("δ", l, j + 1),
    row(mo("("), m("munder", {}, mo("∑"), mi("i")), symbol("w", l + 1, `i${j + 1}`), symbol("δ", l + 1, "i"), mo(")"),
      symbol("σ′", l), mo("("), symbol("z", l, j + 1), mo(")")),
    row(mo("("), node, mo(")"), mo("·"), number(factor, [l, j], actions)),
    number(delta, [l, j], actions, 6)]), restText(rest)];
}

/// BP3: the gradient of a bias.
function biasGradient(trace, l, j, actions) {
  const bias = trace.tensor(l, "bias");
  const partial = m("mfrac", {}, row(mo("∂"), mi("C")), row(mo("∂"), symbol("b", l, j + 1)));
  // Of a maxout neuron each piece has a bias, and another one may win for each example.
  if (!bias || trace.pieces(l) > 1) return [];
  const deltas = trace.examples.map((_, x) => trace.of(l, "delta", x)[j]);
  const lines = trace.isBatch
    ? [partial, row(m("munder", {}, mo("∑"), mi("x")), symbol("δ", l, j + 1)), number(bias.gradient[j], [l, j], actions, 6)]
    : [partial, symbol("δ", l, j + 1), number(deltas[0], [l, j], actions, 6)];
  return [equation(lines)];
}

/// BP4 of a weight: what goes in, times the error.
export function weightGradient(trace, l, j, k, x, actions) {
  const W = trace.weights(l);
  const [a, delta] = [trace.of(l - 1, "a", x), trace.of(l, "delta", x)];
  const partial = m("mfrac", {}, row(mo("∂"), mi("C")), row(mo("∂"), symbol("w", l, `${j + 1},${k + 1}`)));
  const product = row(symbol("a", l - 1, k + 1), symbol("δ", l, j + 1));
  return [equation(trace.isBatch
    ? [partial, row(m("munder", {}, mo("∑"), mi("x")), product), number(W.gradient[j][k], [l, j, k], actions, 6)]
    : [partial, product,
      row(number(a[k], [l - 1, k], actions), mo("·"), number(delta[j], [l, j], actions)),
      number(W.gradient[j][k], [l, j, k], actions, 6)])];
}

/// The step of a weight.
function weightUpdate(trace, l, j, k, actions) {
  const W = trace.weights(l);
  const { document } = trace;
  const plain = document.optimizer === "sgd" && document.penalty === 0;
  const lines = [row(mo("Δ"), symbol("w", l, `${j + 1},${k + 1}`))];
  if (plain) {
    lines.push(row(mo("−"), mi("η"), m("mfrac", {}, row(mo("∂"), mi("C")), row(mo("∂"), symbol("w", l, `${j + 1},${k + 1}`)))),
      row(mo("−"), number(document.learningRate, null, actions), mo("·"), number(W.gradient[j][k], [l, j, k], actions)));
  } else {
    lines.push(m("mtext", {}, `${document.optimizer}, η = ${short(document.learningRate)}`));
  }
  lines.push(number(W.update[j][k], [l, j, k], actions, 6));
  return [equation(lines)];
}

/// The equations of a phase, of the chosen neuron or weight, with why they are so.
export function writtenOut(trace, phase, selected, weight, x, actions) {
  const { l, j } = selected;
  const why = (key, ...values) => el("p", {}, t(`why.${key}`, ...values));
  switch (phase.key) {
    case "forward":
      return l === 1 ? [why("forward")] : [why("forward"), forward(trace, l, j, x, actions)];
    case "loss": return [why("loss")];
    case "bp1":
      return [why("bp1"), l === trace.last ? outputError(trace, l, j, x, actions) : []];
    case "bp2":
      if (l === 1) return [why("bp2")];
      return [why("bp2"), l === trace.last ? outputError(trace, l, j, x, actions) : backpropagated(trace, l, j, x, actions)];
    case "bp3": return [why("bp3"), l > 1 ? biasGradient(trace, l, j, actions) : []];
    case "bp4": return [why("bp4"), weight ? weightGradient(trace, weight.l, weight.j, weight.k, x, actions) : []];
    case "update": return [why("update"), weight ? weightUpdate(trace, weight.l, weight.j, weight.k, actions) : []];
  }
}
