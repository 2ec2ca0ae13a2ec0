// swift-tools-version: 6.3
import PackageDescription

// A package of its own: `swift test` of the main package could not link libFuzzer's main function,
// and a package with unsafe flags cannot be a dependency.
//
// To add a target: its name here, an entry in Sources/<name> like the others, and two or three small
// inputs in Corpus/<name>. `Scripts/fuzz` finds it.
let targets = ["csv", "idx", "json", "npy", "npz", "run", "safetensors"]

let package = Package(
  name: "Fuzz",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "swift-backprop", path: "..")],
  targets: [
    .target(
      name: "FuzzSupport",
      dependencies: [
        .product(name: "Backprop", package: "swift-backprop"),
        .product(name: "BackpropInspection", package: "swift-backprop"),
      ], path: "Support")
  ]
    + targets.map { name in
      .executableTarget(
        name: name, dependencies: ["FuzzSupport"],
        swiftSettings: [.unsafeFlags(["-parse-as-library"])])
    },
  swiftLanguageModes: [.v6]
)
