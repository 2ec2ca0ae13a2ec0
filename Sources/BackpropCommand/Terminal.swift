import Backprop
import BackpropInspection

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Why standard output could not be written.
struct OutputError: UserError {
  /// The number that the system gave.
  let code: Int32

  /// Whether whoever read the output has gone.
  var isBrokenPipe: Bool { code == EPIPE }

  var message: String { "cannot write standard output: \(String(cString: strerror(code)))" }
}

/// The two streams: results go to standard output, progress and warnings to standard error.
enum Terminal {
  /// Before any file is opened: one that took the place of a closed stream would get what is written
  /// to that stream. In its place stands a folder, which can be neither read nor written, also not by
  /// way of /dev/stdout; so whoever needs the stream has an error, as with a closed one.
  static func fillClosedStreams() {
    for stream in STDIN_FILENO...STDERR_FILENO where fcntl(stream, F_GETFD) < 0 {
      // The lowest that is free is this one.
      guard open("/", O_RDONLY) == stream else { _exit(CommandFailure.badData) }
    }
  }

  /// Writes one line to standard output at once; whatever it holds, it stays one line of letters.
  static func printOutput(_ line: String) throws(OutputError) {
    try writeOutput(line.shown(limit: .max) + "\n")
  }

  /// Whether standard output is a terminal, which would obey what is written there.
  static var outputIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Writes text to standard output as it is: text of ours, or for a program.
  static func writeOutput(_ text: String) throws(OutputError) {
    guard write(text, to: STDOUT_FILENO) else {
      throw OutputError(code: errno)
    }
  }

  /// Writes one line to standard error at once; whatever it holds, it stays one line of letters, and
  /// nobody has to read a file in it. If nobody listens there is nobody to tell.
  static func printError(_ line: String) {
    writeError(line.shown(limit: 2_000) + "\n")
  }

  /// Writes text to standard error as it is.
  static func writeError(_ text: String) {
    _ = write(text, to: STDERR_FILENO)
  }

  private static func write(_ text: String, to descriptor: Int32) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      var done = 0
      while done < bytes.count {
        let rest = UnsafeBufferPointer(rebasing: bytes[done...])
        #if canImport(Glibc)
          let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
        #elseif canImport(Musl)
          let count = Musl.write(descriptor, rest.baseAddress, rest.count)
        #else
          let count = Darwin.write(descriptor, rest.baseAddress, rest.count)
        #endif
        if count < 0 {
          if errno == EINTR { continue }
          return false
        }
        done += count
      }
      return true
    }
  }

  /// Takes away a line of progress that may stand on the terminal.
  static func clearLine() {
    if isInteractive { writeError("\r\u{1B}[2K") }
  }

  /// Whether standard error is a terminal on which a line can be drawn again.
  static var isInteractive: Bool {
    isatty(STDERR_FILENO) == 1 && !isDumb
  }

  /// Whether colours are welcome (https://no-color.org).
  static var hasColor: Bool { isInteractive && (environment("NO_COLOR") ?? "").isEmpty }

  /// Whether colours are welcome on standard output.
  static var outputHasColor: Bool {
    isatty(STDOUT_FILENO) == 1 && !isDumb && (environment("NO_COLOR") ?? "").isEmpty
  }

  /// Whether the terminal says that it can show plain letters only.
  static var isDumb: Bool { environment("TERM") == "dumb" }

  /// Columns of the terminal behind standard error.
  static var width: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Columns for results: those of the terminal behind standard output, within reason, else 80.
  static var outputWidth: Int {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return min(max(Int(size.ws_col), 40), 110)
  }

  /// Whether somebody sits before both streams, and can be asked to press a key.
  static var isConversation: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 }

  /// Where a walk goes on.
  enum Step {
    case next, back, quit
  }

  /// Asks until one of the keys is given that the prompt names; the end of the input quits.
  static func askForStep(_ prompt: String) -> Step {
    while true {
      writeError(prompt)
      guard let line = readLine() else {
        writeError("\n")
        return .quit
      }
      let step: Step? =
        switch line.lowercased() {
        case "", "n": .next
        case "b", "p": .back
        case "q": .quit
        default: nil
        }
      guard let step else { continue }
      // The terminal has echoed the Enter; the prompt's line makes way.
      writeError("\u{1B}[1A\r\u{1B}[2K")
      return step
    }
  }

  /// A pipe whose reader has gone becomes an error of the write, and does not end the program.
  static func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }

  private static func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }
}
