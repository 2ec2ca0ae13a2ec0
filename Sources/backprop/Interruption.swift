import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Set by the handler: storing into an atomic is all that a handler of signals may do.
private let isSignalled = Atomic<Bool>(false)

/// Ctrl-C asks a run to end after its step; a second Ctrl-C ends the program at once.
enum Interruption {
  static var isRequested: Bool { isSignalled.load(ordering: .relaxed) }

  /// From now on SIGINT and SIGTERM are requests.
  static func install() {
    // Read once here, so that the handler never meets an atomic that is not there yet.
    _ = isRequested
    // A program that starts this one may have its signals blocked, and hand that down.
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM] {
      sigaddset(&signals, number)
      signal(number) { number in
        isSignalled.store(true, ordering: .relaxed)
        signal(number, SIG_DFL)
      }
    }
    sigprocmask(SIG_UNBLOCK, &signals, nil)
  }
}
