import Backprop

// The document of `doctor --json`.

extension Diagnosis {
  /// The document of `doctor --json`.
  package var json: JSONValue {
    [
      "schema": "backprop.doctor/1", "examples": JSONValue(examples),
      "measuredExamples": JSONValue(measuredExamples), "loss": JSONValue(loss),
      "layers": .array(layers.map(\.json)), "trial": trial?.json ?? .null,
      "overfit": overfit?.json ?? .null, "firstNonFinite": firstNonfinite?.json ?? .null,
      "mostLikely": mostLikely?.json ?? .null, "findings": .array(findings.map(\.json)),
      "thresholds": .object(
        DiagnosisThresholds.Name.allCases.map {
          JSONMember($0.rawValue, JSONValue(thresholds[$0]))
        }),
    ]
  }
}

extension Cause {
  fileprivate var json: JSONValue {
    [
      "cause": .string(name.rawValue), "text": .string(title(in: .english)),
      "explains": .array(explains.map { .string($0.rawValue) }),
      "whatToDo": .string(advice(in: .english)),
    ]
  }
}

extension LayerDiagnosis {
  package var json: JSONValue {
    func number(_ value: Double?) -> JSONValue { value.map { JSONValue($0) } ?? .null }
    return [
      "layer": JSONValue(layer), "neurons": JSONValue(neurons), "activation": .string(activation),
      "deltaNorm": JSONValue(flow.norm), "weightFactor": number(flow.weightFactor),
      "derivativeFactor": number(flow.derivativeFactor), "ratio": number(flow.ratio),
      "deadShare": number(deadShare), "saturatedShare": number(saturatedShare),
      "symmetricShare": number(symmetricShare), "weightUpdateRatio": number(weightUpdateRatio),
      "biasUpdateRatio": number(biasUpdateRatio),
    ]
  }
}

extension Finding {
  package var json: JSONValue {
    [
      "code": .string(code.rawValue), "severity": .string(severity.rawValue),
      "layer": layer.map { JSONValue($0) } ?? .null, "value": JSONValue(value),
      "threshold": JSONValue(threshold), "source": .string(source), "whatToDo": .string(whatToDo),
    ]
  }
}

extension DiagnosisTrial {
  fileprivate var json: JSONValue {
    [
      "optimizer": .string(optimizer), "learningRate": JSONValue(learningRate),
      "batchSize": JSONValue(batchSize), "steps": JSONValue(steps),
      "predictedChange": JSONValue(predictedChange), "realChange": JSONValue(realChange),
      "losses": JSONValue(losses), "firstNonFinite": firstNonfinite?.json ?? .null,
    ]
  }
}

extension OverfitTrial {
  fileprivate var json: JSONValue {
    [
      "examples": JSONValue(examples), "steps": JSONValue(steps),
      "score": JSONValue(score), "measure": .string(measure.rawValue),
    ]
  }
}

extension Divergence {
  fileprivate var json: JSONValue {
    [
      "step": JSONValue(step), "epoch": JSONValue(epoch), "layer": JSONValue(layer),
      "neuron": JSONValue(neuron), "example": example.map { JSONValue($0) } ?? .null,
      "isInLoss": JSONValue(isInLoss),
    ]
  }
}
