import FuzzSupport

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzzRun(Array(UnsafeBufferPointer(start: start, count: count)))
  return 0
}
