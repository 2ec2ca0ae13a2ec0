import Foundation
import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Model files")
struct ModelFileTests {
  /// A path in a folder of its own.
  private func temporaryPath() throws -> String {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder.appendingPathComponent("m.safetensors").path
  }

  private func network<T: Scalar>(_ type: T.Type = T.self) throws -> Network<T> {
    try Network(
      sizes: [3, 4, 2], activations: [.maxout(pieces: 3), .softmax], loss: .crossEntropy,
      reduction: .sum, seed: 5)
  }

  /// The file of a model with parts of its metadata replaced; nil takes a key out.
  private func changed(_ key: String, _ value: String?) throws -> SafeTensors {
    var writer = try Model(network: .float(network())).safeTensors()
    writer.metadata.removeAll { $0.key == key }
    if let value { writer.metadata.append((key, value)) }
    return try SafeTensors(bytes: writer.bytes, path: "m")
  }

  private func message(_ file: SafeTensors) -> String {
    do {
      _ = try Model(file)
      return "no error"
    } catch let error as any UserError {
      #expect(!error.description.contains("\n"))
      return error.description
    } catch {
      return "another error: \(error)"
    }
  }

  @Test("A model comes back from its file with the same bits, in both precisions")
  func roundTrip() throws {
    let path = try temporaryPath()
    let table = try Table(columns: [
      ("a", .numbers([1, 2, .nan, 4])), ("b", .texts(["x", "y", nil, "x"])),
      ("t", .texts(["no", "yes", "no", "yes"])),
    ])
    let encoder = try FeatureEncoder(fitting: table, excluding: ["t"])
    let target = try TargetEncoder(fitting: table, targets: ["t"])
    let network = try Network<Double>(
      sizes: [encoder.outputCount, 3, 2], activations: [.leakyReLU(slope: 0.1), .softmax],
      loss: .crossEntropy, seed: 1)
    var configuration = TrainingConfiguration(learningRate: 0.1, patience: 7, seed: .max)
    configuration.recipe = .plain
    let model = Model(
      network: .double(network), encoder: encoder, targetEncoder: target,
      configuration: configuration)
    let sha256 = try model.write(to: path)
    let bytes = try Array(Data(contentsOf: URL(fileURLWithPath: path)))
    #expect(sha256 == SHA256.hexadecimal(of: bytes))

    let read = try Model(contentsOf: path)
    guard case .double(let back) = read.network else {
      Issue.record("not in double precision")
      return
    }
    #expect(back.parameters == network.parameters && back.layers == network.layers)
    #expect(back.loss == .crossEntropy && back.reduction == .mean)
    #expect(read.encoder == encoder && read.targetEncoder == target)
    #expect(read.configuration == configuration)
    #expect(try read.safeTensors().bytes == bytes)

    try Model(network: .float(self.network())).write(to: path)
    guard case .float(let single) = try Model(contentsOf: path).network else {
      Issue.record("not in single precision")
      return
    }
    #expect(try single.parameters == self.network().parameters && single.reduction == .sum)
  }

  @Test("Tensors have PyTorch's names and shapes; a maxout layer has a row for each piece")
  func tensors() throws {
    let read = try SafeTensors(bytes: Model(network: .float(network())).safeTensors().bytes)
    #expect(
      Dictionary(uniqueKeysWithValues: read.tensors.map { ($0.name, $0.shape) }) == [
        "layers.0.weight": [12, 3], "layers.0.bias": [12], "layers.1.weight": [2, 4],
        "layers.1.bias": [2],
      ])
    #expect(read[metadata: ModelKey.format] == "3")
    #expect(read[metadata: ModelKey.loss] == "\"cross-entropy\"")
  }

  @Test("Metadata that is missing, wrong or newer is an error that names the key")
  func metadata() throws {
    #expect(message(try changed(ModelKey.format, nil)).contains("not a model of this program"))
    #expect(message(try changed(ModelKey.format, "1")).contains("and this version reads 3"))
    for key in [ModelKey.layers, ModelKey.loss, ModelKey.reduction, ModelKey.precision] {
      #expect(message(try changed(key, nil)) == "m, \(key): missing from the metadata")
      for value in ["", "{", "1", "\"median\"", "[]", "null", "{}"] {
        let text = message(try changed(key, value))
        #expect(text != "no error" && !text.hasPrefix("another"), "\(key) \(value)")
      }
    }
    #expect(
      message(try changed(ModelKey.loss, "\"custom:mine\"")).contains("a loss of somebody's own"))
    #expect(message(try changed(ModelKey.loss, "\"hinges\"")).contains("hinges"))
    for key in [ModelKey.encoder, ModelKey.target] {
      #expect(message(try changed(key, "{}")).hasPrefix("m, \(key): no key"))
    }
    #expect(
      message(try changed(ModelKey.configuration, "{\"rate\": 1}")).contains("rate is no setting"))
    #expect(
      message(try changed(ModelKey.precision, "\"double\"")).contains(
        "element type F32, expected F64"))
  }

  @Test("A configuration that no run can have, or of another number of layers, is refused")
  func configuration() throws {
    func text(_ change: (inout TrainingConfiguration) -> Void) throws -> String {
      var configuration = TrainingConfiguration()
      change(&configuration)
      return message(
        try changed(ModelKey.configuration, JSONValue(encoding: configuration).description))
    }
    for factors in [[2.0], [2, 2]] {
      #expect(try text { $0.updates.rateFactors = factors } == "no error")
    }
    #expect(try text { $0.updates.rateFactors = [2, 2, 2] }.contains("for 2 layers"))
    for (name, change) in ConfigurationTests.faults {
      let found = try text(change)
      // A schedule is a text there, with its numbers.
      let place = name.hasPrefix("schedule.") ? "schedule" : name
      #expect(found.hasPrefix("m, \(ModelKey.configuration): \(place) "), "\(name): \(found)")
    }
  }

  @Test("Layers that disagree with the tensors are refused before a network is made")
  func layers() throws {
    func layer(_ inputs: Int, _ outputs: Int, _ activation: String = "relu") -> String {
      "{\"kind\":\"dense\",\"inputs\":\(inputs),\"outputs\":\(outputs),"
        + "\"activation\":\"\(activation)\"}"
    }
    func text(_ layers: String...) throws -> String {
      message(try changed(ModelKey.layers, "[\(layers.joined(separator: ","))]"))
    }
    let last = layer(4, 2, "softmax")
    #expect(try text(layer(3, 4, "maxout:3"), last) == "no error")
    #expect(try text(layer(3, 4, "maxout:2"), last).contains("shape [12, 3]"))
    #expect(try text(layer(3, 4, "rely"), last).contains("rely"))
    #expect(try text(layer(3, 4, "maxout:3")).contains("belongs to no layer"))
    #expect(
      try text(layer(3, 4, "maxout:3"), layer(4, 2), layer(2, 2, "softmax")).contains(
        "no tensor \"layers.2.weight\"")
    )
    for outputs in [0, -1, Int.max, 1 << 40] {
      #expect(try text(layer(3, outputs, "maxout:3"), last) != "no error")
    }
    #expect(try text() != "no error")
  }

  @Test("Scaling layers and parametric activations come back with the same bits")
  func kinds() throws {
    let path = try temporaryPath()
    let network: Network<Float> = try LayerKindTests.network(LayerKindTests.mixed(dropout: 0.2))
    try Model(network: .float(network)).write(to: path)
    guard case .float(let read) = try Model(contentsOf: path).network else {
      Issue.record("not in float precision")
      return
    }
    #expect(read.layers == network.layers && read.parameters == network.parameters)
    let names = try SafeTensors(contentsOf: path).tensors.map(\.name)
    #expect(names.contains("layers.0.scale") && names.contains("layers.1.alpha"))
  }

  @Test("Layers of either kind that no network can have are refused with words")
  func hostileKinds() throws {
    let last = #"{"kind":"dense","inputs":4,"outputs":2,"activation":"softmax"}"#
    func text(_ layers: String...) throws -> String {
      message(try changed(ModelKey.layers, "[\(layers.joined(separator: ","))]"))
    }
    func scale(_ inputs: String, _ outputs: String) -> String {
      #"{"kind":"scale","inputs":\#(inputs),"outputs":\#(outputs)}"#
    }
    func dense(_ activation: String, _ parametric: String = "true") -> String {
      #"{"kind":"dense","inputs":3,"outputs":4,"activation":"\#(activation)","parametric":\#(parametric)}"#
    }
    #expect(try text(scale("3", "4"), last).contains("3 inputs has 4 outputs"))
    for size in ["0", "-1", "\(Int.max)", "1e30", "1.5", "\"3\"", "null"] {
      #expect(try text(scale(size, size), last) != "no error", "\(size)")
    }
    #expect(try text(scale("3", "3"), dense("relu", "false"), last).contains("layers.0.scale"))
    #expect(try text(dense("maxout:3"), last).contains("cannot be parametric"))
    #expect(try text(dense("softmax"), last).contains("softmax"))
    #expect(try text(dense("relu"), last) != "no error")
    #expect(try text(dense("relu", "1"), last) != "no error")
    #expect(
      try text(dense("maxout:3", "false"), last, scale("2", "2")).contains("softmax belongs on"))
    #expect(try text(#"{"kind":"scaled","inputs":3,"outputs":3}"#).contains("scaled"))
  }

  @Test("A weight that is not finite is refused, with its place")
  func nonFinite() throws {
    var network: Network<Float> = try network()
    network.parameters[layer: 1, output: 1, input: 2] = .nan
    let file = try SafeTensors(
      bytes: Model(network: .float(network)).safeTensors().bytes, path: "m")
    #expect(
      message(file)
        == "m, tensor \"layers.1.weight\": element [1, 2] is nan; weights must be finite numbers")
  }

  @Test("Encoders that disagree with the sizes of the network are refused")
  func encoders() throws {
    let target = #"{"task":"regression","coding":"raw","columns":["a"],"labels":[]}"#
    #expect(message(try changed(ModelKey.target, target)).contains("1 outputs, but the network"))
  }

  @Test("A loss of one's own is read by a program that has it")
  func customLoss() throws {
    struct Mine: ExampleLoss {
      let name = "mine"
      func value<T: Scalar>(outputs: Span<T>, targets: Span<T>, weight: T) -> T { 0 }
      func formGradient<T: Scalar>(
        outputs: Span<T>, targets: Span<T>, weight: T, into gradient: inout MutableSpan<T>
      ) {}
    }
    let file = try changed(ModelKey.loss, "\"custom:mine\"")
    #expect(try Model(file, losses: [Mine()]).network.loss.description == "custom:mine")
  }

  @Test("A file that fails half-way leaves neither a new file nor a temporary one")
  func atomic() throws {
    let path = try temporaryPath()
    let folder = Folder.split(path).folder
    try Array("old".utf8).withUnsafeBytes {
      try Data($0).write(to: URL(fileURLWithPath: path))
    }
    do {
      let file = try AtomicFile(path)
      try file.write(Array("new".utf8))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 2)
    }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["m.safetensors"])
    let file = try AtomicFile(path)
    try file.write(Array("new".utf8))
    try file.commit()
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "new")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["m.safetensors"])
  }
}

@Suite("Output designs")
struct OutputDesignTests {
  private func design(
    _ task: LearningTask, _ labels: Int, _ loss: Loss? = nil, _ activation: Activation? = nil
  ) throws -> String {
    let design = try OutputDesign(task: task, labels: labels, loss: loss, activation: activation)
    return "\(design.loss) \(design.activation) \(design.coding.rawValue)"
  }

  @Test("Loss, output activation and coding follow from the task and from what is named")
  func designs() throws {
    #expect(try design(.classification, 3) == "cross-entropy softmax one-hot")
    #expect(try design(.classification, 2) == "cross-entropy softmax one-hot")
    #expect(
      try design(.classification, 2, .binaryCrossEntropy)
        == "binary-cross-entropy sigmoid zero-one")
    #expect(
      try design(.classification, 3, .binaryCrossEntropy) == "binary-cross-entropy sigmoid one-hot")
    #expect(try design(.classification, 3, .squaredError) == "squared-error softmax one-hot")
    #expect(try design(.classification, 2, .hinge) == "hinge identity plus-minus-one")
    #expect(try design(.classification, 3, .hinge) == "hinge identity one-hot")
    #expect(
      try design(.classification, 2, nil, .sigmoid) == "binary-cross-entropy sigmoid zero-one")
    #expect(try design(.multilabel, 0) == "binary-cross-entropy sigmoid zero-one")
    #expect(try design(.regression, 0) == "squared-error identity standardized")
    #expect(try design(.regression, 0, .huber()) == "huber:1 identity standardized")
    #expect(try design(.regression, 0, .poisson) == "poisson softplus raw")
    #expect(try design(.regression, 0, nil, .tanh) == "squared-error tanh raw")
  }

  @Test("A loss that cannot judge the task is refused with those that can")
  func misfits() {
    for (task, loss) in [
      (LearningTask.regression, Loss.crossEntropy), (.regression, .hinge),
      (.classification, .poisson),
      (.multilabel, .crossEntropy),
    ] {
      #expect(throws: OutputDesignError.self) { try design(task, 2, loss) }
    }
  }

  @Test("Cross-entropy on sigmoids is refused for classes, with what to use")
  func crossEntropyOnSigmoids() throws {
    for labels in [2, 3] {
      let error = #expect(throws: OutputDesignError.self) {
        try design(.classification, labels, .crossEntropy, .sigmoid)
      }
      #expect(error?.description.contains("use softmax, or the loss binary-cross-entropy") == true)
    }
  }

  @Test("Targets that a bounded output cannot reach are refused with row and range")
  func unreachable() throws {
    let table = try Table(columns: [("y", .numbers([0, 1, -1.5, 2]))])
    let targets = try TargetColumns(of: table, columns: ["y"], task: .regression)
    for (activation, row, range) in [
      (Activation.sigmoid, 3, "between 0 and 1"), (.tanh, 3, "between -1 and 1"),
      (.relu, 3, "at least 0"), (.softplus, 3, "at least 0"), (.gelu, 3, "at least -0.17"),
      (.elu(alpha: 1), 3, "at least -1"),
    ] {
      let design = try OutputDesign(task: .regression, labels: 0, activation: activation)
      let error = #expect(throws: DataError.self) { try design.check(targets, file: nil) }
      #expect(error?.place == .row(row))
      #expect(error?.problem.contains(range) == true, "\(error?.problem ?? "")")
    }
    for activation in [Activation.identity, .leakyReLU(), .selu, .maxout()] {
      let design = try OutputDesign(task: .regression, labels: 0, activation: activation)
      #expect(throws: Never.self) { try design.check(targets, file: nil) }
    }
  }

  @Test("Each loss takes the targets that it is defined on, and names the first row that is none")
  func targetsOfLosses() throws {
    func misfit(_ loss: Loss, _ rows: [[Double]]) throws -> DataError? {
      let names = rows[0].indices.map { "y\($0)" }
      let table = try Table(
        columns: names.indices.map { column in
          (names[column], .numbers(rows.map { $0[column] }))
        })
      let target = try TargetEncoder(
        fitting: table, targets: names, task: .regression, coding: .raw)
      let targets: Matrix<Double> = try target.encode(table)
      let dataset = Dataset(inputs: targets, targets: targets)
      do {
        try loss.check(dataset, target: target, rows: nil, file: nil)
        return nil
      } catch { return error }
    }
    #expect(try misfit(.poisson, [[0], [3]]) == nil)
    #expect(try misfit(.poisson, [[0], [-0.5]])?.place == .row(2))
    #expect(try misfit(.binaryCrossEntropy, [[0], [0.3], [1]]) == nil)
    #expect(try misfit(.binaryCrossEntropy, [[0, 1], [0.3, 2]])?.column == "y1")
    #expect(try misfit(.crossEntropy, [[0.333, 0.333, 0.333], [0, 0, 1]]) == nil)
    #expect(try misfit(.crossEntropy, [[0.5, 0.5], [0.5, 0.6]])?.place == .row(2))
    #expect(try misfit(.crossEntropy, [[0.5, 0.5], [-1, 2]])?.column == "y0")
    #expect(try misfit(.hinge, [[1], [-1]]) == nil)
    #expect(try misfit(.hinge, [[1], [0]])?.place == .row(2))
    #expect(try misfit(.hinge, [[0, 1, 0], [1, 0, 0]]) == nil)
    #expect(try misfit(.hinge, [[0, 1, 0], [1, 1, 0]])?.place == .row(2))
    #expect(try misfit(.squaredError, [[-1e9]]) == nil)
  }

  @Test("Probabilities are outputs of softmax, or of a sigmoid for two classes")
  func probabilities() throws {
    let table = try Table(columns: [
      ("y", .texts(["a", "b", "c"])), ("z", .texts(["a", "b", "b"])),
    ])
    let three = try TargetEncoder(fitting: table, targets: ["y"], task: .classification)
    #expect(three.hasProbabilities(outputActivation: .softmax))
    #expect(!three.hasProbabilities(outputActivation: .sigmoid))
    let two = try TargetEncoder(
      fitting: table, targets: ["z"], task: .classification, coding: .zeroOne)
    #expect(two.hasProbabilities(outputActivation: .sigmoid))
    #expect(!two.hasProbabilities(outputActivation: .identity))
    #expect(
      three.metrics(outputActivation: .sigmoid)
        == .classification(threshold: 0.5, probabilities: false))
  }
}
