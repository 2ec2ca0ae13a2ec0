import Backprop

extension EnglishText {
  static let doctor: [String: String] = [
    "doctor.title": "Diagnosis of {0}",
    "doctor.scope": "{0}; the error measured on {1} of them",
    "doctor.dropoutOff": "measured with dropout off",
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
    "doctor.trial.rule": "{0}, learning rate {1}, {2} of {3}",
    "doctor.trial.course": "C {0} → {1}",
    "doctor.trial.peak": "at most {0}",
    "doctor.overfit": "by heart",
    "doctor.overfit.reached": "{0}: {1}, {2}",
    "doctor.score.accuracy": "accuracy {0}",
    "doctor.score.exactMatch": "all labels right in {0}",
    "doctor.score.r2": "R² {0}",
    "doctor.place": "step {0}: {1}",
    "doctor.place.neuron": "layer {0}, neuron {1}",
    "doctor.place.example": "layer {0}, neuron {1}, example {2}",
    "doctor.place.loss": "only the loss; the largest output is in {0}",
    "doctor.mostLikely": "most likely: {0}",
    "doctor.noCause": "No single cause is proven: begin with the first of the findings below.",
    "doctor.symptoms": "What follows from it",
    "doctor.findings": "Findings",
    "doctor.cause.brokenWeights.title": "the model holds weights that are no numbers",
    "doctor.cause.brokenWeights.advice": "Train it anew.",
    "doctor.cause.equalWeights.title": "the weights began equal, so neurons stay copies",
    "doctor.cause.equalWeights.advice":
      "Begin with random weights: leave --initializer out, which suits them to the activation.",
    "doctor.cause.unscaledInputs.title": "the inputs are not scaled (up to {0}, not about 1)",
    "doctor.cause.unscaledInputs.advice":
      "Standardise the inputs, as `train` does by itself with the columns of a table.",
    "doctor.cause.largeRate.title":
      "the learning rate is too large ({0}; {1} is not)",
    "doctor.cause.largeRate.advice":
      "Train with --learning-rate {1}, or let `backprop tune-rate` look for one.",
    "doctor.cause.smallRate.title":
      "the learning rate is too small ({0}; {1} is not)",
    "doctor.cause.smallRate.advice":
      "Train with --learning-rate {1}, or let `backprop tune-rate` look for one.",
    "doctor.cause.initialWeights.title": "the weights at the start are of the wrong size",
    "doctor.cause.initialWeights.advice":
      "Begin with weights that suit the activation, as `create` and `train` draw them where neither "
      + "--initializer nor --weights says otherwise.",
    "doctor.cause.penalties.title": "penalties or decay hold the weights down",
    "doctor.cause.penalties.advice":
      "Lower --l2, --l1 or --weight-decay, or raise --max-norm: without them a fresh copy "
      + "learns far more.",
    "doctor.cause.clipping.title": "the gradients are clipped to almost nothing",
    "doctor.cause.clipping.advice":
      "Raise --clip-norm or --clip-value: without them a fresh copy learns.",
    "doctor.cause.dropout.title": "training drops too many outputs (dropout {0})",
    "doctor.cause.dropout.advice": "Lower --dropout: without it a fresh copy learns far more.",
    "doctor.cause.shortRun.title": "the run was too short (a fresh copy learns in {0} steps)",
    "doctor.cause.shortRun.advice": "Raise --epochs.",
    "doctor.cause.saturatingLayers.title":
      "the error vanishes in {0} of sigmoid or tanh",
    "doctor.cause.saturatingLayers.advice":
      "Use relu or another activation whose derivative is 1 where it is active, or fewer layers.",
    "doctor.cause.outputPair.title": "loss and output activation do not fit each other",
    "doctor.cause.outputPair.advice":
      "Take a pair that strikes σ′ out: softmax with cross-entropy, sigmoid with "
      + "binary-cross-entropy, identity with squared-error.",
    "doctor.cause.unrelatedTargets.title":
      "no fresh copy learned anything from the inputs in {0} steps",
    "doctor.cause.unrelatedTargets.advice":
      "The network can learn a few examples by heart, and no fresh copy knew more than a constant of "
      + "others, nor did a network that learns most easily. Look whether rows and targets belong together, and for columns that would tell more.",
    "doctor.advice.inputs": "Standardise the inputs.",
    "doctor.none": "No findings: no measure that is judged here is out of its threshold.",
    "doctor.none.trained":
      "C is that of all these rows, also of those that the model has learned from: how it does on "
      + "others `evaluate` tells.",
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
      + "diverges at any rate, look at the weights at the start.",
    "doctor.symmetry.title": "symmetric neurons",
    "doctor.symmetry.advice":
      "Begin with random weights (for example --initializer xavier-uniform). Neurons with the same "
      + "weights and the same error get the same gradient and stay copies of each other.",
    "doctor.cannotOverfit.title": "a few examples cannot be learned by heart",
    "doctor.cannotOverfit.advice":
      "Mend this before anything else: look for the other findings, for targets that do not belong "
      + "to their inputs, and for too narrow layers.",
    "doctor.constantAnswers.title": "no better than a constant answer",
    "doctor.constantAnswers.advice":
      "The network has learned nothing from its inputs. Look at how it was trained, and whether rows "
      + "and targets belong together.",
    "doctor.vanishingError.title": "vanishing error",
    "doctor.vanishingError.advice":
      "The layers near the input hardly learn. Use relu or another activation whose derivative is 1 "
      + "where it is active, or fewer layers.",
    "doctor.vanishingError.advice.weights":
      "The layers near the input hardly learn. Begin with larger weights, or use fewer layers.",
    "doctor.explodingError.title": "exploding error",
    "doctor.explodingError.advice":
      "Begin with smaller weights, or lower the learning rate.",
    "doctor.deadUnits.title": "dead ReLU units",
    "doctor.deadUnits.advice":
      "They give 0 for every example, so that no error passes and they never learn again. Lower "
      + "the learning rate and start anew, or use leaky-relu, elu or gelu.",
    "doctor.deadUnits.advice.last":
      "They give 0 for every example, so that no error passes and they never learn again. Take the "
      + "output activation that belongs to the loss: identity for numbers, softmax for classes.",
    "doctor.saturatedUnits.title": "saturated units",
    "doctor.saturatedUnits.advice":
      "Where σ′ is near 0 hardly any error passes. Begin with smaller weights, lower the learning "
      + "rate, or use relu.",
    "doctor.saturatedUnits.advice.last":
      "They are wrong, and where σ′ is near 0 hardly any error passes. Take a pair of output "
      + "activation and loss that strikes σ′ out: a cross-entropy for classes, identity for numbers.",
    "doctor.stepTooLarge.title": "the step is too large",
    "doctor.stepTooLarge.advice":
      "C falls by much less than its gradient promises, or rises: the step leaves the region where "
      + "the gradient holds. Lower the learning rate.",
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
      + "with smaller weights in the last layer.",
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
    "doctor.threshold.constantShare": "largest C / C of the best constant answer",
    "doctor.threshold.inputSize": "largest root mean square of an input",
    "doctor.threshold.overfitAccuracy": "least accuracy on a few examples",
    "doctor.threshold.overfitR2": "least R² on a few examples",
  ]
}
