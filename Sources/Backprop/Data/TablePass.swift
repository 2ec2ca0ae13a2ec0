/// How a cell becomes a number.
enum CellStyle: Hashable, Sendable {
  case number(NumberStyle)
  case date(DateStyle)

  static let plain = CellStyle.number(.plain)

  /// Whether a plain decimal is the number that it looks like.
  var readsPlain: Bool {
    if case .number(let style) = self { style.readsPlain } else { false }
  }

  /// The number of a cell that is not missing; NaN if it is none of this style.
  func value(_ text: UnsafeBufferPointer<UInt8>) -> Double {
    switch self {
    case .number(let style):
      if style.readsPlain, let start = text.baseAddress {
        let value = DecimalNumber.value(start, text.count)
        if !value.isNaN { return value }
      }
      return style.value(text)
    case .date(let style): return style.value(text)
    }
  }

  /// What the cells should be.
  var noun: String {
    if case .date = self { "date" } else { "number" }
  }
}

/// What a pass over a table wants of one column.
struct ColumnRequest {
  enum Reading {
    /// The number; a text is an error.
    case numbers(CellStyle = .plain)
    /// The code of the text in an index. With `numbersAreEqual`, a text without a code is looked up
    /// once more in the shortest form of its number: "1.0" then finds "1", and "1" finds "1.0".
    case categories(CategoryIndex, numbersAreEqual: Bool = false)
  }

  var column: Int
  var reading: Reading
  /// Why a missing value is an error; nil if it is none.
  var whyRequired: String?
  /// Which cells that look missing are texts.
  var textsKept = ColumnReading.TextsKept.none
  /// What stands for a missing value; nil for what does in the table.
  var missing: MissingMarkers?

  /// Whether a cell has no value.
  @inline(__always)
  func isMissing(
    _ text: UnsafeBufferPointer<UInt8>, isQuoted: Bool, _ missing: MissingMarkers
  ) -> Bool {
    if MissingMarkers.isBlank(text) { return true }
    switch textsKept {
    case .all: return false
    case .quoted where isQuoted, .signs where isQuoted: return missing.matchesAdded(text)
    case .signs where text.count == 1 && text[0] == UInt8(ascii: "-"): return false
    case .none, .quoted, .signs: return missing.matches(text)
    }
  }
}

/// Some consecutive rows of a pass: `count` rows of `width` values, row-major. Numbers are NaN where
/// missing; categories are codes of their index, or `CategoryIndex.missing` or `.unknown`.
struct TableChunk {
  /// Readable values behind the last one, as kernels want them.
  static let slack = 16

  /// Number of rows that the pass delivered before these.
  let start: Int
  let count: Int
  let width: Int
  let values: UnsafePointer<Double>
}

extension Table {
  /// Reads the requested columns, in chunks of some thousand values.
  ///
  /// - Parameters:
  ///   - requests: The columns, in the order in which a chunk holds them.
  ///   - rows: The rows to deliver, in any order, also repeatedly; nil for all. Of a file those that do
  ///     not ascend are held meanwhile, 8 bytes a value.
  ///   - body: Receives each chunk; the memory is used again for the next one.
  /// - Throws: `DataError` for a bad cell or a file that changed since it was opened, and what `body`
  ///   throws.
  /// - Precondition: The table has the rows.
  func read(
    _ requests: [ColumnRequest], rows: [UInt32]? = nil,
    _ body: (TableChunk) throws(DataError) -> Void
  ) throws(DataError) {
    if let rows {
      precondition(
        rows.allSatisfy { Int($0) < rowCount }, "a row past the last of \(rowCount) rows")
      if isStreamed, zip(rows, rows.dropFirst()).contains(where: { $0 >= $1 }) {
        return try read(requests, unordered: rows, body)
      }
    }
    let width = requests.count
    let capacity = max(1, min(4096, 65_536 / max(1, width)))
    let size = capacity * max(1, width)
    let values = UnsafeMutablePointer<Double>.allocate(capacity: size + TableChunk.slack)
    (values + size).initialize(repeating: 0, count: TableChunk.slack)
    defer { values.deallocate() }
    switch source {
    case .delimited(let file):
      if let kept, let blocks = kept.all {
        let others = requests.indices.filter { !holds(requests[$0], kept) }
        if others.isEmpty || 4 * others.count <= width {
          try file.checkIdentity()
          let isRead =
            others.isEmpty
            ? try read(blocks, kept, requests, rows, values, capacity, body)
            : try read(file, others, blocks, kept, requests, rows, values, capacity, body)
          if isRead { return }
          // The text knows the line, and which error comes first.
          try read(file, requests, rows, values, capacity) { (_) throws(DataError) in }
          throw file.changed
        }
      }
      try read(file, requests, rows, values, capacity, body)
    case .memory(let memory):
      var start = 0
      let total = rows?.count ?? rowCount
      while start < total {
        let count = min(capacity, total - start)
        for (slot, request) in requests.enumerated() {
          try fill(
            memory[request.column], request, start..<(start + count), rows, values + slot, width)
        }
        try body(TableChunk(start: start, count: count, width: width, values: values))
        start += count
      }
    }
  }

  /// Reads rows of a file as they stand in it, each once, and then deals them in the order asked for.
  private func read(
    _ requests: [ColumnRequest], unordered rows: [UInt32],
    _ body: (TableChunk) throws(DataError) -> Void
  ) throws(DataError) {
    let width = requests.count
    var places = [UInt32](repeating: .max, count: rowCount)
    for row in rows { places[Int(row)] = 0 }
    let ascending = places.indices.filter { places[$0] == 0 }.map { UInt32($0) }
    for (place, row) in ascending.enumerated() { places[Int(row)] = UInt32(place) }
    try requireMemory(rows: ascending.count, columns: width, Double.self)
    var held: [Double] = []
    held.reserveCapacity(ascending.count * width + TableChunk.slack)
    try read(requests, rows: ascending) { (chunk) throws(DataError) in
      held.append(
        contentsOf: UnsafeBufferPointer(start: chunk.values, count: chunk.count * width))
    }
    held.append(contentsOf: repeatElement(0, count: TableChunk.slack))
    try held.withUnsafeBufferPointer { (held) throws(DataError) in
      guard let start = held.baseAddress else { return }
      for (position, row) in rows.enumerated() {
        try body(
          TableChunk(
            start: position, count: 1, width: width, values: start + Int(places[Int(row)]) * width))
      }
    }
  }

  /// Reads the columns `others`, which are few, from the text and keeps them meanwhile, 8 bytes a value;
  /// then all the others from blocks. False if a value is in error.
  private func read(
    _ file: DelimitedFile, _ others: [Int], _ blocks: [KeptColumns.Block], _ kept: KeptColumns,
    _ requests: [ColumnRequest], _ rows: [UInt32]?, _ values: UnsafeMutablePointer<Double>,
    _ capacity: Int, _ body: (TableChunk) throws(DataError) -> Void
  ) throws(DataError) -> Bool {
    let width = requests.count
    let held = requests.indices.filter { holds(requests[$0], kept) }
    let total = rows?.count ?? rowCount
    try requireMemory(rows: total, columns: others.count, Double.self)
    var texts: [Double] = []
    texts.reserveCapacity(total * others.count)
    do throws(DataError) {
      try read(file, others.map { requests[$0] }, rows, values, capacity) {
        (chunk) throws(DataError) in
        texts.append(
          contentsOf: UnsafeBufferPointer(start: chunk.values, count: chunk.count * chunk.width))
      }
    } catch {
      return false
    }
    let size = capacity * width
    let merged = UnsafeMutablePointer<Double>.allocate(capacity: size + TableChunk.slack)
    (merged + size).initialize(repeating: 0, count: TableChunk.slack)
    defer { merged.deallocate() }
    return try read(blocks, kept, held.map { requests[$0] }, rows, values, capacity) {
      (chunk) throws(DataError) in
      for row in 0..<chunk.count {
        let (from, to) = (chunk.values + row * chunk.width, merged + row * width)
        for (place, slot) in held.enumerated() { to[slot] = from[place] }
        let first = (chunk.start + row) * others.count
        for (place, slot) in others.enumerated() { to[slot] = texts[first + place] }
      }
      try body(TableChunk(start: chunk.start, count: chunk.count, width: width, values: merged))
    }
  }

  private func read(
    _ file: DelimitedFile, _ requests: [ColumnRequest], _ rows: [UInt32]?,
    _ values: UnsafeMutablePointer<Double>, _ capacity: Int,
    _ body: (TableChunk) throws(DataError) -> Void
  ) throws(DataError) {
    let width = requests.count
    let total = rows?.count ?? rowCount
    // Flat copies, so that the loop over cells touches nothing that is counted.
    let plans = UnsafeMutablePointer<(column: Int, isNumber: Bool)>.allocate(capacity: width)
    defer { plans.deallocate() }
    for (slot, request) in requests.enumerated() {
      var isNumber = false
      if case .numbers(let style) = request.reading {
        isNumber = style.readsPlain && (request.missing ?? missing).numbers.isEmpty
      }
      plans[slot] = (request.column, isNumber)
    }
    var reader = try file.open()
    var row = 0
    var delivered = 0
    var pending = 0
    while try reader.next() {
      try file.checkWidth(reader)
      guard row < rowCount else { throw file.changed }
      if let rows {
        if delivered + pending == total { break }
        if rows[delivered + pending] != row {
          row += 1
          continue
        }
      }
      row += 1
      let target = values + pending * width
      for slot in 0..<width {
        let bytes = reader.bytes(plans[slot].column)
        if plans[slot].isNumber, let start = bytes.baseAddress {
          let number = DecimalNumber.value(start, bytes.count)
          if number.isFinite {
            target[slot] = number
            continue
          }
        }
        target[slot] = try unusual(
          bytes, isQuoted: reader.isQuoted(plans[slot].column), requests[slot], .line(reader.line))
      }
      pending += 1
      if pending == capacity {
        try body(TableChunk(start: delivered, count: pending, width: width, values: values))
        delivered += pending
        pending = 0
      }
    }
    if pending > 0 {
      try body(TableChunk(start: delivered, count: pending, width: width, values: values))
    }
    guard delivered + pending == total else { throw file.changed }
  }

  /// The value of a cell that is not simply a number: a category, a missing value, an error.
  @inline(never)
  private func unusual(
    _ bytes: UnsafeBufferPointer<UInt8>, isQuoted: Bool, _ request: ColumnRequest,
    _ place: DataError.Place
  ) throws(DataError) -> Double {
    if request.isMissing(bytes, isQuoted: isQuoted, request.missing ?? missing) {
      return try missingValue(request, place)
    }
    return try value(bytes, request, place)
  }

  /// The value of a cell that is not missing.
  private func value(
    _ bytes: UnsafeBufferPointer<UInt8>, _ request: ColumnRequest, _ place: DataError.Place
  ) throws(DataError) -> Double {
    switch request.reading {
    case .numbers(let style):
      let value = style.value(bytes)
      if value.isFinite {
        let isMissing = (request.missing ?? missing).numbers.contains(value)
        return isMissing ? try missingValue(request, place) : value
      }
      throw notANumber(String(decoding: bytes, as: UTF8.self), style, request.column, place)
    case .categories(let index, let numbersAreEqual):
      let code = index.code(of: bytes, numbersAreEqual: numbersAreEqual)
      if code == CategoryIndex.unknown {
        if case .error = index.unseen {
          throw unseen(String(decoding: bytes, as: UTF8.self), index, request.column, place)
        }
        index.noteUnknown(bytes)
      }
      return Double(code)
    }
  }

  private func fill(
    _ column: MemoryColumn, _ request: ColumnRequest, _ range: Range<Int>, _ rows: [UInt32]?,
    _ target: UnsafeMutablePointer<Double>, _ stride: Int
  ) throws(DataError) {
    let markers = request.missing ?? missing
    if case .numbers = request.reading, case .array(let array, let first, let step) = column,
      rows == nil, request.whyRequired == nil, markers.numbers.isEmpty
    {
      array.copy(
        from: first + range.lowerBound * step, step: step, count: range.count, to: target,
        stride: stride)
      return
    }
    for (offset, position) in range.enumerated() {
      let row = rows.map { Int($0[position]) } ?? position
      let place = self.place(ofRow: row)
      if case .numbers = request.reading, !column.isText {
        let number = column.number(row)
        let isMissing = number.isNaN || markers.numbers.contains(number)
        target[offset * stride] = isMissing ? try missingValue(request, place) : number
        continue
      }
      // A text in memory is one that a file has in quotes.
      guard let text = column.text(row),
        !text.withBytes({ request.isMissing($0, isQuoted: true, markers) })
      else {
        target[offset * stride] = try missingValue(request, place)
        continue
      }
      target[offset * stride] = try text.withBytes { (bytes) throws(DataError) in
        try value(bytes, request, place)
      }
    }
  }

  // MARK: Errors

  private func missingValue(
    _ request: ColumnRequest, _ place: DataError.Place
  ) throws(DataError) -> Double {
    if let reason = request.whyRequired {
      throw DataError(
        file: file, place: place, column: columns[request.column].name,
        "the value is missing, but \(reason)",
        remedy:
          "fill it in or remove the row; if a text such as NA is meant, keep the texts of the column"
      )
    }
    if case .numbers = request.reading { return .nan }
    return Double(CategoryIndex.missing)
  }

  private func notANumber(
    _ text: String, _ style: CellStyle, _ column: Int, _ place: DataError.Place
  ) -> DataError {
    if MissingMarkers.isInfinite(text) {
      return Self.infinite(text, file, place, columns[column].name)
    }
    return DelimitedFile.notANumber(
      text, as: style.noun, file: file, place, column: columns[column].name)
  }

  private func unseen(
    _ text: String, _ index: CategoryIndex, _ column: Int, _ place: DataError.Place
  ) -> DataError {
    DataError(
      file: file, place: place, column: columns[column].name,
      "the label \(text.quoted) did not occur in training",
      remedy: "the labels are \(DataError.list(index.categories))")
  }
}
