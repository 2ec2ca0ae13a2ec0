/// Formats that are not read, named as what they are, with one line that converts them.
enum ForeignFormat {
  /// The error about a file in another format, by its beginning; nil if it may be a text.
  ///
  /// - Parameter head: The first bytes of the file, some hundred.
  static func error(_ head: [UInt8], path: String) -> DataError? {
    guard let (name, remedy) = format(head, path) else { return nil }
    return DataError(file: path, "is \(name), which is not read", remedy: remedy)
  }

  private static func format(_ head: [UInt8], _ path: String) -> (name: String, remedy: String)? {
    func begins(_ bytes: [UInt8]) -> Bool { head.starts(with: bytes) }
    func begins(_ text: String) -> Bool { head.starts(with: text.utf8) }
    // Letters may as well be the first cell of a text; what follows tells.
    let isBinary = head.contains { $0 < 32 && !(8...13).contains($0) && $0 != 27 }
    if isBinary {
      if begins("PAR1") || begins("PARE") { return pandas("a Parquet file", "read_parquet", path) }
      if begins("ARROW1") || begins("FEA1") || begins([0xFF, 0xFF, 0xFF, 0xFF]) {
        return pandas("an Arrow or Feather file", "read_feather", path)
      }
      if begins("ORC") { return pandas("an ORC file", "read_orc", path) }
      if begins("SQLite format 3\0") {
        return (
          "an SQLite database",
          "convert a table of it: sqlite3 -header -csv \(quoted(path, "'")) "
            + "'select * from NAME' > \(output(path))"
        )
      }
      if begins([0x89] + "HDF\r\n".utf8 + [0x1A, 0x0A]) {
        return pandas("an HDF5 file", "read_hdf", path)
      }
      if begins([0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]) {
        return pandas("an Excel workbook", "read_excel", path)
      }
      if head.count > 2, head[0] == 0x80, (2...5).contains(head[1]) {
        return (
          "a pickle, and could run whatever it holds",
          "if it is yours, " + pandas("", "read_pickle", path).remedy
        )
      }
      if head.count > 9, head[8] == UInt8(ascii: "{"), head[5] == 0, head[6] == 0, head[7] == 0 {
        return ("a safetensors file", "give a file of data; a model comes before it")
      }
    }
    return text(head, path)
  }

  /// Formats of text that are no delimited text.
  private static func text(_ head: [UInt8], _ path: String) -> (name: String, remedy: String)? {
    let bom: [UInt8] = [0xEF, 0xBB, 0xBF]
    let text = (head.starts(with: bom) ? head.dropFirst(3) : head[...]).drop {
      $0 == 32 || (9...13).contains($0)
    }
    guard let first = text.first else { return nil }
    let next = text.dropFirst().first { $0 != 32 && !(9...13).contains($0) }
    if first == UInt8(ascii: "{"), next == UInt8(ascii: "\"") || next == UInt8(ascii: "}") {
      // Documents one below the other, or one that goes on.
      let line = text.prefix { $0 != 10 && $0 != 13 }
      let isWhole = line.last { $0 != 32 } == UInt8(ascii: "}")
      return pandas(
        isWhole ? "JSON lines" : "JSON", "read_json", path, isWhole ? ", lines=True" : "")
    }
    if first == UInt8(ascii: "["), let next, [UInt8](" {[\"".utf8).contains(next),
      text.count > 1
    {
      return pandas("JSON", "read_json", path)
    }
    let word = String(decoding: text.prefix(14), as: UTF8.self).lowercased()
    if ["<!doctype html", "<html", "<head", "<body", "<table"].contains(where: word.hasPrefix) {
      return pandas("an HTML page", "read_html", path, "", part: "[0]")
    }
    if word.hasPrefix("<?xml") { return pandas("XML", "read_xml", path) }
    return nil
  }

  /// The error about a zip archive that holds no arrays, by the names of its members.
  static func error(members: [String], path: String) -> DataError? {
    guard !members.contains(where: { $0.hasSuffix(".npy") }) else { return nil }
    func has(_ start: String) -> Bool { members.contains { $0.hasPrefix(start) } }
    let format: (name: String, remedy: String)
    if has("xl/") {
      format = pandas("an Excel workbook", "read_excel", path)
    } else if has("content.xml") {
      format = pandas("an OpenDocument spreadsheet", "read_excel", path)
    } else if members.contains(where: { $0.hasSuffix("data.pkl") }) {
      format = (
        "a file of PyTorch", "save arrays: numpy.savez('f.npz', x=x.numpy(), y=y.numpy())"
      )
    } else if let member = members.first(where: { !$0.hasSuffix("/") }) {
      return DataError(
        file: path, "is a zip archive without arrays (.npy), which is not read",
        remedy: "unpack it: unzip \(quoted(path, "'")), and give what it holds, such as "
          + member.shown())
    } else {
      return nil
    }
    return DataError(file: path, "is \(format.name), which is not read", remedy: format.remedy)
  }

  /// The line that makes a file of text UTF-8.
  static func recoding(_ encoding: String, _ path: String) -> String {
    "iconv -f \(encoding) -t UTF-8 \(quoted(path, "'")) > \(output(path, "-utf8"))"
  }

  private static func pandas(
    _ name: String, _ function: String, _ path: String, _ options: String = "", part: String = ""
  ) -> (name: String, remedy: String) {
    (
      name,
      "convert it: python3 -c 'import pandas as pd; pd.\(function)(\(quoted(path, "\""))\(options))"
        + "\(part).to_csv(\(quoted(output(path), "\"")), index=False)'"
    )
  }

  /// A path as a shell takes it, in quotes where it needs them; a name that would break out of them is
  /// replaced by a plain one.
  private static func quoted(_ path: String, _ quote: String) -> String {
    let isPlain = path.utf8.allSatisfy { byte in
      (48...57).contains(byte) || (97...122).contains(byte | 32)
        || [UInt8]("-_./".utf8).contains(byte)
    }
    if quote == "'", isPlain, !path.hasPrefix("-") { return path }
    let isSafe =
      path.utf8.allSatisfy { $0 >= 32 && $0 != 127 && ![UInt8]("'\"\\".utf8).contains($0) }
      && !path.hasPrefix("-")
    return quote + (isSafe ? path : "FILE") + quote
  }

  /// What to call the converted file: in the folder where one works.
  private static func output(_ path: String, _ addition: String = "") -> String {
    let name = Folder.split(path).name
    let stem = name.lastIndex(of: ".").map { name[..<$0] } ?? name[...]
    let isPlain =
      !stem.isEmpty && !stem.hasPrefix("-")
      && stem.utf8.allSatisfy {
        (48...57).contains($0) || (97...122).contains($0 | 32) || $0 == 95
          || $0 == 45 || $0 == 46
      }
    return (isPlain ? stem : "data") + addition + ".csv"
  }
}
