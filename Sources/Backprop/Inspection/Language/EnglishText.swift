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
    "doctor.title": "Diagnosis of {0}",
    "doctor.scope": "{0} examples; the error measured on {1} of them",
    "doctor.layer": "layer",
    "doctor.activation": "activation",
    "doctor.ratio": "ratio",
    "doctor.units": "units",
    "doctor.dead": "{0} dead",
    "doctor.saturated": "{0} saturated",
    "doctor.legend.weights": "‖(Wˡ⁺¹)ᵀδˡ⁺¹‖ / ‖δˡ⁺¹‖: what the weights above did to the error",
    "doctor.legend.derivative": "‖δˡ‖ / ‖(Wˡ⁺¹)ᵀδˡ⁺¹‖: what the derivative of the layer did to it",
    "doctor.legend.ratio": "‖δˡ‖ / ‖δˡ⁺¹‖: both together; over all layers ‖δ²‖ / ‖δᴸ‖ = {0}",
    "doctor.legend.update": "‖ΔW‖ / ‖W‖: the median over the steps of the trial",
    "doctor.loss": "loss",
    "doctor.loss.start": "C = {0} before the first step; guessing gives {1}",
    "doctor.loss.now": "C = {0}",
    "doctor.first": "first step",
    "doctor.first.change": "∇C·Δθ promises {0}, C really changes by {1}",
    "doctor.trial": "trial",
    "doctor.trial.rule": "{0}, learning rate {1}, {2} steps of {3} examples",
    "doctor.trial.course": "C {0} → {1}",
    "doctor.trial.peak": "at most {0}",
    "doctor.overfit": "by heart",
    "doctor.overfit.reached": "{0} examples: {1}, steps: {2}",
    "doctor.score.accuracy": "accuracy {0}",
    "doctor.score.exactMatch": "all labels right in {0}",
    "doctor.score.r2": "R² {0}",
    "doctor.place": "step {0}: {1}",
    "doctor.place.neuron": "layer {0}, neuron {1}",
    "doctor.place.example": "layer {0}, neuron {1}, example {2}",
    "doctor.place.loss": "only the loss; the largest output is in {0}",
    "doctor.findings": "Findings",
    "doctor.none": "No findings: every measure is within its threshold.",
    "doctor.error": "error",
    "doctor.warning": "warning",
    "doctor.info": "info",
    "doctor.where": "where",
    "doctor.value": "value",
    "doctor.threshold": "threshold",
    "doctor.source": "source",
    "doctor.todo": "what to do",
    "doctor.inLayer": "layer {0}: {1}",
    "doctor.thresholds": "Thresholds (set one with --threshold name=value)",
    "doctor.name": "name",
    "doctor.meaning": "meaning",
    "doctor.nonFinite.title": "a number that is not finite",
    "doctor.nonFinite.advice":
      "At step 0 look for huge or wrong numbers in the weights and in the data. Later the steps are "
      + "too large: lower the learning rate, by a factor of 10 at first.",
    "doctor.divergence.title": "divergence",
    "doctor.divergence.advice":
      "Lower the learning rate by a factor of 3 to 10, until C falls from the first steps on. If it "
      + "diverges at any rate, standardise the inputs and look at the weights at the start.",
    "doctor.symmetry.title": "symmetric neurons",
    "doctor.symmetry.advice":
      "Begin with random weights (for example --initializer xavier-uniform). Neurons with the same "
      + "weights and the same error get the same gradient and stay copies of each other.",
    "doctor.cannotOverfit.title": "a few examples cannot be learned by heart",
    "doctor.cannotOverfit.advice":
      "Mend this before anything else: look for the other findings, for targets that do not belong "
      + "to their inputs, for inputs that are not scaled, and for too narrow layers.",
    "doctor.vanishingError.title": "vanishing error",
    "doctor.vanishingError.advice":
      "The layers near the input hardly learn. Use relu or another activation whose derivative is 1 "
      + "where it is active, with its own initializer (he-normal); or fewer layers.",
    "doctor.explodingError.title": "exploding error",
    "doctor.explodingError.advice":
      "Begin with smaller weights (the initializer that suits the activation), standardise the "
      + "inputs, or lower the learning rate.",
    "doctor.deadUnits.title": "dead ReLU units",
    "doctor.deadUnits.advice":
      "They give 0 for every example, so that no error passes and they never learn again. Lower "
      + "the learning rate and start anew, or use leaky-relu, elu or gelu.",
    "doctor.saturatedUnits.title": "saturated units",
    "doctor.saturatedUnits.advice":
      "Where σ′ is near 0 hardly any error passes. Standardise the inputs, begin with smaller "
      + "weights (xavier-uniform), lower the learning rate, or use relu.",
    "doctor.stepTooLarge.title": "the step is too large",
    "doctor.stepTooLarge.advice":
      "C falls by much less than its gradient promises, or rises: the step leaves the region where "
      + "the gradient holds. Lower the learning rate, or warm up.",
    "doctor.updateTooLarge.title": "large updates",
    "doctor.updateTooLarge.advice":
      "A step should change the weights by about a thousandth. Lower the learning rate; if only one "
      + "layer is named, its weights may be too small at the start.",
    "doctor.updateTooSmall.title": "small updates",
    "doctor.updateTooSmall.advice":
      "A step should change the weights by about a thousandth. Raise the learning rate, unless the "
      + "network has learned what there is; if only lower layers are named, the error vanishes.",
    "doctor.lossAtStart.title": "the loss at the start is not that of guessing",
    "doctor.lossAtStart.advice":
      "Before it has learned anything a network should find all answers about equally likely. Begin "
      + "with smaller weights in the last layer, and standardise the inputs.",
    "doctor.threshold.vanishingRatio": "least ‖δˡ‖ / ‖δˡ⁺¹‖ …",
    "doctor.threshold.vanishingTotal": "… where ‖δ²‖ / ‖δᴸ‖ is below this",
    "doctor.threshold.explodingRatio": "largest ‖δˡ‖ / ‖δˡ⁺¹‖ …",
    "doctor.threshold.explodingTotal": "… where ‖δ²‖ / ‖δᴸ‖ is above this",
    "doctor.threshold.updateLarge": "largest ‖ΔW‖ / ‖W‖ of a step",
    "doctor.threshold.updateSmall": "least ‖ΔW‖ / ‖W‖ of a step",
    "doctor.threshold.deadShare": "largest share of dead units of a layer",
    "doctor.threshold.saturatedDerivative": "saturated: σ′ over its largest value",
    "doctor.threshold.saturatedShare": "largest share of saturated outputs",
    "doctor.threshold.symmetricShare": "largest share of neurons with a twin",
    "doctor.threshold.changeRatio": "least real / predicted change of C",
    "doctor.threshold.lossRise": "largest C of the trial / C at its start",
    "doctor.threshold.lossAtStart": "largest distance from the loss of guessing",
    "doctor.threshold.overfitAccuracy": "least accuracy on a few examples",
    "doctor.threshold.overfitR2": "least R² on a few examples",
  ]
}
