import Backprop
import BackpropInspection

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Where results go, checked before any work is done.
enum OutputFile {
  /// Refuses a folder that cannot be written to, and a file that is no model of ours.
  static func checkModel(_ path: String, force: Bool) throws {
    try checkFolder(path)
    guard Folder.exists(path), !force, !Model.isModel(path) else { return }
    throw UsageError(
      "\(path) exists and is no model of this program; give another name with -o, or --force")
  }

  /// The same for a picture.
  ///
  /// - Parameter force: Nil for a command without `--force`.
  static func checkPicture(_ path: String, force: Bool?) throws {
    try checkFolder(path, option: "--plot")
    guard let file = FileIdentity(path), file.isRegularFile, force != true,
      !CurvesPicture.isPicture(path)
    else { return }
    throw UsageError(
      "\(path) exists and is no picture of this program; give another name with --plot"
        + (force == nil ? "" : ", or --force"))
  }

  static func checkFolder(_ path: String, option: String = "-o") throws {
    guard !path.isEmpty else { throw UsageError("\(option) \"\": give the name of a file") }
    do {
      try Folder.checkWritable(for: path)
    } catch {
      throw UsageError(error.description)
    }
  }

  /// Refuses a file that is read as well, by whatever name: no force makes that sensible.
  ///
  /// - Parameters:
  ///   - option: Who names the file.
  ///   - inputs: Files, or folders with IDX files.
  static func check(_ path: String, option: String = "-o", isNoneOf inputs: [String?]) throws {
    guard let output = FileIdentity(path), output.isRegularFile else { return }
    for input in inputs.compactMap(\.self) {
      guard let identity = FileIdentity(input) else { continue }
      let (folder, name) = Folder.split(path)
      let isPart =
        identity.isFolder && FileIdentity(folder) == identity && name.contains("idx")
      if identity == output || isPart {
        throw UsageError(
          "\(option) \(path) would overwrite \(input), which is one of the inputs; give another name"
        )
      }
    }
  }

  /// Whether two names are of one file, which need not be there yet.
  static func areSame(_ path: String, _ other: String) -> Bool {
    if let file = FileIdentity(path), let other = FileIdentity(other) { return file == other }
    let (first, second) = (Folder.split(Folder.end(of: path)), Folder.split(Folder.end(of: other)))
    guard first.name == second.name, let folder = FileIdentity(first.folder) else { return false }
    return folder == FileIdentity(second.folder)
  }
}

/// Which file a path leads to, through links and folders: its device and inode.
private struct FileIdentity: Equatable {
  private let device: dev_t
  private let inode: ino_t
  private let type: mode_t

  /// Nil if there is no such file.
  init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    device = status.st_dev
    inode = status.st_ino
    type = status.st_mode & S_IFMT
  }

  var isRegularFile: Bool { type == S_IFREG }
  var isFolder: Bool { type == S_IFDIR }
}
