import ArgumentParser
import Backprop
import BackpropServer
import Dispatch

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// `backprop-server`: what has a socket. `backprop studio` hands over to it.
@main
struct ServerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backprop-server",
    abstract: "Watch a network learn and walk its backpropagation, in the browser.",
    subcommands: [StudioCommand.self])
}

/// `backprop-server studio [DATA --target COL | MODEL DATA]`.
struct StudioCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "studio",
    abstract: "Watch a network learn and walk its backpropagation, in the browser.",
    discussion: """
      Without data two moons are learned. With one file a new network learns its --target; with two the \
      first is a model, which is looked into and goes on with the second. The page is served on this \
      machine alone; nothing leaves it. Ctrl-C ends the studio.

      EXAMPLES:
        backprop studio Examples/iris.csv --target species
        backprop studio model.safetensors penguins.csv --port 0
      """)

  @Argument(help: "Data; or a model and data.")
  var files: [String] = []

  @Option(name: .long, help: "What to learn: one column, or several: a,b,…")
  var target: String?

  @Option(name: .long, help: "The port to listen at; 0 for any that is free.")
  var port = 8080

  @Option(
    name: .long,
    help:
      "Another address than that of this machine alone. Whoever reaches it needs the token that is printed."
  )
  var host = "127.0.0.1"

  @Flag(name: .long, help: "Open the page in the browser.")
  var open = false

  @Option(
    name: .long, help: "Threads to use; the result does not depend on it. (default: physical cores)"
  )
  var threads: Int?

  func validate() throws {
    guard files.count <= 2 else {
      throw ValidationError("\(files.count) files; give data, or a model and data")
    }
    guard (0...65_535).contains(port) else {
      throw ValidationError("--port \(port): give a number from 0 to 65535")
    }
    if let threads, threads < 1 { throw ValidationError("--threads \(threads): give at least 1") }
  }

  func run() async throws {
    var opening = Studio.Opening()
    opening.data = files.last
    opening.model = files.count == 2 ? files[0] : nil
    opening.target = target
    let studio: Studio
    do {
      studio = try Studio(opening, threads: threads)
    } catch {
      Self.say("error: \(error)", to: STDERR_FILENO)
      throw ExitCode(1)
    }
    let signals = Self.endings.map { signal, status in
      Self.onSignal(signal) {
        studio.removeFiles()
        _exit(status)
      }
    }
    defer { signals.forEach { $0.cancel() } }
    let address = StudioServer.Address(host: host, port: port)
    let server = StudioServer(studio, at: address)
    let (token, opens) = (server.token, open)
    do {
      try await server.run { port in
        let name = host.contains(":") ? "[\(host)]" : host
        let page = "http://\(name):\(port)/" + (address.isLoopback ? "" : "?token=\(token)")
        Self.say("the studio is at \(page)", to: STDOUT_FILENO)
        if opens { Self.show(page) }
      }
    } catch {
      Self.say(
        "error: the studio cannot listen at \(host), port \(port): \(error); take another --port",
        to: STDERR_FILENO)
      throw ExitCode(1)
    }
  }

  /// How a signal ends the process.
  private static let endings: [(signal: Int32, status: Int32)] = [
    (SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129),
  ]

  private static func onSignal(
    _ number: Int32, _ action: @escaping @Sendable () -> Void
  ) -> any DispatchSourceSignal {
    signal(number, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
    source.setEventHandler(handler: action)
    source.resume()
    return source
  }

  private static func say(_ line: String, to descriptor: Int32) {
    var text = line + "\n"
    text.withUTF8 { _ = write(descriptor, $0.baseAddress, $0.count) }
  }

  /// Opens a page in the browser of the desktop; where there is none, the address stands on the terminal.
  private static func show(_ page: String) {
    #if canImport(Darwin)
      let opener = "/usr/bin/open"
    #else
      let opener = "/usr/bin/xdg-open"
    #endif
    var arguments: [UnsafeMutablePointer<CChar>?] = [strdup(opener), strdup(page), nil]
    defer { arguments.forEach { free($0) } }
    var child = pid_t()
    _ = posix_spawn(&child, opener, nil, nil, &arguments, environ)
  }
}
