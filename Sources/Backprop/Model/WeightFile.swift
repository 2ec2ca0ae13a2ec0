/// Weights that somebody else trained: a safetensors file, or an .npz archive.
///
/// The tensors are called `layers.0.weight` `[affine outputs, inputs]`, `layers.0.bias` and so on.
public enum WeightFile {
  /// Makes a network with the weights of a file, which is told by its contents.
  ///
  /// - Throws: `ModelError` if a tensor is missing, has another shape, belongs to no layer or holds a
  ///   number that is not finite; `NetworkError` if the layers make no network; what reading throws.
  public static func network<T: Scalar>(
    from path: String, layers: [Layer], loss: Loss, reduction: Reduction = .mean
  ) throws -> Network<T> {
    guard try isArchive(path) else {
      return try Network(
        weights: SafeTensors(contentsOf: path), layers: layers, loss: loss, reduction: reduction)
    }
    let archive = try ArrayArchive(contentsOf: path)
    return try Network(
      layers: layers, loss: loss, reduction: reduction, source: path, names: archive.names,
      shape: archive.shape, elements: { try archive.array(named: $0).values.map { T($0) } })
  }

  /// Whether a file begins as zip archives do.
  private static func isArchive(_ path: String) throws(FileError) -> Bool {
    let file = try OpenFile(path)
    guard file.size >= 2 else { return false }
    return try file.bytes(at: 0, count: 2) == Array("PK".utf8)
  }
}
