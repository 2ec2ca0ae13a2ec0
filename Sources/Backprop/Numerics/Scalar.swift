import CBackprop

// What crosses into the C kernels, in one file: the element type and its table of kernels, the memory
// they work on and the pool that runs them. The closed sets that kernels share with Swift are named
// where they are defined: `Network/Kernels.swift`, `Training/OptimizerKernel.swift`.

/// The element type of a network: exactly `Float` and `Double`.
///
/// Training is in `Float`; the gradient check runs the same equations in `Double`. Generic code
/// orchestrates per layer; every element loop is a kernel, compiled for both.
public protocol Scalar: BinaryFloatingPoint, LosslessStringConvertible, Codable, BitwiseCopyable,
  Sendable
where RawSignificand: FixedWidthInteger {
  /// "float" or "double", as files and the command line spell it.
  static var precisionName: String { get }
}

extension Scalar {
  /// The shortest text that reads back to the same bits, without ".0" behind a whole number; "NaN",
  /// "Infinity" and "-Infinity" for what is no number.
  package var shortestText: String {
    guard isFinite else { return isNaN ? "NaN" : self < 0 ? "-Infinity" : "Infinity" }
    var text = description
    let isWhole = text.withUTF8 {
      $0.count > 2 && $0[$0.count - 1] == 0x30 && $0[$0.count - 2] == 0x2E
    }
    if isWhole { text.unicodeScalars.removeLast(2) }
    return text
  }
}

/// Rows that are read next: kernels fetch them on the way.
package typealias RowsAhead = bp_rows
/// Some rows of a tensor.
typealias KernelPanels = bp_panels
/// The same with the rate, the decay and the ε that a step of an optimiser has for them.
typealias UpdateSpan = bp_span

/// The order of a sum over rows.
typealias SumOverBlocks = bp_blocks

extension Scalar {
  /// The kernels for this type, of the instruction set that is active. Their names and contracts
  /// stand in `CBackpropKernels.h`.
  @inline(__always)
  package static var kernels: bp_kernels {
    bp_active_kernels(MemoryLayout<Self>.size == MemoryLayout<Float>.size ? BP_F32 : BP_F64).pointee
  }
}

extension Float: Scalar {
  public static let precisionName = "float"
}

extension Double: Scalar {
  public static let precisionName = "double"
}

extension MatrixView {
  /// This matrix as an argument of a kernel.
  package var operand: bp_matrix { bp_matrix(start: start, stride: stride) }
  /// The same for a kernel that may do without: no start where nothing is kept.
  var optionalOperand: bp_matrix { bp_matrix(start: isKept ? start : nil, stride: stride) }
}

extension MatrixView {
  /// These rows as what columns are scaled of: this, or this less `from`.
  func scaling(_ rows: Int, from: MatrixView = .none) -> bp_scaling {
    bp_scaling(
      rows: rows, columns: columns, x: operand, x_rows: self.rows, from: from.optionalOperand)
  }
}

extension UnsafeBufferPointer where Element: Scalar {
  /// Where the first NaN or infinity stands; negative if there is none.
  var firstNonfinite: Int {
    Element.kernels.first_nonfinite(
      1, count, bp_matrix(start: UnsafeMutableRawPointer(mutating: baseAddress), stride: count))
  }
}

extension Matrix {
  /// This matrix as an argument that a kernel reads.
  package var operand: bp_matrix {
    bp_matrix(start: UnsafeMutableRawPointer(mutating: start), stride: stride)
  }
}

extension Double {
  /// log x by our own polynomial, so that no libm can change a bit.
  package static func naturalLogarithm(_ x: Double) -> Double {
    var result = x
    withUnsafeMutablePointer(to: &result) { kernels.map(BP_LOG, 1, $0, $0) }
    return result
  }

  /// The same for each of the first numbers, in place.
  static func formLogarithms(of x: UnsafeMutableBufferPointer<Double>, count: Int) {
    kernels.map(BP_LOG, count, x.baseAddress, x.baseAddress)
  }

  /// eˣ by our own polynomial.
  static func naturalExponential(_ x: Double) -> Double {
    var result = x
    withUnsafeMutablePointer(to: &result) { kernels.map(BP_EXP, 1, $0, $0) }
    return result
  }
}

/// Memory for kernels: 64-byte aligned, zero at first, with readable slack behind the last element.
///
/// It is Sendable because every owner (`Matrix`, `Parameters`, `Workspace`) copies before it writes
/// unless it is the only one.
@usableFromInline
final class AlignedBuffer<Element: Scalar>: @unchecked Sendable {
  @usableFromInline let start: UnsafeMutablePointer<Element>
  @usableFromInline let count: Int

  @usableFromInline
  init(count: Int) {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    guard !overflow, let memory = bp_buffer_create(bytes) else {
      bp_exhausted(overflow ? .max : bytes)
    }
    start = memory.bindMemory(to: Element.self, capacity: count)
    self.count = count
  }

  @usableFromInline
  func copy() -> AlignedBuffer {
    let copy = AlignedBuffer(count: count)
    copy.start.update(from: start, count: count)
    return copy
  }

  deinit {
    bp_buffer_destroy(start, count * MemoryLayout<Element>.stride)
  }
}

extension Memory {
  /// What `ulimit -v` and `ulimit -d` leave; nil without limits.
  static var leftOfLimits: Int? {
    let bytes = bp_limit_left()
    return bytes < .max ? Int(bytes) : nil
  }

  /// Sets what ends the process where memory fails that no error can tell of: a program's own last
  /// line, as a library's is a trap.
  package static func onExhaustion(_ handler: @escaping @convention(c) (_ bytes: Int) -> Void) {
    bp_on_exhaustion(handler)
  }
}

/// What the threads of a pool do side by side.
protocol PoolWork: AnyObject {
  /// Does one part of the work, which touches no memory that another part writes.
  ///
  /// - Parameters:
  ///   - part: From 0.
  ///   - parts: How many there are, at least 1.
  func run(part: Int, of parts: Int)
}

/// A pool of threads that split the output tiles of a kernel, never a sum; so the number of threads
/// changes the time and not one bit of the result. A pool serves one caller at a time; a
/// second one meanwhile works alone.
public final class ThreadPool: @unchecked Sendable {
  let handle: OpaquePointer?

  /// Number of threads that the system gave, the caller's included.
  package let threads: Int

  /// Starts the pool.
  ///
  /// - Parameter threads: At least 1, the caller's included.
  public init(threads: Int) {
    precondition(threads >= 1 && threads <= 1 << 16, "a pool of \(threads) threads")
    handle = threads == 1 ? nil : bp_pool_create(Int32(threads))
    self.threads = Int(bp_pool_threads(handle))
  }

  /// The most threads that a caller may ask for; more are as many.
  package static let most = 1024

  /// A pool of as many threads as a caller asks for; nil where one is enough.
  package static func of(_ threads: Int) -> ThreadPool? {
    threads > 1 ? ThreadPool(threads: min(threads, most)) : nil
  }

  deinit {
    if let handle { bp_pool_destroy(handle) }
  }

  /// Does some work in as many parts as there are threads, each on its own. Without a pool, or while it
  /// serves another caller, all of it is one part.
  static func run(_ work: any PoolWork, on pool: ThreadPool?) {
    guard let handle = pool?.handle else { return work.run(part: 0, of: 1) }
    withUnsafePointer(to: work) { work in
      bp_pool_run(
        handle,
        { context, part, parts in
          context?.assumingMemoryBound(to: (any PoolWork).self).pointee.run(
            part: Int(part), of: Int(parts))
        }, UnsafeMutableRawPointer(mutating: work))
    }
  }

  /// Does two things at the same time, the first on the caller's thread, if there may be two threads and
  /// the system gives them; else one after the other.
  static func both<First, Second: Sendable>(
    threads: Int, _ first: () -> First, _ second: @Sendable () -> Second
  ) -> (First, Second) {
    let pool = ThreadPool(threads: min(threads, 2))
    var (one, other): (First?, Second?) = (nil, nil)
    // Each part writes to its own variable, and the region is over before either is read.
    withoutActuallyEscaping(first) { first in
      withoutActuallyEscaping(second) { second in
        withUnsafeMutablePointer(to: &one) { one in
          withUnsafeMutablePointer(to: &other) { other in
            var body: (Int32, Int32) -> Void = { part, parts in
              if part == 0 { one.pointee = first() }
              if part == parts - 1 { other.pointee = second() }
            }
            withUnsafeMutablePointer(to: &body) { body in
              bp_pool_run(
                pool.handle,
                { context, part, parts in
                  context?.assumingMemoryBound(to: ((Int32, Int32) -> Void).self).pointee(
                    part, parts)
                }, body)
            }
          }
        }
      }
    }
    guard let one, let other else { preconditionFailure("a part of a region was left out") }
    return (one, other)
  }
}

extension UnsafeMutableBufferPointer {
  /// Asks for huge pages where the memory is large enough to gain by them; nothing of it may have been
  /// touched. One fault then stands for 512, and the rows of a batch share entries of the TLB.
  func preferHugePages() {
    bp_prefer_huge_pages(baseAddress, count * MemoryLayout<Element>.stride)
  }
}
