/// The data that a path stands for: a table, and others to choose the best epoch and to test on if the data
/// brings them.
public struct DataSource: Sendable {
  /// The rows to learn from.
  public let training: Table
  /// The rows that choose the best epoch; nil if the data brings none.
  public let validation: Table?
  /// The rows to test on; nil if the data brings none.
  public let test: Table?
  /// What the data itself calls its targets (the labels of images, `y` of an archive); empty if the
  /// user must say.
  public let targets: [String]

  init(training: Table, test: Table?, targets: [String], validation: Table? = nil) {
    (self.training, self.validation, self.test) = (training, validation, test)
    self.targets = targets
  }

  /// Opens data by its contents.
  ///
  /// - Parameters:
  ///   - path: A folder with IDX files, an IDX file of images, an .npy or .npz file, or delimited
  ///     text; all but .npz may be compressed with gzip.
  ///   - options: How to read a table.
  /// - Throws: `DataError` if it cannot be read or understood.
  public static func open(
    path: String, options: TableOptions = TableOptions()
  ) throws(DataError) -> DataSource {
    if InputFile.isFolder(path) {
      return try IDX.folder(path, rows: options.rowLimit, threads: options.threads)
        .applying(options)
    }
    var stream = try ByteStream(path: path)
    let head = try stream.bytes(upTo: 512)
    if head.starts(with: NPY.magic) {
      var stream = try ByteStream(path: path)
      let array = try NPY.columns(from: &stream)
      guard !array.shape.isEmpty else {
        throw DataError(file: path, "holds a single number, not a table")
      }
      let columns = array.columns.enumerated().map { (name: String($0), values: $1) }
      let table = try Table(
        memory: columns, rowCount: array.rows, file: path, pixelScale: array.pixelScale)
      return try DataSource(training: table, test: nil, targets: []).applying(options)
    }
    if ZipArchive.isZip(head) {
      guard !stream.isCompressed else {
        throw DataError(file: path, "is a zip archive in gzip", remedy: "unpack it with gunzip")
      }
      return try ArrayArchive(contentsOf: path).dataSource().applying(options)
    }
    if IDX.isIDX(head) { return try IDX.file(path, rows: options.rowLimit).applying(options) }
    if let error = ForeignFormat.error(head, path: path) { throw error }
    let table = try Table(delimited: path, options: options)
    return DataSource(training: table, test: nil, targets: [])
  }

  private func applying(_ options: TableOptions) throws(DataError) -> DataSource {
    DataSource(
      training: try training.applying(options), test: try test?.applying(options),
      targets: targets, validation: try validation?.applying(options))
  }
}
