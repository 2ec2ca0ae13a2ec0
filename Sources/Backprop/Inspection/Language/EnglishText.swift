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
