// A model that eight tasks ask at once while a newer one takes its place, without a lock that any of them
// waits on.

import Backprop
import Synchronization

let table = try Table(contentsOf: "Examples/penguins.csv")
func train(seed: UInt64) throws -> Model {
  var configuration = TrainingConfiguration(epochs: 20, seed: seed)
  configuration.data.target = ["species"]
  return try Estimator(configuration, threads: 1).fit(table).model
}

// snippet.main
struct Bird: Encodable, Sendable {
  var island = "Biscoe"
  var billLength = 46.1
  var billDepth = 14.3
  var flipperLength = 215
  var mass = 5100
  var sex: String? = nil
  var year = 2008

  enum CodingKeys: String, CodingKey {
    case island, sex, year
    case billLength = "bill_length_mm"
    case billDepth = "bill_depth_mm"
    case flipperLength = "flipper_length_mm"
    case mass = "body_mass_g"
  }
}

// A model is a value: a new one is swapped in whole, and who has begun with the old one ends with it.
let current = Mutex(try train(seed: 1))
let counts: [String: Int] = try await withThrowingTaskGroup(of: [String: Int].self) { group in
  for _ in 0..<8 {
    group.addTask {
      var counts: [String: Int] = [:]
      for _ in 0..<1000 {
        let model = current.withLock { $0 }
        counts[try model.predict(Bird()).label, default: 0] += 1
      }
      return counts
    }
  }
  let next = try train(seed: 2)
  current.withLock { $0 = next }
  var sum: [String: Int] = [:]
  for try await counts in group { sum.merge(counts, uniquingKeysWith: +) }
  return sum
}
print(counts)
// snippet.end

precondition(counts == ["Gentoo": 8000], "\(counts)")
