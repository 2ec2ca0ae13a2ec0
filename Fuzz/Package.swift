// swift-tools-version: 6.3
import PackageDescription

// A package of its own: `swift test` of the main package could not link libFuzzer's main function,
// and a package with unsafe flags cannot be a dependency.
let package = Package(
  name: "Fuzz",
  platforms: [.macOS(.v26)],
  dependencies: [.package(name: "swift-backprop", path: "..")],
  targets: [
    .executableTarget(
      name: "FuzzBackprop",
      dependencies: [.product(name: "Backprop", package: "swift-backprop")],
      swiftSettings: [.unsafeFlags(["-parse-as-library"])])
  ],
  swiftLanguageModes: [.v6]
)
