/// What the λ of `UpdateSettings.l2` is divided by before ½ λ ‖W‖² is added to the loss
/// of an update.
///
/// The third kind of L2, the decoupled one of AdamW, is no term of the loss: it is
/// `UpdateSettings.weightDecay`.
public enum L2Scaling: String, Codable, CaseIterable, Sendable {
  /// Nothing: ½ λ ‖W‖² whatever the batch.
  case loss
  /// n, the number of training examples: λ/(2n) ‖W‖². Nielsen 2015, ch. 3, eq. 85.
  case perExample = "per-example"
  /// m, the number of examples of the update: λ/(2m) ‖W‖². scikit-learn's `alpha`. A shorter last
  /// batch is penalised more.
  case perBatch = "per-batch"
}

/// The penalties of one update, as they enter into its loss: λ₁ ‖W‖₁ + ½ λ₂ ‖W‖².
package struct Penalties: Hashable, Sendable {
  package var l1: Double
  /// With its scaling in it.
  package var l2: Double

  package init(l1: Double = 0, l2: Double = 0) {
    self.l1 = l1
    self.l2 = l2
  }

  /// λ₁ sign(w) + λ₂ w: what is added to the gradient of a weight.
  package func slope(at weight: Double) -> Double {
    l2 * weight + (weight > 0 ? l1 : weight < 0 ? -l1 : 0)
  }
}

extension TrainingConfiguration {
  /// λ₁ and λ₂ of an update: the one place where a scaling enters.
  ///
  /// - Parameters:
  ///   - examples: n, all training examples, at least 1.
  ///   - batch: m, the examples of the update, at least 1.
  package func penalties(examples: Int, batch: Int) -> Penalties {
    let divisor =
      switch l2Scaling ?? .loss {
      case .loss: 1
      case .perExample: examples
      case .perBatch: batch
      }
    return Penalties(l1: l1Penalty ?? 0, l2: l2Penalty / Double(divisor))
  }

  /// λ₂ as it multiplies ½ ‖W‖² in the loss of some examples, by a model that knows how many
  /// examples it was trained on.
  ///
  /// - Parameter batch: m; nil for a whole batch of the run.
  package func effectiveL2Penalty(batch: Int? = nil) -> Double {
    let examples = trainingExamples ?? batchSize
    return penalties(
      examples: max(1, examples), batch: max(1, batch ?? examplesPerUpdate(of: examples))
    ).l2
  }

  /// Examples of a whole update: those of a batch times the batches that are accumulated.
  package func examplesPerUpdate(of count: Int) -> Int {
    let batch = examplesPerStep(of: max(1, count))
    let (examples, overflows) = batch.multipliedReportingOverflow(by: accumulate ?? 1)
    return overflows ? max(1, count) : min(examples, max(1, count))
  }
}

extension Parameters {
  /// λ₁ ‖W‖₁ + ½ λ₂ ‖W‖² over the weights of all layers; biases are not penalised.
  package func penalty(_ penalties: Penalties) -> Double {
    (penalties.l2 > 0 ? squaredNormPenalty(penalties.l2) : 0)
      + (penalties.l1 > 0 ? magnitudePenalty(penalties.l1) : 0)
  }

  /// Adds λ₁ sign(W) + λ₂ W to this gradient.
  package mutating func addGradient(
    of penalties: Penalties, at parameters: Parameters, pool: ThreadPool?
  ) {
    if penalties.l2 > 0 { addSquaredNormGradient(penalties.l2, of: parameters, pool: pool) }
    if penalties.l1 > 0 { addMagnitudeGradient(penalties.l1, of: parameters, pool: pool) }
  }

  /// λ ‖W‖₁ over the weights of all layers. Tibshirani 1996,
  /// doi:10.1111/j.2517-6161.1996.tb02080.x.
  func magnitudePenalty(_ lambda: Double) -> Double {
    var sum = 0.0
    for index in layout.tensors.indices where layout.tensors[index].role.isPenalized {
      let panels = layout.tensors[index].kernelPanels
      sum += T.kernels.sum_panel_magnitudes(panels, start)
    }
    return lambda * sum
  }

  /// Adds λ sign(W), with sign(0) = 0, the least subgradient of λ ‖W‖₁, to this gradient.
  mutating func addMagnitudeGradient(
    _ lambda: Double, of parameters: Parameters, pool: ThreadPool?
  ) {
    let target = mutableStart
    for index in layout.tensors.indices where layout.tensors[index].role.isPenalized {
      let panels = layout.tensors[index].kernelPanels
      T.kernels.add_sign_gradient(
        pool?.handle, panels, lambda, parameters.start, target)
    }
  }

  /// Scales the weights that enter a neuron to norm c wherever theirs is greater:
  ///
  ///     wⱼ ← wⱼ · min(1, c / ‖wⱼ‖₂)
  ///
  /// Srivastava et al. 2014, JMLR 15, 1929–1958. Of a maxout layer each piece is a neuron. Biases
  /// stay.
  ///
  /// - Parameters:
  ///   - bound: c, positive.
  ///   - pool: Threads to use; changes no bit.
  /// - Complexity: O(parameters), without allocation.
  package mutating func limitNorms(to bound: Double, pool: ThreadPool? = nil) {
    let target = mutableStart
    for index in layout.tensors.indices where layout.tensors[index].role.isPenalized {
      let panels = layout.tensors[index].kernelPanels
      T.kernels.limit_norms(pool?.handle, panels, bound, target)
    }
  }
}
