// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "swift-backprop",
  platforms: [.macOS(.v26)],
  products: [
    .library(name: "Backprop", targets: ["Backprop"]),
    .executable(name: "backprop", targets: ["backprop"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.4.0"),
  ],
  targets: [
    .target(name: "CBackprop"),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .target(name: "Backprop", dependencies: ["CBackprop", "CZlib"]),
    .executableTarget(
      name: "backprop",
      dependencies: [
        "Backprop",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .target(name: "CReference", dependencies: ["CBackprop"], path: "Tests/CReference"),
    .testTarget(
      name: "BackpropTests", dependencies: ["Backprop", "CBackprop", "CReference"],
      exclude: ["Fixtures"]),
    .testTarget(
      name: "CommandTests", dependencies: ["backprop", "Backprop"], exclude: ["Fixtures"]),
  ],
  swiftLanguageModes: [.v6]
)
