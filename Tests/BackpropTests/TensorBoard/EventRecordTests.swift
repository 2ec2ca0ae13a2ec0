import Foundation
import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Event files of TensorBoard, byte for byte")
struct EventRecordTests {
  private func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { String(UInt16($0) + 0x100, radix: 16).dropFirst() }.joined()
  }

  @Test("CRC32C gives the published check values")
  func checksum() {
    #expect(CRC32C.checksum(of: "123456789".utf8) == 0xE306_9283)
    // RFC 3720, appendix B.4, whose bytes are in the order of the wire.
    #expect(CRC32C.checksum(of: [UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.checksum(of: [UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(CRC32C.checksum(of: (0..<32).map { UInt8($0) }) == 0x46DD_794E)
    #expect(CRC32C.checksum(of: [UInt8]()) == 0)
  }

  @Test("A record is the one that TensorBoard's own RecordWriter makes")
  func record() {
    #expect(
      hexadecimal(EventRecord.framed(Array("123456789".utf8)))
        == "0900000000000000" + "37f97139" + "313233343536373839" + "e5b08ac7")
  }

  @Test("Numbers of all sizes are varints, the lowest seven bits first")
  func varints() {
    // Field 1 of wire type 0 is 08; 300 = 0b10_0101100 is ac 02 in the encoding's own documentation.
    for (number, bytes) in [
      (0, "0800"), (127, "087f"), (128, "088001"), (300, "08ac02"),
      (Int64.max, "08ffffffffffffffff7f"), (-1, "08ffffffffffffffffff01"),
    ] {
      var message = ProtocolMessage()
      message.add(1, integer: number)
      #expect(hexadecimal(message.bytes) == bytes)
    }
  }

  /// What `SerializeToString` of the messages in the PyPI package tensorboard 2.21 gives, made by
  /// its `scalar_pb` and `histogram_pb`, with the class of the data filled in.
  @Test("Events are those that TensorBoard's own messages give")
  func events() {
    let version = Event(wallTime: 1.5, content: .fileVersion("brain.Event:2"))
    #expect(hexadecimal(version.bytes) == "09000000000000f83f1a0d627261696e2e4576656e743a32")
    let scalar = Event(
      wallTime: 1.5, step: 300,
      content: .summary([SummaryValue(tag: "loss", content: .scalar(0.5))]))
    #expect(
      hexadecimal(scalar.bytes)
        == "09000000000000f83f10ac022a230a210a046c6f7373420a080112002a040000003f4a0d0a090a07"
        + "7363616c6172732001")
    let histogram = Histogram(of: [0, 1, 1] as [Float], buckets: 2)
    let summary = Event(
      wallTime: 1.5, step: 1,
      content: .summary([SummaryValue(tag: "w", content: .histogram(histogram))]))
    #expect(
      hexadecimal(summary.bytes)
        == "09000000000000f83f10012a570a550a0177423e0802120812020802120208032230000000000000"
        + "0000000000000000e03f000000000000f03f000000000000e03f000000000000f03f000000000000"
        + "00404a100a0c0a0a686973746f6772616d732002")
  }
}

@Suite("A writer of event files")
struct TensorBoardWriterTests {
  private let folder: URL

  init() {
    folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("tensorboard-\(UUID().uuidString)")
  }

  /// The payloads of a file whose checksums are right.
  private func payloads(_ path: String) throws -> [[UInt8]] {
    var rest = try Array(Data(contentsOf: URL(fileURLWithPath: path)))[...]
    var payloads: [[UInt8]] = []
    while !rest.isEmpty {
      let length = Int(rest.prefix(8).enumerated().reduce(0) { $0 + Int($1.1) << (8 * $1.0) })
      let payload = Array(rest.dropFirst(12).prefix(length))
      let record = Array(rest.prefix(length + 16))
      #expect(record == EventRecord.framed(payload))
      payloads.append(payload)
      rest = rest.dropFirst(record.count)
    }
    return payloads
  }

  @Test("A run becomes a file: its version, then distributions and scalars in their order")
  func run() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let nested = folder.appendingPathComponent("runs/1").path
    let writer = try TensorBoardWriter(folder: nested, now: { 1234.5 })
    var network: Network<Float> = try TrainerTests.network()
    var failures: [any Error] = []
    try Trainer<Float>(configuration: TrainingConfiguration(batchSize: 30, epochs: 2)).train(
      &network, on: TrainerTests.spirals(60, seed: 1),
      validation: TrainerTests.spirals(30, seed: 2),
      metrics: TrainerTests.metrics,
      observers: [
        DistributionObserver<Float> { distributions in
          do { try writer.write(distributions) } catch { failures.append(error) }
        }
      ]
    ) { event in
      do { try writer.write(event) } catch { failures.append(error) }
    }
    #expect(failures.isEmpty)
    let name = try #require(FileManager.default.contentsOfDirectory(atPath: nested).first)
    #expect(name.hasPrefix("events.out.tfevents.1234."))
    #expect(name.hasSuffix(".\(ProcessInfo.processInfo.processIdentifier).0.v2"))
    let found = try payloads(writer.path)
    #expect(
      found.first == Event(wallTime: 1234.5, content: .fileVersion("brain.Event:2")).bytes)
    // Distributions before the first step, then scalars and distributions of each epoch.
    func has(_ tag: String, _ payload: [UInt8]) -> Bool {
      String(decoding: payload, as: UTF8.self).contains(tag)
    }
    #expect(
      found.dropFirst().map { has("delta/layer4", $0) } == [true, false, true, false, true])
    #expect(
      found.dropFirst().map { has("validation/logLoss", $0) } == [false, true, false, true, false])
  }

  @Test("Two writers of one second write two files")
  func twoWriters() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let writers = try (0..<2).map { _ in
      try TensorBoardWriter(folder: folder.path, now: { 1234.5 })
    }
    #expect(writers[0].path != writers[1].path && writers[1].path.hasSuffix(".1.v2"))
  }

  @Test("A file in the place of the folder is an error, told by its name, and stays")
  func fileAsFolder() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data("mine".utf8).write(to: folder)
    for path in [folder.path, folder.path + "/", folder.path + "//", folder.path + "/below"] {
      let error = #expect(throws: FileError.self) { try TensorBoardWriter(folder: path) }
      #expect(error?.description.contains("\(folder.path)") == true)
      #expect(throws: FileError.self) { try Folder.checkCreatable(path) }
    }
    #expect(try Data(contentsOf: folder) == Data("mine".utf8))
  }
}
