import Backprop

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A layer of columns as a textbook writes it, in Double, with the functions of the C library: what its passes
/// are held against, and what says how large their rounding errors can be.
struct TextbookColumns {
  /// What makes one output of the layer.
  enum Output {
    /// a = x.
    case input(Int)
    /// a = A cos(2π f x + φ) + c: which waves, which of the numbers that they add up to, and of which input.
    case wave(Int, number: Int, of: Int)
    /// a = E[x]: the first entry of the column, how many it has, which number of an entry, and of which input.
    case entry(first: Int, count: Int, number: Int, of: Int)
  }

  /// One an output.
  let outputs: [Output]
  private let elements: [ParameterTensor.Role: [Double]]
  static var waves: Int { ColumnsLayer.wavesOfNumber }
  private static var numbers: Int { ColumnsLayer.waveOutputs - 1 }

  /// - Parameter elements: Those of each tensor of the layer, dense and row-major; empty for none.
  init(_ parts: [ColumnsLayer.Part], elements: (ParameterTensor.Role) -> [Double]) {
    var outputs: [Output] = []
    var (input, wave, first) = (0, 0, 0)
    for part in parts {
      switch part {
      case .identity(let inputs):
        outputs += (input..<(input + inputs)).map { .input($0) }
        input += inputs
      case .waves(let inputs):
        for _ in 0..<inputs {
          outputs.append(.input(input))
          outputs += (0..<Self.numbers).map { .wave(wave, number: $0, of: input) }
          (input, wave) = (input + 1, wave + 1)
        }
      case .embedding(let count):
        outputs += (0..<ColumnsLayer.embeddingWidth).map {
          .entry(first: first, count: count, number: $0, of: input)
        }
        (input, first) = (input + 1, first + count)
      }
    }
    self.outputs = outputs
    let roles: [ParameterTensor.Role] = [.frequency, .phase, .amplitude, .offset, .embedding]
    self.elements = Dictionary(uniqueKeysWithValues: roles.map { ($0, elements($0)) })
  }

  private func value(_ role: ParameterTensor.Role, _ index: Int) -> Double {
    elements[role]?[index] ?? .nan
  }

  /// u = 2π f x + φ of one wave, and the magnitude of its terms.
  func angle(_ wave: Int, _ h: Int, at x: Double) -> RightSide {
    let index = wave * Self.waves + h
    let turns = 2 * Double.pi * value(.frequency, index) * x
    let phase = value(.phase, index)
    return RightSide(value: turns + phase, scale: abs(turns) + abs(phase))
  }
  func cosine(_ angle: Double) -> Double { cos(angle) }
  func amplitude(_ wave: Int, _ h: Int, number: Int) -> Double {
    value(.amplitude, (wave * Self.waves + h) * Self.numbers + number)
  }
  func offset(_ wave: Int, number: Int) -> Double { value(.offset, wave * Self.numbers + number) }
  /// Where a number of the entry stands whose number x is; the last entry is that of what is none.
  func place(first: Int, count: Int, number: Int, at x: Double) -> Int {
    let entry = x >= 0 && x < Double(count) ? Int(x) : count - 1
    return (first + entry) * ColumnsLayer.embeddingWidth + number
  }

  /// a of one output.
  func output(_ j: Int, _ x: (Int) -> Double) -> RightSide {
    switch outputs[j] {
    case .input(let input): return RightSide(value: x(input), scale: abs(x(input)))
    case .wave(let wave, let number, let input):
      var sum = RightSide(value: offset(wave, number: number), scale: 0)
      sum.scale = abs(sum.value)
      for h in 0..<Self.waves {
        let amplitude = amplitude(wave, h, number: number)
        let angle = angle(wave, h, at: x(input))
        sum.value += amplitude * cos(angle.value)
        sum.scale += abs(amplitude) * (1 + angle.scale)
      }
      return sum
    case .entry(let first, let count, let number, let input):
      let entry = value(
        .embedding, place(first: first, count: count, number: number, at: x(input)))
      return RightSide(value: entry, scale: abs(entry))
    }
  }

  /// The gradients of all tensors, zero.
  func zeros() -> [ParameterTensor.Role: [RightSide]] {
    elements.mapValues { [RightSide](repeating: RightSide(value: 0, scale: 0), count: $0.count) }
  }

  /// Adds what one example says of every element: BP3 and BP4 of the kind.
  ///
  /// - Parameters:
  ///   - delta: δ of an output, and the magnitude of what it is made of.
  ///   - x: The inputs.
  func addGradient(
    _ delta: (Int) -> RightSide, _ x: (Int) -> Double,
    to sums: inout [ParameterTensor.Role: [RightSide]]
  ) {
    func add(_ role: ParameterTensor.Role, _ index: Int, _ value: Double, _ scale: Double) {
      sums[role]?[index].value += value
      sums[role]?[index].scale += scale
    }
    for (j, output) in outputs.enumerated() {
      let error = delta(j)
      switch output {
      case .input: break
      case .entry(let first, let count, let number, let input):
        add(
          .embedding, place(first: first, count: count, number: number, at: x(input)), error.value,
          error.scale)
      case .wave(let wave, let number, let input):
        add(.offset, wave * Self.numbers + number, error.value, error.scale)
        for h in 0..<Self.waves {
          let index = wave * Self.waves + h
          let angle = angle(wave, h, at: x(input))
          let amplitude = amplitude(wave, h, number: number)
          let slope = -error.value * amplitude * sin(angle.value)
          let size = error.scale * abs(amplitude) * (1 + angle.scale)
          add(
            .amplitude, index * Self.numbers + number, error.value * cos(angle.value),
            error.scale * (1 + angle.scale))
          add(.phase, index, slope, size)
          add(
            .frequency, index, 2 * Double.pi * x(input) * slope,
            2 * Double.pi * abs(x(input)) * size)
        }
      }
    }
  }

  /// ‖∂(wₓ Cₓ)/∂θ‖² of one example over all tensors of the layer.
  func squares(_ delta: (Int) -> Double, _ x: (Int) -> Double) -> Double {
    var sum = 0.0
    var slopes = [Double](repeating: 0, count: Self.waves)
    for (j, output) in outputs.enumerated() {
      let error = delta(j)
      switch output {
      case .input: break
      case .entry: sum += error * error
      case .wave(let wave, let number, let input):
        let turn = 2 * Double.pi * x(input)
        sum += error * error
        for h in 0..<Self.waves {
          let angle = angle(wave, h, at: x(input)).value
          let product = error * cos(angle)
          sum += product * product
          slopes[h] =
            (number == 0 ? 0 : slopes[h])
            - error * amplitude(wave, h, number: number) * sin(angle)
          if number == Self.numbers - 1 { sum += slopes[h] * slopes[h] * (1 + turn * turn) }
        }
      }
    }
    return sum
  }
}

extension Network {
  /// The textbook's form of a layer of columns; nil of others.
  func textbookColumns(_ layer: Int) -> TextbookColumns? {
    layers[layer].columns.map { columns in
      TextbookColumns(columns.parts) { role in
        parameters.elements(role, of: layer)?.map { Double($0) } ?? []
      }
    }
  }
}

extension TextbookColumns {
  /// The same of each example.
  func squares<T: Scalar>(below: Matrix<T>, delta: Matrix<T>) -> [Double] {
    (0..<delta.rows).map { row in
      squares({ Double(delta[row, $0]) }, { Double(below[row, $0]) })
    }
  }
}

extension LayerTrace {
  /// The textbook's form of a layer of columns; nil of others.
  var textbookColumns: TextbookColumns? {
    columns.map { parts in
      TextbookColumns(parts) { role in tensor(role)?.values.map { Double($0) } ?? [] }
    }
  }
}

extension ColumnsLayer {
  /// The inputs that are numbers of entries.
  var codes: Set<Int> {
    var (codes, input): (Set<Int>, Int) = ([], 0)
    for part in parts {
      switch part {
      case .identity(let inputs), .waves(let inputs): input += inputs
      case .embedding:
        codes.insert(input)
        input += 1
      }
    }
    return codes
  }
}
