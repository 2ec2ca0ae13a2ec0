import ArgumentParser

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
  var command = try BackpropCommand.parseAsRoot(try CommandWords.all.get())
  try command.run()
} catch {
  exit(CommandFailure.report(error))
}
