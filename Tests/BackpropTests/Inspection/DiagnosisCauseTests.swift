import Testing

@testable import Backprop
@testable import BackpropInspection

/// Faults made on purpose, each in a network of its own.
@Suite("What most likely lies behind the findings")
struct DiagnosisCauseTests {
  private typealias Findings = DiagnosisFindingTests

  @Test(
    "Each fault of a network that was never trained is named, and what follows stands behind it")
  func causes() throws {
    let relu = try Findings.deep(.relu, hidden: 2)
    for (cause, network, rate) in [
      (Cause.Name.largeRate, relu, 1e5), (.smallRate, relu, 1e-6),
      (.equalWeights, try Findings.deep(.relu, .zeros, hidden: 2), 1),
      (.equalWeights, try Findings.deep(.tanh, .constant(0.1), hidden: 2), 1),
      (.initialWeights, try Findings.deep(.relu, .normal(10), hidden: 2), 1),
      (.initialWeights, try Findings.deep(.relu, .normal(0.5), hidden: 2), 1),
      (.saturatingLayers, try Findings.deep(.sigmoid, hidden: 10), 1),
    ] {
      let diagnosis = try Findings.diagnosis(network, rate: rate, steps: 40)
      let found = try #require(diagnosis.mostLikely, "\(cause)")
      #expect(found.name == cause)
      #expect(diagnosis.findings.first.map { found.explains.first == $0.code } == true)
    }
    // Nothing is found by heart in no step.
    let healthy = try Findings.diagnosis(relu, steps: 40, overfitSteps: 300)
    #expect(healthy.mostLikely == nil && healthy.findings == [])
  }

  @Test("Inputs of thousands are named before what they bring about, and only then to be scaled")
  func inputs() throws {
    let digits = Findings.digits
    var inputs = digits.inputs
    for row in 0..<inputs.rows { for column in 0..<inputs.columns { inputs[row, column] *= 1000 } }
    var options = DiagnosisOptions(configuration: TrainingConfiguration(batchSize: 16))
    options.isUntrained = true
    options.overfitSteps = 1
    let diagnosis = try Diagnosis(
      of: Findings.deep(.sigmoid, hidden: 1),
      on: Dataset(inputs: inputs, targets: digits.targets), metrics: Findings.metrics,
      options: options)
    #expect(diagnosis.mostLikely?.name == .unscaledInputs)
    let saturated = try #require(diagnosis.findings.first { $0.code == .saturatedUnits })
    #expect(saturated.whatToDo.contains("Standardise the inputs"))
    let scaled = try Findings.diagnosis(Findings.deep(.tanh, .normal(3)))
    #expect(scaled.findings.allSatisfy { !$0.whatToDo.contains("Standardise") })
  }

  @Test("Targets that were shuffled are said to have nothing to do with their inputs")
  func shuffled() throws {
    let digits = Findings.digits
    var random = RandomSource(seed: 7, purpose: .sampling)
    let order = random.permutation(of: digits.count)
    let data = Dataset(
      inputs: digits.storedInputs, targets: digits.storedTargets.selecting(order), weights: nil)
    var options = DiagnosisOptions(configuration: TrainingConfiguration(batchSize: 16))
    options.overfitSteps = 100
    let diagnosis = try Diagnosis(
      of: Findings.deep(.relu, hidden: 1), on: data, metrics: Findings.metrics, options: options)
    #expect(diagnosis.mostLikely?.name == .unrelatedTargets)
    #expect(diagnosis.findings.map(\.code) == [.constantAnswers])
  }

  @Test("No advice to use what a layer uses already")
  func advice() {
    func layer(_ number: Int, _ activation: Activation) -> LayerDiagnosis {
      LayerDiagnosis(
        layer: number, neurons: 1, activation: activation.description,
        flow: ErrorFlow(layer: number, norm: 1, passedDown: nil, above: nil), deadShare: nil,
        saturatedShare: nil, symmetricShare: nil, weightUpdateRatio: nil, biasUpdateRatio: nil)
    }
    for activation in [Activation.relu, .sigmoid, .tanh, .gelu] {
      for code in Finding.Code.allCases {
        for number in [2, 3] {
          let finding = Finding(code, layer: number, value: 1, threshold: 2).advised(
            in: [layer(2, activation), layer(3, activation)], scalesInputs: false)
          let words = finding.whatToDo.split { !$0.isLetter && $0 != "-" }.map(String.init)
          let isAboutUnits = [.deadUnits, .saturatedUnits].contains(code)
          #expect(isAboutUnits || !words.contains(activation.description), "\(code), \(activation)")
          // The last layer is not to become relu.
          #expect(number == 2 || code == .vanishingError || !words.contains("relu"), "\(code)")
        }
      }
    }
  }
}
