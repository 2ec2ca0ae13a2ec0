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
    .executable(name: "backprop-server", targets: ["BackpropServerCommand"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(
      url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.4.0"),
  ],
  targets: [
    .target(name: "CBackprop"),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .target(name: "Backprop", dependencies: ["CBackprop", "CZlib"]),
    .target(name: "CPage", exclude: ["page"]),
    .target(name: "BackpropInspection", dependencies: ["Backprop", "CBackprop", "CPage"]),
    .executableTarget(
      name: "BackpropCommand",
      dependencies: [
        "Backprop", "BackpropInspection",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    // What has a socket is a command of its own, so that the other one is built in a minute or two.
    .target(
      name: "BackpropServer",
      dependencies: [
        "Backprop", "BackpropInspection", .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
      ]),
    .executableTarget(
      name: "BackpropServerCommand",
      dependencies: [
        "BackpropServer", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .target(name: "CReference", dependencies: ["CBackprop"], path: "Tests/CReference"),
    .testTarget(
      name: "BackpropTests",
      dependencies: ["Backprop", "BackpropInspection", "CBackprop", "CReference"],
      exclude: ["Fixtures"]),
    .testTarget(
      name: "CommandTests", dependencies: ["BackpropCommand", "Backprop", "BackpropInspection"],
      exclude: ["Fixtures"]),
    .testTarget(
      name: "BackpropServerTests",
      dependencies: ["BackpropServer", "Backprop", "BackpropInspection"]),
  ],
  swiftLanguageModes: [.v6]
)
