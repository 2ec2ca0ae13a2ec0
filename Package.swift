// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "swift-backprop",
  // As far as reading the availability of what is used goes: only Linux is built in CI.
  platforms: [.macOS(.v15), .iOS(.v18)],
  products: [
    .library(name: "Backprop", targets: ["Backprop"]),
    .library(name: "BackpropInspection", targets: ["BackpropInspection"]),
    .executable(name: "backprop", targets: ["BackpropCommand"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.4.0"),
  ],
  targets: [
    .target(name: "CBackprop"),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .target(name: "Backprop", dependencies: ["CBackprop", "CZlib"]),
    .target(name: "BackpropInspection", dependencies: ["Backprop", "CBackprop"]),
    .executableTarget(
      name: "BackpropCommand",
      dependencies: [
        "Backprop", "BackpropInspection",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .target(name: "CReference", dependencies: ["CBackprop"], path: "Tests/CReference"),
    .testTarget(
      name: "BackpropTests",
      dependencies: ["Backprop", "BackpropInspection", "CBackprop", "CReference"],
      exclude: ["Fixtures"]),
    .testTarget(
      name: "CommandTests", dependencies: ["BackpropCommand", "Backprop", "BackpropInspection"],
      exclude: ["Fixtures"]),
  ],
  swiftLanguageModes: [.v6]
)
