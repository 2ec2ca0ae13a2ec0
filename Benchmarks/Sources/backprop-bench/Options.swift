import Backprop
import Failing
import FoundationEssentials

/// What the command line asks for. Whatever is wrong with it ends the program with a line that says what
/// was found, what is expected, and how to mend it; nothing is ignored.
struct Options {
  enum Mode: String, CaseIterable {
    case training, check, inference, row, csv

    /// The options that it takes.
    var flags: [String] {
      let network = ["--workload", "--sizes", "--batch", "--rows", "--regression", "--threads"]
      return switch self {
      case .training:
        network + [
          "--seconds", "--data", "--optimizer", "--clip-norm", "--dropout", "--ema", "--max-norm",
        ]
      case .check: network + ["--data", "--optimizer", "--steps", "--rate"]
      case .inference: network + ["--seconds", "--data", "--outputs"]
      case .row: ["--columns", "--seconds"]
      case .csv: []
      }
    }
  }

  let mode: Mode
  /// What csv reads.
  private(set) var file = ""
  private var values: [String: String] = [:]

  init(_ arguments: [String]) {
    var rest = arguments[...]
    if let first = rest.first, !first.hasPrefix("-") {
      guard let mode = Mode(rawValue: first) else {
        let modes = Mode.allCases.map(\.rawValue).joined(separator: ", ")
        fail("\"\(first)\" is nothing that can be measured; begin with one of \(modes)")
      }
      self.mode = mode
      rest = rest.dropFirst()
    } else {
      mode = .training
    }
    if mode == .csv {
      guard rest.count == 1, let path = rest.first else {
        fail("csv with \(rest.count) arguments after it; it takes one, the FILE to read")
      }
      guard FileManager.default.isReadableFile(atPath: path) else {
        fail("there is no file \(path) that can be read; Benchmarks/large_csv.py writes one")
      }
      file = path
      return
    }
    while let flag = rest.popFirst() {
      guard mode.flags.contains(flag) else {
        fail(
          "\(mode.rawValue) has no option \"\(flag)\"; there are "
            + mode.flags.joined(separator: ", "))
      }
      guard values[flag] == nil else { fail("\(flag) is given twice; leave one out") }
      if flag == "--regression" {
        values[flag] = ""
      } else if let value = rest.popFirst(), !value.hasPrefix("--") {
        values[flag] = value
      } else {
        fail("nothing follows \(flag); write its value after it")
      }
    }
    if values["--workload"] != nil, values["--sizes"] != nil {
      fail("--workload and --sizes both say what to train; leave one out")
    }
    if values["--sizes"] == nil {
      for flag in ["--batch", "--regression"] where values[flag] != nil {
        fail("\(flag) belongs to a network of --sizes, and there is none; add --sizes 784,128,10")
      }
    }
  }

  func contains(_ flag: String) -> Bool { values[flag] != nil }

  func text(_ flag: String) -> String? { values[flag] }

  private func whole(_ text: String, _ flag: String, _ range: ClosedRange<Int>) -> Int {
    guard let number = Int(text), range.contains(number) else {
      fail(
        "\(flag) has \"\(text)\", and takes whole numbers from \(range.lowerBound) to "
          + "\(range.upperBound)")
    }
    return number
  }

  func whole(_ flag: String, _ range: ClosedRange<Int>) -> Int? {
    values[flag].map { whole($0, flag, range) }
  }

  /// Whole numbers between commas.
  func wholes(_ flag: String, _ range: ClosedRange<Int>) -> [Int]? {
    values[flag]?.split(separator: ",", omittingEmptySubsequences: false).map {
      whole(String($0), flag, range)
    }
  }

  /// A number that `allowed` holds for; `expected` tells what that is.
  func number(_ flag: String, _ expected: String, where allowed: (Double) -> Bool) -> Double? {
    values[flag].map {
      guard let number = Double($0), number.isFinite, allowed(number) else {
        fail("\(flag) has \"\($0)\", and takes a number \(expected)")
      }
      return number
    }
  }

  /// The folder of shared data.
  var folder: String? {
    values["--data"].map { folder in
      for name in ["inputs.f32", "targets.f32", "weights.f32"]
      where !FileManager.default.isReadableFile(atPath: "\(folder)/\(name)") {
        fail(
          "--data has \"\(folder)\", where no \(name) can be read; bench.py writes such folders, "
            + "and without --data the numbers are made here")
      }
      return folder
    }
  }

  /// The workloads that were asked for.
  var workloads: [Workload] {
    var chosen = Workload.all
    if let names = values["--workload"]?.split(separator: ",", omittingEmptySubsequences: false) {
      chosen = names.map { name in
        guard let workload = Workload.all.first(where: { $0.name == name }) else {
          fail(
            "there is no workload \"\(name)\"; there are "
              + Workload.all.map(\.name).joined(separator: ", "))
        }
        return workload
      }
    }
    if let sizes = wholes("--sizes", 1...1 << 20) {
      guard sizes.count >= 2 else {
        fail("--sizes has one width, and takes two or more, as 784,128,10")
      }
      let isRegression = sizes[sizes.count - 1] == 1 || contains("--regression")
      chosen = [
        Workload(
          name: sizes.map(String.init).joined(separator: "-"), sizes: sizes, hidden: .relu,
          loss: isRegression ? .squaredError : .crossEntropy, optimizer: .adam(),
          batchSize: whole("--batch", 1...1 << 20) ?? 32, examples: 10_000)
      ]
    }
    for index in chosen.indices {
      if let rows = whole("--rows", 1...1 << 30) { chosen[index].examples = rows }
      if let name = values["--optimizer"] {
        guard let rule = OptimizerRule(name: name) else {
          fail("there is no optimizer \"\(name)\"")
        }
        chosen[index].optimizer = rule
      }
    }
    return chosen
  }
}
