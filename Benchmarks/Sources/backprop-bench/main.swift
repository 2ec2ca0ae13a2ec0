// Measures this library, and prints one JSON object a line.
//
//     backprop-bench [training] [--workload W1,W4 | --sizes 10,32,32,10 --batch 128 --rows 10000]
//                    [--threads 1,2] [--seconds 2] [--data FOLDER] [--optimizer NAME]
//                    [--clip-norm c] [--dropout p] [--ema d] [--max-norm c]
//     backprop-bench check --workload W1 --data FOLDER --steps 20 --rate 0.01 [--threads 1]
//     backprop-bench inference --sizes 784,128,10 [--rows 1] [--threads 1] [--seconds 1] [--data FOLDER]
//                    [--outputs FILE]
//     backprop-bench csv FILE
//
// FOLDER holds data and weights that all contestants share, see Workload.swift.

import Backprop
import FoundationEssentials

let arguments = Array(CommandLine.arguments.dropFirst())

func value(after flag: String) -> String? {
  guard let index = arguments.firstIndex(of: flag), index + 1 < arguments.count else { return nil }
  return arguments[index + 1]
}

func numbers(after flag: String) -> [Int]? {
  value(after: flag)?.split(separator: ",").compactMap { Int($0) }
}

func number(after flag: String) -> Double? { value(after: flag).flatMap(Double.init) }

func rounded(_ value: Double, _ unit: Double = 100) -> Double { (value * unit).rounded() / unit }

/// The workloads that were asked for.
func chosenWorkloads() -> [Workload] {
  var chosen = Workload.all
  if let names = value(after: "--workload")?.split(separator: ",").map(String.init) {
    chosen = chosen.filter { names.contains($0.name) }
  }
  if let sizes = numbers(after: "--sizes") {
    let isRegression = sizes[sizes.count - 1] == 1 || arguments.contains("--regression")
    chosen = [
      Workload(
        name: sizes.map(String.init).joined(separator: "-"), sizes: sizes, hidden: .relu,
        loss: isRegression ? .squaredError : .crossEntropy, optimizer: .adam(),
        batchSize: Int(number(after: "--batch") ?? 32), examples: 10_000)
    ]
  }
  for index in chosen.indices {
    if let rows = number(after: "--rows") { chosen[index].examples = Int(rows) }
    if let rule = value(after: "--optimizer").flatMap({ OptimizerRule(name: $0) }) {
      chosen[index].optimizer = rule
    }
  }
  return chosen
}

let threadCounts = numbers(after: "--threads") ?? [1, 2]
let seconds = number(after: "--seconds") ?? 2
let folder = value(after: "--data")

switch arguments.first {
case "check":
  for workload in chosenWorkloads() {
    guard let folder else { fatalError("check needs --data FOLDER") }
    let losses = try checkTraining(
      workload, threads: threadCounts[0], folder: folder,
      steps: Int(number(after: "--steps") ?? 20), learningRate: number(after: "--rate") ?? 0.01)
    print(
      "{\"workload\":\"\(workload.name)\",\"before\":\(losses.before),\"after\":\(losses.after)}")
  }
case "inference":
  let rows = Int(number(after: "--rows") ?? 1)
  for var workload in chosenWorkloads() {
    workload.examples = max(rows, 256)
    for threads in threadCounts {
      let times = try measureInference(
        workload, rows: rows, threads: threads, seconds: seconds, folder: folder)
      if let path = value(after: "--outputs") {
        try times.outputs.withUnsafeBytes { Data($0) }.write(to: URL(filePath: path))
      }
      print(
        "{\"sizes\":\"\(workload.name)\",\"rows\":\(rows),\"threads\":\(threads),"
          + "\"median\":\(times.median),\"p99\":\(times.p99),\"calls\":\(times.calls)}")
    }
  }
case "csv":
  let times = try measureReading(arguments[1])
  print(
    "{\"rows\":\(times.rows),\"opening\":\(times.opening),\"encoding\":\(times.encoding)}")
default:
  let extras = Extras(
    clipNorm: number(after: "--clip-norm"), dropout: number(after: "--dropout"),
    ema: number(after: "--ema"), maxNorm: number(after: "--max-norm"))
  for workload in chosenWorkloads() {
    for threads in threadCounts {
      let (rates, overall) = try measureTraining(
        workload, threads: threads, seconds: seconds, folder: folder, extras: extras)
      let median = rates[rates.count / 2]
      print(
        "{\"workload\":\"\(workload.name)\",\"threads\":\(threads),"
          + "\"samplesPerSecond\":\(median.rounded()),\"overall\":\(overall.rounded()),"
          + "\"best\":\(rates[rates.count - 1].rounded()),"
          + "\"gflops\":\(rounded(median * workload.flopsPerExample / 1e9))}")
    }
  }
}
