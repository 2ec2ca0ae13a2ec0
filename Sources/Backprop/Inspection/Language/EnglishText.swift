/// The English text of the commands that explain. Keys are the same as in the other language's file.
enum EnglishText {
  static let all: [String: String] = [explain, check, whatIf, doctor].reduce(into: [:]) {
    $0.merge($1) { first, _ in first }
  }

  // MARK: explain

  private static let explain: [String: String] = [
    "explain.title": "Backpropagation of {0}, step by step"
  ]

  // MARK: check

  private static let check: [String: String] = [
    "check.title": "Gradient check of {0}",
    "check.examples": "{0} of {1} examples of {2}",
    "check.network": "{0}, C = {1} ({2}), in double precision",
    "check.mutant": "broken on purpose: {0}",
    "check.g": "g  ∂C/∂θ by backpropagation, BP1–BP4",
    "check.d": "d  the same by differences of the loss: (C(θ + h) − C(θ − h)) / 2h",
    "check.error": "relative error = |g − d| / max(|g|, |d|)",
    "check.tensor": "tensor",
    "check.shape": "shape",
    "check.checked": "checked",
    "check.kinks": "kinks",
    "check.worst": "worst error",
    "check.verdict": "verdict",
    "check.notJudged": "not judged",
    "check.verdict.good": "good",
    "check.verdict.suspicious": "suspicious",
    "check.verdict.wrong": "WRONG",
    "check.thresholds": "error > 1e-2 wrong, 1e-4 … 1e-2 suspicious, ≤ 1e-7 good (CS231n)",
    "check.between": "1e-7 … 1e-4 is good if the network or the loss has kinks, else suspicious",
    "check.kinksNote":
      "kinks: {0} entries crossed one with the first h; a smaller h judged them all",
    "check.kinksUnjudged":
      "kinks: {0} entries crossed one with the first h; {1} cross one with every h",
    "check.zeroNote": "exactly 0, which says nothing about the equations: {0}",
    "check.allTensors": "every tensor",
    "check.unresolvedNote": "{0} entries are too small for differences to tell a wrong one",
    "check.curve": "Error of plain central differences against h",
    "check.curveNote": "a V: truncation grows as h², rounding as 1/h",
    "check.curveFlat":
      "the worst is large for every h, so it is not the differences that are wrong",
    "check.median": "median",
    "check.curveWorst": "worst",
    "check.curveBar": "log of the median",
    "check.allKinks": "every entry crosses a kink",
    "check.assumptionI": "Assumption I: C = Σ wₓ Cₓ, a weighted sum over the examples",
    "check.assumptionII": "Assumption II: C depends on the parameters through aᴸ only",
    "check.residual": "residual",
    "check.holds": "holds",
    "check.broken": "BROKEN",
    "check.property.splits": "random splits: C of the parts adds up",
    "check.property.splitsOfGradient": "random splits: ∇C of the parts adds up",
    "check.property.exampleWeights": "random weights: C = Σ wₓ Cₓ, one by one",
    "check.property.exampleWeightsOfGradient": "random weights: ∇C = Σ wₓ ∇Cₓ, one by one",
    "check.property.lossOfOutputs": "C from a copy of aᴸ and y alone",
    "check.property.permutedNeurons": "hidden neurons in another order: the same C",
    "check.property.firstOrder": "all θ moved a little: ΔC = ∇ₐC · Δaᴸ",
    "check.red": "Red: {0}.",
    "check.suspect.outputDelta": "So BP1 is wrong: δᴸ feeds every tensor, and every tensor is red.",
    "check.suspect.biasGradient": "So BP3 is wrong: ∂C/∂b = δ, and only biases are red.",
    "check.suspect.weightGradient": "So BP4 is wrong: ∂C/∂W = δ aᵀ, and only weights are red.",
    "check.suspect.unclear": "No single equation explains them: begin with the topmost red layer.",
    "check.suspectAt.backpropagatedDelta":
      "So BP2 is wrong on the way down to layer {0}: all above it is right.",
    "check.suspectAt.biasGradient":
      "So BP3 of layer {0} is wrong: ∂C/∂b = δ, and only its bias is red.",
    "check.suspectAt.weightGradient": "So BP4 of layer {0} is wrong: only its weights are red.",
    "check.suspectAt.layerGradient":
      "So BP3 and BP4 of layer {0} are never formed: its gradient is exactly 0.",
    "check.otherStep": "With a better h the differences agree, as the curve shows: use --h auto.",
    "check.resembles": "It is exactly this mistake: {0}.",
    "check.brokenI": "Assumption I is broken: does the loss use the weight of the example?",
    "check.brokenII": "Assumption II is broken: is ∇ₐC the gradient of the loss?",
    "check.brokenRegularizer": "The gradient of ½λ‖W‖² is not λW.",
    "check.suspicious": "Suspicious, though not wrong: {0}.",
    "check.passed": "Passed: backpropagation agrees with the differences, both assumptions hold.",
    "check.failed": "Failed.",
  ]

  // MARK: whatif

  private static let whatIf: [String: String] = [
    "whatif.title": "What if {0}",
    "whatif.builtIn": "Built-in example: {0} points of the plane in 3 classes, made from the seed",
    "whatif.source": "Model {0}, data {1}",
    "whatif.network": "Network {0} ({1}), loss {2}",
    "whatif.naive": "naive     {0}",
    "whatif.repaired": "repaired  {0}",
    "whatif.loss": "this loss is {0} on {1} examples; λ = {2}",
    "whatif.lossOfProduct": "this loss is {0} on {1} examples",
    "whatif.column.naive": "naive",
    "whatif.column.error": "error",
    "whatif.column.repaired": "repaired",
    "whatif.column.numeric": "differences",
    "whatif.product.question": "the loss were a product, C = Π Cₓ?",
    "whatif.product.text":
      "Assumption I is broken: C is no sum over the examples. The product rule still\n"
      + "gives its gradient, ∂C/∂θ = Σ (∂C/∂Cₓ) (∂Cₓ/∂θ).",
    "whatif.product.naive": "the equations, as if C were the sum of the Cₓ",
    "whatif.product.repaired": "each δᴸ times ∂C/∂Cₓ = Π_{y≠x} C_y, the weight of its example",
    "whatif.logarithm.question": "one took the logarithm, log Π Cₓ = Σ log Cₓ?",
    "whatif.logarithm.text":
      "The logarithm makes a sum of the product: assumption I holds again, for the\n"
      + "losses log Cₓ. It has its minima where the product has them.",
    "whatif.logarithm.naive": "the equations for Σ Cₓ",
    "whatif.logarithm.repaired": "each δᴸ times ∂log Cₓ/∂Cₓ = 1/Cₓ, the weight of its example",
    "whatif.hidden-penalty.question": "the loss saw a hidden layer, C + ½λ‖aˡ‖²?",
    "whatif.hidden-penalty.text":
      "Assumption II is broken: layer {0} reaches C directly, not only through aᴸ.\n"
      + "The chain rule adds what comes that way.",
    "whatif.hidden-penalty.naive": "the equations as they stand",
    "whatif.hidden-penalty.repaired": "BP2 with one more term: δˡ = ((Wˡ⁺¹)ᵀδˡ⁺¹ + wₓλaˡ) ⊙ σ′(zˡ)",
    "whatif.l2.question": "the weights were penalised, C + ½λ‖W‖²?",
    "whatif.l2.text":
      "The penalty depends on the parameters themselves, not on an activation: the\n"
      + "error δ stays what it was, and only BP4 gains a term.",
    "whatif.l2.naive": "the equations as they stand",
    "whatif.l2.repaired": "BP4 with + λW",
    "whatif.leavesDelta": "δ of every layer has the same bits with the penalty and without.",
    "whatif.changesDelta": "δ is not the same with the penalty and without.",
    "whatif.naiveRed": "naive is wrong in {0}",
    "whatif.naiveRight": "naive happens to be right here",
    "whatif.repairRight": "repaired agrees with the differences everywhere",
    "whatif.repairWrong": "repaired does NOT agree with the differences",
    "whatif.mutants.question": "backpropagation had a mistake?",
    "whatif.mutants.text":
      "Seven mutants, one mistake each. All begin with the same weights and see the\n"
      + "same batches, for {0} epochs at learning rate {1}. Accuracy forgives some\n"
      + "mistakes; the gradient check none.",
    "whatif.column.before": "before",
    "whatif.column.after": "after",
    "whatif.column.loss": "loss",
    "whatif.column.red": "red tensors",
    "whatif.column.equations": "equation",
    "whatif.metric": "before, after: {0}; loss: after; the rest: the gradient check",
    "whatif.right": "backpropagation",
    "whatif.green": "none",
    "whatif.same": "no mistake here",
    "whatif.mutant.bp2-no-transpose": "BP2 with W in place of Wᵀ",
    "whatif.mutant.bp4-wrong-layer": "BP4 with aˡ in place of aˡ⁻¹",
    "whatif.mutant.first-layer-frozen": "the first layer without BP3 and BP4",
    "whatif.mutant.bp2-no-derivative": "BP2 without ⊙ σ′(z)",
    "whatif.mutant.no-bp3": "no BP3: the biases never learn",
    "whatif.mutant.softmax-diagonal": "BP1 with the diagonal of softmax's Jacobian only",
    "whatif.mutant.sign-flipped": "BP1 with the sign of δᴸ flipped",
    "whatif.passed": "All is as the theory says.",
    "whatif.failed": "Something is not as the theory says.",
  ]

  // MARK: doctor

  private static let doctor: [String: String] = [
    "doctor.title": "Diagnosis of {0}"
  ]
}
