import Backprop
import BackpropInspection
import Dispatch
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Synchronization

/// Serves the studio's page and answers it, on this machine alone unless another address is asked for.
public struct StudioServer: Sendable {
  /// Where the server listens.
  public struct Address: Sendable {
    public let host: String
    public let port: Int

    public init(host: String = "127.0.0.1", port: Int = 8080) {
      self.host = host
      self.port = port
    }

    /// Whether only this machine can reach it.
    public var isLoopback: Bool { ["127.0.0.1", "::1", "localhost"].contains(host) }
  }

  private let studio: Studio
  private let address: Address
  /// What a request that changes something, or comes from elsewhere, must bring.
  public let token: String
  private let streams = StreamCount()

  private static let mostConnections = 64
  private static let idleSeconds: Int64 = 30
  private static let mostHeaderBytes = 16 << 10

  public init(_ studio: Studio, at address: Address) {
    self.studio = studio
    self.address = address
    token = (0..<2).map { _ in String(UInt64.random(in: .min ... .max), radix: 36) }.joined()
  }

  /// Serves until the process ends.
  ///
  /// - Parameter started: Is told of the port that it listens at.
  public func run(started: @escaping @Sendable (Int) async -> Void) async throws {
    let router = Router()
    router.middlewares.add(Guard(address: address, token: token))
    addPage(to: router)
    addQuestions(to: router)
    addChanges(to: router)
    var logger = Logger(label: "studio")
    logger.logLevel = .critical
    let app = Application(
      router: router,
      server: .http1(
        configuration: .init(
          idleTimeout: .seconds(Self.idleSeconds),
          httpDecoderConfiguration: .init(
            maxHeaderFieldSize: Self.mostHeaderBytes, maxHeaderListSize: Self.mostHeaderBytes,
            maxHeaderFieldCount: 100))),
      configuration: .init(
        address: .hostname(address.host, port: address.port),
        availableConnectionsDelegate: MaximumAvailableConnections(Self.mostConnections)),
      onServerRunning: { channel in await started(channel.localAddress?.port ?? 0) },
      logger: logger)
    // A signal ends the command itself: streams of events have no end to wait for.
    try await app.runService(gracefulShutdownSignals: [])
  }

  // MARK: The page

  private func addPage(to router: Router<BasicRequestContext>) {
    let token = token
    router.get("/") { _, _ in
      Self.response("text/html; charset=utf-8", StudioPage.html(token: token))
    }
    // Browsers ask for it unasked.
    router.get("/favicon.ico") { _, _ in Response(status: .noContent) }
    for file in PageFile.all {
      let type = file.name.hasSuffix(".css") ? "text/css" : "text/javascript"
      router.get("/\(file.name)") { _, _ in Self.response("\(type); charset=utf-8", file.text) }
    }
  }

  private static func response(_ type: String, _ text: String) -> Response {
    Response(
      status: .ok, headers: [.contentType: type],
      body: .init(byteBuffer: ByteBuffer(string: text)))
  }

  private static func response(_ document: JSONValue) -> Response {
    response("application/json", document.description)
  }

  /// Answers on a thread that may take its time, and turns what is wrong into a document.
  private static func answer(
    _ work: @escaping @Sendable () throws -> Response
  ) async -> Response {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        do {
          continuation.resume(returning: try work())
        } catch {
          continuation.resume(returning: refusal(.badRequest, "\(error)"))
        }
      }
    }
  }

  static func refusal(_ status: HTTPResponse.Status, _ message: String) -> Response {
    var response = response(["error": .string(message.shown(limit: 500))])
    response.status = status
    return response
  }

  // MARK: Questions

  private func addQuestions(to router: Router<BasicRequestContext>) {
    let (studio, streams) = (studio, streams)
    @Sendable func number(_ request: Request, _ name: String) -> Int? {
      request.uri.queryParameters[Substring(name)].flatMap { Int($0) }
    }
    @Sendable func rows(_ request: Request) -> [Int]? {
      request.uri.queryParameters["rows"].map { text in
        text.split(separator: ",").map { Int($0) ?? 0 }
      }
    }
    router.get("/api/state") { _, _ in
      await Self.answer { Self.response(studio.bench.description) }
    }
    router.get("/api/step") { request, _ in
      await Self.answer {
        Self.response("application/json", try studio.bench.step(rows: rows(request)))
      }
    }
    router.get("/api/nudges") { request, _ in
      await Self.answer {
        Self.response(
          try studio.bench.nudges(
            rows: rows(request), layer: number(request, "layer") ?? 0,
            neuron: max(number(request, "neuron") ?? 0, 0) - 1))
      }
    }
    router.get("/api/check") { request, _ in
      await Self.answer {
        let mutant = try request.uri.queryParameters["mutant"].map { name in
          guard let mutant = Mutant(rawValue: String(name)) else {
            throw StudioError("there is no mutant \(String(name).shown())")
          }
          return mutant
        }
        return Self.response(try studio.bench.check(mutant: mutant))
      }
    }
    router.get("/api/doctor") { _, _ in
      await Self.answer { Self.response(try studio.bench.diagnosis()) }
    }
    router.get("/api/whatif") { request, _ in
      await Self.answer {
        let name = String(request.uri.queryParameters["question"] ?? "")
        if name == "mutants" {
          return Self.response(try studio.bench.whatIf([], mutants: true))
        }
        guard let experiment = Experiment(rawValue: name) else {
          throw StudioError(
            "there is no experiment \(name.shown()); there are mutants, "
              + Experiment.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return Self.response(try studio.bench.whatIf([experiment], mutants: false))
      }
    }
    router.get("/api/boundary") { request, _ in
      await Self.answer {
        Self.response(
          try studio.bench.boundary(x: number(request, "x") ?? 0, y: number(request, "y") ?? 1))
      }
    }
    router.get("/api/confusion") { _, _ in
      await Self.answer { Self.response(try studio.bench.confusion()) }
    }
    router.get("/api/model") { _, _ in
      await Self.answer {
        let bytes = try studio.bench.model()
        return Response(
          status: .ok,
          headers: [
            .contentType: "application/octet-stream",
            .contentDisposition: "attachment; filename=\"model.safetensors\"",
          ], body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
      }
    }
    router.get("/api/events") { request, _ in
      guard streams.open() else {
        return Self.refusal(
          .serviceUnavailable, "\(StreamCount.most) tabs listen already; close one")
      }
      let last = request.headers[.init("Last-Event-ID")!].flatMap { Int($0) } ?? 0
      let stream = studio.bench.events
      return Response(
        status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
        body: .init { writer in
          defer { streams.close() }
          try await writer.write(ByteBuffer(string: "retry: 500\n\n"))
          // A tab that is closed is noticed at once, and not with the next event, which may never come.
          try await request.body.consumeWithCancellationOnInboundClose { _ in
            try await stream.batches(after: last).forEach { events in
              let text = events.map(\.text).joined(separator: ",")
              try await writer.write(
                ByteBuffer(string: "id: \(events.last?.id ?? 0)\ndata: [\(text)]\n\n"))
            }
          }
          try await writer.finish(nil)
        })
    }
  }

  // MARK: Changes

  private func addChanges(to router: Router<BasicRequestContext>) {
    let studio = studio
    @Sendable func document(_ request: Request) async throws -> JSONValue {
      let body = try await request.body.collect(upTo: 1 << 20)
      return try JSONValue(parsing: String(buffer: body))
    }
    router.post("/api/run") { request, _ in
      let order = try await document(request)
      return await Self.answer {
        let bench = studio.bench
        switch order["action"]?.string ?? "" {
        case "start": bench.start()
        case "pause": bench.pause()
        case "step": bench.oneStep()
        case "epoch": bench.oneEpoch()
        case "rewind": bench.rewind()
        case "back":
          guard bench.back(to: order["epoch"]?.int ?? 0) else {
            throw StudioError("the state at the end of that epoch is not kept")
          }
        case "rate":
          guard let rate = order["rate"]?.double, rate.isFinite, rate > 0 else {
            throw StudioError("a learning rate is a number above 0")
          }
          bench.change(rate: rate)
        case let action: throw StudioError("there is no action \(action.shown())")
        }
        return Self.response(bench.description)
      }
    }
    router.post("/api/weight") { request, _ in
      let order = try await document(request)
      return await Self.answer {
        try studio.bench.setWeight(
          layer: order["layer"]?.int ?? 0, to: order["to"]?.int ?? 0,
          from: order["from"]?.int ?? 0, value: order["value"]?.double)
        return Self.response(studio.bench.description)
      }
    }
    router.post("/api/network") { request, _ in
      let order = try await document(request)
      return await Self.answer {
        try studio.build(order)
        return Self.response(studio.bench.description)
      }
    }
    router.post("/api/data") { request, _ in
      let parameters = request.uri.queryParameters
      let name = parameters["name"].map(String.init) ?? "data"
      let target = parameters["target"].map(String.init)
      let body = try await request.body.collect(upTo: Studio.mostBytes)
      return await Self.answer {
        try studio.take(Array(body.readableBytesView), name: name, target: target)
        return Self.response(studio.bench.description)
      }
    }
  }
}

/// How many tabs listen.
private final class StreamCount: Sendable {
  static let most = 4
  private let count = Mutex(0)

  func open() -> Bool {
    count.withLock { count in
      guard count < Self.most else { return false }
      count += 1
      return true
    }
  }

  func close() { count.withLock { $0 -= 1 } }
}

/// Lets nobody else in: another page in the browser, or another machine by another name.
private struct Guard: RouterMiddleware {
  typealias Context = BasicRequestContext
  let address: StudioServer.Address
  let token: String

  private static let policy =
    "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'; object-src 'none'"

  func handle(
    _ request: Request, context: Context,
    next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    var response: Response
    if let refusal = refusal(of: request) {
      response = refusal
    } else {
      do {
        response = try await next(request, context)
      } catch let error as HTTPError {
        response = StudioServer.refusal(error.status, error.body ?? error.status.reasonPhrase)
      } catch {
        response = StudioServer.refusal(.badRequest, "\(error)")
      }
    }
    response.headers[.init("Content-Security-Policy")!] = Self.policy
    response.headers[.init("X-Content-Type-Options")!] = "nosniff"
    response.headers[.init("Referrer-Policy")!] = "no-referrer"
    response.headers[.init("Cross-Origin-Resource-Policy")!] = "same-origin"
    if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
    return response
  }

  private func refusal(of request: Request) -> Response? {
    // Another name that leads to this address is another page's trick (DNS rebinding).
    let host = Self.name(ofHost: request.head.authority ?? "")
    let own = address.host.contains(":") ? "[\(address.host)]" : address.host
    let names: Set<String> = ["127.0.0.1", "localhost", "[::1]", own]
    let isAnywhere = ["0.0.0.0", "::"].contains(address.host)
    guard names.contains(host) || isAnywhere else {
      return StudioServer.refusal(
        .forbidden, "the studio answers to \(names.sorted().joined(separator: ", "))")
    }
    if let origin = request.headers[.origin], origin != "null",
      origin != "http://\(request.head.authority ?? "")"
    {
      return StudioServer.refusal(.forbidden, "a request from another page")
    }
    // An image of another page sends no origin; browsers say so in this header. A link to the page is welcome.
    if request.headers[.init("Sec-Fetch-Site")!] == "cross-site", request.uri.path != "/" {
      return StudioServer.refusal(.forbidden, "a request from another page")
    }
    let isQuestion = request.method == .get || request.method == .head
    let isFree =
      isQuestion
      && (address.isLoopback || PageFile.all.contains { request.uri.path == "/\($0.name)" })
    guard isFree || given(by: request) == token else {
      return StudioServer.refusal(
        .unauthorized, "the token of the studio is missing; open the address that it printed")
    }
    if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > Studio.mostBytes
    {
      return StudioServer.refusal(
        .contentTooLarge,
        "\(length) bytes; the studio takes \(Studio.mostBytes): start it with the file")
    }
    return nil
  }

  private func given(by request: Request) -> String? {
    request.headers[.init("X-Studio-Token")!]
      ?? request.uri.queryParameters["token"].map(String.init)
  }

  private static func name(ofHost host: String) -> String {
    if host.hasPrefix("[") { return String(host.prefix { $0 != "]" }) + "]" }
    return String(host.prefix { $0 != ":" })
  }
}
