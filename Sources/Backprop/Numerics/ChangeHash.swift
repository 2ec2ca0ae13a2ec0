/// A fast hash that tells changed numbers from the same ones; it withstands accidents, no attacker.
///
/// Every number is mixed in by a full product whose halves are joined, as wyhash does it (Wang Yi 2019,
/// github.com/wangyi-fudan/wyhash). It is one of numbers, not of bytes: where a piece ends, and how rows are
/// padded, does not matter.
struct ChangeHash {
  private var state: UInt64 = 0xA076_1D64_78BD_642F

  /// - Parameters:
  ///   - rows: Number of rows of what follows.
  ///   - columns: Numbers a row.
  ///   - classes: Number of classes, if the numbers are codes of classes.
  init(rows: Int, columns: Int, classes: Int? = nil) {
    for number in [rows, columns, classes ?? -1] { mix(UInt64(bitPattern: Int64(number))) }
  }

  private mutating func mix(_ word: UInt64) {
    let (high, low) = (state ^ word).multipliedFullWidth(by: 0xE703_7ED1_A0B4_28DB)
    state = high ^ low
  }

  mutating func add<T: Scalar>(_ numbers: UnsafeBufferPointer<T>) {
    let bytes = UnsafeRawBufferPointer(numbers)
    if MemoryLayout<T>.size == MemoryLayout<UInt64>.size {
      bytes.withMemoryRebound(to: UInt64.self) { for word in $0 { mix(word) } }
    } else {
      bytes.withMemoryRebound(to: UInt32.self) { for word in $0 { mix(UInt64(word)) } }
    }
  }

  mutating func add<T: Scalar>(_ numbers: [T]) { numbers.withUnsafeBufferPointer { add($0) } }

  mutating func add<T: Scalar>(_ matrix: Matrix<T>) {
    for row in 0..<matrix.rows {
      add(UnsafeBufferPointer(start: matrix.start + row * matrix.stride, count: matrix.columns))
    }
  }

  /// 16 hexadecimal digits.
  var hexadecimal: String {
    let digits = String(state, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
