// What the parameters of a network are, tensor by tensor, and where each stands in the flat buffer.
// Whatever loops over parameters (update, clipping, penalties, averages, checkpoint, model file,
// gradient check, doctor) loops over these and knows no kind of layer.

/// One tensor of a network: what it is, and where its elements stand in the flat buffer.
///
/// The buffer is made of rows of 16 elements. A tensor has the same number of them in each of its
/// panels, which begin at equal distances, since tensors may share panels: the weights of a layer are
/// rows 0 ..< inputs of a panel of 16 outputs, and its biases the row behind them.
public struct ParameterTensor: Equatable, Sendable {
  /// How the elements are laid out.
  package enum Form: Sendable {
    /// A matrix `[outputs, inputs]`: a panel holds 16 outputs, a row of it one input.
    case panels
    /// A vector `[outputs]`: a panel holds 16 elements, in one row.
    case vector
    /// A matrix `[entries, width]`, row-major, each entry padded to whole panels: entries are looked up,
    /// not multiplied.
    case table

    /// - Parameters:
    ///   - rows: Rows of a panel, or entries of the table.
    ///   - width: Elements along the panels.
    fileprivate func shape(rows: Int, width: Int) -> [Int] {
      switch self {
      case .panels: [width, rows]
      case .vector: [width]
      case .table: [rows, width]
      }
    }
  }

  /// What the elements do in their layer.
  public enum Role: String, Codable, Sendable, CaseIterable {
    /// W of an affine map.
    case weight
    /// b of an affine map.
    case bias
    /// γ of a normalisation.
    case gain
    /// β of a normalisation.
    case shift
    /// s of a scaling layer.
    case scale
    /// α of a parametric activation.
    case slope
    /// f of the waves of a number.
    case frequency
    /// φ of the waves of a number.
    case phase
    /// A of the waves of a number.
    case amplitude
    /// c of the waves of a number.
    case offset
    /// E, the entries of a category.
    case embedding

    /// Whether decoupled decay, penalties and bounds on norms touch the tensor: they are for weights.
    package var isPenalized: Bool { self == .weight }
    /// Where the elements begin that no initialiser draws.
    var start: Double {
      switch self {
      case .weight, .bias, .shift, .frequency, .phase, .amplitude, .offset, .embedding: 0
      case .gain, .scale, .slope: 1
      }
    }
  }

  /// As files call it, `layers.0.weight`: the names of PyTorch, layers counted from 0.
  public let name: String
  /// `[outputs, inputs]` of panels, `[outputs]` of a vector, `[entries, width]` of a table.
  public let shape: [Int]
  package let form: Form
  /// What the elements do in their layer.
  public let role: Role
  /// The layer whose it is, from 0 for the first that computes.
  public let layer: Int
  /// By how much rate, decay and ε differ from those of the run; 1 of an ordinary tensor.
  package let factors: UpdateFactors
  /// Index of the first element in the buffer.
  package let offset: Int
  package let panels: Int
  /// Rows of 16 elements in each panel.
  package let rows: Int
  /// Rows between the beginnings of two panels.
  package let stride: Int

  /// Elements, padding not included.
  package var count: Int { shape.reduce(1, *) }

  /// The rows of this tensor, as kernels have them.
  var kernelPanels: KernelPanels {
    KernelPanels(start: offset, count: panels, rows: rows, stride: stride)
  }

  /// Where an element stands in the buffer.
  ///
  /// - Parameters:
  ///   - first: Output, or entry of a table.
  ///   - second: Input, or element of an entry; 0 of a vector.
  /// - Precondition: Both lie in the shape.
  package func index(_ first: Int, _ second: Int = 0) -> Int {
    precondition(
      first >= 0 && first < shape[0] && second >= 0 && second < (shape.count > 1 ? shape[1] : 1),
      "element \(first), \(second) of \(name) \(shape)")
    switch form {
    case .panels, .vector: return offset + (first / 16 * stride + second) * 16 + first % 16
    case .table: return offset + first * panels * 16 + second
    }
  }

  /// The same by the position in a dense, row-major copy.
  package func index(ofElement element: Int) -> Int {
    shape.count > 1 ? index(element / shape[1], element % shape[1]) : index(element)
  }
}

/// By how much the updates of one tensor differ from those of the run.
///
/// A layer in NTK form computes z = W̃ x/√d + b with d inputs. It is the ordinary layer of W = W̃/√d,
/// whose gradient is ∂C/∂W̃ = (∂C/∂W)/√d. A rule of Adam's family divides a moment by the root of a
/// second one, m̃ = m/√d and ṽ = v/d, so that its step
///
///     W̃ ← W̃ − η λ W̃ − η m̃/(√ṽ + ε)
///
/// is, divided by √d, a step of W with other numbers:
///
///     W ← W − (η/√d) (λ √d) W − (η/√d) m/(√v + ε √d)
///
/// which are the rate factor 1/√d, the decay factor √d and the ε factor √d. Under SGD the rate factor
/// would be 1/d; the rules that this does not hold for are refused (`OptimizerRule.isRatioOfMoments`).
/// Jacot, Gabriel & Hongler 2018, arXiv 1806.07572.
package struct UpdateFactors: Hashable, Sendable {
  /// Multiplies η, in the step and in the decay.
  package var rate = 1.0
  /// Multiplies λ of decoupled decay.
  package var decay = 1.0
  /// Whether decoupled decay acts on the tensor whatever its role.
  package var decays = false
  /// Multiplies ε below the root.
  package var epsilon = 1.0

  /// Those of a weight in NTK form.
  ///
  /// - Parameter inputs: d, at least 1.
  package static func neuralTangent(inputs: Int) -> UpdateFactors {
    let root = Double(inputs).squareRoot()
    return UpdateFactors(rate: 1 / root, decay: root, epsilon: root)
  }
}

/// Tensors of a layer that share panels, as its kind states them: a panel holds the rows of all.
struct TensorGroup {
  struct Member {
    /// Behind the name of the layer.
    let name: String
    let role: ParameterTensor.Role
    var form = ParameterTensor.Form.vector
    /// Rows in a panel: the inputs of a matrix, 1 of a vector.
    var rows = 1
    var factors = UpdateFactors()
  }

  /// Elements along the panels: the outputs.
  let width: Int
  let members: [Member]

  var rows: Int { members.reduce(0) { $0 + $1.rows } }
}

/// Where the tensors of all layers stand in the flat buffer.
public struct ParameterLayout: Equatable, Sendable {
  /// The most groups of tensors that a layer has.
  static var mostGroups: Int { 3 }

  /// All tensors, layer by layer.
  public let tensors: [ParameterTensor]
  /// Elements of the buffer, padding included.
  package let count: Int
  /// Elements of all tensors, padding not included.
  package let parameterCount: Int
  /// The groups in the order of the buffer: the first of every layer, then the second of every layer.
  let areas: [KernelPanels]
  /// The offsets of each layer's groups, in the order in which its kind states them.
  let offsets: [SIMD4<Int>]
  /// Which of `tensors` each layer has.
  private let ranges: [Range<Int>]

  /// Number of layers.
  package var layerCount: Int { ranges.count }

  package init(layers: [Layer]) { self.init(groups: layers.map(\.tensorGroups)) }

  /// - Parameter groups: Of each layer. They stand in the buffer in this order: the first of every layer,
  ///   then the second of every layer.
  init(groups: [[TensorGroup]]) {
    var offset = 0
    var areas: [KernelPanels] = []
    var offsets = [SIMD4<Int>](repeating: .zero, count: groups.count)
    for position in 0..<Self.mostGroups {
      for layer in groups.indices where position < groups[layer].count {
        let group = groups[layer][position]
        precondition(
          group.members.count == 1 || group.members.allSatisfy { $0.form != .table },
          "a table shares no panels")
        offsets[layer][position] = offset
        let panels = KernelPanels(
          start: offset, count: (group.width + 15) / 16, rows: group.rows, stride: group.rows)
        areas.append(panels)
        offset += panels.count * panels.rows * 16
      }
    }
    var tensors: [ParameterTensor] = []
    var ranges: [Range<Int>] = []
    for layer in groups.indices {
      let first = tensors.count
      for (position, group) in groups[layer].enumerated() {
        var row = 0
        for member in group.members {
          tensors.append(
            ParameterTensor(
              name: "layers.\(layer).\(member.name)",
              shape: member.form.shape(rows: member.rows, width: group.width),
              form: member.form, role: member.role, layer: layer, factors: member.factors,
              offset: offsets[layer][position] + row * 16, panels: (group.width + 15) / 16,
              rows: member.rows, stride: group.rows))
          row += member.rows
        }
      }
      ranges.append(first..<tensors.count)
    }
    self.tensors = tensors
    self.areas = areas
    self.offsets = offsets
    self.ranges = ranges
    count = offset
    parameterCount = tensors.reduce(0) { $0 + $1.count }
  }

  /// The tensors of a layer, from 0 for the first that computes.
  public func tensors(of layer: Int) -> ArraySlice<ParameterTensor> { tensors[ranges[layer]] }

  /// Whether a tensor is one of these.
  func has(_ tensor: ParameterTensor) -> Bool {
    ranges.indices.contains(tensor.layer) && tensors(of: tensor.layer).contains(tensor)
  }

  /// The whole buffer, padding included: for what treats every element alike.
  var all: KernelPanels { KernelPanels(start: 0, count: 1, rows: count / 16, stride: count / 16) }

  /// The tensor of a layer that does so; nil if it has none.
  package func tensor(_ role: ParameterTensor.Role, of layer: Int) -> ParameterTensor? {
    tensors[ranges[layer]].first { $0.role == role }
  }

  public static func == (left: ParameterLayout, right: ParameterLayout) -> Bool {
    left.count == right.count && left.tensors == right.tensors
  }
}
