import ArgumentParser
import Backprop
import BackpropInspection

/// The root: `backprop <subcommand>`.
struct BackpropCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backprop",
    abstract: "Multilayer perceptrons, trained by backpropagation.",
    discussion: """
      EXAMPLES:
        backprop train penguins.csv --target species
        backprop predict model.safetensors penguins.csv
      """,
    version: EngineVersion.current,
    subcommands: [
      TrainCommand.self, TuneRateCommand.self, CreateCommand.self, EvaluateCommand.self,
      ImportanceCommand.self, ColumnsCommand.self,
      PredictCommand.self,
      InspectCommand.self, ExplainCommand.self, CheckCommand.self, WhatIfCommand.self,
      DoctorCommand.self, StudioHandOver.self,
    ])
}
