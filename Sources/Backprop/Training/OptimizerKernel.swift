import CBackprop

extension OptimizerRule {
  /// The kernel's rule with the numbers that are its own: what a step is to do is still to be said.
  var kernel: bp_update {
    var update = bp_update()
    switch self {
    case .gradientDescent, .sgd: update.rule = BP_SGD
    case .momentum(let momentum): (update.rule, update.beta1) = (BP_MOMENTUM, momentum)
    case .nesterov(let momentum): (update.rule, update.beta1) = (BP_NESTEROV, momentum)
    case .adaGrad: (update.rule, update.beta2, update.other2) = (BP_RMSPROP, 1, 1)
    case .rmsProp(let smoothing, _):
      (update.rule, update.beta2, update.other2) = (BP_RMSPROP, smoothing, 1 - smoothing)
    case .adadelta(let smoothing, _):
      (update.rule, update.beta2, update.other2) = (BP_ADADELTA, smoothing, 1 - smoothing)
    case .adam(let beta1, let beta2, _), .adamW(let beta1, let beta2, _),
      .rAdam(let beta1, let beta2, _):
      update.setMoments(BP_ADAM, beta1, beta2)
    case .amsGrad(let beta1, let beta2, _): update.setMoments(BP_AMSGRAD, beta1, beta2)
    case .nAdam(let beta1, let beta2, _, _): update.setMoments(BP_NADAM, beta1, beta2)
    case .lion(let beta1, let beta2): update.setMoments(BP_LION, beta1, beta2)
    case .rprop(let shrinkage, let growth, let smallest, let largest):
      (update.rule, update.shrink, update.grow) = (BP_RPROP, shrinkage, growth)
      (update.smallest, update.largest) = (smallest, largest)
    case .lbfgs: preconditionFailure("L-BFGS searches along lines")
    }
    return update
  }
}

extension bp_update {
  fileprivate mutating func setMoments(_ rule: bp_rule, _ beta1: Double, _ beta2: Double) {
    self.rule = rule
    (self.beta1, other1) = (beta1, 1 - beta1)
    (self.beta2, other2) = (beta2, 1 - beta2)
  }
}
