import Backprop

/// Reads a file as tensors and as a model; what is a model must survive being written and read.
public func fuzzModel(_ bytes: [UInt8]) {
  refusesOrReturns {
    let file = try SafeTensors(bytes: bytes)
    for tensor in file.tensors {
      refusesOrReturns {
        let elements: [Double] = try file.elements(of: tensor)
        precondition(elements.count == tensor.shape.reduce(1, *))
      }
    }
  }
  let path = InputFile.write(bytes)
  defer { InputFile.remove() }
  refusesOrReturns {
    let model = try Model(contentsOf: path)
    let first = try model.write(to: path)
    let second = try Model(contentsOf: path).write(to: path)
    precondition(first == second, "a model changed while it was copied")
  }
}

/// Reads a document; what is one must be the same after being written and read.
public func fuzzJSON(_ bytes: [UInt8]) {
  refusesOrReturns {
    let value = try JSONValue(parsing: bytes)
    let copy = try JSONValue(parsing: value.utf8)
    precondition(copy == value && copy.description == value.description, value.description)
  }
}
