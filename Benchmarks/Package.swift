// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "backprop-benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "swift-backprop", path: "..")],
  targets: [
    .executableTarget(
      name: "backprop-bench",
      dependencies: ["Failing", .product(name: "Backprop", package: "swift-backprop")]),
    .executableTarget(
      name: "count-steps",
      dependencies: ["Failing", .product(name: "Backprop", package: "swift-backprop")]),
    .target(name: "Failing"),
    .executableTarget(name: "fma-peak"),
  ],
  swiftLanguageModes: [.v6]
)
