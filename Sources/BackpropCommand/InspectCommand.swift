import ArgumentParser
import Backprop
import BackpropInspection

/// `backprop inspect MODEL`: what stands in a model file.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Show what a model consists of.",
    discussion: """
      EXAMPLES:
        backprop inspect model.safetensors
        backprop inspect model.safetensors --json
        backprop train --config <(backprop inspect model.safetensors --config) \\
          -o again.safetensors
      """)

  @Argument(help: "A model file.")
  var model: String

  @Flag(
    name: .long,
    help:
      "Print the settings that `train` made the model with, those that it chose itself among them, as JSON for `train --config`. Paths are as they were given."
  )
  var config = false

  @OptionGroup(title: "Output")
  var output: OutputOptions

  func run() throws {
    _ = try output.threadCount()
    let language = try output.language()
    let model = try Model(contentsOf: model)
    if config { return try printOptions(of: model) }
    let norms =
      switch model.network {
      case .float(let network): network.weightNorms
      case .double(let network): network.weightNorms
      }
    if output.json {
      try Terminal.printOutput(document(model, norms).description)
    } else {
      try printText(model, norms, language)
    }
  }

  private func printOptions(of model: Model) throws {
    guard let configuration = model.configuration else { throw NoSettingsError(path: self.model) }
    let schema = JSONMember("schema", .string(TrainingConfiguration.schema))
    let document = JSONValue.object([schema] + (configuration.ofRun.json.object ?? []))
    try Terminal.writeOutput((output.json ? document.description : document.indented) + "\n")
  }

  private func document(_ model: Model, _ norms: [Double?]) throws -> JSONValue {
    let network = model.network
    return [
      "schema": "backprop.inspect/2", "sizes": JSONValue(network.sizes),
      "parameters": JSONValue(network.parameterCount),
      "layers": .array(
        zip(network.layers, norms).enumerated().map { index, layer in
          let dropout = layer.0.dropout
          return .object(
            [
              JSONMember("layer", JSONValue(index + 2)),
              JSONMember("outputs", JSONValue(layer.0.outputs)),
              JSONMember("activation", .string(layer.0.activation.description)),
              JSONMember(
                "normalization", layer.0.normalization.map { .string($0.rawValue) } ?? .null),
              JSONMember("weightNorm", layer.1.map { JSONValue($0) } ?? .null),
              JSONMember("kind", .string(layer.0.kindName)),
            ] + (layer.0.isParametric ? [JSONMember("parametric", true)] : [])
              + (dropout > 0 ? [JSONMember("dropout", JSONValue(dropout))] : []))
        }),
      "loss": .string(network.loss.description), "reduction": .string(network.reduction.rawValue),
      "precision": .string(network.precisionName),
      "encoder": try model.encoder.map { try JSONValue(encoding: $0) } ?? .null,
      "target": try model.targetEncoder.map { try JSONValue(encoding: $0) } ?? .null,
      "configuration": model.configuration?.json ?? .null,
      "weights": model.weights?.json(labels: model.targetEncoder?.labels ?? []) ?? .null,
      "members": JSONValue(model.members.count),
      "interval": model.intervals.map { $0.json(nil) } ?? .null,
    ]
  }

  private func printText(_ model: Model, _ norms: [Double?], _ language: Language) throws {
    let network = model.network
    func line(_ name: Text?, _ text: String) throws {
      try Terminal.printOutput(Format.right(name.map { language.text($0) } ?? "", 12) + text)
    }
    try line(.network, network.sizes.map(String.init).joined(separator: "–"))
    if model.members.count > 1 { try line(.members, String(model.members.count)) }
    if let variants = model.configuration?.stopping.variants {
      try line(.memberSettings, variants)
    }
    if let intervals = model.intervals {
      try line(.predictionInterval, Terms(language).text(intervals, nil))
    }
    try line(.parameters, "\(Format.count(network.parameterCount)) (\(network.precisionName))")
    try line(
      .loss,
      language.text(
        .overBatch, Terms(language).name(network.loss), network.reduction.text(in: language)))
    if let encoder = model.encoder {
      try line(.inputs, language.columns(of: encoder))
      for feature in encoder.features.prefix(40) {
        try line(nil, Self.text(feature, encoder.scaling, language))
      }
      if encoder.features.count > 40 { try line(nil, "…") }
    } else {
      try line(.inputs, language.text(.numbersAsTheyAre, String(network.sizes[0])))
    }
    if let target = model.targetEncoder {
      try line(.target, "\(Format.list(target.columns)) (\(target.task.text(in: language)))")
      if target.task == .classification {
        try line(.labels, Format.list(target.labels, limit: 40))
      }
    }
    if let run = model.configuration {
      try line(
        .trainedBy,
        language.text(
          .runOf, run.optimizer.name, String(run.learningRate), run.rateSchedule.description,
          run.optimizer.takesAllExamples
            ? language.text(.allExamples) : language.text(.batches, String(run.batchSize)),
          language.count(run.epochs, .epoch), String(run.seed)))
      if let noise = run.noiseText(in: language) {
        try line(.noise, language.text(.noiseInTraining, noise))
      }
      for (name, text) in run.updateLines(in: language) { try line(name, text) }
    } else {
      try line(.trainedBy, language.text(.nobody))
    }
    if let weights = model.weights {
      try line(
        .weights, weights.text(labels: model.targetEncoder?.labels ?? [], in: language))
    }
    let hasDropout = network.layers.haveDropout
    let dropout = hasDropout ? [(language.text(.dropoutHeading), TextTable.Alignment.right)] : []
    var table = TextTable(
      [
        (language.text(.layer), .right), (language.text(.outputs), .right),
        (Format.right(language.text(.activation), 15), .left),
      ] + dropout + [("‖W‖", .left)])
    for (index, (layer, norm)) in zip(network.layers, norms).enumerated() {
      table.add(
        [String(index + 2), String(layer.outputs), layer.functions]
          + (hasDropout ? [JSONValue(layer.dropout).description] : [])
          + [norm.map { Format.short($0) } ?? "–"])
    }
    for line in [""] + table.lines(indent: 0) { try Terminal.printOutput(line) }
  }

  private static func text(
    _ feature: Feature, _ scaling: ColumnScaling, _ language: Language
  ) -> String {
    switch feature {
    case .numeric(let name, let median, _, let hasIndicator, _, let map?):
      language.text(
        .mappedFeature, name.shown(), Format.short(map.number(median)),
        String(QuantileMap.heavyTail))
        + (hasIndicator ? language.text(.missingInput) : "")
    case .numeric(let name, let mean, let deviation, let hasIndicator, _, nil):
      language.text(
        scaling == .robust ? .robustFeature : .feature, name.shown(), Format.short(mean),
        Format.short(deviation))
        + (hasIndicator ? language.text(.missingInput) : "")
    case .boolean(let name, let words, let share, let hasIndicator):
      language.text(
        .booleanFeature, name.shown(), words.words.no, words.words.yes, Format.short(share))
        + (hasIndicator ? language.text(.missingInput) : "")
    case .date(let name, _, _, let parts, let hasIndicator):
      language.text(.dateFeature, name.shown(), parts.map { $0.part.text }.joined(separator: ", "))
        + (hasIndicator ? language.text(.missingInput) : "")
    case .categorical(let name, let categories, let shares, _, true):
      language.text(.codedFeature, name.shown(), Format.list(categories, limit: 10))
        + (shares.count > categories.count ? language.text(.missingEntry) : "")
    case .categorical(let name, let categories, let shares, _, false):
      language.text(.category, name.shown(), Format.list(categories))
        + (shares.count > categories.count ? language.text(.missingInput) : "")
    case .pixels(let count, let scale):
      language.text(.pixels, String(count), Format.short(scale))
    }
  }
}

/// A model that no run left its settings in.
private struct NoSettingsError: UserError {
  let path: String

  var message: String { "\(path) holds no settings of a run: it was never trained" }
}

extension Network {
  /// ‖W‖ of each layer: the square root of the sum of all its squared weights; nil if it has none.
  var weightNorms: [Double?] {
    layers.indices.map { index in
      parameters.elements(.weight, of: index)?
        .reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    }
  }
}
