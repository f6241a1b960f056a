public import Foundation

/// A message that requires an answer.
///
/// A request that an exchange has accepted gets exactly one terminal ``Response``, with the same ``tag`` and ``label``.
///
/// A copy holds one reference to the same immutable parts, and the ``attempt``.
public struct Request: Sendable, Hashable {
    private let parts: RequestParts

    /// The requester. Its mailbox receives the response.
    public var source: EntityID { parts.source }

    /// The entity that serves the request.
    public var destination: EntityID { parts.destination }

    /// The tag that identifies the request. The response carries it too.
    public var tag: UUID { parts.tag }

    /// The label that tells apart the handles that share the mailbox of `source`. The response carries it too.
    public var label: UUID? { parts.label }

    /// The content of the request.
    public var body: Body { parts.body }

    /// The time when the requester stops waiting, by the wall clock, in whole milliseconds. A request that is still in
    /// the mailbox at that time is answered with ``ExchangeError/Code/deadlineExceeded`` and not delivered.
    public var deadline: Date? { parts.deadline }

    /// The time before which the request is handed to no receiver, by the wall clock, in whole milliseconds: that of a
    /// scheduled request, or of the present attempt of one that was put back. `nil` for all others. Only an action without a
    /// streamed result has one, and only where the exchange delays requests (``ExchangeTransport/delaysRequests``).
    public var notBefore: Date? { parts.notBefore }

    /// The series to which the request belongs, or that it begins; `nil` for all others. Only an action without a streamed
    /// result and without a deadline has one, and only where the exchange repeats requests
    /// (``ExchangeTransport/repeatsRequests``).
    public var series: RequestSeries? { parts.series?.rule }

    /// Metadata that travels with the request, such as the context of a trace (`traceparent`). Names have 1 to 64
    /// letters, digits, `-` or `_`, and begin neither with `x-` nor with `warren-`. Names and values have at most 8 KiB
    /// together.
    public var context: [String: String] { parts.context }

    /// The number of parts of a streamed result that the requester takes before it grants more; `nil` when it takes
    /// none.
    public var credit: Int? { parts.credit }

    /// The agents that wait for the answer besides the source.
    package var path: CallPath { parts.path }

    /// The sender's protocol version.
    public var protocolVersion: ProtocolVersion { parts.protocolVersion }

    /// The authenticated sender, as the exchange names it: on RabbitMQ the broker user, checked by the broker. `nil` without
    /// authentication: in one process, or on an exchange that has none.
    ///
    /// ``source`` is the sender's own claim. The exchange that delivers the request sets the principal, regardless of the
    /// value in the request that was sent. Comparisons and the JSON form leave it out.
    public var principal: String? { parts.principal }

    /// The way that the request took to this process; `nil` on an exchange with one way. Comparisons leave it out.
    package var way: MessageWay? { parts.way }

    /// The number of times that the request was handed to a receiver, including this one: 1, or more after a receiver
    /// died or closed before it answered. The exchange sets it; it has no meaning in a request to be sent.
    public var attempt: Int = 1

    /// Makes a request, with a new tag unless one is given.
    ///
    /// - Throws: ``ExchangeError/Code/invalidMessage`` for a shutdown request to a user, for an action whose name is
    ///   empty or longer than 255 bytes, for a `notBefore` of another request than an action without a streamed result, and for
    ///   one that is not before the deadline.
    public init(
        from source: EntityID,
        to destination: EntityID,
        tag: UUID = UUID(),
        label: UUID? = nil,
        deadline: Date? = nil,
        notBefore: Date? = nil,
        context: [String: String] = [:],
        credit: Int? = nil,
        protocolVersion: ProtocolVersion = .current,
        _ body: Body
    ) throws(ExchangeError) {
        try self.init(
            from: source,
            to: destination,
            tag: tag,
            label: label,
            deadline: deadline,
            notBefore: notBefore,
            context: context,
            credit: credit,
            path: CallPath(),
            principal: nil,
            protocolVersion: protocolVersion,
            body
        )
    }

    /// Makes a request with the parts that only an exchange knows: its call path, its principal and its way.
    package init(
        from source: EntityID,
        to destination: EntityID,
        tag: UUID,
        label: UUID?,
        deadline: Date?,
        notBefore: Date? = nil,
        context: [String: String],
        credit: Int?,
        path: CallPath,
        principal: String?,
        way: MessageWay? = nil,
        protocolVersion: ProtocolVersion,
        _ body: Body
    ) throws(ExchangeError) {
        if case .shutdown = body, destination.role == .user {
            throw ExchangeError(.invalidMessage, "only an agent can be shut down", entity: destination)
        }
        if case .action(let name, _) = body, !(1...255).contains(name.utf8.count) {
            throw ExchangeError(.invalidMessage, "the name of an action has 1 to 255 bytes", entity: destination)
        }
        try Self.check(context: context)
        if let credit, credit < 1 { throw ExchangeError(.invalidMessage, "a credit is at least 1") }
        if let notBefore { try Self.check(notBefore: notBefore, deadline: deadline, credit: credit, body) }
        parts = RequestParts(
            source: source,
            destination: destination,
            tag: tag,
            label: label,
            body: body,
            deadline: deadline.map { Date(millisecondsSince1970: $0.millisecondsSince1970) },
            notBefore: notBefore.map { Date(millisecondsSince1970: $0.millisecondsSince1970) },
            context: context,
            credit: credit,
            path: path,
            principal: principal,
            way: way,
            protocolVersion: protocolVersion
        )
    }

    /// Returns the request with an authenticated sender, or with none: for exchanges, and for middleware that has checked
    /// the sender.
    public func with(principal: String?) -> Request {
        principal == parts.principal ? self : Request(parts.with(path: path, principal: principal), attempt: attempt)
    }

    /// Returns the request with another path.
    package func with(path: CallPath) -> Request {
        path == parts.path ? self : Request(parts.with(path: path, principal: principal), attempt: attempt)
    }

    /// Returns the request with another time before which it is not handed out.
    package func with(notBefore: Date?) -> Request {
        let time = notBefore.map { Date(millisecondsSince1970: $0.millisecondsSince1970) }
        return time == parts.notBefore ? self : Request(parts.with(notBefore: time), attempt: attempt)
    }

    /// Returns the request as one of a series.
    ///
    /// - Throws: ``ExchangeError/Code/invalidMessage`` unless it is an action without a streamed result and without a deadline.
    package func with(series: RequestSeries) throws(ExchangeError) -> Request {
        guard case .action = body, credit == nil, deadline == nil || series.since == nil else {
            throw ExchangeError(.invalidMessage, "only an action without a streamed result can be repeated")
        }
        return Request(parts.with(series: series), attempt: attempt)
    }

    /// Whether this is a request of a series that has begun: only the agent itself sends such a request.
    package var isRepeated: Bool { parts.series?.rule.since != nil && source == destination }

    /// The identifier of the series that has begun, of which this is a request.
    package var seriesID: UUID? {
        guard isRepeated, let name = series?.name, let agent = destination.agentID else { return nil }
        return RequestSeries.id(name, at: agent)
    }

    private static func check(
        notBefore: Date,
        deadline: Date?,
        credit: Int?,
        _ body: Body
    ) throws(ExchangeError) {
        guard case .action = body, credit == nil else {
            throw ExchangeError(.invalidMessage, "only an action without a streamed result can be scheduled")
        }
        if let deadline, deadline <= notBefore {
            throw ExchangeError(.invalidMessage, "the deadline of a scheduled request is after its time")
        }
    }

    private init(_ parts: RequestParts, attempt: Int) {
        self.parts = parts
        self.attempt = attempt
    }

    /// Checks the metadata of a message: its names and its size.
    static func check(context: [String: String]) throws(ExchangeError) {
        var size = 0
        for (name, value) in context {
            guard isContextName(name) else {
                let text = "a name in the context has 1 to 64 letters, digits, - or _, and no x- or warren- in front"
                throw ExchangeError(.invalidMessage, text)
            }
            size += name.utf8.count + value.utf8.count
        }
        guard size <= maximumContextSize else {
            throw ExchangeError(.invalidMessage, "a context has at most 8,192 bytes")
        }
    }

    private static let maximumContextSize = 8192

    /// Returns whether a context may have an entry with this name.
    package static func isContextName(_ name: String) -> Bool {
        let isValid = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"): true
            default: false
            }
        }
        return isValid && (1...64).contains(name.utf8.count) && !name.hasPrefix("x-") && !name.hasPrefix("warren-")
    }

    /// Returns a context with as many of a tracer's entries as fit: a trace must not make a request fail.
    ///
    /// Existing entries stay. Short values go first, so that baggage does not displace `traceparent`.
    package static func fitting(_ added: [String: String], into context: [String: String]) -> [String: String] {
        var merged = context
        var size = context.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        let order = added.sorted { ($0.value.utf8.count, $0.key) < ($1.value.utf8.count, $1.key) }
        for (name, value) in order where merged[name] == nil && isContextName(name) {
            size += name.utf8.count + value.utf8.count
            guard size <= maximumContextSize else { break }
            merged[name] = value
        }
        return merged
    }

    /// Returns the request with another context.
    func with(context: [String: String]) throws(ExchangeError) -> Request {
        let request = try Request(
            from: source,
            to: destination,
            tag: tag,
            label: label,
            deadline: deadline,
            notBefore: notBefore,
            context: context,
            credit: credit,
            path: path,
            principal: principal,
            way: way,
            protocolVersion: protocolVersion,
            body
        )
        guard let series else { return request }
        return try request.with(series: series)
    }

    /// Whether this stands for an event that an exchange holds like a request.
    package var isEvent: Bool {
        if case .foreign(let kind, _) = parts.body { kind == .event } else { false }
    }

    /// The kind of the message.
    public var kind: MessageKind { body.kind }
}

extension Request {
    /// Returns whether all parts and the attempts are equal. Principals and ways are not compared.
    public static func == (left: Request, right: Request) -> Bool {
        left.attempt == right.attempt && (left.parts === right.parts || left.parts.isEqual(to: right.parts))
    }

    /// Hashes the source and the tag, which identify a request.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(source)
        hasher.combine(tag)
    }
}

/// The immutable parts of a request: a dozen references, shared as one object by all copies.
private final class RequestParts: Sendable {
    let source: EntityID
    let destination: EntityID
    let tag: UUID
    let label: UUID?
    let body: Request.Body
    let deadline: Date?
    let notBefore: Date?
    let context: [String: String]
    let credit: Int?
    let path: CallPath
    let principal: String?
    let way: MessageWay?
    let protocolVersion: ProtocolVersion
    let series: Series?

    /// A reference, because few requests have a series.
    final class Series: Sendable {
        let rule: RequestSeries

        init(_ rule: RequestSeries) { self.rule = rule }
    }

    init(
        source: EntityID,
        destination: EntityID,
        tag: UUID,
        label: UUID?,
        body: Request.Body,
        deadline: Date?,
        notBefore: Date?,
        context: [String: String],
        credit: Int?,
        path: CallPath,
        principal: String?,
        way: MessageWay?,
        protocolVersion: ProtocolVersion,
        series: Series? = nil
    ) {
        self.source = source
        self.destination = destination
        self.tag = tag
        self.label = label
        self.body = body
        self.deadline = deadline
        self.notBefore = notBefore
        self.context = context
        self.credit = credit
        self.path = path
        self.principal = principal
        self.way = way
        self.protocolVersion = protocolVersion
        self.series = series
    }

    func with(path: CallPath, principal: String?) -> RequestParts {
        with(notBefore: notBefore, path: path, principal: principal, series: series)
    }

    func with(notBefore: Date?) -> RequestParts {
        with(notBefore: notBefore, path: path, principal: principal, series: series)
    }

    func with(series: RequestSeries) -> RequestParts {
        with(notBefore: notBefore, path: path, principal: principal, series: Series(series))
    }

    private func with(notBefore: Date?, path: CallPath, principal: String?, series: Series?) -> RequestParts {
        RequestParts(
            source: source,
            destination: destination,
            tag: tag,
            label: label,
            body: body,
            deadline: deadline,
            notBefore: notBefore,
            context: context,
            credit: credit,
            path: path,
            principal: principal,
            way: way,
            protocolVersion: protocolVersion,
            series: series
        )
    }

    func isEqual(to other: RequestParts) -> Bool {
        (tag, label, source, destination) == (other.tag, other.label, other.source, other.destination)
            && (deadline, notBefore, context, credit) == (other.deadline, other.notBefore, other.context, other.credit)
            && (protocolVersion, body, path) == (other.protocolVersion, other.body, other.path)
            && series?.rule == other.series?.rule
    }
}
