// What a model file and a checkpoint say of a network, and its tensors.

/// The keys under which a model file says in `__metadata__` what its tensors are.
///
/// Every value is a JSON document. The tensors are `layers.0.weight` `[affine outputs, inputs]` and
/// `layers.0.bias` `[affine outputs]`, and so on, as PyTorch names them: layers are counted from 0,
/// the first that computes. The affine outputs of a maxout layer are its outputs times its pieces,
/// the pieces of a unit side by side. All tensors are F32 or all are F64, as the precision says.
package enum ModelKey {
  /// The version of this format, a whole number: 1. A reader refuses newer ones.
  package static let format = "backprop.format"
  /// The layers, `[{"kind":"dense","inputs":4,"outputs":3,"activation":"softmax"}]`.
  package static let layers = "backprop.layers"
  /// The loss, by its name.
  package static let loss = "backprop.loss"
  /// "mean" or "sum".
  package static let reduction = "backprop.reduction"
  /// "float" or "double".
  package static let precision = "backprop.precision"
  /// The `FeatureEncoder`; missing if inputs are numbers as they are.
  package static let encoder = "backprop.encoder"
  /// The `TargetEncoder` with the labels; missing if outputs are numbers as they are.
  package static let target = "backprop.target"
  /// The `TrainingConfiguration`; missing if the weights were never trained.
  package static let configuration = "backprop.configuration"
  /// The `ExampleWeights`; missing if all examples weighed the same.
  package static let weights = "backprop.weights"
  /// The `TrainedRows`; missing if nobody knows what the weights were trained on.
  package static let rows = "backprop.rows"
  /// How many networks an ensemble has; missing for one. The tensors of the second and further ones are called
  /// `members.1.layers.0.weight` and so on.
  package static let members = "backprop.members"
  /// The layers of each network of an ensemble; missing if they are the same for all.
  package static let layersOfMembers = "backprop.layersOfMembers"
  /// The `PredictionIntervals`; missing if predictions have none.
  package static let intervals = "backprop.intervals"

  /// The version that is read and written.
  package static let formatVersion = 3
}

/// Why a file holds no model that we can use.
public enum ModelError: UserError, Equatable {
  /// A safetensors file without our metadata.
  case notAModel(path: String)
  /// A file of another kind.
  case notSafeTensors(path: String)
  /// A checkpoint, from which a run goes on and a model comes in the end.
  case checkpoint(path: String)
  /// A model of a format that this version does not read.
  case otherFormat(path: String, found: String)
  /// A value of the metadata is missing, or makes no sense.
  case badMetadata(path: String, key: String, problem: String)
  /// There is no tensor of a name that a layer needs.
  case missingTensor(path: String, name: String)
  /// A tensor belongs to no layer.
  case extraTensor(path: String, name: String)
  /// A tensor has another shape than its layer needs.
  case wrongShape(path: String, name: String, found: [Int], expected: [Int])
  /// A tensor has elements of another type, such as F64 where F32 is expected.
  case wrongType(path: String, name: String, found: String, expected: String)
  /// An element is NaN or infinite; `index` is its place in the tensor, from 0.
  case notFinite(path: String, name: String, value: String, index: [Int])

  public var message: String {
    switch self {
    case .notAModel(let path):
      "\(path): a safetensors file, but not a model of this program (no \(ModelKey.format)); "
        + "take its weights into one by `backprop create --weights`"
    case .notSafeTensors(let path): "\(path) is no model: it is not a safetensors file"
    case .checkpoint(let path):
      "\(path) is a checkpoint and no model yet: finish its run with `backprop train … --resume`"
    case .otherFormat(let path, let found):
      "\(path): model format \(found), and this version reads \(ModelKey.formatVersion); read it with the "
        + "version that wrote it, or train it anew"
    case .badMetadata(let path, let key, let problem): "\(path), \(key): \(problem)"
    case .missingTensor(let path, let name): "\(path): there is no tensor \(name.quoted)"
    case .extraTensor(let path, let name):
      "\(path): tensor \(name.quoted) belongs to no layer of the network"
    case .wrongShape(let path, let name, let found, let expected):
      "\(path), tensor \(name.quoted): shape \(found), but the layer needs \(expected)"
    case .wrongType(let path, let name, let found, let expected):
      "\(path), tensor \(name.quoted): element type \(found), expected \(expected)"
    case .notFinite(let path, let name, let value, let index):
      "\(path), tensor \(name.quoted): element \(index) is \(value); weights must be finite numbers"
    }
  }
}

/// The metadata of a file, with errors that name file and key.
struct ModelMetadata {
  let file: SafeTensors

  func problem(_ key: String, _ problem: String) -> ModelError {
    .badMetadata(path: file.path, key: key, problem: problem)
  }

  func valueIfPresent<Value: Decodable>(
    _ key: String, as type: Value.Type, userInfo: [CodingUserInfoKey: any Sendable] = [:]
  ) throws -> Value? {
    guard let text = file[metadata: key] else { return nil }
    do {
      return try JSONValue(parsing: text).decoded(as: type, userInfo: userInfo)
    } catch let error as JSONError {
      throw problem(key, error.description)
    } catch let error as DecodingError {
      throw problem(key, error.line)
    }
  }

  func value<Value: Decodable>(
    _ key: String, as type: Value.Type, userInfo: [CodingUserInfoKey: any Sendable] = [:]
  ) throws -> Value {
    guard let value = try valueIfPresent(key, as: type, userInfo: userInfo) else {
      throw problem(key, "missing from the metadata")
    }
    return value
  }

  func layers(with activations: [any ElementwiseActivation]) throws -> [Layer] {
    try value(ModelKey.layers, as: [Layer].self, userInfo: Self.userInfo(activations))
  }

  /// Those of each member of an ensemble, where they are not the same.
  func layersOfMembers(with activations: [any ElementwiseActivation]) throws -> [[Layer]]? {
    try valueIfPresent(
      ModelKey.layersOfMembers, as: [[Layer]].self, userInfo: Self.userInfo(activations))
  }

  private static func userInfo(
    _ activations: [any ElementwiseActivation]
  ) -> [CodingUserInfoKey: any Sendable] {
    Activation.ownActivations.map { [$0: activations] } ?? [:]
  }

  func loss(among losses: [any ExampleLoss]) throws -> Loss {
    let name = try value(ModelKey.loss, as: String.self)
    if let loss = Loss(name) { return loss }
    if let loss = losses.first(where: { Loss.custom($0).description == name }) {
      return .custom(loss)
    }
    throw problem(
      ModelKey.loss,
      name.hasPrefix("custom:")
        ? "\(name.quoted) is a loss of somebody's own, and can be read only by a program that has it"
        : "\(name.quoted) is not the name of a known loss")
  }
}

// MARK: Weights

extension SafeTensors {
  /// Refuses tensors of other elements.
  func checkElements<T: Scalar>(are type: T.Type) throws {
    let expected: ElementType = T.self == Float.self ? .f32 : .f64
    for tensor in tensors where tensor.type != expected {
      throw ModelError.wrongType(
        path: path, name: tensor.name, found: tensor.type.rawValue, expected: expected.rawValue)
    }
  }
}

extension Network {
  /// A network with given weights, from any safetensors file with tensors `layers.0.weight`
  /// `[affine outputs, inputs]`, `layers.0.bias` and so on.
  ///
  /// - Parameter prefix: What stands before these names; "" where no name has anything there.
  /// - Throws: `ModelError` if a tensor is missing, has another shape, belongs to no layer or holds a
  ///   number that is not finite; `NetworkError` if the layers make no network.
  package init(
    weights file: SafeTensors, prefix: String = "", layers: [Layer], loss: Loss,
    reduction: Reduction = .mean
  ) throws {
    let own = file.tensors.map(\.name).filter {
      prefix.isEmpty ? !$0.hasPrefix("members.") : $0.hasPrefix(prefix)
    }
    try self.init(
      layers: layers, loss: loss, reduction: reduction, source: file.path, prefix: prefix,
      names: own,
      shape: { file[$0]?.shape },
      elements: { name in try file[name].map { try file.elements(of: $0) } ?? [] })
  }

  /// A network with weights from named arrays; shapes are checked before anything is allocated.
  ///
  /// - Parameters:
  ///   - layers: Layers 2 … L.
  ///   - loss: The loss that BP1 begins with.
  ///   - reduction: Mean or sum over the examples of a batch.
  ///   - source: What to call the arrays in an error.
  ///   - prefix: What stands before the names of the layers' tensors.
  ///   - names: All names of the source: each must belong to a layer.
  ///   - shape: The shape of a name, nil if there is none.
  ///   - elements: The elements of a name, row-major.
  package init(
    layers: [Layer], loss: Loss, reduction: Reduction, source: String, prefix: String = "",
    names: [String], shape: (String) throws -> [Int]?, elements: (String) throws -> [T]
  ) throws {
    try Self.validate(layers)
    let tensors = ParameterLayout(layers: layers).tensors
    for tensor in tensors {
      let name = prefix + tensor.name
      guard let found = try shape(name) else {
        throw ModelError.missingTensor(path: source, name: name)
      }
      guard found == tensor.shape else {
        throw ModelError.wrongShape(
          path: source, name: name, found: found, expected: tensor.shape)
      }
    }
    let known = Set(tensors.map { prefix + $0.name })
    if let name = names.first(where: { !known.contains($0) }) {
      throw ModelError.extraTensor(path: source, name: name)
    }
    try self.init(layers: layers, loss: loss, reduction: reduction)
    for tensor in tensors {
      let values = try elements(prefix + tensor.name)
      let at = values.withUnsafeBufferPointer(\.firstNonfinite)
      if at >= 0 {
        throw ModelError.notFinite(
          path: source, name: prefix + tensor.name, value: "\(values[at])",
          index: tensor.shape.count == 1 ? [at] : [at / tensor.shape[1], at % tensor.shape[1]])
      }
      parameters.setElements(of: tensor, to: values)
    }
  }
}
