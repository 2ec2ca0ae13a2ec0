import Backprop

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
    "explain.dropoutOff":
      "Dropout is off here, as in prediction: every neuron takes part. In training a step drops "
      + "outputs at random.",
    "explain.heading.assumptions": "Two assumptions about the loss",
    "explain.heading.forward": "Forward: `zˡ = Wˡ aˡ⁻¹ + bˡ`, then `aˡ = σ(zˡ)`",
    "explain.heading.bp1": "BP1, the error of the last layer: `δᴸ = {0}`",
    "explain.heading.bp2":
      "BP2, the error of a layer from the one above: `δˡ = ((Wˡ⁺¹)ᵀ δˡ⁺¹) ⊙ σ′(zˡ)`",
    "explain.heading.bp3": "BP3, the gradient of the biases: `∂C/∂bˡ = δˡ`",
    "explain.heading.bp4": "BP4, the gradient of the weights: `∂C/∂wˡⱼₖ = aˡ⁻¹ₖ δˡⱼ`",
    "explain.heading.update": "Update: `θ ← θ + Δθ`",
    "explain.assumptionI.mean":
      "I. The loss of a data set is the mean of the losses of its examples: `C = 1/n · Σₓ Cₓ`.",
    "explain.assumptionI.sum":
      "I. The loss of a data set is the sum of the losses of its examples: `C = Σₓ Cₓ`.",
    "explain.assumptionI.part": "Here of {0} of the {1} examples:",
    "explain.assumptionI.together": "Each was computed alone; all {0} in one batch give {1}.",
    "explain.assumptionI.single": "The data has a single example, so there is one term.",
    "explain.assumptionII":
      "II. The loss of an example is a function of the last layer's output `aᴸ` (and its "
      + "target) alone.",
    "explain.weight.mean":
      "The batch takes the mean of {0}, so an example's loss weighs `wₓ = 1/{0} = {1}`. The "
      + "factor enters with `∇ₐC`, and δ carries it from there.",
    "explain.weight.sum": "The batch takes the sum, so an example's loss weighs `wₓ = {0}`.",
    "explain.penalty":
      "The objective also holds `{2} = {1}` with `{0}`. It depends on the "
      + "weights, so it enters with BP4 and never touches δ.",
    "explain.lossFromWeightedInputs":
      "An output has rounded to 0 or 1, and its logarithm would be infinite; the engine "
      + "takes the loss from z, where nothing is lost:",
    "explain.firstOfBatch": "Shown for example {0}, the first of the batch.",
    "explain.inputNames": "the inputs: {0}",
    "explain.layer": "Layer {0}: {1}, neurons: {2}",
    "explain.pieces":
      "Maxout takes the largest of {0} pieces; a row is neuron.piece, and z and δ count the pieces.",
    "explain.more": "… {0} more",
    "explain.moreTerms": "{0} more",
    "explain.column.neuron": "neuron",
    "explain.column.votes": "votes",
    "explain.column.weight": "weight",
    "explain.column.parameter": "parameter",
    "explain.column.example": "example",
    "explain.column.before": "before",
    "explain.column.after": "after",
    "explain.column.push": "push",
    "explain.column.share": "share",
    "explain.softmaxDerivative":
      "Softmax acts on all z at once, so its derivative is a matrix, the Jacobian `Jσ`: "
      + "`∂aₖ/∂zⱼ = aₖ ([k = j] − aⱼ)`.",
    "explain.delta.definition":
      "The error of a neuron is by definition `δˡⱼ ≡ ∂C/∂zˡⱼ`: how the loss changes when "
      + "the neuron's weighted input does.",
    "explain.bp1.jacobian": "Through the Jacobian of softmax, `δⱼ = Σₖ ∂C/∂aₖ ∂aₖ/∂zⱼ`:",
    "explain.bp1.general": "In the general form, `δⱼ = ∂C/∂aⱼ · σ′(zⱼ)`:",
    "explain.bp1.shortcut":
      "Loss and activation are a canonical pair: σ′ cancels, and training takes the "
      + "shortcut `δ = {0}`:",
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
    "explain.hingeGradient": "−1 for each margin violated",
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
    "explain.assumptionI.alone":
      "From here on C is the loss of example {0} alone.",
    "explain.update.descentL2":
      "Plain gradient descent with `η = {0}`: `Δw = −η (∂C/∂w + {1})` for weights, `−η "
      + "∂C/∂b` for biases.",
    "explain.update.decay":
      "Decoupled decay moves every weight by `−η λ_d w` with `λ_d = {0}` besides; `Δw` holds "
      + "both.",
    "explain.update.rounded":
      "`Δw` is what a weight really moved by. In {0} precision it moves in steps of its "
      + "spacing, so a small `Δw` is not quite `−η` times the gradient.",
    "explain.update.objective":
      "`C + {2} {0} → {1}` (the objective)",
    "explain.update.diverged":
      "After the step the loss is not finite: the step is far too large.",
    "explain.update.unresolved":
      "The change is smaller than {0} precision can tell: it stores C to about {1}.",
    "explain.update.stationary": "The gradient is 0: nothing moves.",
    "explain.keys": "— Enter or n: next, b or p: back, q: quit; then Enter — ",
    "explain.largestLoss":
      "Example {0} is shown because its loss, {1}, is the largest of all {2}; --example N picks "
      + "another.",
    "explain.learned":
      "This example is learned: its loss is {0}, its error `‖δᴸ‖ = {1}`. Without --example the one "
      + "with the largest loss is shown.",
    "explain.allLearned":
      "Even this example is learned: its loss is {0}, its error `‖δᴸ‖ = {1}`. A model after fewer "
      + "epochs shows more.",
    "explain.verified":
      "verified: {0} equations, left side against right side from full-precision operands; "
      + "worst residual {1}",
    "explain.notVerified": "NOT verified: {0} of {1} equations do not hold",
    "explain.norm.layer":
      "Layer normalisation stands before σ: over the neurons of this one example z gets "
      + "mean 0 and variance 1, then gain γ and shift β; `a = σ(n)`.",
    "explain.norm.rms":
      "RMS normalisation stands before σ: over the neurons of this one example z gets "
      + "mean square 1, then gain γ; `a = σ(n)`.",
    "explain.norm.bp2.layer":
      "σ′ gave `∂C/∂n`. Mean and variance depend on every z of the layer, so the error goes "
      + "on through the Jacobian of the normalisation: of `g = γ ⊙ ∂C/∂n` it takes away the "
      + "mean and what lies along `ẑ`, and scales the rest by s.",
    "explain.norm.bp2.rms":
      "σ′ gave `∂C/∂n`. The mean square depends on every z of the layer, so the error goes "
      + "on through the Jacobian of the normalisation: of `g = γ ⊙ ∂C/∂n` it takes away what "
      + "lies along `ẑ`, and scales the rest by s.",
    "explain.norm.factors":
      "On the way down the weights scaled the error by {0}, and σ′ with the normalisation by "
      + "{1}.",
    "explain.norm.gradient":
      "The gain γ of a normalised layer, and its shift β if it has one, learn from `∂C/∂n`, as "
      + "a bias learns from δ:",
    "explain.kinds.noDecay": "Neither the penalty nor the decay touches {0}.",
    "explain.kinds.scale":
      "A scaling layer multiplies each of its inputs by a factor of its own, `z = s ⊙ a`, and "
      + "passes z on as it is.",
    "explain.kinds.columns":
      "A layer of columns makes several numbers of one: of a number x itself and sums of 16 waves, "
      + "`A cos(2π f x + φ) + c`, of a category the entry `E[x]` of its number; others stay as they are.",
    "explain.kinds.columnGradient":
      "What a layer of columns learns; an entry learns from the examples alone that looked it up:",
    "explain.column.madeOf": "made of",
    "explain.waves": "waves of {0}, sum {1}",
    "explain.kinds.parametric":
      "The activation is parametric: α says how much of σ a neuron applies, from 0, where it is "
      + "linear, to 1, where `a = σ({0})`.",
    "explain.kinds.slopeGradient":
      "The α of a parametric activation learns from `∂C/∂a` times what σ changes:",
    "explain.kinds.factors":
      "On the way down the layer above scaled the error by {0}, and this layer by {1}.",
    "explain.update.allParameters": "`C {0} → {1}` (all parameters)",
    "explain.why.title": "Which examples push {0}: all {1} rows of {2}",
    "explain.why.text":
      "By BP4 each example adds `{1} · {2}` to `∂C/∂{0}`; descent moves the weight the "
      + "other way.",
    "explain.why.weight": "Each δ carries its weight in the mean, `wₓ = 1/{0}`.",
    "explain.why.up": "up",
    "explain.why.down": "down",
    "explain.why.cancel": "{0} % of all pushes cancelled in the sum.",
  ]

  // MARK: check

  private static let check: [String: String] = [
    "check.title": "Gradient check of {0}",
    "check.examples": "{0} of {1} examples of {2}",
    "check.network": "{0}, C = {1} ({2}), in double precision",
    "check.dropoutOff": "dropout is off, so that C is a function of θ alone",
    "check.mutant": "broken on purpose: {0}",
    "check.g": "g  ∂C/∂θ by backpropagation, BP1–BP4",
    "check.d":
      "d  the same by differences of the loss: (C(θ + h) − C(θ − h)) / 2h,\n     extrapolated to h = 0 from several h (Ridders)",
    "check.dFixed": "d  the same by differences of the loss: (C(θ + h) − C(θ − h)) / 2h",
    "check.error": "relative error = |g − d| / max(|g|, |d|)",
    "check.tensor": "tensor",
    "check.shape": "shape",
    "check.checked": "checked",
    "check.kinks": "kinks",
    "check.worst": "worst error",
    "check.verdict": "verdict",
    "check.verdict.good": "good",
    "check.verdict.suspicious": "suspicious",
    "check.verdict.notJudged": "not judged",
    "check.verdict.wrong": "WRONG",
    "check.thresholds": "error > 1e-2 wrong, 1e-4 … 1e-2 suspicious, ≤ 1e-7 good (CS231n)",
    "check.between": "1e-7 … 1e-4 is good if the network or the loss has kinks, else suspicious",
    "check.kinksNote":
      "kinks: {0} crossed one with the first h; a smaller h judged all",
    "check.kinksUnjudged":
      "kinks: {0} crossed one with the first h; {1} of them with every h",
    "check.zeroNote": "exactly 0, which says nothing about the equations: {0}",
    "check.allTensors": "every tensor",
    "check.unresolvedNote": "too small for differences to tell a wrong one: {0}",
    "check.curve": "Error of plain central differences against h",
    "check.curveNote": "a V: truncation grows as h², rounding as 1/h",
    "check.curveFlat":
      "the worst is large for every h with enough entries: the differences are right",
    "check.curveUnresolved":
      "large for every h with enough entries: rounding hides derivatives this small",
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
    "check.failing": "Failing: {0}.",
    "check.suspect.outputDelta": "So BP1 is wrong: δᴸ feeds every tensor, and every tensor fails.",
    "check.suspect.biasGradient": "So BP3 is wrong: ∂C/∂b = δ, and only biases fail.",
    "check.suspect.weightGradient": "So BP4 is wrong: ∂C/∂W = δ aᵀ, and only weights fail.",
    "check.suspect.unclear":
      "No single equation explains them: begin with the topmost failing layer.",
    "check.suspectAt.backpropagatedDelta":
      "So BP2 is wrong on the way down to layer {0}: all above it is right.",
    "check.suspectAt.biasGradient":
      "So BP3 of layer {0} is wrong: ∂C/∂b = δ, and only its bias fails.",
    "check.suspectAt.weightGradient": "So BP4 of layer {0} is wrong: only its weights fail.",
    "check.suspectAt.layerGradient":
      "So BP3 and BP4 of layer {0} are never formed: its gradient is exactly 0.",
    "check.otherStep": "With a better h the differences agree, as the curve shows: use --h auto.",
    "check.resembles": "It is exactly this mistake: {0}.",
    "check.brokenI": "Assumption I is broken: does the loss use the weight of the example?",
    "check.brokenII": "Assumption II is broken: is ∇ₐC the gradient of the loss?",
    "check.brokenRegularizer": "The gradient of ½λ‖W‖² is not λW.",
    "check.suspicious": "Suspicious, though not wrong: {0}.",
    "check.inconclusive":
      "Nothing is wrong, but {0} could not be judged: the derivatives are too small for\ndifferences, no h avoids a kink there, or C is not finite beside θ.",
    "check.notCaught": "The mistake made on purpose was not caught.",
    "check.passed": "Passed: backpropagation agrees with the differences, both assumptions hold.",
    "check.failed": "Failed.",
  ]

  // MARK: whatif

  private static let whatIf: [String: String] = [
    "whatif.questions":
      "The questions, each with its command. MODEL and DATA behind it take the place of the built-in "
      + "example.",
    "whatif.shows.product": "the loss is a product over examples, so assumption I is broken",
    "whatif.shows.hidden-penalty": "the loss sees a hidden layer, so assumption II is broken",
    "whatif.shows.l2": "a penalty on the weights, which changes BP4 only",
    "whatif.shows.mutants": "seven wrong backpropagations are trained and checked",
    "whatif.shows.all": "all of them",
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
    "whatif.naiveWrong": "naive is wrong in {0}",
    "whatif.naiveRight": "naive happens to be right here",
    "whatif.repairRight": "repaired agrees with the differences everywhere",
    "whatif.repairWrong": "repaired does NOT agree with the differences",
    "whatif.mutants.question": "backpropagation had a mistake?",
    "whatif.mutants.text":
      "Seven mutants, one mistake each. All begin with the same fresh weights and\n"
      + "see the same batches, for {0} at learning rate {1}. Accuracy forgives some\n"
      + "mistakes; the gradient check none.",
    "whatif.column.before": "before",
    "whatif.column.after": "after",
    "whatif.column.loss": "loss",
    "whatif.column.failing": "failing tensors",
    "whatif.column.equations": "equation",
    "whatif.metric": "before, after: {0}; loss: after; the rest: the gradient check",
    "whatif.right": "backpropagation",
    "whatif.noneFailing": "none",
    "whatif.same": "no mistake here",
    "whatif.mutant.bp2-no-transpose": "BP2 with W in place of Wᵀ",
    "whatif.mutant.bp4-wrong-layer": "BP4 with aˡ in place of aˡ⁻¹",
    "whatif.mutant.first-layer-frozen": "the first layer without BP3 and BP4",
    "whatif.mutant.bp2-no-derivative": "BP2 without ⊙ σ′(z)",
    "whatif.mutant.no-bp3": "no BP3: the biases never learn",
    "whatif.mutant.softmax-diagonal": "BP1 with the diagonal of softmax's Jacobian only",
    "whatif.mutant.sign-flipped": "BP1 with the sign of δᴸ flipped",
    "whatif.diverged":
      "Backpropagation itself diverged here: the learning rate is too large for these\n  data, so what the training shows says nothing. Give a smaller --learning-rate.",
    "whatif.passed": "All is as the theory says.",
    "whatif.failed": "Something is not as the theory says.",
  ]
}
