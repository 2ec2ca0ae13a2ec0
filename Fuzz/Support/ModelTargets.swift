@testable import Backprop

/// Reads a file as tensors and as a model; what is a model must survive being written and read.
public func fuzzModel(_ bytes: [UInt8]) {
  ForeignRun.refused {
    let file = try SafeTensors(bytes: bytes)
    for tensor in file.tensors {
      ForeignRun.refused {
        let elements: [Double] = try file.elements(of: tensor)
        precondition(elements.count == tensor.shape.reduce(1, *))
      }
    }
  }
  let path = InputFile.write(bytes)
  defer { InputFile.remove() }
  ForeignRun.refused {
    let model = try Model(contentsOf: path)
    let first = try model.write(to: path)
    let second = try Model(contentsOf: path).write(to: path)
    precondition(first == second, "a model changed while it was copied")
  }
}

/// Reads a document; what is one must be the same after being written and read.
public func fuzzJSON(_ bytes: [UInt8]) {
  ForeignRun.refused {
    let value = try JSONValue(parsing: bytes)
    let copy = try JSONValue(parsing: value.utf8)
    precondition(copy == value && copy.description == value.description, value.description)
  }
}

/// A model or a checkpoint with changed numbers and words, all the way through what runs it.
///
/// - Parameter bytes: Which of the samples; then three bytes a change: the place (two), and the value.
public func fuzzRun(_ bytes: [UInt8]) {
  guard let first = bytes.first else { return }
  let samples = changedSamples
  let sample = Int(first) % (2 * samples.count)
  var file = sample % 2 == 0 ? samples[sample / 2].model : samples[sample / 2].checkpoint
  for change in stride(from: 1, to: min(bytes.count, 25) - 2, by: 3) {
    let place = (Int(bytes[change]) << 8 | Int(bytes[change + 1])) % file.places.count
    file.change(
      file.places[place], to: ChangedFile.values[Int(bytes[change + 2]) % ChangedFile.values.count])
  }
  let path = InputFile.write(file.bytes)
  defer { InputFile.remove() }
  if sample % 2 == 0 {
    ForeignRun.model(contentsOf: path)
  } else {
    ForeignRun.checkpoint(contentsOf: path)
  }
}

private let changedSamples: [(model: ChangedFile, checkpoint: ChangedFile)] =
  ForeignRun.Sample.allCases.map { sample in
    let path = InputFile.write([])
    defer { InputFile.remove() }
    guard let files = try? ForeignRun.files(of: sample, by: path),
      let model = ChangedFile(files.model), let checkpoint = ChangedFile(files.checkpoint)
    else { preconditionFailure("no files of \(sample)") }
    return (model, checkpoint)
  }
