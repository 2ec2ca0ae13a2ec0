import Backprop
import Foundation
import Testing

/// Every mistake ends in one line on standard error and the right exit code, and leaves no file.
@Suite("Bad input")
struct BadInputTests {
  private let runner: CommandRunner

  init() throws { runner = try CommandRunner() }

  /// Runs a command that must fail.
  private func expectFailure(
    _ exitCode: Int32, _ arguments: String..., containing parts: String...,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let before = try runner.files
    let result = try runner.run(arguments)
    #expect(result.exitCode == exitCode, "\(result.errors)", sourceLocation: sourceLocation)
    #expect(result.output.isEmpty, sourceLocation: sourceLocation)
    #expect(result.errorLines.count == 1, "\(result.errors)", sourceLocation: sourceLocation)
    #expect(result.errors.hasPrefix("error: "), "\(result.errors)", sourceLocation: sourceLocation)
    for part in parts {
      #expect(
        result.errors.contains(part), "\(part) in \(result.errors)", sourceLocation: sourceLocation)
    }
    #expect(try runner.files == before, sourceLocation: sourceLocation)
  }

  @Test("A missing file is named, with one of a similar name")
  func missingFile() throws {
    try runner.writeClassification()
    try expectFailure(
      1, "train", "clases.csv", "--target", "label", containing: "clases.csv", "classes.csv?")
    try expectFailure(
      1, "predict", "model.safetensors", "classes.csv",
      containing: "no such file: model.safetensors")
  }

  @Test("A missing column is named, with the near match")
  func missingColumn() throws {
    try runner.writeClassification()
    try expectFailure(
      1, "train", "classes.csv", "--target", "lable", containing: "\"lable\"", "\"label\"?")
    try expectFailure(
      1, "train", "classes.csv", "--target", "label", "--ignore", "color", "--quiet",
      containing: "\"color\"", "\"colour\"?")
    try expectFailure(2, "train", "classes.csv", containing: "--target", "a, b, colour, label")
  }

  @Test("A ragged row is named by its line")
  func raggedRow() throws {
    try runner.write("x.csv", "a,b,y\n1,2,p\n3,4,q\n5,6\n7,8,p\n")
    try expectFailure(
      1, "train", "x.csv", "--target", "y", "--quiet", containing: "x.csv", "line 4")
  }

  @Test("A text in a numeric column is named by line, column and value")
  func textInNumbers() throws {
    try runner.write("x.csv", "a,b,y\n1,2,p\n3,4,q\n5,abc,p\n")
    try expectFailure(
      1, "train", "x.csv", "--target", "y", "--numeric", "b", "--quiet",
      containing: "line 4", "\"b\"", "\"abc\"")
  }

  @Test("One class only is nothing to learn")
  func oneClass() throws {
    try runner.write("x.csv", "a,y\n1,p\n2,p\n3,p\n")
    try expectFailure(1, "train", "x.csv", "--target", "y", "--quiet", containing: "label", "\"p\"")
  }

  @Test("An empty file, and one with a header only, are refused")
  func empty() throws {
    try runner.write("empty.csv", "")
    try runner.write("header.csv", "a,b,y\n")
    try expectFailure(1, "train", "empty.csv", "--target", "y", containing: "empty.csv")
    try expectFailure(1, "train", "header.csv", "--target", "y", containing: "header.csv")
  }

  @Test("A cell of more than 16 MiB is refused, in quotes or not")
  func hugeField() throws {
    let text = String(repeating: "a", count: 17 << 20)
    for quote in ["", "\""] {
      try runner.write("x.csv", "a,y\n1,p\n2,\(quote)\(text)\(quote)\n3,q\n")
      try expectFailure(
        1, "train", "x.csv", "--target", "y", containing: "x.csv", "line 3", "16 MiB")
    }
  }

  @Test("A file of 3 GB without a line is refused without being read into memory")
  func hugeFile() throws {
    try runner.write("x.csv", "a,y\n1,p\n2,\"q")
    // Sparse: the file takes no room on the disk.
    #expect(truncate(runner.path("x.csv"), 3_000_000_000) == 0)
    try expectFailure(1, "train", "x.csv", "--target", "y", containing: "x.csv", "line 3")
  }

  @Test("Lying and truncated IDX files are refused")
  func idx() throws {
    // 2³¹ − 1 images of 28 × 28 are announced, and 10 bytes follow.
    let images: [UInt8] = [0, 0, 8, 3, 0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 28, 0, 0, 0, 28] + [1, 2]
    let labels: [UInt8] = [0, 0, 8, 1, 0, 0, 0, 2, 0, 1]
    try FileManager.default.createDirectory(
      atPath: runner.path("idx"), withIntermediateDirectories: true)
    try runner.write("idx/train-images-idx3-ubyte", images)
    try runner.write("idx/train-labels-idx1-ubyte", labels)
    try expectFailure(1, "train", "idx", containing: "train-images-idx3-ubyte")
    for count in 0..<images.count - 2 {
      try runner.write("idx/train-images-idx3-ubyte", Array(images[..<count]))
      try expectFailure(1, "train", "idx", containing: "idx")
    }
  }

  @Test("Lying and truncated NPY files are refused")
  func npy() throws {
    let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (4000000000, 4), }"
    let text = header + String(repeating: " ", count: 117 - header.utf8.count) + "\n"
    let bytes = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.utf8.count), 0] + Array(text.utf8)
    try runner.write("x.npy", bytes + [0, 0, 0, 0])
    try expectFailure(1, "train", "x.npy", "--target", "0", containing: "x.npy")
    for count in [1, 6, 7, 8, 9, 10, 40, bytes.count - 1] {
      try runner.write("x.npy", Array(bytes[..<count]))
      try expectFailure(1, "train", "x.npy", "--target", "0", containing: "x.npy")
    }
  }

  @Test("Lying and truncated models are refused")
  func models() throws {
    try runner.trainSmall()
    let model = try runner.read("model.safetensors")
    var lengths = Array(stride(from: 0, to: model.count, by: model.count / 12))
    lengths += [7, 8, 9, model.count - 1]
    for count in lengths {
      try runner.write("cut.safetensors", Array(model[..<count]))
      try expectFailure(1, "inspect", "cut.safetensors", containing: "cut.safetensors")
    }
    var lying = model
    lying[7] = 0xFF
    try runner.write("cut.safetensors", lying)
    try expectFailure(1, "predict", "cut.safetensors", "classes.csv", containing: "header")
    try expectFailure(
      1, "evaluate", "classes.csv", "classes.csv", containing: "not a safetensors file")
  }

  @Test("A target that is missing is named by its line")
  func missingTarget() throws {
    try runner.write("x.csv", "a,y\n1,2.5\n2,NaN\n3,1.5\n")
    try expectFailure(
      1, "train", "x.csv", "--target", "y", "--quiet", containing: "line 3", "\"y\"")
  }

  @Test("A target that the loss is not defined on is named by its row")
  func misfitTarget() throws {
    try runner.write("x.csv", "a,y\n1,2.5\n2,-1.5\n3,1.5\n")
    try expectFailure(
      1, "train", "x.csv", "--target", "y", "--loss", "poisson", "--quiet",
      containing: "row 2", "\"y\"", "-1.5")
  }

  @Test("Targets are checked against the loss of a created model, and in validation data too")
  func misfitOfModel() throws {
    try runner.write("x.csv", "a,y\n1,2\n2,0.5\n3,-1\n")
    for (loss, activation, row) in [
      ("poisson", "softplus", "row 3"), ("binary-cross-entropy", "sigmoid", "row 1"),
      ("hinge", "identity", "row 1"), ("cross-entropy", "softmax", "row 1"),
    ] {
      let created = try runner.run(
        "create", "--sizes", "1,1", "--activation", activation, "--loss", loss, "-o",
        "m.safetensors")
      #expect(created.exitCode == 0, "\(created.errors)")
      try expectFailure(
        1, "evaluate", "m.safetensors", "x.csv", "--target", "y", "--quiet",
        containing: "x.csv", row, loss)
      try expectFailure(
        1, "train", "x.csv", "--from", "m.safetensors", "--target", "y", "-o", "n.safetensors",
        "--quiet", containing: "x.csv", "row ", loss)
    }
    try runner.write("good.csv", "a,y\n1,2\n2,0.5\n3,1\n")
    try expectFailure(
      1, "train", "good.csv", "--target", "y", "--loss", "poisson", "--validation-data", "x.csv",
      "--quiet", containing: "x.csv", "row 3", "-1")
    try expectFailure(
      1, "train", "good.csv", "--target", "y", "--output-activation", "sigmoid", "--quiet",
      containing: "row 1", "between 0 and 1")
  }

  @Test("Data without a column of the model is refused, with the column that is meant")
  func lackingColumn() throws {
    try runner.trainSmall()
    try runner.write("x.csv", "a,b,color\n1,2,red\n")
    try expectFailure(
      1, "predict", "model.safetensors", "x.csv", "--quiet", containing: "\"colour\"", "\"color\"?")
  }

  @Test("Sizes of 0 are refused")
  func zeroSizes() throws {
    try runner.writeClassification()
    try expectFailure(
      2, "train", "classes.csv", "--target", "label", "--hidden", "8,0", containing: "at least 1")
    try expectFailure(
      2, "create", "--sizes", "3,0,2", "--activation", "relu", "--loss", "squared-error", "-o",
      "m.safetensors", containing: "at least 1")
    try expectFailure(
      2, "create", "--sizes", "3", "--activation", "relu", "--loss", "squared-error", "-o",
      "m.safetensors", containing: "inputs and outputs")
  }

  @Test("Networks that no machine can hold are refused")
  func giants() throws {
    try runner.writeClassification()
    for hidden in ["10000000,10000000", "9223372036854775807", "90000,90000"] {
      try expectFailure(
        2, "train", "classes.csv", "--target", "label", "--hidden", hidden, "--quiet",
        containing: "smaller layers")
      try expectFailure(
        2, "create", "--sizes", "3,\(hidden)", "--activation", "maxout:9", "--loss",
        "squared-error",
        "-o", "m.safetensors", containing: "smaller layers")
    }
  }

  @Test("A run that diverges names step, layer and neuron")
  func divergence() throws {
    try runner.writeRegression()
    try expectFailure(
      1, "train", "numbers.csv", "--target", "y", "--optimizer", "sgd", "--learning-rate", "1e30",
      "--schedule", "constant", "--quiet", containing: "step ", "layer ", "neuron ",
      "--learning-rate", "nothing is saved")
  }

  @Test("Unknown names are answered with the names there are")
  func unknownNames() throws {
    try runner.writeClassification()
    for (option, value, known) in [
      ("--activation", "rely", "relu"), ("--loss", "crossentropy", "cross-entropy"),
      ("--optimizer", "adm", "adamw"), ("--schedule", "cosin", "cosine"),
      ("--initializer", "he", "he-normal"), ("--task", "classify", "classification"),
      ("--reduction", "median", "mean"), ("--precision", "half", "double"),
      ("--output-activation", "soft-max", "softmax"), ("--activation", "elu:-1", "elu"),
      ("--optimizer", "adagard", "adagrad"), ("--schedule", "step", "step:30[:0.1]"),
      ("--schedule", "exponential:2", "exponential[:0.95]"),
      ("--schedule", "onecycle", "one-cycle"),
    ] {
      try expectFailure(
        2, "train", "classes.csv", "--target", "label", option, value, containing: value, known,
        "--help")
    }
  }

  @Test("Numbers out of range are refused before the data is read")
  func ranges() throws {
    for (option, value) in [
      ("--learning-rate", "0"), ("--learning-rate", "-1"), ("--learning-rate", "nan"),
      ("--epochs", "0"), ("--epochs", "1.5"), ("--batch-size", "0"), ("--validation", "1"),
      ("--validation", "-0.1"), ("--momentum", "1"), ("--l2", "-1"), ("--weight-decay", "inf"),
      ("--clip-norm", "0"), ("--clip-value", "nan"), ("--warm-up", "1.1"), ("--warm-up", "-0.1"),
      ("--patience", "0"), ("--seed", "-1"), ("--threads", "0"), ("--delimiter", "ab"),
      ("--hidden", "8,x"), ("--activation", "relu,tanh,tanh"), ("--activation", "softmax"),
    ] {
      try expectFailure(2, "train", "no.csv", "--target", "y", option, value, containing: "see ")
    }
  }

  @Test("Options that have no meaning for a rule or a schedule are refused before the data is read")
  func meaningless() throws {
    for (option, value, other, text, part) in [
      ("--optimizer", "gd", "--batch-size", "32", "use the optimizer sgd"),
      ("--optimizer", "rprop", "--batch-size", "32", "use the optimizer rmsprop"),
      ("--optimizer", "rprop", "--schedule", "cosine", "size of its steps by itself"),
      ("--optimizer", "lbfgs", "--batch-size", "32", "use the optimizer adam"),
      ("--optimizer", "lbfgs", "--schedule", "cosine", "size of its steps by itself"),
      ("--optimizer", "lbfgs", "--warm-up", "0.1", "size of its steps by itself"),
      ("--optimizer", "lbfgs", "--momentum", "0.9", "has no meaning for lbfgs"),
      ("--optimizer", "lbfgs", "--clip-norm", "1", "searched for a lower loss; leave it out"),
      ("--optimizer", "lbfgs", "--clip-value", "1", "searched for a lower loss; leave it out"),
      ("--optimizer", "lbfgs", "--weight-decay", "0.1", "or give an L2 penalty"),
      ("--optimizer", "rprop", "--warm-up", "0.1", "size of its steps by itself"),
      ("--optimizer", "lion", "--momentum", "0.9", "use the optimizer momentum"),
      ("--schedule", "one-cycle", "--warm-up", "0.1", "one-cycle:0.1"),
      ("--schedule", "coslog4", "--warm-up", "0.1", "begins low by itself"),
    ] {
      try expectFailure(
        2, "train", "no.csv", "--target", "y", option, value, other, text, containing: part)
    }
  }

  @Test("Calls that make no sense are usage errors")
  func usage() throws {
    try runner.writeClassification()
    try expectFailure(2, "train", containing: "backprop train --help")
    try expectFailure(2, "trian", containing: "backprop --help")
    try expectFailure(2, "train", "classes.csv", "--targets", "x", containing: "--target")
    try expectFailure(
      2, "train", "classes.csv", "--target", "label", "--validation", "0.1", "--validation-data",
      "classes.csv", containing: "give one")
    try expectFailure(
      2, "train", "classes.csv", "--target", "label", "--momentum", "0.9", containing: "adam")
    try expectFailure(
      2, "train", "classes.csv", "--target", "label", "--loss", "poisson", containing: "poisson")
    try expectFailure(
      2, "train", "classes.csv", "--target", "label", "--loss", "cross-entropy",
      "--output-activation", "relu", "--quiet", containing: "not defined")
  }

  @Test(
    "A file that is no model is never overwritten, and a missing folder is told before training")
  func outputs() throws {
    try runner.writeClassification()
    try runner.write("model.safetensors", "my thesis")
    try expectFailure(
      2, "train", "classes.csv", "--target", "label", containing: "model.safetensors", "--force")
    try expectFailure(
      2, "train", "classes.csv", "--target", "label", "-o", "classes.csv",
      containing: "one of the inputs")
    try expectFailure(
      2, "train", "classes.csv", "--target", "label", "-o", "no/m.safetensors",
      containing: "no folder")
    try expectFailure(
      2, "train", "classes.csv", "--target", "label", "-o", ".", containing: "folder")
    #expect(try runner.read("model.safetensors") == Array("my thesis".utf8))
    try runner.trainSmall("--force")
    try runner.trainSmall()
  }

  @Test("No input is ever overwritten, by whatever name and even with --force")
  func inputsAsOutputs() throws {
    try runner.trainSmall()
    try FileManager.default.createSymbolicLink(
      atPath: runner.path("link.csv"), withDestinationPath: "classes.csv")
    try FileManager.default.createDirectory(
      atPath: runner.path("folder"), withIntermediateDirectories: true)
    let before = try (runner.read("classes.csv"), runner.read("model.safetensors"))
    for output in [
      "classes.csv", "./classes.csv", "folder/../classes.csv", runner.path("classes.csv"),
      "link.csv", "./model.safetensors",
    ] {
      try expectFailure(
        2, "predict", "model.safetensors", "classes.csv", "-o", output, containing: output)
    }
    for output in ["./classes.csv", "link.csv"] {
      try expectFailure(
        2, "train", "classes.csv", "--target", "label", "-o", output, "--force",
        containing: output, "one of the inputs")
    }
    try runner.write("v.csv", try runner.read("classes.csv"))
    try expectFailure(
      2, "train", "classes.csv", "--target", "label", "--validation-data", "v.csv", "-o", "./v.csv",
      "--force", containing: "one of the inputs")
    try expectFailure(
      2, "predict", "model.safetensors", "classes.csv", "-o", "", containing: "-o \"\"")
    #expect(
      try before == (runner.read("classes.csv"), runner.read("model.safetensors")))
    // The model to go on from may be replaced by what becomes of it.
    let result = try runner.run(
      "train", "classes.csv", "--from", "model.safetensors", "--epochs", "1", "--quiet")
    #expect(result.exitCode == 0, "\(result.errors)")
  }

  @Test("Weights that do not fit the sizes are refused by name and shape")
  func weights() throws {
    let created = try runner.run(
      "create", "--sizes", "2,3,1", "--activation", "tanh", "--loss", "squared-error", "-o",
      "w.safetensors")
    #expect(created.exitCode == 0)
    for (sizes, part) in [
      ("2,4,1", "shape [3, 2], but the layer needs [4, 2]"), ("2,3", "belongs to no layer"),
      ("2,3,1,1", "layers.2.weight"),
    ] {
      try expectFailure(
        1, "create", "--sizes", sizes, "--activation", "tanh", "--loss", "squared-error",
        "--weights", "w.safetensors", "-o", "m.safetensors", containing: "w.safetensors", part)
    }
    try expectFailure(
      2, "create", "--sizes", "2,3,1", "--activation", "tanh", "--loss", "squared-error",
      "--weights", "w.safetensors", "--initializer", "zeros", "-o", "m.safetensors",
      containing: "not both")
  }

  @Test("Options that contradict the model to go on from are refused")
  func contradictions() throws {
    try runner.trainSmall()
    for (option, value) in [
      ("--hidden", "9"), ("--activation", "tanh"), ("--loss", "squared-error"),
      ("--output-activation", "sigmoid"), ("--reduction", "sum"), ("--precision", "double"),
      ("--initializer", "zeros"), ("--task", "regression"), ("--target", "colour"),
      ("--categorical", "a"),
    ] {
      try expectFailure(
        2, "train", "classes.csv", "--from", "model.safetensors", option, value, "--quiet",
        containing: option)
    }
  }

  @Test("Saying how columns are read to a model that knows is a usage error")
  func readingOptions() throws {
    try runner.trainSmall()
    for option in ["--categorical", "--numeric", "--ignore"] {
      for command in [
        ["train", "classes.csv", "--from", "model.safetensors"],
        ["evaluate", "model.safetensors", "classes.csv"],
        ["predict", "model.safetensors", "classes.csv"],
      ] {
        let result = try runner.run(command + [option, "a", "--quiet"])
        #expect(result.exitCode == 2)
        #expect(result.errors.hasPrefix("error: \(option) contradicts the model"))
      }
    }
  }

  @Test("What is no model is called so, and a command that is misspelt suggests one")
  func misunderstandings() throws {
    try runner.trainSmall()
    for command in [["inspect"], ["evaluate", "classes.csv"], ["predict", "classes.csv"]] {
      let result = try runner.run(command + ["classes.csv"])
      #expect(result.exitCode == 1)
      #expect(result.errors.hasPrefix("error: classes.csv is no model"))
    }
    try expectFailure(2, "trian", "x", containing: "\"trian\"", "did you mean train?")
    try expectFailure(2, "frobnicate", containing: "train, tune-rate, create, evaluate")
    try expectFailure(
      2, "train", "classes.csv", "--target", "label", "-o", "", containing: "-o \"\"")
    try expectFailure(
      2, "train", "classes.csv", "--target", "label", "--header", "--no-header",
      containing: "not both")
  }

  @Test("--probabilities of outputs that are none are refused")
  func noProbabilities() throws {
    try runner.writeRegression()
    let result = try runner.run(
      "train", "numbers.csv", "--target", "y", "--epochs", "1", "--quiet")
    #expect(result.exitCode == 0)
    try expectFailure(
      2, "predict", "model.safetensors", "numbers.csv", "--probabilities", containing: "identity")
  }

  @Test("A thousand targets are told apart in an instant, whatever commas there are")
  func manyTargets() throws {
    let names = (0..<1000).map { "t\($0)" }
    let rows = (0..<12).map { row in (0..<1001).map { "\(row * $0 % 7).5" }.joined(separator: ",") }
    try runner.write(
      "wide.csv", (["x"] + names).joined(separator: ",") + "\n" + rows.joined(separator: "\n"))
    // Took minutes when every run of names was tried; a command that hangs is killed after one.
    let result = try runner.run(
      "train", "wide.csv", "--target", names.joined(separator: ","), "--epochs", "1", "--hidden",
      "2", "--quiet", "-o", "m.safetensors")
    #expect(result.exitCode == 0, "\(result.errors)")
    let commas = try runner.run(
      "train", "wide.csv", "--target", String(repeating: ",", count: 20_000), "--quiet")
    #expect(commas.exitCode == 2 && commas.errors.contains("comma"))
  }

  @Test("A link that leads nowhere or in a circle is named before anything is trained")
  func links() throws {
    try runner.writeClassification()
    for (name, target) in [("loop", "loop"), ("nowhere", "missing")] {
      try FileManager.default.createSymbolicLink(
        atPath: runner.path(name), withDestinationPath: target)
      for path in ["\(name)/", "\(name)/below"] {
        try expectFailure(
          2, "train", "classes.csv", "--target", "label", "--quiet", "--tensorboard", path,
          containing: "\(name) is a link to \(target)")
      }
      for (option, code) in [("--tensorboard", Int32(2)), ("--checkpoint", 1)] {
        try expectFailure(
          code, "train", "classes.csv", "--target", "label", "--quiet", option, name,
          containing: name, "link to \(target)")
      }
    }
  }
}
