import Foundation
import Testing

@testable import Backprop
@testable import BackpropInspection

/// What the system says about memory, from files as it writes them.
@Suite struct MemoryTests {
  let fixture: DataFixture

  init() throws { fixture = try DataFixture() }

  private func write(_ files: [String: String]) throws {
    for (name, text) in files { _ = try fixture.file(text, name: name) }
  }

  @Test("The machine can give what is available, and its swap")
  func machine() throws {
    try write([
      "proc/meminfo":
        "MemTotal:    1000 kB\nMemFree:   10 kB\nMemAvailable:    700 kB\nSwapFree: 50 kB\n"
    ])
    #expect(Memory.availableToMachine(root: fixture.folder.path) == 750 * 1024)
    #expect((Memory.availableToMachine(root: "") ?? 0) > 1 << 20)
  }

  @Test("Of control groups the one with the least left counts, and unused cache of files is free")
  func second() throws {
    try write([
      "proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "max\n",
      "sys/fs/cgroup/a/b/memory.current": "10\n",
      "sys/fs/cgroup/a/memory.max": "1000000\n", "sys/fs/cgroup/a/memory.current": "900000\n",
      "sys/fs/cgroup/a/memory.stat": "anon 100000\ninactive_file 300000\nactive_file 5\n",
      "sys/fs/cgroup/memory.max": "5000000\n", "sys/fs/cgroup/memory.current": "1000000\n",
    ])
    #expect(Memory.availableToGroups(root: fixture.folder.path) == 400_000)
  }

  @Test("A container sees its own group only, whatever the path outside is")
  func container() throws {
    try write([
      "proc/self/cgroup": "0::/docker/4711\n", "sys/fs/cgroup/memory.max": "5000000\n",
      "sys/fs/cgroup/memory.current": "1000000\n",
    ])
    #expect(Memory.availableToGroups(root: fixture.folder.path) == 4_000_000)
  }

  @Test("Groups of the first version are read beside the second, which holds no memory then")
  func first() throws {
    let folder = "sys/fs/cgroup/memory/user"
    try write([
      "proc/self/cgroup":
        "5:cpu,cpuacct:/\n4:hugetlb,memory:/user\n1:name=systemd:/user\n0::/user\n",
      "\(folder)/memory.limit_in_bytes": "2000000\n",
      "\(folder)/memory.usage_in_bytes": "1500000\n",
      "\(folder)/memory.stat": "inactive_file 1\ntotal_inactive_file 100000\n",
      "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
      "sys/fs/cgroup/memory/memory.usage_in_bytes": "3000000\n",
    ])
    #expect(Memory.availableToGroups(root: fixture.folder.path) == 600_000)
  }

  @Test("Without groups, or with files that are no such, nothing is limited")
  func none() throws {
    #expect(Memory.availableToGroups(root: fixture.folder.path) == nil)
    try write([
      "proc/self/cgroup": "\n0:\n0::/\n", "sys/fs/cgroup/memory.max": "lots\n",
      "sys/fs/cgroup/memory.current": "-\n",
    ])
    #expect(Memory.availableToGroups(root: fixture.folder.path) == nil)
  }

  @Test("What cannot be had is said in a few words, and little is never asked for")
  func shortage() throws {
    #expect(Memory.shortage(nil) == "more memory is needed than any machine has")
    #expect(Memory.shortage(1 << 20) == nil && Memory.shortage(64 << 20) == nil)
    let text = try #require(Memory.shortage(1 << 60))
    #expect(text.hasPrefix("1152921504.7 GB of memory are needed, and "), "\(text)")
  }

  @Test("The limits of the process count, without any there is nothing to say")
  func limits() async {
    await #expect(processExitsWith: .success) {
      var limit = rlimit()
      getrlimit(.init(RLIMIT_AS.rawValue), &limit)
      guard limit.rlim_cur == .max else { return }
      precondition(Memory.leftOfLimits == nil)
      limit.rlim_cur = 1 << 40
      setrlimit(.init(RLIMIT_AS.rawValue), &limit)
      let left = Memory.leftOfLimits ?? 0
      precondition(left > 1 << 39 && left < 1 << 40, "\(left)")
      precondition(Memory.available.map { $0 <= left } ?? false)
    }
  }

  @Test("A buffer that cannot be had ends the program with a line, and none that may be refused")
  func exhaustion() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Matrix<Float>(rows: 1 << 40, columns: 1 << 20)
    }
    let text = result.map { String(decoding: $0.standardErrorContent, as: UTF8.self) } ?? ""
    #expect(text.contains("out of memory"), "\(text)")
    #expect(throws: NetworkError.self) {
      try Network<Double>(
        sizes: [90_000, 90_000, 1], activations: [.relu, .identity], loss: .squaredError)
    }
  }
}
