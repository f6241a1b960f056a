public import Foundation

/// A message that wants an answer.
///
/// A request that an exchange accepted gets exactly one terminal ``Response``, with the same ``tag`` and ``label``.
///
/// A copy is a reference to the same immutable parts, and the ``attempt``.
public struct Request: Sendable, Hashable {
    private let parts: RequestParts

    /// Who asks, and where the response goes.
    public var source: EntityID { parts.source }

    /// Who is asked.
    public var destination: EntityID { parts.destination }

    /// What identifies the request; the response carries the same tag.
    public var tag: UUID { parts.tag }

    /// Tells handles apart that share the mailbox of `source`; the response carries the same label.
    public var label: UUID? { parts.label }

    /// What is asked.
    public var body: Body { parts.body }

    /// When the requester stops waiting, by the wall clock, in whole milliseconds. A request that is still in the
    /// mailbox then is answered with ``ExchangeError/Code/deadlineExceeded`` and not delivered.
    public var deadline: Date? { parts.deadline }

    /// What travels beside the request, such as the context of a trace (`traceparent`). Names have 1 to 64 letters,
    /// digits, `-` or `_`, and begin neither with `x-` nor with `warren-`; all of it at most 8 KiB.
    public var context: [String: String] { parts.context }

    /// How many parts of a streamed result the requester takes before it grants more; `nil` when it takes none.
    public var credit: Int? { parts.credit }

    /// Who waits for the answer besides the source.
    package var path: CallPath { parts.path }

    /// The version that the sender speaks.
    public var protocolVersion: ProtocolVersion { parts.protocolVersion }

    /// Who was authenticated as the sender, in the words of the exchange: on RabbitMQ the broker user, which the broker has
    /// checked. `nil` when nobody was: in one process, or where an exchange can't tell.
    ///
    /// ``source`` is what the sender says of itself; this is what the exchange knows. Set by the exchange that delivers the
    /// request, whatever the sender put there. It does not count when requests are compared, and is no part of their JSON
    /// form.
    public var principal: String? { parts.principal }

    /// How often the request has been handed to a receiver, this time included: 1, or more after a receiver died or
    /// closed before it answered. Set by the exchange, meaningless in a request that is sent.
    public var attempt: Int = 1

    /// Makes a request; without a tag, with a new one.
    ///
    /// - Throws: ``ExchangeError/Code/invalidMessage`` for a shutdown request to a user, and for an action whose name is
    ///   empty or longer than 255 bytes.
    public init(
        from source: EntityID,
        to destination: EntityID,
        tag: UUID = UUID(),
        label: UUID? = nil,
        deadline: Date? = nil,
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
            context: context,
            credit: credit,
            path: CallPath(),
            principal: nil,
            protocolVersion: protocolVersion,
            body
        )
    }

    /// The same, with what only an exchange knows.
    package init(
        from source: EntityID,
        to destination: EntityID,
        tag: UUID,
        label: UUID?,
        deadline: Date?,
        context: [String: String],
        credit: Int?,
        path: CallPath,
        principal: String?,
        protocolVersion: ProtocolVersion,
        _ body: Body
    ) throws(ExchangeError) {
        if case .shutdown = body, destination.role == .user {
            throw ExchangeError(.invalidMessage, "only an agent can be shut down", entity: destination)
        }
        if case .action(let name, _) = body, !(1...255).contains(name.utf8.count) {
            throw ExchangeError(.invalidMessage, "the name of an action has 1 to 255 bytes", entity: destination)
        }
        try Self.check(context, credit)
        parts = RequestParts(
            source: source,
            destination: destination,
            tag: tag,
            label: label,
            body: body,
            deadline: deadline.map { Date(millisecondsSince1970: $0.millisecondsSince1970) },
            context: context,
            credit: credit,
            path: path,
            principal: principal,
            protocolVersion: protocolVersion
        )
    }

    /// The same request with the sender that was authenticated, or with none. For exchanges, and for middleware that has
    /// checked who asks.
    public func with(principal: String?) -> Request {
        principal == parts.principal ? self : Request(parts.with(path: path, principal: principal), attempt: attempt)
    }

    /// The same request with the path that led to it.
    package func with(path: CallPath) -> Request {
        path == parts.path ? self : Request(parts.with(path: path, principal: principal), attempt: attempt)
    }

    private init(_ parts: RequestParts, attempt: Int) {
        self.parts = parts
        self.attempt = attempt
    }

    private static func check(_ context: [String: String], _ credit: Int?) throws(ExchangeError) {
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
        if let credit, credit < 1 { throw ExchangeError(.invalidMessage, "a credit is at least 1") }
    }

    private static let maximumContextSize = 8192

    /// Whether something with this name can travel beside a request.
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

    /// A context with as much of what a tracer adds as may travel: a trace must not make a request fail.
    ///
    /// What is in the context already stays; short values go first, so that baggage does not crowd out `traceparent`.
    static func fitting(_ added: [String: String], into context: [String: String]) -> [String: String] {
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

    /// The same request with another context.
    func with(context: [String: String]) throws(ExchangeError) -> Request {
        try Request(
            from: source,
            to: destination,
            tag: tag,
            label: label,
            deadline: deadline,
            context: context,
            credit: credit,
            path: path,
            principal: principal,
            protocolVersion: protocolVersion,
            body
        )
    }

    /// The kind of the message.
    public var kind: MessageKind { body.kind }
}

extension Request {
    /// Whether all parts are equal, and the attempts. Who was authenticated does not count.
    public static func == (left: Request, right: Request) -> Bool {
        left.attempt == right.attempt && (left.parts === right.parts || left.parts.isEqual(to: right.parts))
    }

    /// Hashes what tells requests apart: their source and tag.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(source)
        hasher.combine(tag)
    }
}

/// What a request consists of. It has a dozen references; as an object, a copy of the request has one.
private final class RequestParts: Sendable {
    let source: EntityID
    let destination: EntityID
    let tag: UUID
    let label: UUID?
    let body: Request.Body
    let deadline: Date?
    let context: [String: String]
    let credit: Int?
    let path: CallPath
    let principal: String?
    let protocolVersion: ProtocolVersion

    init(
        source: EntityID,
        destination: EntityID,
        tag: UUID,
        label: UUID?,
        body: Request.Body,
        deadline: Date?,
        context: [String: String],
        credit: Int?,
        path: CallPath,
        principal: String?,
        protocolVersion: ProtocolVersion
    ) {
        self.source = source
        self.destination = destination
        self.tag = tag
        self.label = label
        self.body = body
        self.deadline = deadline
        self.context = context
        self.credit = credit
        self.path = path
        self.principal = principal
        self.protocolVersion = protocolVersion
    }

    func with(path: CallPath, principal: String?) -> RequestParts {
        RequestParts(
            source: source,
            destination: destination,
            tag: tag,
            label: label,
            body: body,
            deadline: deadline,
            context: context,
            credit: credit,
            path: path,
            principal: principal,
            protocolVersion: protocolVersion
        )
    }

    func isEqual(to other: RequestParts) -> Bool {
        (tag, label, source, destination) == (other.tag, other.label, other.source, other.destination)
            && (deadline, context, credit) == (other.deadline, other.context, other.credit)
            && (protocolVersion, body, path) == (other.protocolVersion, other.body, other.path)
    }
}

extension Request.Body {
    /// The kind of a request that asks for this.
    var kind: MessageKind {
        switch self {
        case .action: .actionRequest
        case .ping: .pingRequest
        case .shutdown: .shutdownRequest
        case .cancel: .cancelRequest
        case .foreign(let kind, _): kind
        }
    }
}

extension Request {
    /// What a request asks for.
    public enum Body: Sendable, Hashable {
        /// Run the named action. The name has 1 to 255 bytes.
        case action(name: String, arguments: ActionArguments)
        /// Answer, to show that you are alive.
        case ping
        /// Stop. `terminate` overrides whether the agent's mailbox is terminated then.
        case shutdown(terminate: Bool?)
        /// Cancel the request with the given tag, if it is one of the source's.
        case cancel(tag: UUID)
        /// A kind that only another protocol version knows. Receivers answer it with
        /// ``ExchangeError/Code/incompatibleProtocol``.
        case foreign(kind: MessageKind, payload: Payload)
    }
}

extension Date {
    /// Whole milliseconds since 1970, as deadlines travel.
    package var millisecondsSince1970: Int64 {
        let milliseconds = (timeIntervalSince1970 * 1000).rounded()
        return Int64(exactly: milliseconds) ?? (milliseconds < 0 ? .min : .max)
    }

    /// The date that many milliseconds after 1970.
    package init(millisecondsSince1970 milliseconds: Int64) {
        self.init(timeIntervalSince1970: Double(milliseconds) / 1000)
    }
}
