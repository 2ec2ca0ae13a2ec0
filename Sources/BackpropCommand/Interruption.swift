import Backprop
import BackpropInspection
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

// What the handler reads: atomics, because it may run between any two instructions.

/// The signal that came first; 0 if none did.
private let received = Atomic<Int32>(0)
private let isRequest = Atomic<Bool>(false)
/// Whether a thread is ending the program because there is no memory.
private let hasEnded = Atomic<Bool>(false)

/// Ctrl-C ends the program at once, with nothing half-written left behind; while a network is
/// trained it asks the run to end after its step, and a second one ends the program. SIGTERM and
/// SIGHUP do the same, but they may come twice for one wish (of `timeout`, of a terminal that
/// closes), and a repeated one is no other.
enum Interruption {
  static var isRequested: Bool { received.load(ordering: .relaxed) != 0 }

  /// The exit code of a run that was asked to end, as a shell counts: 128 and the number of the
  /// signal, 130 for Ctrl-C.
  static var exitCode: Int32 { 128 + received.load(ordering: .relaxed) }

  /// From now on SIGINT, SIGTERM and SIGHUP remove what is half-written, and end the program with
  /// 128 plus their number.
  static func install() {
    // Read once here, so that the handler never meets an atomic that is not there yet.
    _ = (
      isRequested, isRequest.load(ordering: .relaxed), hasEnded.load(ordering: .relaxed)
    )
    TemporaryFile.removeLast()
    // A file that grows beyond the limit of its size is then an error of `write`, not a death.
    signal(SIGXFSZ, SIG_IGN)
    // A program that starts this one may have its signals blocked, and hand that down.
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM, SIGHUP] {
      sigaddset(&signals, number)
      // Only what POSIX allows in a handler: atomics, unlink and _exit.
      let before = signal(number) { number in
        let (isFirst, _) = received.compareExchange(
          expected: 0, desired: number, ordering: .relaxed)
        if isRequest.load(ordering: .relaxed), isFirst || number != SIGINT { return }
        Interruption.end(128 + number)
      }
      // nohup asks for a program that lives on. (Of SIGINT that is no sign of a wish: a shell's script
      // ignores it for whatever it starts with `&`, and `kill -INT` still means it.)
      if number == SIGHUP, isIgnoring(before) { signal(SIGHUP, SIG_IGN) }
    }
    sigprocmask(SIG_UNBLOCK, &signals, nil)
    // Memory that fails where no error can tell of it.
    Memory.onExhaustion { _ in Interruption.endOutOfMemory() }
    // And where the runtime finds none for a small thing: it says how much it wanted, and aborts.
    // Whatever else aborts may. That mmap is in no list of POSIX for handlers matters little here: on
    // Linux it is a call of the system and no more, and the program ends in any case.
    signal(SIGABRT) { _ in
      let memory = mmap(nil, 1 << 28, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
      if memory == UnsafeMutableRawPointer(bitPattern: -1) { Interruption.endOutOfMemory() }
      signal(SIGABRT, SIG_DFL)
      raise(SIGABRT)
    }
  }

  private static func endOutOfMemory() -> Never {
    // A second thread that finds no memory waits for the end that the first one makes.
    if hasEnded.exchange(true, ordering: .relaxed) { while true { pause() } }
    let line: StaticString =
      "error: out of memory; use less data, smaller batches or smaller layers\n"
    _ = write(STDERR_FILENO, line.utf8Start, line.utf8CodeUnitCount)
    end(CommandFailure.badData)
  }

  /// Ends the program with nothing half-written left behind, without taking memory.
  private static func end(_ code: Int32) -> Never {
    TemporaryFile.removeLast()
    _exit(code)
  }

  private static func isIgnoring(_ handler: sighandler_t?) -> Bool {
    unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  /// From now on the first signal is a request, which `isRequested` tells.
  static func becomeRequest() { isRequest.store(true, ordering: .relaxed) }
}
