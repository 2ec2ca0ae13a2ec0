@testable import Backprop
import Foundation

/// Takes any file all the way to predictions: whatever it holds, that ends in them or in an error of
/// one line.
public func fuzzTable(_ bytes: [UInt8]) {
  let path = InputFile.write(bytes)
  defer { InputFile.remove() }
  ForeignRun.refused {
    let source = try DataSource.open(path: path)
    for table in [source.training, source.test].compactMap({ $0 }) {
      ForeignRun.refused {
        let _: Matrix<Float> = try table.numericMatrix(excluding: [])
      }
      guard let name = source.targets.first ?? table.columns.last?.name else { continue }
      _ = try table.columnReports(targets: [name])
      let cells = try table.cells(of: [name])
      precondition(cells[0].cells.count == table.rowCount)
      let targets = try TargetColumns(of: table, columns: [name])
      let target = try TargetEncoder(fitting: targets)
      let features = try FeatureEncoder(fitting: table, excluding: [name])
      let parts = try Dataset<Double>.encoding(
        table, features: features, target: target,
        split: .random(count: table.rowCount, fraction: 0.25, seed: 1))
      let count = parts.training.count + parts.validation.count
      precondition(count == table.rowCount, "\(count) of \(table.rowCount) rows")

      let all = try Dataset<Double>(encoding: table, features: features, target: target)
      precondition(all.inputs.columns == features.featureNames.count)
      let predictions = try target.decode(all.targets)
      for row in 0..<min(predictions.rowCount, 100) { _ = predictions.text(row: row) }

      readsBack(features)
      readsBack(target)
      if table.isStreamed { try readsAlikeWithoutKeeping(path, name, all) }
    }
  }
}

/// What is kept of a file, and what is read from it again, are the same bits.
private func readsAlikeWithoutKeeping(_ path: String, _ name: String, _ kept: Dataset<Double>)
  throws
{
  var options = TableOptions()
  options.keepsColumns = false
  let table = try Table(contentsOf: path, options: options)
  let features = try FeatureEncoder(fitting: table, excluding: [name])
  let target = try TargetEncoder(fitting: table, targets: [name])
  let again = try Dataset<Double>(encoding: table, features: features, target: target)
  precondition(
    again.inputs == kept.inputs && again.targets == kept.targets, "kept as other numbers")
}

/// Reads every array of an archive, and the archive as a table.
public func fuzzArchive(_ bytes: [UInt8]) {
  let path = InputFile.write(bytes)
  defer { InputFile.remove() }
  ForeignRun.refused {
    let archive = try ArrayArchive(contentsOf: path)
    for name in archive.names {
      ForeignRun.refused {
        let array = try archive.array(named: name)
        precondition(array.values.count == array.shape.reduce(1, *))
      }
    }
  }
  fuzzTable(bytes)
}

/// What is written to a model file must be read as it was.
public func readsBack<Value: Codable & Equatable>(_ value: Value) {
  do {
    let text = try JSONEncoder().encode(value)
    let copy = try JSONDecoder().decode(Value.self, from: text)
    precondition(copy == value, String(decoding: text, as: UTF8.self))
  } catch {
    preconditionFailure("\(error)")
  }
}
