// One step as the engine left it (the document of `explain --json`), read by layer, neuron and example. Layers are
// numbered as in the chapter, neurons and examples from 0. Nothing is computed here.

export class Trace {
  constructor(page) {
    this.page = page;
    this.document = page.trace;
    this.examples = this.document.examples ?? [this.document.example];
    this.isBatch = this.examples.length > 1;
    this.last = this.document.layers.length + 1;
  }

  /// The record of layer l, from 2.
  layer(l) {
    return this.document.layers[l - 2];
  }

  rows(values) {
    return this.isBatch ? values : [values];
  }

  width(l) {
    return l === 1 ? this.rows(this.document.inputs)[0].length : this.rows(this.layer(l).a)[0].length;
  }

  /// A quantity of all neurons of a layer for one example: a, z, derivative, delta, lossGradient, …; null if there is none.
  of(l, name, x) {
    if (l === 1) return name === "a" ? this.rows(this.document.inputs)[x] : null;
    const values = this.layer(l)[name];
    return values === null || values === undefined ? null : this.rows(values)[x];
  }

  tensor(l, role) {
    return l === 1 ? undefined : this.layer(l).tensors.find((tensor) => tensor.role === role);
  }

  /// The tensor W, of a dense layer.
  weights(l) {
    return l > 1 && this.layer(l).kind === "dense" ? this.tensor(l, "weight") : undefined;
  }

  targets(x) {
    return this.rows(this.document.targets)[x];
  }

  /// The row of W, and of z and δ, that a neuron answers by: its own, or of maxout that of the piece that won.
  row(l, j, x) {
    const pieces = this.pieces(l);
    if (pieces === 1) return j;
    const derivative = this.of(l, "derivative", x);
    const won = Array.from({ length: pieces }, (_, piece) => j * pieces + piece).find((row) => derivative?.[row] === 1);
    return won ?? j * pieces;
  }

  /// How many z a neuron has.
  pieces(l) {
    return l > 1 && this.layer(l).kind === "dense" ? this.of(l, "z", 0).length / this.width(l) : 1;
  }

  /// A quantity of one neuron for one example.
  value(l, name, j, x) {
    const values = this.of(l, name, x);
    return values?.[values.length === this.width(l) ? j : this.row(l, j, x)] ?? null;
  }

  /// Whether each neuron has one z of its own: no maxout, whose a has fewer numbers than z.
  isPlain(l) {
    return l > 1 && this.layer(l).kind === "dense" && this.of(l, "z", 0).length === this.width(l);
  }

  /// What a neuron of a layer is called.
  name(l, j) {
    if (l === 1) return this.page.inputNames?.[j] ?? "";
    return l === this.last ? this.page.outputNames?.[j] ?? "" : "";
  }
}

/// The walk through the algorithm: [{id, key, layer}].
export function phases(trace) {
  const result = [];
  for (let l = 2; l <= trace.last; l++) result.push({ id: `forward:${l}`, key: "forward", layer: l });
  result.push({ id: "loss", key: "loss", layer: trace.last });
  result.push({ id: "bp1", key: "bp1", layer: trace.last });
  for (let l = trace.last - 1; l >= 2; l--) result.push({ id: `bp2:${l}`, key: "bp2", layer: l });
  for (const key of ["bp3", "bp4", "update"]) result.push({ id: key, key, layer: null });
  return result;
}

/// The line of the algorithm that a phase is, from 1.
export function lineOf(phase) {
  return { forward: 2, loss: 2, bp1: 3, bp2: 4, bp3: 5, bp4: 5, update: 5 }[phase.key];
}
