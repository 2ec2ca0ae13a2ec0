/// The English text of the commands that explain. Keys are the same as in the other language's file.
enum EnglishText {
  static let all: [String: String] = [explain, check, whatIf, doctor].reduce(into: [:]) {
    $0.merge($1) { first, _ in first }
  }

  // MARK: explain

  private static let explain: [String: String] = [
    "explain.title": "{0}: one step of backpropagation for example {1} of {2}",
    "explain.titleBatch":
      "{0}: one step of backpropagation for a batch of {1} examples ({2}) of {3}",
    "explain.network": "network {0} ({1}), loss {2}, computed in {3} precision",
    "explain.labels": "the example is “{0}”; the network says “{1}”",
    "explain.heading.assumptions": "Two assumptions about the loss",
    "explain.heading.forward": "Forward: `zˡ = Wˡ aˡ⁻¹ + bˡ`, then `aˡ = σ(zˡ)`",
    "explain.heading.bp1": "BP1, the error of the last layer: `δᴸ = Jσ(zᴸ)ᵀ ∇ₐC`",
    "explain.heading.bp2":
      "BP2, the error of a layer from the one above: `δˡ = ((Wˡ⁺¹)ᵀ δˡ⁺¹) ⊙ σ′(zˡ)`",
    "explain.heading.bp3": "BP3, the gradient of the biases: `∂C/∂bˡ = δˡ`",
    "explain.heading.bp4": "BP4, the gradient of the weights: `∂C/∂wˡⱼₖ = aˡ⁻¹ₖ δˡⱼ`",
    "explain.heading.update": "Update: `θ ← θ + Δθ`",
    "explain.assumptionI": "I. The loss of a data set is the sum of the losses of its examples.",
    "explain.assumptionI.together": "Each was computed alone; all {0} in one batch give {1}.",
    "explain.assumptionI.single": "The data has a single example, so the sum has one term.",
    "explain.assumptionII":
      "II. The loss of an example is a function of the last layer's output `aᴸ` (and its "
      + "target) alone.",
    "explain.weight.mean":
      "The batch takes the mean of {0}, so this example's loss weighs `wₓ = {1}`. The "
      + "factor enters with `∇ₐC`, and δ carries it from there.",
    "explain.weight.sum": "The batch takes the sum, so this example's loss weighs `wₓ = {0}`.",
    "explain.penalty":
      "The objective also holds `½ λ ‖W‖² = {1}` with `λ = {0}`. It depends on the "
      + "weights, so it enters with BP4 and never touches δ.",
    "explain.lossFromWeightedInputs":
      "An output has rounded to 0 or 1, and its logarithm would be infinite; the engine "
      + "takes the loss from z, where nothing is lost:",
    "explain.firstOfBatch": "Shown for example {0}, the first of the batch.",
    "explain.inputNames": "the inputs: {0}",
    "explain.layer": "Layer {0}: {1}, neurons: {2}",
    "explain.more": "… {0} more",
    "explain.moreTerms": "{0} more",
    "explain.column.neuron": "neuron",
    "explain.column.votes": "votes",
    "explain.column.weight": "weight",
    "explain.column.example": "example",
    "explain.column.before": "before",
    "explain.column.after": "after",
    "explain.column.push": "push",
    "explain.column.share": "share",
    "explain.softmaxDerivative":
      "Softmax acts on all z at once, so its derivative is a matrix: `∂aₖ/∂zⱼ = aₖ ([k = "
      + "j] − aⱼ)`.",
    "explain.delta.definition":
      "The error of a neuron is by definition `δˡⱼ ≡ ∂C/∂zˡⱼ`: how the loss changes when "
      + "the neuron's weighted input does.",
    "explain.bp1.jacobian": "Through the Jacobian of softmax, `δⱼ = Σₖ ∂C/∂aₖ ∂aₖ/∂zⱼ`:",
    "explain.bp1.general": "In the general form, `δⱼ = ∂C/∂aⱼ · σ′(zⱼ)`:",
    "explain.bp1.shortcut":
      "Loss and activation are a canonical pair: σ′ cancels, and training takes the "
      + "shortcut `δ = wₓ (a − y)`:",
    "explain.bp1.equal": "Both are the same; they differ by {0}.",
    "explain.bp1.notFinite":
      "An output has rounded to 0 or 1, where the general form divides by zero. Training "
      + "does not: it takes the shortcut.",
    "explain.bp1.saturated":
      "Neuron {0} is saturated: σ′ lets only {1} % of `∂C/∂a` through, so it learns slowly "
      + "however wrong it is.",
    "explain.bp2.none": "There is no hidden layer, so no error has to be passed down.",
    "explain.bp2.votes":
      "Every neuron above votes with its error times the weight that connects it; the sum "
      + "of the votes is `∂C/∂a` of this neuron. Then σ′ scales it.",
    "explain.bp2.factors": "On the way down the weights scaled the error by {0}, and σ′ by {1}.",
    "explain.bp3.batch":
      "The δ of the {0} examples carry their weights already, so the gradient is their "
      + "plain sum.",
    "explain.hingeGradient": "+1 for each margin violated, −their number at the class",
    "explain.cancel.heading": "How much the examples cancel each other",
    "explain.cancel.share":
      "{0} % of what the examples asked for, each by itself, cancelled in the sum.",
    "explain.update.descent": "Plain gradient descent with `η = {0}`: `Δθ = −η ∂C/∂θ`.",
    "explain.update.rule": "The rule {0} with `η = {1}`, its moments as at a first step.",
    "explain.update.effect": "What the update did to the loss of these examples",
    "explain.update.all": "`C {0} → {1}` (weights and biases)",
    "explain.update.weightsOnly": "`C {0} → {1}` (weights only)",
    "explain.update.predicted": "predicted",
    "explain.update.real": "real",
    "explain.update.ratio":
      "The real change is {0} % of the predicted one: the closer to 100, the straighter "
      + "the loss is along the step.",
    "explain.update.tooLarge":
      "The loss went up although the gradient says down: the step is too large for how the "
      + "loss bends.",
    "explain.update.stationary": "The gradient is 0: nothing moves.",
    "explain.enter": "— Enter: next phase, q: quit — ",
    "explain.verified":
      "verified: {0} equations, left side against right side from full-precision operands; "
      + "worst residual {1}",
    "explain.notVerified": "NOT verified: {0} of {1} equations do not hold",
    "explain.why.title": "Which examples push {0}: all {1} rows of {2}",
    "explain.why.text":
      "By BP4 each example adds `{1} · {2}` to `∂C/∂{0}`; descent moves the weight the "
      + "other way.",
    "explain.why.up": "up",
    "explain.why.down": "down",
    "explain.why.cancel": "{0} % of all pushes cancelled in the sum.",
  ]

  // MARK: check

  private static let check: [String: String] = [
    "check.title": "Gradient check of {0}"
  ]

  // MARK: whatif

  private static let whatIf: [String: String] = [
    "whatif.title": "What if {0}"
  ]

  // MARK: doctor

  private static let doctor: [String: String] = [
    "doctor.title": "Diagnosis of {0}"
  ]
}
