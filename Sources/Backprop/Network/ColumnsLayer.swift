import CBackprop

/// A layer in front of all others that makes vectors of the columns of a table: one part a column, or a run
/// of neighbours that are treated alike.
///
///     identity    a = x
///     waves       a = (x, A cos(2π f x + φ) + c)      16 waves to 3 numbers, for each x its own
///     embedding   a = E[x]                            x the number of an entry, 8 numbers to each
///
/// The waves let a network bend where a column does, which a plain number does through many neurons only; an
/// embedding gives a column of many categories 8 inputs and not one each. With u = 2π f x + φ and δ = ∂C/∂a
/// of the numbers that the waves add up to, BP3 and BP4 of this kind are
///
///     ∂C/∂c = Σₓ δ     ∂C/∂A = Σₓ δ cos(u)ᵀ     ∂C/∂φ = −Σₓ (Aᵀ δ) ⊙ sin(u)     ∂C/∂f = 2π Σₓ x ∂C/∂φ(x)
///
/// and ∂C/∂E of an entry the sum of δ over its rows. Gorishniy, Rubachev & Babenko 2022, *On Embeddings for
/// Numerical Features*, arXiv 2203.05556; in this form (PBLD, periodic with a bias, linear, dense) Holzmüller,
/// Grinsztajn & Steinwart 2024, arXiv 2407.04491.
public struct ColumnsLayer: Hashable, Sendable {
  /// What becomes of neighbouring inputs.
  package enum Part: Hashable, Sendable {
    case identity(inputs: Int)
    case waves(inputs: Int)
    /// Of one input; the last entry is that of what is no number of an entry.
    case embedding(entries: Int)
  }

  /// The waves of one number: those of a panel.
  package static var wavesOfNumber: Int { 16 }
  /// Numbers that one becomes, itself among them.
  package static var waveOutputs: Int { 1 + Int(BP_WAVES) }
  /// Numbers that a category becomes.
  package static var embeddingWidth: Int { 8 }

  package let parts: [Part]
  /// Whether it stands in front of layers in NTK form. Then the waves take steps a tenth as long and decay,
  /// as embeddings do.
  package let isNTK: Bool

  /// - Parameter parts: In the order of the inputs; `Network.init` checks them.
  package init(parts: [Part], isNTK: Bool = false) {
    self.parts = parts
    self.isNTK = isNTK
  }

  /// Whether there are entries to look up, whose numbers cannot be mixed or disturbed.
  package var looksUp: Bool { entryCount > 0 }
  /// Whether numbers become waves.
  package var hasWaves: Bool { waveCount > 0 }
}

extension ColumnsLayer.Part {
  var inputs: Int {
    switch self {
    case .identity(let inputs), .waves(let inputs): inputs
    case .embedding: 1
    }
  }
  var outputs: Int {
    switch self {
    case .identity(let inputs): inputs
    case .waves(let inputs): inputs * ColumnsLayer.waveOutputs
    case .embedding: ColumnsLayer.embeddingWidth
    }
  }
  fileprivate var waves: Int { if case .waves(let inputs) = self { inputs } else { 0 } }
  fileprivate var entries: Int { if case .embedding(let entries) = self { entries } else { 0 } }
}

extension ColumnsLayer: LayerKind {
  var inputs: Int { parts.reduce(0) { $0 + $1.inputs } }
  var outputs: Int { parts.reduce(0) { $0 + $1.outputs } }
  var affineOutputs: Int { outputs }
  var activation: Activation { .identity }

  /// Columns with waves, and entries of all embeddings.
  private var waveCount: Int { parts.reduce(0) { $0 + $1.waves } }
  private var entryCount: Int { parts.reduce(0) { $0 + $1.entries } }

  var tensorGroups: [TensorGroup] {
    let small = isNTK ? UpdateFactors(rate: 0.1, decay: 0.1, decays: true) : UpdateFactors()
    var groups: [TensorGroup] = []
    if waveCount > 0 {
      groups = [
        TensorGroup(
          width: Self.wavesOfNumber * waveCount,
          members: [
            .init(name: "frequency", role: .frequency, factors: small),
            .init(name: "phase", role: .phase, factors: small),
            .init(
              name: "amplitude", role: .amplitude, form: .panels, rows: Int(BP_WAVES),
              factors: small),
          ]),
        TensorGroup(
          width: Int(BP_WAVES),
          members: [
            .init(name: "offset", role: .offset, form: .table, rows: waveCount, factors: small)
          ]),
      ]
    }
    if entryCount > 0 {
      groups.append(
        TensorGroup(
          width: Self.embeddingWidth,
          members: [
            .init(
              name: "embedding", role: .embedding, form: .table, rows: entryCount,
              factors: UpdateFactors(decays: isNTK))
          ]))
    }
    return groups
  }

  /// How many outputs some parts would have, and how many elements their tensors with their padding; the parts
  /// may be larger than any layer.
  static func size(of parts: [Part]) -> (outputs: Double, elements: Double) {
    parts.reduce((0, 0)) { size, part in
      switch part {
      case .identity(let inputs): (size.0 + Double(inputs), size.1)
      case .waves(let inputs):
        (
          size.0 + Double(inputs) * Double(waveOutputs),
          size.1 + Double(inputs) * Double(16 * (3 + BP_WAVES))
        )
      case .embedding(let entries):
        (size.0 + Double(embeddingWidth), size.1 + Double(entries) * 16)
      }
    }
  }

  /// Which of the groups the embeddings are.
  private var entryGroup: Int { waveCount > 0 ? 2 : 0 }

  /// z is a, and ∂C/∂a is δ.
  func makeState<T: Scalar>(
    capacity: Int, for demands: StateDemands, in arena: inout Arena<T>
  ) -> LayerState<T> {
    let (outputs, delta) = (arena.matrix(capacity, outputs), arena.matrix(capacity, outputs))
    let keys = looksUp ? arena.matrix(1, capacity * 8 / MemoryLayout<T>.size) : .none
    return LayerState(
      weightedInputs: outputs, outputs: outputs, delta: delta, outputGradient: delta,
      keys: looksUp ? UnsafeMutableRawPointer(keys.start) : nil)
  }

  /// The parts with the places of their inputs, outputs, waves and entries.
  ///
  /// By index and without an array, since a step allocates nothing.
  private func each(_ body: (Part, _ input: Int, _ output: Int, _ wave: Int, _ entry: Int) -> Void)
  {
    var (input, output, wave, entry) = (0, 0, 0, 0)
    for index in parts.indices {
      let part = parts[index]
      body(part, input, output, wave, entry)
      input += part.inputs
      output += part.outputs
      wave += part.waves
      entry += part.entries
    }
  }

  /// a = (x, A cos(2π f x + φ) + c), E[x], or x.
  func forward<T: Scalar>(_ pass: LayerPass<T>, below: MatrixView<T>) {
    each { part, input, output, wave, entry in
      let column = pass.column(below, input, pass.state.outputs, output)
      switch part {
      case .identity(let inputs): T.kernels.copy_column(column, inputs)
      case .waves(let inputs):
        for index in 0..<inputs {
          T.kernels.waves(
            pass.column(
              below, input + index, pass.state.outputs, output + index * Self.waveOutputs),
            pass.parameters(0) + Self.panel(wave + index),
            pass.parameters(1) + Self.offsets(wave + index))
        }
      case .embedding(let entries):
        T.kernels.entries(
          column, entries, Self.embeddingWidth,
          pass.parameters(entryGroup) + Self.entries(entry))
      }
    }
  }

  /// Nothing is left to do: ∂C/∂a has been written into δ.
  func formDelta<T: Scalar>(_ pass: LayerPass<T>, pastDerivative: Bool) {}

  /// BP3 and BP4 of this kind, as the type has them.
  func formGradient<T: Scalar>(
    _ pass: LayerPass<T>, below: MatrixView<T>, into gradient: UnsafeMutablePointer<T>,
    fetching ahead: UnsafePointer<RowsAhead>?
  ) {
    each { part, input, output, wave, entry in
      switch part {
      case .identity: break
      case .waves(let inputs):
        for index in 0..<inputs {
          let (panel, offsets) = (Self.panel(wave + index), Self.offsets(wave + index))
          T.kernels.waves_gradient(
            pass.column(
              below, input + index, pass.state.delta, output + index * Self.waveOutputs),
            pass.parameters(0) + panel, pass.sum, gradient + pass.offsets[0] + panel,
            gradient + pass.offsets[1] + offsets)
        }
      case .embedding(let entries):
        guard let keys = pass.state.keys else { preconditionFailure("embeddings without keys") }
        T.kernels.entries_gradient(
          pass.column(below, input, pass.state.delta, output), entries, Self.embeddingWidth,
          pass.sum, keys.assumingMemoryBound(to: UInt64.self),
          gradient + pass.offsets[entryGroup] + Self.entries(entry))
      }
    }
  }

  /// What stands below is the table.
  func formInputGradient<T: Scalar>(_ pass: LayerPass<T>, into target: MatrixView<T>) {
    preconditionFailure("a layer of columns is the first")
  }

  // Where the parameters of a column stand in its group, whose rows are padded to 16.
  private static func panel(_ wave: Int) -> Int { wave * (2 + Int(BP_WAVES)) * wavesOfNumber }
  private static func offsets(_ wave: Int) -> Int { wave * 16 }
  private static func entries(_ entry: Int) -> Int { entry * 16 }
}

extension LayerPass {
  /// An input of the rows, and what it becomes or the error of that.
  fileprivate func column(
    _ below: MatrixView<T>, _ input: Int, _ result: MatrixView<T>, _ output: Int
  ) -> bp_column {
    bp_column(
      rows: rows, x: bp_matrix(start: below.start + input, stride: below.stride),
      x_rows: below.rows, y: bp_matrix(start: result.start + output, stride: result.stride))
  }
}

extension Network {
  /// Frequencies N(0, 0.1²), phases of a whole turn, amplitudes and offsets U(−¼, ¼), embeddings N(0, 1) but for
  /// 0 of what nobody knows, which is their mean until it is learned.
  mutating func drawColumns(seed: UInt64) {
    guard case .columns(let layer) = layers[0] else { return }
    for (index, tensor) in parameters.layout.tensors(of: 0).enumerated() {
      var random = RandomSource(
        seed: seed, purpose: .initialization, index: UInt32(1 << 17 + index))
      let values = (0..<tensor.count).map { _ in
        switch tensor.role {
        case .frequency: T(0.1 * random.normal())
        case .phase: T((2 * random.uniform() - 1) * Double.pi)
        case .amplitude, .offset: T((2 * random.uniform() - 1) / 4)
        default: T(random.normal())
        }
      }
      parameters.setElements(of: tensor, to: values)
      guard tensor.role == .embedding else { continue }
      var entry = 0
      for part in layer.parts where part.entries > 0 {
        entry += part.entries
        for place in 0..<ColumnsLayer.embeddingWidth {
          parameters[tensor, (entry - 1) * ColumnsLayer.embeddingWidth + place] = 0
        }
      }
    }
  }
}

extension FeatureEncoder {
  /// What the inputs of this encoder become in a layer of columns; nil where all stay as they are.
  ///
  /// - Parameter embedsNumbers: Whether numbers, also the parts of dates, become waves.
  package func parts(embedsNumbers: Bool) -> [ColumnsLayer.Part]? {
    var parts: [ColumnsLayer.Part] = []
    func append(_ part: ColumnsLayer.Part) {
      switch (parts.last, part) {
      case (_, .identity(inputs: 0)), (_, .waves(inputs: 0)): break
      case (.identity(let before), .identity(let inputs)):
        parts[parts.count - 1] = .identity(inputs: before + inputs)
      case (.waves(let before), .waves(let inputs)):
        parts[parts.count - 1] = .waves(inputs: before + inputs)
      default: parts.append(part)
      }
    }
    for feature in features {
      let numbers = embedsNumbers ? feature.numberCount : 0
      append(.waves(inputs: numbers))
      if let codes = feature.codeCount {
        append(.embedding(entries: codes))
      } else {
        append(.identity(inputs: feature.outputCount - numbers))
      }
    }
    let areChanged = parts.contains { if case .identity = $0 { false } else { true } }
    return areChanged ? parts : nil
  }
}

extension Feature {
  /// Inputs that are numbers, the first of them; pixels are alike and none of these.
  fileprivate var numberCount: Int {
    switch self {
    case .numeric: 1
    case .date(_, _, _, let parts, _): parts.count
    case .boolean, .categorical, .pixels: 0
    }
  }
}

extension ColumnsLayer.Part: Codable {
  private enum Key: String, CodingKey { case identity, waves, embedding }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    guard let key = container.allKeys.first, container.allKeys.count == 1 else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "a part of columns is one of identity, waves and embedding"))
    }
    let count = try container.decode(Int.self, forKey: key)
    guard (1...Int(Int32.max)).contains(count) else {
      throw DecodingError.dataCorruptedError(
        forKey: key, in: container, debugDescription: "\(count) inputs or entries")
    }
    self =
      switch key {
      case .identity: .identity(inputs: count)
      case .waves: .waves(inputs: count)
      case .embedding: .embedding(entries: count)
      }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    switch self {
    case .identity(let inputs): try container.encode(inputs, forKey: .identity)
    case .waves(let inputs): try container.encode(inputs, forKey: .waves)
    case .embedding(let entries): try container.encode(entries, forKey: .embedding)
    }
  }
}
