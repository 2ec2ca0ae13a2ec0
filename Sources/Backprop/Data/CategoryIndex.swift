/// Gives every different string a code, 0, 1, 2, … in order of appearance, without making a `String`
/// of any cell: an open-addressed hash table over one array of bytes.
///
/// Strings are the same if Swift says so, that is canonically: é as one scalar or as e and an accent.
/// A second spelling is entered beside the first, with its code. So is the same number in other digits, "1.0"
/// beside "1" (whole numbers alone, by their digits): "007" and "1.10" are names.
final class CategoryIndex {
  /// What to do with a string that has no code yet.
  enum Unseen {
    /// Give it the next code, up to `limit` codes.
    case add
    /// It is the unknown category.
    case unknown
    /// The table is in error: the labels of classes must be known.
    case error
  }

  static let missing = -1
  static let unknown = -2

  let unseen: Unseen
  let limit: Int
  /// Whether a string was turned away because `limit` codes (or 64 MiB of text) were given.
  private(set) var isFull = false
  /// Number of codes.
  private(set) var count = 0
  private var bytes: [UInt8] = []
  private var starts = [0]
  private var hashes: [UInt64] = []
  private var codes: [Int32] = []
  // Spellings by hash, -1 where empty; the count is a power of two, at most half of it in use.
  private var slots = [Int32](repeating: -1, count: 64)
  // The codes again, for a string in a spelling that is not in the table.
  private var canonical: [String: Int32] = [:]
  /// The codes of categories that are whole numbers, by their digits.
  private var numbers: [String: Int32] = [:]
  /// Words of which each is one category in any case; nil for categories as they are written.
  private let booleans: BooleanWords?
  /// The codes of the words for 0 and for 1.
  private var booleanCodes: [Int: Int32] = [:]
  /// Strings that were asked for and have no code: how many, and the first few.
  private(set) var unknownCount = 0
  private(set) var unknownTexts: [String] = []

  private static let byteLimit = 64 << 20

  /// An index that learns categories.
  ///
  /// - Parameter booleans: The words of which each is one category, in any case; nil for none.
  init(limit: Int, booleans: BooleanWords? = nil) {
    unseen = .add
    self.limit = limit
    self.booleans = booleans
  }

  /// The words of a boolean, in any case: code 0 is no, code 1 is yes.
  init(_ words: BooleanWords) {
    unseen = .unknown
    limit = 2
    booleans = words
    for word in [words.words.no, words.words.yes] {
      var text = word
      text.withUTF8 { add($0, Self.hash($0)) }
    }
  }

  /// An index of known categories: code c is `categories[c]`.
  ///
  /// One that is a number is entered in the shortest form of the number too, for `code(of:numbersAreEqual:)`, unless
  /// an earlier one is; so "1" finds "1.0".
  ///
  /// - Parameter booleans: The words of which each is found in any case; nil for none.
  /// - Precondition: They are all different.
  init(_ categories: [String], unseen: Unseen, booleans: BooleanWords? = nil) {
    self.unseen = unseen
    limit = categories.count
    self.booleans = booleans
    for category in categories {
      var text = category
      text.withUTF8 { add($0, Self.hash($0)) }
    }
    for (code, category) in categories.enumerated() {
      guard var number = number(category) else { continue }
      number.withUTF8 { text in
        let hash = Self.hash(text)
        if find(text, hash) == nil { append(text, hash, Int32(code)) }
      }
    }
  }

  /// The categories in order of their codes, each in its first spelling.
  var categories: [String] {
    var result: [String] = []
    for spelling in codes.indices where Int(codes[spelling]) == result.count {
      result.append(
        String(decoding: bytes[starts[spelling]..<starts[spelling + 1]], as: UTF8.self))
    }
    return result
  }

  /// The code of a string, or `unknown`.
  ///
  /// - Complexity: O(length), if hashes collide no more than by chance.
  func code(of text: UnsafeBufferPointer<UInt8>) -> Int {
    let hash = Self.hash(text)
    if let spelling = find(text, hash) { return Int(codes[spelling]) }
    let hasRoom = bytes.count + text.count <= Self.byteLimit
    // ASCII too must be looked up: the semicolon is canonically equal to U+037E.
    if let code = canonical[String(decoding: text, as: UTF8.self)] {
      if hasRoom { append(text, hash, code) }
      return Int(code)
    }
    let boolean = booleans?.code(of: text)
    if let boolean, let code = booleanCodes[boolean] {
      append(text, hash, code)
      return Int(code)
    }
    guard case .add = unseen else { return Self.unknown }
    let number = Self.number(String(decoding: text, as: UTF8.self))
    if let number, let code = numbers[number] {
      if hasRoom { append(text, hash, code) }
      return Int(code)
    }
    guard count < limit, hasRoom else {
      isFull = true
      return Self.unknown
    }
    if let number { numbers[number] = Int32(count) }
    add(text, hash)
    return count - 1
  }

  /// The digits of the whole number that a category is, "1" of "1" and of "1.00"; nil for any other text, such
  /// as "007", "1.10" and "1e3", which are names.
  static func number(_ text: String) -> String? {
    var bytes = Array(text.utf8)
    if let point = bytes.firstIndex(of: UInt8(ascii: ".")) {
      guard point < bytes.count - 1, bytes[(point + 1)...].allSatisfy({ $0 == UInt8(ascii: "0") })
      else { return nil }
      bytes.removeSubrange(point...)
    }
    let digits = bytes.first == UInt8(ascii: "-") ? bytes.dropFirst() : bytes[...]
    guard let first = digits.first, digits.allSatisfy({ $0 &- 48 <= 9 }),
      first != UInt8(ascii: "0") || digits.count == 1
    else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The number by which a category is found in other digits: of labels, which must be known, in any, "7" for "007".
  private func number(_ text: String) -> String? {
    if case .error = unseen { DecimalNumber.shortestForm(of: text) } else { Self.number(text) }
  }

  /// Counts a cell whose string has no code.
  func noteUnknown(_ text: UnsafeBufferPointer<UInt8>) {
    unknownCount += 1
    guard unknownTexts.count < Self.mostUnknownTexts else { return }
    let text = String(decoding: text, as: UTF8.self)
    if !unknownTexts.contains(text) { unknownTexts.append(text) }
  }

  private static let mostUnknownTexts = 3

  /// The number of a string among those of exactly its bytes, from 0 in order of appearance; nil if
  /// `limit` numbers (or 64 MiB of text) were given. Not to be mixed with codes.
  func spelling(of text: UnsafeBufferPointer<UInt8>) -> Int? {
    let hash = Self.hash(text)
    if let spelling = find(text, hash) { return spelling }
    guard codes.count < limit, bytes.count + text.count <= Self.byteLimit else { return nil }
    append(text, hash, Int32(codes.count))
    return codes.count - 1
  }

  /// Spelling s is bytes[starts[s] ..< starts[s + 1]].
  var allSpellings: (bytes: [UInt8], starts: [Int]) { (bytes, starts) }
  /// Number and bytes of all spellings.
  var spellingCount: Int { codes.count }
  var byteCount: Int { bytes.count }

  func code(of text: String) -> Int {
    var text = text
    return text.withUTF8 { code(of: $0) }
  }

  /// The code of a string, or with `numbersAreEqual` of the same number in other digits.
  func code(of text: UnsafeBufferPointer<UInt8>, numbersAreEqual: Bool) -> Int {
    let code = code(of: text)
    guard code == Self.unknown, numbersAreEqual,
      let number = number(String(decoding: text, as: UTF8.self))
    else { return code }
    return self.code(of: number)
  }

  private func find(_ text: UnsafeBufferPointer<UInt8>, _ hash: UInt64) -> Int? {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: hash) & mask
    while slots[slot] >= 0 {
      let spelling = Int(slots[slot])
      if hashes[spelling] == hash {
        let start = starts[spelling]
        if starts[spelling + 1] - start == text.count {
          var at = 0
          while at < text.count, bytes[start + at] == text[at] { at += 1 }
          if at == text.count { return spelling }
        }
      }
      slot = (slot + 1) & mask
    }
    return nil
  }

  private func add(_ text: UnsafeBufferPointer<UInt8>, _ hash: UInt64) {
    if let boolean = booleans?.code(of: text) { booleanCodes[boolean] = Int32(count) }
    canonical[String(decoding: text, as: UTF8.self)] = Int32(count)
    append(text, hash, Int32(count))
    count += 1
  }

  private func append(_ text: UnsafeBufferPointer<UInt8>, _ hash: UInt64, _ code: Int32) {
    bytes.append(contentsOf: text)
    starts.append(bytes.count)
    hashes.append(hash)
    codes.append(code)
    if 2 * hashes.count > slots.count {
      slots = [Int32](repeating: -1, count: 2 * slots.count)
      for spelling in hashes.indices { enter(spelling) }
    } else {
      enter(hashes.count - 1)
    }
  }

  private func enter(_ spelling: Int) {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: hashes[spelling]) & mask
    while slots[slot] >= 0 { slot = (slot + 1) & mask }
    slots[slot] = Int32(spelling)
  }

  /// FNV-1a (Fowler, Noll, Vo; 64 bits), folded once so that the low bits depend on all bytes.
  private static func hash(_ text: UnsafeBufferPointer<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in text { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return hash ^ (hash >> 32)
  }
}

/// The spellings of an index, by their numbers.
struct CategorySpellings: Sendable {
  private let bytes: [UInt8]
  private let starts: [Int]

  init(_ index: CategoryIndex) { (bytes, starts) = index.allSpellings }

  var count: Int { starts.count - 1 }

  func withBytes<R>(_ spelling: Int, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
    bytes.withUnsafeBufferPointer {
      body(UnsafeBufferPointer(rebasing: $0[starts[spelling]..<starts[spelling + 1]]))
    }
  }
}

/// Categories or labels in the order in which they are numbered: by value if all of them are numbers,
/// else by Unicode scalars.
func orderedCategories(_ categories: [String]) -> [String] {
  let numbers = categories.map(DecimalNumber.value)
  guard numbers.allSatisfy(\.isFinite) else { return categories.sorted(by: precedes) }
  return zip(numbers, categories)
    .sorted { $0.0 != $1.0 ? $0.0 < $1.0 : precedes($0.1, $1.1) }
    .map(\.1)
}

private func precedes(_ left: String, _ right: String) -> Bool {
  left.unicodeScalars.lexicographicallyPrecedes(right.unicodeScalars)
}
