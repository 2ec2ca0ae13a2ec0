#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// How much memory is still to be had: the one place that knows.
///
/// What takes memory by the size of its input asks here first, and throws. Under a control group nothing
/// else helps, as its limit ends a process without a word when the memory is written to.
package enum Memory {
  /// Bytes that this process may still take; nil if the system does not say.
  ///
  /// The least of what the machine has available, what each of the process's control groups (versions
  /// 1 and 2) leaves of its limit, and what `ulimit -v` and `ulimit -d` leave.
  ///
  /// - Complexity: Some files of /proc and /sys are read, in about 0.1 ms.
  package static var available: Int? {
    [availableToGroups(root: ""), availableToMachine(root: ""), leftOfLimits]
      .compactMap(\.self).min()
  }

  /// What smaller allocations beside a large one may take.
  private static let reserve = 16 << 20
  /// Below this nobody asks.
  private static let leastAsked = 4 << 20

  /// Why so many bytes cannot be had, to follow a colon; nil if they can.
  ///
  /// - Parameter bytes: Nil if their number does not fit into an Int.
  package static func shortage(_ bytes: Int?) -> String? {
    guard let bytes else { return "more memory is needed than any machine has" }
    guard bytes >= leastAsked, let available, bytes > available - reserve else { return nil }
    return
      "\(text(bytes)) of memory are needed, and \(text(max(0, available - reserve))) can be had"
  }

  /// "250 MB", "1.3 GB", rounded up.
  private static func text(_ bytes: Int) -> String {
    bytes < 1_000_000_000
      ? "\((bytes + 999_999) / 1_000_000) MB"
      : "\((Double(bytes) / 1e8).rounded(.up) / 10) GB"
  }

  // MARK: What the system says

  /// Free memory, caches that can be given up, and swap, of the machine below `root`.
  static func availableToMachine(root: String) -> Int? {
    let fields = numbers(of: root + "/proc/meminfo")
    guard let kilobytes = fields["MemAvailable"] else {
      let (pages, size) = (sysconf(Int32(_SC_PHYS_PAGES)), sysconf(Int32(_SC_PAGESIZE)))
      return pages > 0 && size > 0 ? Int(pages) * Int(size) : nil
    }
    return 1024 * (kilobytes + (fields["SwapFree"] ?? 0))
  }

  /// The least that a control group of this process, or one above it, leaves of its limit.
  ///
  /// The cache of files that nobody uses counts as free: it is given up before a limit ends anybody.
  static func availableToGroups(root: String) -> Int? {
    var least: Int?
    for line in lines(of: root + "/proc/self/cgroup") {
      // "4:memory:/path" of version 1, "0::/path" of version 2.
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let isSecond = parts[1].isEmpty
      guard isSecond || parts[1].split(separator: ",").contains("memory") else { continue }
      let (mount, limit, usage, cache) =
        isSecond
        ? ("/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file")
        : (
          "/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
          "total_inactive_file"
        )
      // In a container the path may be that outside of it, of which only the last folder is there.
      var path = parts[2].last == "/" ? parts[2].dropLast() : parts[2][...]
      while true {
        let folder = "\(root)\(mount)\(path)/"
        if let most = lines(of: folder + limit).first.flatMap({ Int($0) }),
          let used = lines(of: folder + usage).first.flatMap({ Int($0) })
        {
          let free = numbers(of: folder + "memory.stat")[cache] ?? 0
          least = min(least ?? .max, most - max(0, used - free))
        }
        guard let slash = path.lastIndex(of: "/") else { break }
        path = path[..<slash]
      }
    }
    return least
  }

  /// The first number of each line by its first word: "MemFree:  12 kB", "inactive_file 12".
  private static func numbers(of path: String) -> [String: Int] {
    var result: [String: Int] = [:]
    for line in lines(of: path) {
      let words = line.split { $0 == ":" || $0.isWhitespace }
      if words.count >= 2, let number = Int(words[1]) { result[String(words[0])] = number }
    }
    return result
  }

  /// The lines of a file of the kernel's, whose size nobody knows beforehand; none if it is missing.
  package static func lines(of path: String) -> [String] {
    guard let file = fopen(path, "r") else { return [] }
    defer { fclose(file) }
    var lines: [String] = []
    var buffer = [CChar](repeating: 0, count: 8192)
    while fgets(&buffer, Int32(buffer.count), file) != nil {
      let line = buffer.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
      lines.append(line.hasSuffix("\n") ? String(line.dropLast()) : line)
    }
    return lines
  }
}
