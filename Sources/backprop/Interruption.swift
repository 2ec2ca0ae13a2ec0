import Backprop
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

// What the handler reads: atomics, because it may run between any two instructions.
private let isSignalled = Atomic<Bool>(false)
private let isRequest = Atomic<Bool>(false)
/// The address of the name of a file that is being written, which is never freed; 0 if there is none.
private let temporaryName = Atomic<UInt>(0)

/// Ctrl-C ends the program at once, with nothing half-written left behind; while a network is
/// trained it asks the run to end after its step, and a second one ends the program.
enum Interruption {
  static var isRequested: Bool { isSignalled.load(ordering: .relaxed) }

  /// From now on SIGINT and SIGTERM remove what is half-written, and end the program with 128 plus
  /// their number, as a shell counts (130 for Ctrl-C).
  static func install() {
    // Read once here, so that the handler never meets an atomic that is not there yet.
    _ = (isRequested, isRequest.load(ordering: .relaxed), temporaryName.load(ordering: .relaxed))
    // A file that grows beyond the limit of its size is then an error of `write`, not a death.
    signal(SIGXFSZ, SIG_IGN)
    // A program that starts this one may have its signals blocked, and hand that down.
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM] {
      sigaddset(&signals, number)
      // Only what POSIX allows in a handler: atomics, unlink and _exit.
      signal(number) { number in
        if isRequest.load(ordering: .relaxed),
          !isSignalled.exchange(true, ordering: .relaxed)
        {
          return
        }
        let address = temporaryName.load(ordering: .acquiring)
        if let name = UnsafePointer<CChar>(bitPattern: address) { unlink(name) }
        _exit(128 + number)
      }
    }
    sigprocmask(SIG_UNBLOCK, &signals, nil)
  }

  /// From now on the first signal is a request, which `isRequested` tells.
  static func becomeRequest() { isRequest.store(true, ordering: .relaxed) }

  /// Says that a file is going to be written, by way of the temporary file of `AtomicFile`.
  static func willWrite(_ path: String) {
    var status = stat()
    let exists = stat(path, &status) == 0
    // A pipe or a terminal is written to as it is.
    guard !exists || status.st_mode & S_IFMT == S_IFREG else { return }
    var goal = path
    if exists, let real = realpath(path, nil) {
      goal = String(cString: real)
      free(real)
    }
    let (folder, name) = Folder.split(goal)
    let copy = strdup("\(folder)/.\(name).\(getpid()).tmp")
    temporaryName.store(UInt(bitPattern: copy), ordering: .releasing)
  }
}
