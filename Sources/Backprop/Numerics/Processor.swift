#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What the machine has.
package enum Processor {
  /// Physical cores that this process may run on: a second thread on a core has no second set of
  /// vector units.
  package static var physicalCores: Int {
    let online = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    #if os(Linux)
      let allowed = min(online, allowedProcessors ?? online)
      return max(1, min(allowed, coresOfCPUInfo ?? allowed))
    #else
      var count: Int32 = 0
      var size = MemoryLayout<Int32>.size
      guard sysctlbyname("hw.physicalcpu", &count, &size, nil, 0) == 0, count > 0 else {
        return online
      }
      return Int(count)
    #endif
  }

  #if os(Linux)
    /// Processors of the mask in /proc/self/status, "Cpus_allowed: 0000000f,ffffffff".
    private static var allowedProcessors: Int? {
      var count = 0
      forEachField(of: "/proc/self/status") { name, value in
        guard name == "Cpus_allowed" else { return }
        count = value.reduce(0) { $0 + ($1.hexDigitValue ?? 0).nonzeroBitCount }
      }
      return count > 0 ? count : nil
    }

    /// Different pairs of (physical id, core id) in /proc/cpuinfo; nil where it does not name them.
    private static var coresOfCPUInfo: Int? {
      var cores: Set<[String]> = []
      var package = ""
      forEachField(of: "/proc/cpuinfo") { name, value in
        if name == "physical id" { package = value }
        if name == "core id" { cores.insert([package, value]) }
      }
      return cores.isEmpty ? nil : cores.count
    }

    /// The lines "name : value" of a file of the kernel's.
    private static func forEachField(of path: String, _ body: (String, String) -> Void) {
      for line in Memory.lines(of: path) {
        let parts = line.split(separator: ":", maxSplits: 1).map { part in
          part.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }
        if parts.count == 2 { body(parts[0], parts[1]) }
      }
    }
  #endif
}
