import Backprop

/// A trace as `explain --json` prints it:
///
///     {"schema":"backprop.explain/2","example":…,"loss":…,"reduction":"…","inputs":[…],"targets":[…],
///      "layers":[{"layer":2,"kind":"dense|scale","activation":"…",
///                 "tensors":[{"name":"layers.0.weight","role":"weight|bias|gain|shift|scale|slope",
///                             "shape":[…],"values":…,"gradient":…,"update":…}],
///                 "z":[…],"a":[…],"derivative":[…]|null,"lossGradient":[…](last layer),"delta":[…],
///                 "normalization":{…}|null}],
///      "lossAfter":…,"predictedChange":…,"verified":true,"worstResidual":…}
///
/// Of a tensor of shape [out, in] values, gradient and update are rows, else plain arrays; behind them
/// stand firstMoment, secondMoment and maximumMoment of rules that have any. A parametric activation has
/// σ(z) as "activated". z, a, derivative and errors of a single example are arrays of its numbers; of a
/// batch (whose key is "examples"), arrays of one row an example.
package struct ExplainJSON<T: Scalar> {
  package let trace: Trace<T>
  package let verification: Verification
  package let isVerified: Bool

  package init(trace: Trace<T>, verification: Verification, isVerified: Bool) {
    self.trace = trace
    self.verification = verification
    self.isVerified = isVerified
  }

  private var isBatch: Bool { trace.examples.count > 1 }

  /// The document in one line.
  ///
  /// It is written straight into text, because a document of a wide network has millions of numbers.
  package var text: String {
    var text = ""
    func add(_ key: String, _ value: String) {
      text += text.isEmpty ? "{\"" : ",\""
      text += key
      text += "\":"
      text += value
    }
    func add(_ key: String, _ value: JSONValue) { add(key, value.description) }
    add("schema", "\"backprop.explain/2\"")
    if isBatch {
      add("examples", JSONValue(trace.examples))
    } else {
      add("example", JSONValue(trace.examples[0]))
    }
    add("loss", JSONValue(trace.loss))
    add("reduction", JSONValue(trace.reduction.rawValue))
    add("inputs", rows(trace.inputs))
    add("targets", rows(trace.targets))
    add("layers", "[")
    for (index, record) in trace.layers.enumerated() {
      if index > 0 { text += "," }
      append(record, to: &text)
    }
    text += "]"
    let update = trace.update
    add("lossAfter", JSONValue(update.lossAfter))
    add("predictedChange", JSONValue(update.predictedChange))
    add("verified", JSONValue(isVerified))
    add("worstResidual", JSONValue(verification.worstResidual))
    add("equations", JSONValue(verification.equations))
    add("lossAfterWeightsOnly", JSONValue(update.lossAfterWeightsOnly))
    add("predictedChangeWeightsOnly", JSONValue(update.predictedChangeWeightsOnly))
    add("penalty", JSONValue(trace.penalty))
    add("penaltyAfter", JSONValue(update.penaltyAfter))
    add("optimizer", JSONValue(update.optimizer.name))
    add("learningRate", JSONValue(update.learningRate))
    add("lossName", JSONValue(trace.lossName))
    add("precision", JSONValue(trace.precision))
    add("exampleWeights", JSONValue(trace.weights))
    add("exampleLosses", JSONValue(trace.losses))
    if isBatch { add("exampleGradientNorms", JSONValue(trace.exampleGradients.norms)) }
    return text + "}"
  }

  private func append(_ record: LayerTrace<T>, to text: inout String) {
    let isLast = record.layer == trace.layers.count + 1
    var members: [(String, String)] = [
      ("layer", "\(record.layer)"), ("kind", JSONValue(record.kind).description),
      ("activation", JSONValue(record.activation).description),
      ("tensors", "[" + record.tensors.map(object).joined(separator: ",") + "]"),
      ("z", rows(record.weightedInputs)), ("a", rows(record.outputs)),
      ("derivative", record.derivative.map(rows) ?? "null"),
    ]
    if let activated = record.activated { members.append(("activated", rows(activated))) }
    if isLast { members.append(("lossGradient", rows(record.outputGradient))) }
    members.append(("delta", rows(record.delta)))
    members.append(("normalization", record.normalization.map(object) ?? "null"))
    if let general = record.generalDelta { members.append(("generalDelta", rows(general))) }
    let flow = trace.errorFlow[record.layer - 2]
    members.append(("deltaNorm", JSONValue(flow.norm).description))
    if let weights = flow.weightFactor {
      members.append(("weightFactor", JSONValue(weights).description))
      members.append(
        ("derivativeFactor", flow.derivativeFactor.map { JSONValue($0).description } ?? "null"))
    }
    text += object(of: members)
  }

  /// One tensor: a matrix as its rows. The moments are those before the update, of rules that have any.
  private func object(_ tensor: TensorTrace<T>) -> String {
    func text(_ values: [T]) -> String {
      guard tensor.shape.count > 1 else { return array(values) }
      var text = "["
      for first in stride(from: 0, to: values.count, by: tensor.columns) {
        if first > 0 { text += "," }
        append(values[first..<(first + tensor.columns)], to: &text)
      }
      return text + "]"
    }
    let moments = [
      ("firstMoment", tensor.firstMoment), ("secondMoment", tensor.secondMoment),
      ("maximumMoment", tensor.maximumMoment),
    ].compactMap { name, moment in moment.map { (name, text($0)) } }
    return object(
      of: [
        ("name", JSONValue(tensor.name).description),
        ("role", JSONValue(tensor.role.rawValue).description),
        ("shape", JSONValue(tensor.shape).description), ("values", text(tensor.values)),
        ("gradient", text(tensor.gradient)), ("update", text(tensor.update)),
      ] + moments)
  }

  /// What stands between z and σ. Moments of a single example are numbers, of a batch arrays.
  private func object(_ normalization: NormalizationTrace<T>) -> String {
    func each(_ values: [T]) -> String {
      isBatch ? array(values) : JSONValue(values[0]).description
    }
    return object(of: [
      ("kind", JSONValue(normalization.kind.rawValue).description),
      ("epsilon", JSONValue(Normalization.epsilon).description),
      ("mean", each(normalization.means)),
      ("inverseDeviation", each(normalization.inverseDeviations)),
      ("n", rows(normalization.normalized)), ("nDelta", rows(normalization.normalizedDelta)),
    ])
  }

  private func object(of members: [(String, String)]) -> String {
    var text = ""
    for (index, member) in members.enumerated() {
      text += index == 0 ? "{\"" : ",\""
      text += member.0
      text += "\":"
      text += member.1
    }
    return text + "}"
  }

  /// The row of a single example, or the rows of a batch.
  private func rows(_ matrix: Matrix<T>) -> String {
    isBatch ? self.matrix(matrix) : array(matrix[row: 0])
  }

  private func matrix(_ matrix: Matrix<T>) -> String {
    var text = "["
    for row in 0..<matrix.rows {
      if row > 0 { text += "," }
      append(matrix[row: row][...], to: &text)
    }
    text += "]"
    return text
  }

  private func array(_ values: [T]) -> String {
    var text = ""
    append(values[...], to: &text)
    return text
  }

  private func append(_ values: ArraySlice<T>, to text: inout String) {
    text += "["
    for (index, value) in values.enumerated() {
      if index > 0 { text += "," }
      // Millions of them are 0 behind dead neurons; and only whole numbers, NaN and infinities need more
      // than Swift's own shortest text.
      if value == 0, value.sign == .plus {
        text += "0"
      } else if value != value.rounded(), value.isFinite {
        text += value.description
      } else {
        text += JSONValue(value).description
      }
    }
    text += "]"
  }
}
