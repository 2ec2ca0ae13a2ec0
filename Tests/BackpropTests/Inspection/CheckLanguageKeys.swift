@testable import Backprop
@testable import BackpropInspection

extension LanguageTests {
  /// Keys of `check` and `whatif` that are put together from closed sets.
  static let checkComputedKeys: [String] =
    GradientVerdict.allCases.map { "check.verdict.\($0.rawValue)" }
    + AssumptionReport.Property.allCases.map { "check.property.\($0.rawValue)" }
    + [Suspect.Finding.outputDelta, .biasGradient, .weightGradient, .unclear].map {
      "check.suspect.\($0.rawValue)"
    }
    + [
      Suspect.Finding.backpropagatedDelta, .biasGradient, .weightGradient, .layerGradient,
    ].map { "check.suspectAt.\($0.rawValue)" }
    + Mutant.allCases.map { "whatif.mutant.\($0.rawValue)" }
    + ["product", "hidden-penalty", "l2", "mutants", "all"].map { "whatif.shows.\($0)" }
    + Experiment.allCases.flatMap { experiment in
      ["question", "text", "naive", "repaired"].map { "whatif.\(experiment.rawValue).\($0)" }
    }
}
