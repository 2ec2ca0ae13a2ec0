import ArgumentParser
import Backprop
import BackpropInspection

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

Terminal.fillClosedStreams()
Interruption.install()
do {
  // Little is taken without asking; there must be room for it.
  if let shortage = Memory.shortage(4 << 20) { throw DataError(shortage) }
  try HelpOptions.showIfAsked()
  var command = try BackpropCommand.parseAsRoot()
  try command.run()
} catch {
  exit(CommandFailure.report(error))
}
