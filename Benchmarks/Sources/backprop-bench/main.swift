// Measures this library, and prints one JSON object a line.
//
//     backprop-bench [training] [--workload W1,W4 | --sizes 10,32,32,10 --batch 128 --rows 10000]
//                    [--regression] [--threads 1,2] [--seconds 2] [--data FOLDER] [--optimizer NAME]
//                    [--clip-norm c] [--dropout p] [--ema d] [--max-norm c]
//     backprop-bench check --workload W1 --data FOLDER --steps 20 --rate 0.01 [--threads 1]
//     backprop-bench inference --sizes 784,128,10 [--rows 1] [--threads 1] [--seconds 1] [--data FOLDER]
//                    [--outputs FILE]
//     backprop-bench row [--columns 20] [--seconds 1]
//     backprop-bench csv FILE
//
// FOLDER holds data and weights that all contestants share, see Workload.swift.

import Backprop
import Failing
import FoundationEssentials

func rounded(_ value: Double, _ unit: Double = 100) -> Double { (value * unit).rounded() / unit }

func run(_ options: Options) throws {
  let workloads = [.csv, .row].contains(options.mode) ? [] : options.workloads
  let threadCounts = options.wholes("--threads", 1...256) ?? [1, 2]
  let seconds = options.number("--seconds", "over 0") { $0 > 0 } ?? 2
  let folder = options.folder

  switch options.mode {
  case .check:
    guard let folder else { fail("check has no --data; add --data FOLDER, as bench.py does") }
    let steps = options.whole("--steps", 1...1 << 20) ?? 20
    let rate = options.number("--rate", "over 0") { $0 > 0 } ?? 0.01
    for workload in workloads {
      let losses = try checkTraining(
        workload, threads: threadCounts[0], folder: folder, steps: steps, learningRate: rate)
      print(
        "{\"workload\":\"\(workload.name)\",\"before\":\(losses.before),\"after\":\(losses.after)}")
    }
  case .inference:
    let rows = options.whole("--rows", 1...1 << 30) ?? 1
    for var workload in workloads {
      workload.examples = max(rows, 256)
      for threads in threadCounts {
        let times = try measureInference(
          workload, rows: rows, threads: threads, seconds: seconds, folder: folder)
        if let path = options.text("--outputs") {
          try times.outputs.withUnsafeBytes { Data($0) }.write(to: URL(filePath: path))
        }
        print(
          "{\"sizes\":\"\(workload.name)\",\"rows\":\(rows),\"threads\":\(threads),"
            + "\"median\":\(times.median),\"p99\":\(times.p99),\"calls\":\(times.calls)}")
      }
    }
  case .row:
    let columns = options.whole("--columns", 1...10_000) ?? 20
    let times = try measureRows(columns: columns, seconds: seconds)
    print(
      "{\"columns\":\(columns),\"row\":\(times.row),\"network\":\(times.network),"
        + "\"calls\":\(times.calls)}")
  case .csv:
    let times = try measureReading(options.file)
    print(
      "{\"rows\":\(times.rows),\"opening\":\(times.opening),\"encoding\":\(times.encoding)}")
  case .training:
    let extras = Extras(
      clipNorm: options.number("--clip-norm", "over 0") { $0 > 0 },
      dropout: options.number("--dropout", "from 0 to below 1") { 0..<1 ~= $0 },
      ema: options.number("--ema", "between 0 and 1") { 0 < $0 && $0 < 1 },
      maxNorm: options.number("--max-norm", "over 0") { $0 > 0 })
    for workload in workloads {
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
}

do {
  try run(Options(Array(CommandLine.arguments.dropFirst())))
} catch {
  fail("\(error)", status: 1)
}
