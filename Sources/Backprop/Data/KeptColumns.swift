import Synchronization

/// The columns of a delimited file as its first pass read them, so that later passes need not read the
/// text again.
///
/// Goals, in this order: the values of the text bit for bit, little memory, speed.
///
/// - A number is kept as the integer k of k / 10^f, where f is its column's in a block of rows, less
///   the block's smallest k, in 1, 2 or 4 bytes. The quotient of two integers that a Double holds is
///   rounded once, as the number is when it is read from text, so they are the same. Columns of other
///   numbers (more than 8 digits, exponents, -0) take 8 bytes a number from there on.
/// - A text is kept as the number of its spelling.
/// - Missing values are the lowest integer, or NaN.
/// - A column that begins with numbers and has texts or an infinite number, or that has too many texts, is
///   not kept. Nor do numbers help that are wanted as categories (classes 0 … 9): their spelling stands in the text. A pass
///   reads the text for such columns; for all of its columns, if more than a quarter are such.
///
/// Memory: at most 3/4 of the text's size and a quarter of what can be had, else nothing is kept.
/// Usual numbers take from a quarter to a half of their text.
final class KeptColumns: Sendable {
  enum Kind: Sendable {
    case none
    case numbers
    case texts(CategorySpellings)
  }

  /// Consecutive rows.
  struct Block: Sendable {
    let rows: Int
    let groups: [Group]
    /// For each column of the table its place in the groups, one group behind the other; -1 if none.
    let places: [Int32]
  }

  /// Columns whose values take as many bytes, row by row.
  struct Group: Sendable {
    let width: Int
    let count: Int
    let bytes: [UInt8]
    // Of each column, see `unpackDecimals`; empty for Doubles.
    let bases: [Int32]
    let powers: [Double]
    let missing: [Double]
  }

  let kinds: [Kind]
  private let blocks: Mutex<[Block]?>

  init(kinds: [Kind], blocks: [Block]) {
    self.kinds = kinds
    self.blocks = Mutex(blocks)
  }

  /// Frees the memory; later passes read the file.
  func discard() { blocks.withLock { $0 = nil } }

  /// The blocks; nil after `discard`.
  var all: [Block]? { blocks.withLock { $0 } }
}

extension Table {
  /// Whether a column was kept so that what is requested of it can be had without the text.
  func holds(_ request: ColumnRequest, _ kept: KeptColumns) -> Bool {
    guard request.missing ?? missing == missing else { return false }
    switch (kept.kinds[request.column], request.reading) {
    case (.numbers, .numbers(let style)): return style.readsPlain
    case (.texts, .numbers): return true
    case (.texts, .categories):
      var own = ColumnReading.TextsKept.quoted
      if case .categories(let texts) = columns[request.column].reading { own = texts }
      return request.textsKept == own || request.textsKept == .none
    default: return false
    }
  }
}

extension KeptColumns.Block {
  /// Writes the values of some rows, row-major: numbers, and for texts the numbers of their spellings,
  /// NaN where missing.
  func unpack(
    _ range: Range<Int>, _ requests: [ColumnRequest], into values: UnsafeMutablePointer<Double>
  ) {
    let width = requests.count
    var slot = 0
    while slot < width {
      // Neighbours in a group and in the requests are unpacked together.
      let first = Int(places[requests[slot].column])
      var place = first
      var group = 0
      while place >= groups[group].count {
        place -= groups[group].count
        group += 1
      }
      var count = 1
      while slot + count < width, place + count < groups[group].count,
        Int(places[requests[slot + count].column]) == first + count
      {
        count += 1
      }
      groups[group].unpack(range, place, count, into: values + slot, stride: width)
      slot += count
    }
  }
}

extension KeptColumns.Group {
  fileprivate func unpack(
    _ range: Range<Int>, _ place: Int, _ columns: Int, into values: UnsafeMutablePointer<Double>,
    stride: Int
  ) {
    bytes.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      let source = start + (range.lowerBound * count + place) * width
      if width == 8 {
        for row in 0..<range.count {
          let from = (source + row * count * 8).assumingMemoryBound(to: Double.self)
          (values + row * stride).update(from: from, count: columns)
        }
        return
      }
      bases.withUnsafeBufferPointer { bases in
        powers.withUnsafeBufferPointer { powers in
          missing.withUnsafeBufferPointer { missing in
            Double.kernels.unpack_decimals(
              range.count, columns,
              .init(
                width: width, bases: bases.baseAddress.map { $0 + place },
                powers: powers.baseAddress.map { $0 + place },
                missing: missing.baseAddress.map { $0 + place }),
              .init(start: UnsafeMutableRawPointer(mutating: source), stride: count),
              .init(start: values, stride: stride))
          }
        }
      }
    }
  }
}

extension Table {
  /// What `read` does, from blocks; false if a value is in error, of which the text must tell.
  func read(
    _ blocks: [KeptColumns.Block], _ kept: KeptColumns, _ requests: [ColumnRequest],
    _ rows: [UInt32]?, _ values: UnsafeMutablePointer<Double>, _ capacity: Int,
    _ body: (TableChunk) throws(DataError) -> Void
  ) throws(DataError) -> Bool {
    let width = requests.count
    var decoders: [SpellingDecoder] = []
    var required: [Int] = []
    for (slot, request) in requests.enumerated() {
      if case .texts(let spellings) = kept.kinds[request.column] {
        decoders.append(
          SpellingDecoder(
            slot: slot, request: request, missing: missing, spellings: spellings))
      } else if request.whyRequired != nil, columns[request.column].missing > 0 {
        required.append(slot)
      }
    }
    var delivered = 0
    var first = 0
    for block in blocks {
      for start in stride(from: 0, to: block.rows, by: capacity) {
        let range = start..<min(start + capacity, block.rows)
        var count = range.count
        if let rows {
          // The chosen rows of the range move to its front.
          var end = delivered
          while end < rows.count, Int(rows[end]) < first + range.upperBound { end += 1 }
          count = end - delivered
          if count == 0 { continue }
          block.unpack(range, requests, into: values)
          for offset in 0..<count {
            let from = Int(rows[delivered + offset]) - first - start
            if from != offset {
              (values + offset * width).update(from: values + from * width, count: width)
            }
          }
        } else {
          block.unpack(range, requests, into: values)
        }
        for slot in required {
          for row in 0..<count where values[row * width + slot].isNaN { return false }
        }
        for decoder in decoders.indices {
          guard decoders[decoder].decode(count, values, width) else { return false }
        }
        try body(TableChunk(start: delivered, count: count, width: width, values: values))
        delivered += count
      }
      first += block.rows
    }
    return true
  }
}

/// Turns the numbers of spellings into the codes of an index, or into numbers. A spelling is looked up when
/// a row has it first, so that an index that learns gives codes in the order of the rows.
private struct SpellingDecoder {
  private let slot: Int
  private let request: ColumnRequest
  private let missing: MissingMarkers
  private let spellings: CategorySpellings
  /// Of each spelling; NaN where it was not looked up yet.
  private var values: [Double]
  /// What a missing value is.
  private let missingValue: Double
  private let index: CategoryIndex?

  init(slot: Int, request: ColumnRequest, missing: MissingMarkers, spellings: CategorySpellings) {
    self.slot = slot
    self.request = request
    self.missing = missing
    self.spellings = spellings
    values = [Double](repeating: .nan, count: spellings.count)
    if case .categories(let index, _) = request.reading {
      (missingValue, self.index) = (Double(CategoryIndex.missing), index)
    } else {
      (missingValue, index) = (.nan, nil)
    }
  }

  /// False if a value is in error.
  mutating func decode(
    _ rows: Int, _ chunk: UnsafeMutablePointer<Double>, _ width: Int
  ) -> Bool {
    for row in 0..<rows {
      let place = row * width + slot
      if chunk[place].isNaN {
        if request.whyRequired != nil { return false }
        chunk[place] = missingValue
        continue
      }
      let spelling = Int(chunk[place])
      if values[spelling].isNaN {
        guard let value = spellings.withBytes(spelling, value) else { return false }
        values[spelling] = value
      }
      chunk[place] = values[spelling]
      if chunk[place] == Double(CategoryIndex.unknown), let index {
        spellings.withBytes(spelling) { index.noteUnknown($0) }
      }
    }
    return true
  }

  /// The value of a spelling; nil if it is in error.
  private func value(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
    // What was kept as a text stood in quotes.
    if request.isMissing(text, isQuoted: true, missing) {
      return request.whyRequired == nil ? missingValue : nil
    }
    switch request.reading {
    case .numbers(let style):
      let value = style.value(text)
      if missing.numbers.contains(value) { return request.whyRequired == nil ? .nan : nil }
      return value.isFinite ? value : nil
    case .categories(let index, let numbersAreEqual):
      let code = index.code(of: text, numbersAreEqual: numbersAreEqual)
      if code == CategoryIndex.unknown, case .error = index.unseen { return nil }
      return Double(code)
    }
  }
}
