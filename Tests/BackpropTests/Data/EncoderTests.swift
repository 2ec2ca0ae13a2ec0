import Foundation
import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite struct FeatureEncoderTests {
  let fixture: DataFixture

  init() throws { fixture = try DataFixture() }

  @Test("Numbers are standardised, categories one-hot, the missing marked")
  func byHand() throws {
    // x: mean of 1, 3, 5 is 3; squares of −2, 0, 2 are 8, so the deviation is √(8/3).
    let table = try fixture.table("x,c,k,y\n1,b,7,0\n3,a,7,1\n,b,7,0\n5,,7,1\n")
    let encoder = try FeatureEncoder(fitting: table, excluding: ["y"])
    #expect(
      encoder.featureNames == ["x", "x is missing", "c=a", "c=b", "c is missing", "k"])
    let s = (8.0 / 3).squareRoot()
    let matrix: Matrix<Double> = try encoder.encode(table)
    #expect(
      matrix.elements == [
        [-2 / s, 0, 0, 1, 0, 0], [0, 0, 1, 0, 0, 0], [0, 1, 0, 1, 0, 0], [2 / s, 0, 0, 0, 1, 0],
      ])
  }

  @Test("Only the training rows are looked at")
  func trainingRows() throws {
    let table = try fixture.table("x,c,y\n1,a,0\n100,zzz,1\n3,b,0\n,a,1\n")
    let encoder = try FeatureEncoder(fitting: table, excluding: ["y"], rows: [0, 2])
    #expect(
      encoder.features == [
        .numeric(name: "x", mean: 2, deviation: 1, hasIndicator: false),
        .categorical(name: "c", categories: ["a", "b"], shares: [0.5, 0.5]),
      ])
    let matrix: Matrix<Float> = try encoder.encode(table)
    // The unseen category is the shares of the known ones, and a missing number the mean.
    #expect(matrix.elements == [[-1, 1, 0], [98, 0.5, 0.5], [1, 0, 1], [0, 1, 0]])
  }

  @Test("A model's columns are found by name in other data, whatever its order and kinds")
  func otherData() throws {
    let table = try fixture.table("x,c,y\n1,1,0\n3,u,1\n")
    let encoder = try FeatureEncoder(fitting: table, excluding: ["y"])
    // Here the column c looks numeric, but it is read as the text it was in training.
    let other = try fixture.table("c,more,x\n1,q,3\n1.0,q,1\n2,q,\n")
    let matrix: Matrix<Float> = try encoder.encode(other)
    #expect(matrix.elements == [[1, 1, 0], [-1, 1, 0], [0, 0.5, 0.5]])
    #expect(
      fixture.message { let _: Matrix<Float> = try encoder.encode(fixture.table("X,c\n1,2\n")) }
        == "t.csv: the column \"x\" that the model needs is missing; is it the one named \"X\"?")
    #expect(
      fixture.message {
        let _: Matrix<Float> = try encoder.encode(fixture.table("x,c\n1,2\nq,2\n"))
      }
      .hasPrefix("t.csv, line 3, column \"x\": \"q\" is not a number"))
    #expect(
      fixture.message { let _: Matrix<Float> = try encoder.encode(fixture.table("c,vv\n1,2\n")) }
        == "t.csv: the column \"x\" that the model needs is missing; "
        + "the model needs the columns \"x\", \"c\"")
  }

  @Test("A category that is a number is found in any spelling, its own before the others")
  func spellingsOfNumbers() throws {
    let table = try fixture.table(
      "z,y\n1.0,0\n2,1\n2.00,1\n", TableOptions(categorical: ["z"]))
    let encoder = try FeatureEncoder(fitting: table, excluding: ["y"])
    // "2" and "2.00" are one category.
    #expect(encoder.featureNames == ["z=1.0", "z=2"])
    let other = try fixture.table("z\n1\n1.0\n1e0\n2\n2.00\n2.0\n3\n")
    let matrix: Matrix<Float> = try encoder.encode(other)
    #expect(matrix.elements.map { $0.firstIndex(of: 1) } == [0, 0, nil, 1, 1, 1, nil])
    let memory = try Table(columns: [(name: "z", values: .texts(["1", "1.00", "x"]))])
    let second: Matrix<Float> = try encoder.encode(memory)
    #expect(second.elements.map { $0.firstIndex(of: 1) } == [0, 0, nil])
  }

  @Test(
    "A boolean is one input, a date the parts that vary, and what is missing is said beside them")
  func booleansAndDates() throws {
    let table = try fixture.table(
      "b,d,y\nTRUE,2024-03-01,0\nfalse,2024-03-04,1\nTrue,,0\n,2024-04-08,1\n")
    let encoder = try FeatureEncoder(fitting: table, excluding: ["y"])
    #expect(
      encoder.outputNames == [
        "b", "b is missing", "d, month", "d, day of week", "d, days since the first",
        "d is missing",
      ])
    let matrix: Matrix<Double> = try encoder.encode(table)
    // Friday, Monday, Monday: 4, 0, 0. Days 0, 3, 38.
    let month = [3.0, 3, 4].map { ($0 - 10.0 / 3) / (2.0 / 9).squareRoot() }
    let week = [4.0, 0, 0].map { ($0 - 4.0 / 3) / (32.0 / 9).squareRoot() }
    let (mean, squares) = (41.0 / 3, 9.0 + 38 * 38)
    let days = [0.0, 3, 38].map { ($0 - mean) / (squares / 3 - mean * mean).squareRoot() }
    let expected: [[Double]] = [
      [1, 0, month[0], week[0], days[0], 0], [0, 0, month[1], week[1], days[1], 0],
      [1, 0, 0, 0, 0, 1], [2.0 / 3, 1, month[2], week[2], days[2], 0],
    ]
    for (row, numbers) in matrix.elements.enumerated() {
      for (number, other) in zip(numbers, expected[row]) { #expect(abs(number - other) < 1e-12) }
    }
    // A day before 1970 is a date like others.
    let early: Matrix<Double> = try encoder.encode(fixture.table("b,d\ntrue,1969-12-31\n"))
    #expect(early[0, 5] == 0 && early[0, 4] < -1000)
    // What training did not see is the share of yes; no date is an error.
    let other: Matrix<Double> = try encoder.encode(fixture.table("b,d\nmaybe,2024-03-01\n"))
    #expect(other[0, 0] == 2.0 / 3 && other[0, 1] == 0)
    #expect(
      fixture.message {
        let _: Matrix<Double> = try encoder.encode(fixture.table("b,d\ntrue,soon\n"))
      }
      .hasPrefix("t.csv, line 2, column \"d\": \"soon\" is not a date"))
  }

  @Test("The parts of dates are those of the calendar, before 1970 and after")
  func calendar() throws {
    for (text, parts) in [
      ("1970-01-01", [1970, 1, 3, 1]), ("2000-02-29", [2000, 2, 1, 60]),
      ("2000-12-31", [2000, 12, 6, 366]), ("1900-03-01", [1900, 3, 3, 60]),
      ("1969-12-31", [1969, 12, 2, 365]), ("0001-01-01", [1, 1, 0, 1]),
      ("9999-12-31", [9999, 12, 4, 365]), ("2024-03-01", [2024, 3, 4, 61]),
    ] {
      let date = text.withBytes { DateStyle.yearFirst.value($0) }
      let kinds: [DatePart] = [.year, .month, .dayOfWeek, .dayOfYear]
      #expect(kinds.map { $0.value(date, first: 0) } == parts.map(Double.init), "\(text)")
      #expect(DateStyle.text(ofDays: date).hasSuffix(text.drop { $0 == "0" }))
    }
  }

  @Test("A column that counts the rows is left out, by its name, and kept if it is called numeric")
  func rowNumbers() throws {
    var text = "Id,Unnamed: 0,t,x,y\n"
    for row in 0..<30 { text += "\(row + 1),\(row),\(row),\(row * row % 7),\(row % 2)\n" }
    let table = try fixture.table(text)
    for rows in [nil, [0, 2, 3, 7, 20, 29] as [UInt32]?] {
      let encoder = try FeatureEncoder(fitting: table, excluding: ["y"], rows: rows)
      #expect(encoder.columns.map(\.name) == ["t", "x"])
      #expect(
        encoder.warnings == [
          "column \"Id\" is left out: it numbers the rows from 1; call it numeric to keep it",
          "column \"Unnamed: 0\" is left out: it numbers the rows from 0; call it numeric to keep it",
        ])
    }
    let asked = try fixture.table(text, TableOptions(numeric: ["Id"]))
    #expect(
      try FeatureEncoder(fitting: asked, excluding: ["y"]).columns.map(\.name) == ["Id", "t", "x"])
    let gaps = try fixture.table(text.replacing("\n30,", with: "\n31,"))
    #expect(try FeatureEncoder(fitting: gaps, excluding: ["y"]).columns[0].name == "Id")
  }

  @Test("Numbers that differ by rounding alone are constant")
  func nearlyConstant() throws {
    let table = try fixture.table("x,z,y\n0.3,1e10,0\n0.30000000000000004,10000000000.001,1\n")
    let matrix: Matrix<Double> = try FeatureEncoder(fitting: table, excluding: ["y"]).encode(table)
    #expect(matrix.elements == [[0, -1], [0, 1]])
  }

  @Test("What training did not see is counted, and named with what is near to it")
  func unknownCells() throws {
    let table = try fixture.table("c,k,y\nred,p,0\nblue,q,1\nred,,0\n")
    let encoder = try FeatureEncoder(fitting: table, excluding: ["y"])
    let text = "c,k\nread,p\nread,z\nred,q\n,\n"
    for options in [TableOptions(), TableOptions(with: { $0.keepsColumns = false })] {
      let other = try fixture.table(text, options)
      let matrix: Matrix<Double> = try encoder.encode(other)
      let third = 1.0 / 3
      #expect(
        matrix.elements == [
          // blue, red; p, q, missing
          [third, 2 * third, 1, 0, 0], [third, 2 * third, third, third, third], [0, 1, 0, 1, 0],
          [third, 2 * third, 0, 0, 1],
        ])
      #expect(
        other.unknowns.lines == [
          "column \"c\": 2 cells that training did not see, \"read\" (near to \"red\"); each enters as the mean of the training rows",
          "column \"k\": 1 cell that training did not see, \"z\"; each enters as the mean of the training rows",
        ])
    }
  }

  @Test("Labels that are one number are one class")
  func labelsOfOneNumber() throws {
    for text in ["x,y\n1,1\n2,1.0\n3,2\n4,2.00\n", "x,y\n1,a\n2,1.0\n3,1\n4,a\n"] {
      for options in [TableOptions(), TableOptions(with: { $0.keepsColumns = false })] {
        let table = try fixture.table(text, options)
        let targets = try TargetColumns(of: table, columns: ["y"], task: .classification)
        #expect(targets.labels.count == 2, "\(targets.labels)")
        let target = try TargetEncoder(fitting: targets)
        #expect(try target.codes(of: table) == targets.codes)
      }
    }
  }

  @Test("Labels that are booleans are two classes in any case, and found in any")
  func booleanLabels() throws {
    for options in [TableOptions(), TableOptions(with: { $0.keepsColumns = false })] {
      let table = try fixture.table("x,y\n1,TRUE\n2,false\n3,True\n4,FALSE\n", options)
      let targets = try TargetColumns(of: table, columns: ["y"])
      #expect(targets.task == .classification && targets.labels == ["TRUE", "false"])
      #expect(targets.codes == [0, 1, 0, 1])
      let target = try TargetEncoder(fitting: targets)
      let other = try fixture.table("x,y\n1,true\n2,False\n", options)
      #expect(try target.codes(of: other) == [0, 1])
      let stored = try JSONDecoder().decode(
        TargetEncoder.self, from: JSONEncoder().encode(target))
      #expect(try stored == target && stored.codes(of: other) == [0, 1])
    }
  }

  @Test("Names and empty columns are left out with a warning")
  func leftOut() throws {
    var text = "name,x,empty,y\n"
    for row in 0..<40 { text += "N\(row) Q,\(row),,\(row % 2)\n" }
    let table = try fixture.table(text)
    let encoder = try FeatureEncoder(fitting: table, excluding: ["y"])
    #expect(encoder.columns.map(\.name) == ["x"])
    #expect(
      encoder.warnings == [
        "column \"name\" is left out: 40 different texts in 40 rows look like names; call it categorical to keep it",
        "column \"empty\" is left out: it has no value in the training rows",
      ])
    let asked = try fixture.table(text, TableOptions(categorical: ["name"]))
    #expect(try FeatureEncoder(fitting: asked, excluding: ["y"]).outputCount == 41)
  }

  @Test(
    "Categories of more levels than that become their numbers, and so do missing and unknown ones")
  func codes() throws {
    let text = "few,many,x\na,p,1\nb,q,2\na,r,3\nb,,4\n"
    let table = try fixture.table(text)
    let encoder = try FeatureEncoder(fitting: table, excluding: [], mostOneHot: 2)
    #expect(encoder.featureNames == ["few=a", "few=b", "many", "x"])
    let inputs: Matrix<Double> = try encoder.encode(table)
    #expect((0..<4).map { inputs[$0, 2] } == [0, 1, 2, 3])
    // p, q, r, missing, and what nobody knows.
    let others = try Table(columns: [
      ("few", .texts(["a", "b"])), ("many", .texts(["r", "z"])), ("x", .numbers([1, 2])),
    ])
    let found: Matrix<Double> = try encoder.encode(others)
    #expect((0..<2).map { found[$0, 2] } == [2, 4])
    #expect(others.unknowns.lines.count == 1)
    #expect(
      encoder.parts(embedsNumbers: true) == [
        .identity(inputs: 2), .embedding(entries: 5), .waves(inputs: 1),
      ])
    #expect(
      encoder.parts(embedsNumbers: false) == [
        .identity(inputs: 2), .embedding(entries: 5), .identity(inputs: 1),
      ])
    #expect(encoder.categoryInputs.map(\.unknown) == [[0.5, 0.5], [4]])
    let data = try JSONEncoder().encode(encoder)
    #expect(try JSONDecoder().decode(FeatureEncoder.self, from: data) == encoder)
    // Nothing to embed is no layer.
    #expect(try FeatureEncoder(fitting: table, excluding: []).parts(embedsNumbers: false) == nil)
    // A training without missing cells does not tell them from unknown ones.
    let whole = try FeatureEncoder(
      fitting: table, excluding: ["few", "x"], rows: [0, 1, 2], mostOneHot: 2)
    let rows: Matrix<Float> = try whole.encode(table)
    #expect((0..<4).map { rows[$0, 0] } == [0, 1, 2, 3] && whole.features[0].codeCount == 4)
  }

  @Test("Every form reads back from JSON as it was, and impossible ones are refused")
  func json() throws {
    let encoder = try FeatureEncoder(features: [
      .numeric(name: "a\"ü", mean: 0.1 + 0.2, deviation: 1e-300, hasIndicator: true),
      .categorical(name: "c", categories: ["", "x"], shares: [0.25, 0.5, 0.25]),
      .pixels(count: 3, scale: 255),
    ])
    let data = try JSONEncoder().encode(encoder)
    #expect(try JSONDecoder().decode(FeatureEncoder.self, from: data) == encoder)
    for text in [
      #"{"features":[]}"#, #"{"features":[{"kind":"pixels","count":-1,"scale":255}]}"#,
      #"{"features":[{"kind":"pixels","count":9000000000000000000,"scale":255}]}"#,
      #"{"features":[{"kind":"numeric","name":"x","mean":0,"deviation":-1,"indicator":true}]}"#,
      #"{"features":[{"kind":"categorical","name":"x","categories":["a","a"],"shares":[0.5,0.5],"texts":"quoted"}]}"#,
    ] {
      #expect(throws: DecodingError.self) {
        try JSONDecoder().decode(FeatureEncoder.self, from: Data(text.utf8))
      }
    }
  }

  @Test(
    "A column of any finite numbers is standardised, however small or large they are",
    arguments: [
      .leastNonzeroMagnitude, 0x1p-1063, 1e-300, 1e-170, 1e-162, 1, 1e150, 1e155, 1e300, 3e307,
    ])
  func anySize(unit: Double) throws {
    // 0, 1, 2, 3 units and a missing number: the mean is 1.5, the deviation √(5/4).
    let numbers = [0, 1, 2, 3].map { $0 * unit }
    let text = "x,c,y\n" + numbers.map { "\($0),a,\($0)\n" }.joined() + ",b,\(numbers[0])\n"
    let path = try fixture.file(text)
    for options in [TableOptions(), TableOptions(with: { $0.keepsColumns = false })] {
      let table = try Table(contentsOf: path, options: options)
      let rows: [UInt32] = [0, 1, 2, 3]
      let encoder = try FeatureEncoder(fitting: table, excluding: ["y", "c"])
      let target = try TargetEncoder(
        fitting: table, targets: ["y"], task: .regression, rows: rows)
      let inputs: Matrix<Double> = try encoder.encode(table, rows: rows)
      let targets: Matrix<Double> = try target.encode(table, rows: rows)
      for row in rows.indices {
        let expected = (Double(row) - 1.5) / 1.25.squareRoot()
        // The least number of all has no halves.
        let tolerance = unit < 0x1p-1030 ? 0.7 : 1e-13
        #expect(abs(inputs[row, 0] - expected) <= tolerance, "\(inputs.elements)")
        #expect(abs(targets[row, 0] - expected) <= tolerance, "\(targets.elements)")
      }
      #expect(inputs[0, 0] < inputs[1, 0] && inputs[2, 0] < inputs[3, 0])
    }
  }

  @Test("The largest numbers of both signs are standardised")
  func bothSigns() throws {
    let table = try fixture.table("x,y\n1.7e308,1\n-1.7e308,0\n")
    let encoder = try FeatureEncoder(fitting: table, excluding: ["y"])
    #expect((try encoder.encode(table) as Matrix<Float>).elements == [[1], [-1]])
  }

  @Test("Equal numbers have deviation 0 exactly, large shifts do not hurt")
  func moments() {
    var moments = Moments()
    for _ in 0..<10 { moments.add(0.1) }
    #expect(moments.deviation == 0)
    moments = Moments()
    for value in [1e9 + 1, 1e9 + 2, 1e9 + 3] { moments.add(value) }
    #expect(abs(moments.deviation - (2.0 / 3).squareRoot()) < 1e-15)
  }
}

@Suite struct TargetTests {
  let fixture: DataFixture

  init() throws { fixture = try DataFixture() }

  private func targets(
    _ values: [String], name: String = "y", task: LearningTask? = nil
  ) throws -> TargetColumns {
    let text = "x,\(name)\n" + values.map { "1,\($0)\n" }.joined()
    return try TargetColumns(of: fixture.table(text), columns: [name], task: task)
  }

  @Test("The task follows from the target")
  func inference() throws {
    #expect(try targets(["a", "b", "a"]).task == .classification)
    #expect(try targets(["0", "1", "1", "0"]).task == .classification)
    #expect(try targets(["-1", "1", "1", "-1"]).task == .classification)
    #expect(try targets(["1", "2", "3", "4"]).task == .regression)
    #expect(try targets((0..<50).map { "\($0 % 10)" }).task == .classification)
    #expect(try targets((0..<500).map { "\($0 % 21)" }).task == .regression)
    #expect(try targets(["0.5", "1.5", "0.5"]).task == .regression)
    #expect(try targets(["1", "2", "1"], task: .regression).task == .regression)
    let two = try fixture.table("x,a,b\n1,0,yes\n2,1,no\n3,1,no\n")
    #expect(try TargetColumns(of: two, columns: ["a", "b"]).task == .multilabel)
    let numbers = try fixture.table("x,a,b\n1,0,2.5\n2,1,3\n")
    #expect(try TargetColumns(of: numbers, columns: ["a", "b"]).task == .regression)
  }

  @Test("Labels are in order of value if all are numbers, else of scalars")
  func labelOrder() throws {
    #expect(try targets(["10", "9", "10", "9"]).labels == ["9", "10"])
    #expect(try targets(["-1", "1", "-1"]).labels == ["-1", "1"])
    let text = try targets(["b", "a", "Z", "ä", "10"])
    #expect(text.labels == ["10", "Z", "a", "b", "ä"])
    #expect(text.codes == [3, 2, 1, 4, 0])
  }

  @Test("Labels that look like numbers are kept as they are written")
  func labelsAsWritten() throws {
    #expect(try targets(["1.0", "0.0"]).labels == ["0.0", "1.0"])
    let columns = try targets(["007", "1.0", "007", "1.0", "12"], task: .classification)
    #expect(columns.labels == ["1.0", "007", "12"])
    #expect(columns.codes == [1, 0, 1, 0, 2])
    #expect(try targets(["+1", "-1", "+1"]).labels == ["-1", "+1"])
    // At prediction, the same number in another spelling is the same label.
    let encoder = try TargetEncoder(fitting: columns)
    let other = try fixture.table("x,y\n1,7\n1,1\n1,12.0\n")
    #expect(
      (try encoder.encode(other) as Matrix<Float>).elements == [[0, 1, 0], [1, 0, 0], [0, 0, 1]])
  }

  @Test("Two spellings of one Unicode text are one label")
  func spellings() throws {
    // é as one scalar and as two; U+037E is canonically a semicolon.
    let columns = try targets(["caf\u{E9}", "x", "cafe\u{301}", "\u{37E}", ";"])
    #expect(columns.labels.count == 3)
    #expect(columns.values[0] == columns.values[2] && columns.values[3] == columns.values[4])
  }

  @Test("Bad targets are errors")
  func bad() throws {
    let cases: [([String], LearningTask?, String)] = [
      (["a", "a"], nil, "t.csv, column \"y\": every row has the same label \"a\""),
      (["5", "5"], .classification, "t.csv, column \"y\": every row has the same label \"5\""),
      (["a", "", "b"], nil, "t.csv, line 3, column \"y\": the value is missing, but a target"),
      (["1", "2", "NaN"], nil, "t.csv, line 4, column \"y\": the value is missing, but a target"),
      (["1", "2", "abc"], .regression, "t.csv, line 4, column \"y\": \"abc\" is not a number"),
      ((0..<30).map { "n\($0)" }, nil, "t.csv, column \"y\": 30 different labels in 30 rows"),
      (["0", "2"], .multilabel, ""),
      (["0", "1", "2"], .multilabel, "t.csv, column \"y\": a multi"),
    ]
    for (values, task, expected) in cases {
      let message = fixture.message { _ = try targets(values, task: task) }
      #expect(message.hasPrefix(expected) && message.isEmpty == expected.isEmpty, "\(message)")
    }
    #expect(
      fixture.message {
        _ = try TargetColumns(of: fixture.table("x,species\n1,a\n2,b\n"), columns: ["specie"])
      } == "t.csv: there is no column \"specie\"; did you mean \"species\"?")
  }

  @Test("Classes are coded one-hot, zero-one or plus-minus-one, and decoded")
  func classes() throws {
    let columns = try targets(["b", "a", "b"])
    let table = try fixture.table("x,y\n1,b\n1,a\n1,b\n")
    let oneHot = try TargetEncoder(fitting: columns)
    #expect((try oneHot.encode(table) as Matrix<Float>).elements == [[0, 1], [1, 0], [0, 1]])
    let zeroOne = try TargetEncoder(fitting: columns, coding: .zeroOne)
    #expect((try zeroOne.encode(table) as Matrix<Float>).elements == [[1], [0], [1]])
    let hinge = try TargetEncoder(fitting: columns, coding: .plusMinusOne)
    #expect((try hinge.encode(table) as Matrix<Float>).elements == [[1], [-1], [1]])

    let first = try oneHot.decode(Matrix<Float>([[0.25, 0.75], [0.5, 0.5]]))
    #expect((0..<2).map { first.text(row: $0) } == ["b", "a"])
    #expect(first.probabilities == [0.25, 0.75, 0.5, 0.5])
    let second = try zeroOne.decode(Matrix<Float>([[0.75], [0.5]]))
    #expect((0..<2).map { second.text(row: $0) } == ["b", "a"])
    #expect(second.probabilities == [0.25, 0.75, 0.5, 0.5])
    let third = try hinge.decode(Matrix<Float>([[0.1], [-3]]))
    #expect((0..<2).map { third.text(row: $0) } == ["b", "a"])
    #expect(third.probabilities.isEmpty)
  }

  @Test("A label that training did not know is an error with its line")
  func unseen() throws {
    let encoder = try TargetEncoder(fitting: targets(["Adelie", "Gentoo"]))
    let other = try fixture.table("y,x\nGentoo,1\nDodo,2\n")
    #expect(
      fixture.message { let _: Matrix<Float> = try encoder.encode(other) }
        == "t.csv, line 3, column \"y\": the label \"Dodo\" did not occur in training; "
        + "the labels are \"Adelie\", \"Gentoo\"")
    let integers = try TargetEncoder(fitting: targets(["0", "1"]))
    let floats = try fixture.table("x,y\n1,1.0\n1,0.0\n")
    #expect((try integers.encode(floats) as Matrix<Float>).elements == [[0, 1], [1, 0]])
  }

  @Test("Numbers are standardised by the training rows and decoded again")
  func regression() throws {
    let columns = try targets(["1", "1000", "3"], task: .regression)
    let encoder = try TargetEncoder(fitting: columns, rows: [0, 2])
    #expect(encoder.means == [2] && encoder.deviations == [1])
    let table = try fixture.table("x,y\n1,1\n1,1000\n1,3\n")
    let matrix: Matrix<Float> = try encoder.encode(table)
    #expect(matrix.elements == [[-1], [998], [1]])
    let predictions = try encoder.decode(Matrix<Float>([[0.5], [-1.25]]))
    #expect(predictions.text(row: 0) == "2.5" && predictions.text(row: 1) == "0.75")
  }

  @Test("Several yes-or-no columns are coded and decoded each by its own two values")
  func multilabel() throws {
    let table = try fixture.table("x,a,b\n1,0,yes\n2,1,no\n3,1,yes\n")
    let columns = try TargetColumns(of: table, columns: ["a", "b"])
    let encoder = try TargetEncoder(fitting: columns)
    #expect(encoder.pairs == [["0", "1"], ["no", "yes"]])
    #expect(columns.values == [0, 1, 1, 0, 1, 1])
    #expect((try encoder.encode(table) as Matrix<Float>).elements == [[0, 1], [1, 0], [1, 1]])
    let predictions = try encoder.decode(Matrix<Float>([[0.75, 0.25]]))
    #expect((0..<2).map { predictions.text(row: 0, column: $0) } == ["1", "no"])
    #expect(predictions.probabilities == [0.75, 0.25])
  }

  @Test("Every form reads back from JSON as it was, and contradictions are refused")
  func json() throws {
    for encoder in [
      try TargetEncoder(fitting: targets(["a", "b"]), coding: .zeroOne),
      try TargetEncoder(fitting: targets(["0.1", "0.7"]), coding: .standardized),
      try TargetEncoder(
        fitting: TargetColumns(
          of: fixture.table("x,a,b\n1,0,yes\n2,1,no\n"), columns: ["a", "b"])),
    ] {
      let data = try JSONEncoder().encode(encoder)
      #expect(try JSONDecoder().decode(TargetEncoder.self, from: data) == encoder)
    }
    for text in [
      #"{"task":"classification","coding":"one-hot","columns":["y"],"labels":["a"]}"#,
      #"{"task":"classification","coding":"zero-one","columns":["y"],"labels":["a","b","c"]}"#,
      #"{"task":"regression","coding":"standardized","columns":["y"],"labels":[]}"#,
      #"{"task":"regression","coding":"raw","columns":[],"labels":[]}"#,
    ] {
      #expect(throws: DecodingError.self) {
        try JSONDecoder().decode(TargetEncoder.self, from: Data(text.utf8))
      }
    }
  }
}

@Suite struct SplitTests {
  @Test("Every row is in one part, classes in proportion, the total rounded once")
  func stratified() {
    let codes: [UInt32] = (0..<100).map { $0 < 50 ? 0 : $0 < 83 ? 1 : $0 < 99 ? 2 : 3 }
    let split = Split.stratified(codes: codes, fraction: 0.2, seed: 7)
    #expect((split.training + split.validation).sorted() == Array(0..<100))
    #expect(split.training == split.training.sorted())
    #expect(split.validation == split.validation.sorted())
    let counts = (0..<4).map { code in split.validation.count { codes[Int($0)] == code } }
    // Shares 10, 6.6, 3.2, 0.2 of 20: 10 + 6 + 3 and one for the largest remainder.
    #expect(counts == [10, 7, 3, 0])
    #expect(split == Split.stratified(codes: codes, fraction: 0.2, seed: 7))
    #expect(split != Split.stratified(codes: codes, fraction: 0.2, seed: 8))
  }

  @Test("Which of equally large classes gives a row more is drawn, not the first one")
  func ties() {
    // Shares 0.5 each of 2 rows.
    let codes: [UInt32] = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3]
    var seen: Set<UInt32> = []
    for seed in 0..<40 as Range<UInt64> {
      let split = Split.stratified(codes: codes, fraction: 0.1, seed: seed)
      #expect(split.validation.count == 2)
      seen.formUnion(split.validation.map { codes[Int($0)] })
      #expect(split == Split.stratified(codes: codes, fraction: 0.1, seed: seed))
    }
    #expect(seen == [0, 1, 2, 3])
  }

  @Test("A row of every class stays for training, whatever the fraction")
  func extremes() {
    #expect(Split.random(count: 1, fraction: 0.9, seed: 0).validation.isEmpty)
    #expect(Split.random(count: 10, fraction: 0, seed: 0).validation.isEmpty)
    let split = Split.stratified(codes: [0, 0, 1, 1, 2], fraction: 0.99, seed: 0)
    #expect(split.training.count == 3)
  }
}

@Suite struct DatasetTests {
  @Test("A split table is encoded in one pass into two data sets")
  func split() throws {
    let fixture = try DataFixture()
    var text = "x,c,y\n"
    for row in 0..<9000 { text += "\(row),\(row % 3 == 0 ? "a" : "b"),\(row % 2)\n" }
    let table = try fixture.table(text)
    let targets = try TargetColumns(of: table, columns: ["y"])
    let split = Split.stratified(codes: targets.codes ?? [], fraction: 0.25, seed: 3)
    let features = try FeatureEncoder(fitting: table, excluding: ["y"], rows: split.training)
    let target = try TargetEncoder(fitting: targets, rows: split.training)
    let all = try Dataset<Float>(encoding: table, features: features, target: target)
    let parts = try Dataset<Float>.encoding(
      table, features: features, target: target, split: split)
    #expect(parts.training.inputs == all.subset(split.training).inputs)
    #expect(parts.training.targets == all.subset(split.training).targets)
    #expect(parts.validation.inputs == all.subset(split.validation).inputs)
    #expect(parts.validation.targets == all.subset(split.validation).targets)
    #expect(parts.validation.count == 2250)
  }
}
