import ArgumentParser
import Backprop

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// `backprop studio …`: hands over to `backprop-server`, which has what a socket needs.
struct StudioHandOver: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "studio",
    abstract: "Watch a network learn and walk its backpropagation, in the browser.",
    discussion: """
      Hands over to the command backprop-server beside this one: `backprop studio --help` shows its \
      options where it is built.

      EXAMPLES:
        backprop studio Examples/iris.csv --target species
        backprop studio model.safetensors penguins.csv
      """)

  @Argument(parsing: .captureForPassthrough, help: "As backprop-server studio takes them.")
  var arguments: [String] = []

  private static let server = "backprop-server"

  func run() throws {
    let own = try Self.ownPath()
    let path = Folder.split(own).folder + "/" + Self.server
    guard access(path, X_OK) == 0 else {
      throw DataError(
        file: path, "is not built",
        remedy: "build it once: swift build -c release --product \(Self.server)")
    }
    var words: [UnsafeMutablePointer<CChar>?] =
      ([path, "studio"] + arguments).map { strdup($0) } + [nil]
    execv(path, &words)
    words.forEach { free($0) }
    throw DataError(file: path, "cannot be started: \(String(cString: strerror(errno)))")
  }

  /// The file of this command.
  private static func ownPath() throws -> String {
    #if os(Linux)
      if let path = Folder.link(at: "/proc/self/exe") { return path }
    #endif
    return Folder.end(of: CommandLine.arguments[0])
  }
}
