import Backprop

/// How smooth a function is where two of its pieces meet.
enum Fold {
  /// One smooth piece.
  case none
  /// The pieces share their first derivative, not their second: ELU with α = 1, Huber.
  case bend
  /// The pieces do not share their first derivative: ReLU, |a − y|.
  case kink
}

extension Activation {
  /// Where z = 0 (or where the winner changes), the worst that σ does. A user's own is not known.
  var fold: Fold {
    switch self {
    case .relu, .selu, .maxout: .kink
    case .leakyReLU(let slope): slope == 1 ? .none : .kink
    case .elu(let alpha): alpha == 1 ? .bend : .kink
    case .identity, .sigmoid, .tanh, .softplus, .gelu, .silu, .mish, .softmax, .own: .none
    }
  }
}

extension Loss {
  /// The worst that the loss does where two of its pieces meet. A user's own is not known.
  var fold: Fold {
    switch self {
    case .absoluteError, .hinge, .quantile: .kink
    case .huber: .bend
    case .squaredError, .binaryCrossEntropy, .crossEntropy, .poisson, .custom: .none
    }
  }
}

/// The piece of every folded function that each example of a forward pass lies on.
///
/// Central differences ask for one smooth piece: where the patterns at θ − h, θ and θ + h are the
/// same, the loss between them is as smooth as its pieces are.
struct KinkPattern: Equatable {
  /// Pieces that meet in kinks, in the order of layer, example and neuron; the loss last.
  fileprivate(set) var kinks: [UInt16] = []
  /// Pieces that meet in bends.
  fileprivate(set) var bends: [UInt16] = []

  fileprivate mutating func add(_ piece: UInt16, _ fold: Fold) {
    if fold == .kink { kinks.append(piece) } else { bends.append(piece) }
  }
}

extension Network {
  /// Whether σ of a layer, or the loss, is known to have a kink.
  var hasKinks: Bool { loss.fold == .kink || layers.contains { $0.activation.fold == .kink } }

  /// Whether a function of a user's own takes part, whose kinks are not known.
  var hasOwnFunctions: Bool {
    if case .custom = loss { return true }
    return layers.contains { if case .own = $0.activation { true } else { false } }
  }

  /// The pattern of the last forward pass.
  ///
  /// - Parameters:
  ///   - workspace: Keeps z of every layer.
  ///   - pattern: Receives it; its memory is used again.
  func formKinkPattern(in workspace: borrowing Workspace<T>, into pattern: inout KinkPattern) {
    pattern.kinks.removeAll(keepingCapacity: true)
    pattern.bends.removeAll(keepingCapacity: true)
    for (index, layer) in layers.enumerated() {
      let activation = layer.activation
      guard activation.fold != .none else { continue }
      let z = workspace.states[index].weightedInputs
      for row in 0..<workspace.rows {
        let values = z.row(row)
        if case .maxout(let pieces) = activation {
          for unit in 0..<layer.outputs {
            let start = values.baseAddress.map { $0 + unit * pieces }
            let winner = start.map { Metrics.indexOfLargest($0, pieces) } ?? 0
            pattern.add(UInt16(truncatingIfNeeded: winner), activation.fold)
          }
        } else {
          for value in values { pattern.add(value > 0 ? 1 : 0, activation.fold) }
        }
      }
    }
    guard loss.fold != .none else { return }
    let a = workspace.states[layers.count - 1].outputs
    for row in 0..<workspace.rows {
      addPieces(of: loss, outputs: a.row(row), targets: workspace.targets.row(row), to: &pattern)
    }
  }

  private func addPieces(
    of loss: Loss, outputs a: UnsafeMutableBufferPointer<T>,
    targets y: UnsafeMutableBufferPointer<T>, to pattern: inout KinkPattern
  ) {
    switch loss {
    case .huber(let delta):
      for index in a.indices {
        let r = a[index] - y[index]
        pattern.add(r > T(delta) ? 2 : r < T(-delta) ? 0 : 1, .bend)
      }
    case .hinge where a.count == 1: pattern.add(1 - y[0] * a[0] > 0 ? 1 : 0, .kink)
    case .hinge:
      guard let start = y.baseAddress else { return }
      let correct = Metrics.indexOfLargest(UnsafePointer(start), y.count)
      for index in a.indices where index != correct {
        pattern.add(1 + a[index] - a[correct] > 0 ? 1 : 0, .kink)
      }
    default:
      for index in a.indices {
        pattern.add(a[index] > y[index] ? 2 : a[index] < y[index] ? 0 : 1, .kink)
      }
    }
  }
}
