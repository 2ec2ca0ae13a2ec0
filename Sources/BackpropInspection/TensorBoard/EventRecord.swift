import Backprop

// Event files, from the outside in: records with checksums, and the messages in them.

/// The cyclic redundancy check of Castagnoli's polynomial 0x1EDC6F41, bits reflected (RFC 3720,
/// appendix B.4): 0xE3069283 for the text "123456789".
enum CRC32C {
  /// The check of each byte alone, so that a message takes one step a byte.
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { crc, _ in crc >> 1 ^ (crc & 1 == 1 ? 0x82F6_3B78 : 0) }
  }

  static func checksum(of bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { crc, byte in crc >> 8 ^ table[Int((crc ^ UInt32(byte)) & 0xFF)] }
  }

  /// Rotated and shifted, as records store it: the check of bytes that hold their own check would be
  /// no check (TensorFlow, `core/lib/hash/crc32c.h`).
  static func masked(of bytes: some Sequence<UInt8>) -> UInt32 {
    let crc = checksum(of: bytes)
    return (crc >> 15 | crc << 17) &+ 0xA282_EAD8
  }
}

/// One record of a TFRecord file:
///
///     length of the payload (u64) · masked CRC32C of these 8 bytes · payload · its masked CRC32C
///
/// All numbers are little-endian.
enum EventRecord {
  static func framed(_ payload: [UInt8]) -> [UInt8] {
    var record: [UInt8] = []
    record.reserveCapacity(payload.count + 16)
    record.append(littleEndian: UInt64(payload.count))
    record.append(littleEndian: CRC32C.masked(of: record))
    record += payload
    record.append(littleEndian: CRC32C.masked(of: payload))
    return record
  }
}

/// What an event file consists of: `tensorflow.Event` of TensorBoard's `compat/proto/event.proto`.
struct Event {
  enum Content {
    /// Comes first: which format follows.
    case fileVersion(String)
    case summary([SummaryValue])
    /// A run begins again at the event's step: whatever the folder has from there on is void.
    case sessionStart
  }

  /// Seconds since 1970.
  let wallTime: Double
  var step = 0
  let content: Content

  var bytes: [UInt8] {
    var message = ProtocolMessage()
    message.add(1, double: wallTime)  // wall_time
    if step != 0 { message.add(2, integer: Int64(step)) }  // step
    switch content {
    case .fileVersion(let version): message.add(3, string: version)  // file_version
    case .summary(let values):
      message.add(5) { summary in  // summary
        for value in values { summary.add(1) { value.write(to: &$0) } }  // value
      }
    case .sessionStart: message.add(7) { $0.add(1, integer: 1) }  // session_log: status START
    }
    return message.bytes
  }
}

/// One number or histogram under a name: `Summary.Value` of `compat/proto/summary.proto`, as
/// TensorFlow 2 writes it, a tensor and the plugin that shows it.
struct SummaryValue {
  enum Content {
    case scalar(Float)
    case histogram(Histogram)
  }

  let tag: String
  let content: Content

  func write(to value: inout ProtocolMessage) {
    value.add(1, string: tag)  // tag
    switch content {
    case .scalar(let number):
      value.add(8) { tensor in  // tensor: of no dimension
        tensor.add(1, integer: 1)  // dtype: DT_FLOAT
        tensor.add(2, bytes: [])  // tensor_shape
        var numbers: [UInt8] = []
        numbers.append(littleEndian: number.bitPattern)
        tensor.add(5, bytes: numbers)  // float_val
      }
      Self.addMetadata("scalars", dataClass: 1, to: &value)  // DATA_CLASS_SCALAR
    case .histogram(let histogram):
      value.add(8) { tensor in  // tensor: [buckets, 3] of left, right, count
        tensor.add(1, integer: 2)  // dtype: DT_DOUBLE
        tensor.add(2) { shape in  // tensor_shape
          for size in [histogram.buckets.count, 3] {
            shape.add(2) { $0.add(1, integer: Int64(size)) }  // dim: size
          }
        }
        var numbers: [UInt8] = []
        for bucket in histogram.buckets {
          numbers.append(littleEndian: bucket.left.bitPattern)
          numbers.append(littleEndian: bucket.right.bitPattern)
          numbers.append(littleEndian: Double(bucket.count).bitPattern)
        }
        tensor.add(4, bytes: numbers)  // tensor_content
      }
      Self.addMetadata("histograms", dataClass: 2, to: &value)  // DATA_CLASS_TENSOR
    }
  }

  private static func addMetadata(
    _ plugin: String, dataClass: Int64, to value: inout ProtocolMessage
  ) {
    value.add(9) { metadata in  // metadata
      metadata.add(1) { $0.add(1, string: plugin) }  // plugin_data: plugin_name
      metadata.add(4, integer: dataClass)  // data_class
    }
  }
}
