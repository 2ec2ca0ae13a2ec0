import CBackprop
import CReference
import Testing

/// Accuracy of our own polynomials against the C library in long double, in units of the last place.
@Suite("Elementary functions")
struct FunctionTests {
  /// Arguments over a function's whole range: dense in -1 … 1, and at every magnitude.
  private static func arguments(_ function: bp_function) -> [Double] {
    var random = UInt64(2024)
    return (0..<20_000).map { index in
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let x = Double(random >> 11) * 0x1p-52 - 1
      let scale = [1.0, 10, 90, 1e-3, 1e-20][index % 5]
      switch function {
      case BP_LOG: return abs(x * scale) + 1e-37
      case BP_LOG1P: return x < 0 ? x * min(scale, 0.9999) : x * scale
      default: return x * scale
      }
    }
  }

  /// Kernels over rows may write up to the next multiple of 16.
  private static func wholePanels(_ x: [Double]) -> [Double] { Array(x.prefix(x.count / 16 * 16)) }

  /// One row to read and one to write, as kernels take them.
  private func operands<T>(_ x: [T], _ y: inout [T], _ body: (bp_matrix, bp_matrix) -> Void) {
    var x = x
    x.withUnsafeMutableBufferPointer { x in
      y.withUnsafeMutableBufferPointer { y in
        body(
          bp_matrix(start: x.baseAddress, stride: x.count),
          bp_matrix(start: y.baseAddress, stride: y.count))
      }
    }
  }

  @Test("Functions are within two units of the last place", arguments: supportedVariants)
  func functions(variant: bp_variant) {
    let limits = [(BP_EXP, 1.1), (BP_EXPM1, 2.0), (BP_LOG, 1.0), (BP_LOG1P, 1.0), (BP_ERF, 1.6)]
    for (function, limit) in limits {
      let x = Self.arguments(function), single = x.map { Float($0) }
      var y = x, singleY = single, worst = 0
      bp_kernels_of(variant, BP_F32)?.pointee.map(function, x.count, single, &singleY)
      let error = ref_function_error_f32(function, x.count, single, singleY, &worst)
      #expect(error <= limit, "float, function \(function.rawValue) of \(single[worst])")
      bp_kernels_of(variant, BP_F64)?.pointee.map(function, x.count, x, &y)
      let doubleError = ref_function_error_f64(function, x.count, x, y, &worst)
      #expect(doubleError <= limit, "double, function \(function.rawValue) of \(x[worst])")
    }
  }

  @Test("Activations are within eight units of the last place", arguments: supportedVariants)
  func activations(variant: bp_variant) {
    // Far on the left the products z Φ(z), z s(z) are denormal or nearly so, and lose digits.
    let z = Self.wholePanels(Self.arguments(BP_EXP).filter { $0 > -10 })
    let single = z.map { Float($0) }
    for raw in BP_IDENTITY.rawValue...BP_MISH.rawValue {
      let activation = bp_activation(rawValue: raw)
      var y = z, singleY = single, worst = 0
      let floats = bp_kernels_of(variant, BP_F32)?.pointee
      operands(single, &singleY) { floats?.activate(1, z.count, $0, activation, 0.5, $1) }
      let error = ref_activation_error_f32(activation, 0.5, z.count, single, singleY, &worst)
      #expect(error <= 8, "float, activation \(raw) of \(single[worst])")
      let doubles = bp_kernels_of(variant, BP_F64)?.pointee
      operands(z, &y) { doubles?.activate(1, z.count, $0, activation, 0.5, $1) }
      let doubleError = ref_activation_error_f64(activation, 0.5, z.count, z, y, &worst)
      #expect(doubleError <= 8, "double, activation \(raw) of \(z[worst])")
    }
  }

  @Test("Derivatives agree with the formulas to a few roundings", arguments: supportedVariants)
  func derivatives(variant: bp_variant) {
    let z = Self.wholePanels(Self.arguments(BP_EXP).filter { abs($0) < 30 })
    let single = z.map { Float($0) }
    for raw in BP_IDENTITY.rawValue...BP_MISH.rawValue {
      let activation = bp_activation(rawValue: raw)
      let usesZ = bp_derivative_uses_z(activation)
      var a = z, y = z, singleA = single, singleY = single, worst = 0
      let floats = bp_kernels_of(variant, BP_F32)?.pointee
      operands(single, &singleA) { floats?.activate(1, z.count, $0, activation, 0.5, $1) }
      operands(usesZ ? single : singleA, &singleY) {
        floats?.multiply_derivative(1, z.count, bp_matrix(), $0, activation, 0.5, $1)
      }
      let error = ref_derivative_error_f32(activation, 0.5, z.count, single, singleY, &worst)
      #expect(error <= 9 * 0x1p-23, "float, activation \(raw) at \(single[worst])")
      let doubles = bp_kernels_of(variant, BP_F64)?.pointee
      operands(z, &a) { doubles?.activate(1, z.count, $0, activation, 0.5, $1) }
      operands(usesZ ? z : a, &y) {
        doubles?.multiply_derivative(1, z.count, bp_matrix(), $0, activation, 0.5, $1)
      }
      let doubleError = ref_derivative_error_f64(activation, 0.5, z.count, z, y, &worst)
      #expect(doubleError <= 9 * 0x1p-52, "double, activation \(raw) at \(z[worst])")
    }
  }

  @Test("NaN, infinities and signed zeros come out as the formulas have them")
  func specialValues() {
    func values(_ function: bp_function, _ x: [Float]) -> [Float] {
      var y = x
      bp_active_kernels(BP_F32).pointee.map(function, x.count, x, &y)
      return y
    }
    let infinity = Float.infinity
    #expect(
      values(BP_EXP, [-infinity, infinity, -0.0, 89, -104]) == [0, infinity, 1, infinity, 0])
    #expect(values(BP_EXPM1, [-infinity, infinity, 0]) == [-1, infinity, 0])
    #expect(values(BP_LOG, [0, -0.0, 1, infinity]) == [-infinity, -infinity, 0, infinity])
    #expect(values(BP_LOG1P, [-1, 0, infinity]) == [-infinity, 0, infinity])
    #expect(values(BP_ERF, [-infinity, infinity]) == [-1, 1])
    let undefined = values(BP_LOG, [-1, .nan])
    #expect(undefined[0].isNaN && undefined[1].isNaN)
    for function in [BP_EXP, BP_EXPM1, BP_LOG, BP_LOG1P, BP_ERF] {
      #expect(values(function, [.nan])[0].isNaN)
    }
    for function in [BP_EXPM1, BP_LOG1P, BP_ERF] {
      #expect(values(function, [-0.0])[0].sign == .minus)
    }
    for raw in BP_IDENTITY.rawValue...BP_MISH.rawValue {
      var z = [Float](repeating: 0, count: 16)
      z.replaceSubrange(0..<4, with: [.nan, -infinity, infinity, -0.0])
      operands(z, &z) {
        bp_active_kernels(BP_F32).pointee.activate(1, 4, $0, bp_activation(rawValue: raw), 1, $1)
      }
      #expect(z[0].isNaN && !z[1].isNaN && !z[2].isNaN, "activation \(raw)")
      if raw == BP_TANH.rawValue { #expect(z[3] == 0 && z[3].sign == .minus) }
    }
  }
}
