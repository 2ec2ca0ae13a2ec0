import CBackprop

/// Collects the columns of a file during its first pass, a block of rows at a time.
struct ColumnKeeper: ~Copyable {
  /// What a column has been up to now.
  private enum Form {
    /// Not kept.
    case none
    case decimals
    case doubles
    case texts
  }

  /// Stops `decimals` at every cell of a column.
  private static let anyCell: UInt8 = 255
  /// Most digits behind the point that `decimals` reads.
  private static let mostFractions = 7
  /// Most spellings of a column of text.
  private static let spellingLimit = 10_000
  private static let missing = Int32.min
  /// Memory of an index without spellings, and of a spelling besides its text, each about.
  private static let bytesOfIndex = 1024
  private static let bytesOfSpelling = 32
  /// Of all spellings together.
  private static let mostTextBytes = 64 << 20

  let columnCount: Int
  private let capacity: Int
  /// Of each column the digits behind the point.
  let fractions: UnsafeMutablePointer<UInt8>
  private var forms: [Form]
  private var indices: [CategoryIndex?]
  // The block that is being filled, row-major, and its columns of Doubles.
  private let integers: UnsafeMutablePointer<Int32>
  private var doubles: [[Double]]
  private var rows = 0
  private var blocks: [KeptColumns.Block] = []
  private var keptBytes = 0
  /// About what the spellings of all columns take.
  private var textBytes = 0
  private var bytesRead = 0
  private let memoryLimit: Int
  /// False from the moment when there is too much to keep.
  private(set) var isKeeping: Bool

  /// - Parameters:
  ///   - orders: What the columns are by the options.
  ///   - keeping: False to keep nothing: then this only helps to read.
  ///   - seesNumbers: False to stop at every cell.
  init(_ orders: [ColumnScan.Order], keeping: Bool, seesNumbers: Bool = true) {
    columnCount = orders.count
    isKeeping = keeping
    capacity = keeping ? max(1, min(4096, 262_144 / orders.count)) : 1
    fractions = .allocate(capacity: orders.count)
    integers = .allocate(capacity: capacity * orders.count)
    integers.initialize(repeating: 0, count: capacity * orders.count)
    forms = orders.map { order in
      switch order {
      case .inferred, .numeric: .decimals
      case .categorical: .texts
      case .ignore: .none
      }
    }
    indices = forms.map { $0 == .texts ? CategoryIndex(limit: Self.spellingLimit) : nil }
    textBytes = indices.reduce(0) { $0 + ($1 == nil ? 0 : Self.bytesOfIndex) }
    doubles = [[Double]](repeating: [], count: orders.count)
    memoryLimit = (Memory.available ?? .max) / 4
    let start = UInt8(keeping ? 0 : Self.mostFractions)
    for (column, form) in forms.enumerated() {
      fractions[column] = form == .decimals && seesNumbers ? start : Self.anyCell
    }
  }

  deinit {
    fractions.deallocate()
    integers.deallocate()
  }

  /// Most digits behind the points of a column of decimals; nil where it is not kept as such.
  func fractionDigits(_ column: Int) -> Int? {
    isKeeping && forms[column] == .decimals && fractions[column] <= Self.mostFractions
      ? Int(fractions[column]) : nil
  }

  /// Where the decimals of the current row go.
  var row: UnsafeMutablePointer<Int32> { integers + rows * columnCount }
  /// The largest magnitude of a decimal.
  var limit: UInt64 { isKeeping ? UInt64(Int32.max) : .max }

  // MARK: Cells at which the decimals stopped

  /// A number that is no decimal of its column as that has been up to now.
  mutating func keep(_ number: Double, _ text: UnsafeBufferPointer<UInt8>, _ column: Int) {
    guard isKeeping else { return }
    switch forms[column] {
    case .none: break
    case .texts: keep(text: text, column)
    case .doubles:
      // Of what is no number the text must tell.
      guard number.isFinite else { return drop(column) }
      doubles[column][rows] = number
    case .decimals:
      guard number.isFinite else { return drop(column) }
      if let decimal = widened(for: number, column) {
        row[column] = decimal
      } else {
        becomeDoubles(column)
        doubles[column][rows] = number
      }
    }
  }

  mutating func keepMissing(_ column: Int) {
    guard isKeeping else { return }
    switch forms[column] {
    case .none: break
    case .doubles: doubles[column][rows] = .nan
    case .decimals, .texts: row[column] = Self.missing
    }
  }

  /// - Parameter isFirst: Whether the column has had no value yet.
  /// - Returns: False if the column is known to have had this very text before.
  @discardableResult
  mutating func keep(
    text: UnsafeBufferPointer<UInt8>, _ column: Int, isFirst: Bool = false
  ) -> Bool {
    guard isKeeping, forms[column] != .none else { return true }
    if isFirst {
      forms[column] = .texts
      indices[column] = CategoryIndex(limit: Self.spellingLimit)
      fractions[column] = Self.anyCell
      textBytes += Self.bytesOfIndex
    }
    let before = indices[column]?.byteCount ?? 0
    guard let index = indices[column], let spelling = index.spelling(of: text) else {
      drop(column)
      return true
    }
    row[column] = Int32(spelling)
    guard index.byteCount > before else { return false }
    textBytes += index.byteCount - before + Self.bytesOfSpelling
    // A row may have a million columns, and a block a text in each cell.
    if textBytes > min(Self.mostTextBytes, memoryLimit) { keepNothing() }
    return true
  }

  /// Ends a row.
  ///
  /// - Parameter bytesRead: How much text has been read up to now.
  @inline(__always)
  mutating func endRow(bytesRead: Int) {
    guard isKeeping else { return }
    self.bytesRead = bytesRead
    rows += 1
    if rows == capacity { endBlock() }
  }

  /// What has been kept; nil if that would have been too much.
  consuming func columns(bytesRead: Int) -> KeptColumns? {
    self.bytesRead = bytesRead
    if isKeeping, rows > 0 { endBlock() }
    guard isKeeping else { return nil }
    let kinds = forms.indices.map { column -> KeptColumns.Kind in
      switch forms[column] {
      case .none: .none
      case .decimals, .doubles: .numbers
      case .texts: indices[column].map { .texts(CategorySpellings($0)) } ?? .none
      }
    }
    return KeptColumns(kinds: kinds, blocks: blocks)
  }

  // MARK: Forms of columns

  /// Keeps a column no longer: the text must tell.
  mutating func drop(_ column: Int) {
    guard isKeeping else { return }
    if let index = indices[column] {
      textBytes -= index.byteCount + index.spellingCount * Self.bytesOfSpelling + Self.bytesOfIndex
    }
    forms[column] = .none
    fractions[column] = Self.anyCell
    indices[column] = nil
    doubles[column] = []
  }

  /// The decimal of a cell that does not look like one ("1.2e-05") or has more digits behind the point
  /// than those before it, which are scaled to as many. Nil if it is none, or if one of them then is
  /// too large.
  private mutating func widened(for number: Double, _ column: Int) -> Int32? {
    let old = fractions[column]
    for fraction in old...UInt8(Self.mostFractions) {
      let power = Self.power(fraction)
      let multiple = (number * power).rounded()
      guard abs(multiple) <= Double(Int32.max) else { return nil }
      // The sign too, of which 0 has none as an integer.
      let decimal = Int32(multiple)
      guard (Double(decimal) / power).bitPattern == number.bitPattern else { continue }
      // Nothing to scale: so with each cell of a column of more than 8 digits, as of Unix times.
      if fraction == old { return decimal }
      let factor = Int64(power / Self.power(old))
      let cells = stride(from: column, to: rows * columnCount, by: columnCount)
      for cell in cells where integers[cell] != Self.missing {
        if abs(Int64(integers[cell]) * factor) > Int64(Int32.max) { return nil }
      }
      // Not `*=`, which the compiler of Swift 6.3 breaks off at under the thread sanitizer.
      for cell in cells where integers[cell] != Self.missing {
        integers[cell] = integers[cell] * Int32(factor)
      }
      fractions[column] = fraction
      return decimal
    }
    return nil
  }

  /// The rows of this block become Doubles, and so will all that follow.
  private mutating func becomeDoubles(_ column: Int) {
    var values = [Double](repeating: .nan, count: capacity)
    let power = Self.power(fractions[column])
    for row in 0..<rows {
      let integer = integers[row * columnCount + column]
      if integer != Self.missing { values[row] = Double(integer) / power }
    }
    doubles[column] = values
    forms[column] = .doubles
    fractions[column] = Self.anyCell
  }

  private static func power(_ fraction: UInt8) -> Double {
    var power = 1.0
    for _ in 0..<fraction { power *= 10 }
    return power
  }

  // MARK: Blocks

  private mutating func endBlock() {
    let block = packed()
    for group in block.groups { keptBytes += group.bytes.count + 20 * group.count }
    keptBytes += 4 * columnCount
    rows = 0
    blocks.append(block)
    // A megabyte is always kept.
    if keptBytes + textBytes > min(max(bytesRead / 4 * 3, 1 << 20), memoryLimit) { keepNothing() }
  }

  /// From here on, and none of what was; also in the middle of a row.
  private mutating func keepNothing() {
    blocks = []
    for column in forms.indices {
      let isKept = forms[column] == .decimals || forms[column] == .doubles
      drop(column)
      if isKept { fractions[column] = UInt8(Self.mostFractions) }
    }
    isKeeping = false
  }

  private func packed() -> KeptColumns.Block {
    var smallest = [Int32](repeating: 0, count: columnCount)
    var largest = smallest
    var missing = smallest
    bp_decimal_ranges(rows, columnCount, integers, &smallest, &largest, &missing)
    // Columns by the bytes of a value: 1, 2, 4, 8.
    var members: [[Int]] = [[], [], [], []]
    for column in 0..<columnCount {
      switch forms[column] {
      case .none: break
      case .doubles: members[3].append(column)
      case .decimals, .texts:
        let span = Int(largest[column]) - Int(smallest[column])
        // The lowest integer is that of a missing value.
        let free = 255 - Int(missing[column])
        members[span <= free ? 0 : span <= free + 65_280 ? 1 : 2].append(column)
      }
    }
    var places = [Int32](repeating: -1, count: columnCount)
    var groups: [KeptColumns.Group] = []
    var place: Int32 = 0
    for (exponent, columns) in members.enumerated() where !columns.isEmpty {
      for column in columns {
        places[column] = place
        place += 1
      }
      let width = 1 << exponent
      if width == 8 {
        groups.append(group(ofDoubles: columns))
        continue
      }
      let lowest = width == 4 ? Int(Int32.min) : -1 << (8 * width - 1)
      let bases = columns.map { column -> Int32 in
        // All missing: any base.
        if width == 4 || smallest[column] > largest[column] { return 0 }
        return Int32(truncatingIfNeeded: Int(smallest[column]) - lowest - Int(missing[column]))
      }
      groups.append(
        KeptColumns.Group(
          width: width, count: columns.count, bytes: packed(columns, width, bases), bases: bases,
          powers: columns.map { forms[$0] == .texts ? 1 : Self.power(fractions[$0]) },
          missing: zip(columns, bases).map { column, base in
            missing[column] > 0 ? Double(Int32(lowest) &+ base) : .nan
          }))
    }
    return KeptColumns.Block(rows: rows, groups: groups, places: places)
  }

  private func packed(_ columns: [Int], _ width: Int, _ bases: [Int32]) -> [UInt8] {
    let size = rows * columns.count * width
    return [UInt8](unsafeUninitializedCapacity: size) { target, count in
      guard let start = target.baseAddress else { return }
      var first = 0
      while first < columns.count {
        var end = first + 1
        while end < columns.count, columns[end] == columns[end - 1] + 1 { end += 1 }
        bases.withUnsafeBufferPointer { bases in
          bp_pack_decimals(
            rows, end - first, integers + columns[first], columnCount,
            bases.baseAddress.map { $0 + first }, width,
            UnsafeMutableRawPointer(start + first * width), columns.count)
        }
        first = end
      }
      count = size
    }
  }

  private func group(ofDoubles columns: [Int]) -> KeptColumns.Group {
    let size = rows * columns.count * 8
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { target, count in
      let values = UnsafeMutableRawBufferPointer(target)
      for (place, column) in columns.enumerated() {
        for row in 0..<rows {
          values.storeBytes(
            of: doubles[column][row], toByteOffset: (row * columns.count + place) * 8,
            as: Double.self)
        }
      }
      count = size
    }
    return KeptColumns.Group(
      width: 8, count: columns.count, bytes: bytes, bases: [], powers: [], missing: [])
  }
}
