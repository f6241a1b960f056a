public import AgentExchange
internal import Synchronization

/// Sees the messages that a runtime sends and the replies that it gets, and may change or drop them.
///
/// A runtime has a list of them in ``WorkerConfiguration/interceptors``. They are asked in order, each with the message of the
/// one before; the first that drops a message is the last that sees it. Each hook has a default that passes. The deadline of a
/// request holds for its hooks too; those of an event have `ClientConfiguration.requestDeadline`.
public protocol WorkerInterceptor: Sendable {
    /// Called before a request is encoded. A dropped one throws `ExchangeError.Code.dropped` at its sender.
    func onSend(_ message: any Sendable, to address: AgentAddress, from sender: AgentAddress?)
        async throws(ExchangeError)
        -> Interception

    /// Called before an event is encoded. A dropped one is not published, and its publisher is told.
    func onPublish(_ message: any Sendable, to topic: Topic, from sender: AgentAddress?) async throws(ExchangeError)
        -> Interception

    /// Called with the reply to a request of this runtime. A dropped one throws `ExchangeError.Code.dropped` at the sender.
    func onResponse(_ reply: any Sendable, from address: AgentAddress, to sender: AgentAddress?)
        async throws(ExchangeError)
        -> Interception
}

/// The decision of an interceptor.
public enum Interception: Sendable {
    /// The message goes on unchanged.
    case pass
    /// Another message goes on in its place.
    case change(any Sendable)
    /// Nothing goes on.
    case drop
}

extension WorkerInterceptor {
    /// Passes.
    public func onSend(_ message: any Sendable, to address: AgentAddress, from sender: AgentAddress?)
        async throws(ExchangeError) -> Interception
    { .pass }

    /// Passes.
    public func onPublish(_ message: any Sendable, to topic: Topic, from sender: AgentAddress?)
        async throws(ExchangeError) -> Interception
    { .pass }

    /// Passes.
    public func onResponse(_ reply: any Sendable, from address: AgentAddress, to sender: AgentAddress?)
        async throws(ExchangeError) -> Interception
    { .pass }
}

extension [any WorkerInterceptor] {
    /// Asks all of them. Returns the message that goes on, or `nil` when one of them dropped it.
    ///
    /// - Parameters:
    ///   - end: The deadline.
    ///   - delivery: The outcome of the message if the deadline passes.
    ///   - hasChanged: Set when one of them changed the message.
    func pass(
        _ message: any Sendable,
        until end: ContinuousClock.Instant,
        _ delivery: DeliveryOutcome,
        changed hasChanged: Flag = Flag(),
        _ ask: @escaping @Sendable (any WorkerInterceptor, any Sendable) async throws(ExchangeError) -> Interception
    ) async throws(ExchangeError) -> (any Sendable)? {
        if isEmpty { return message }
        return try await limited(until: end, while: "an interceptor was asked", delivery: delivery) {
            () async throws(ExchangeError) in
            var message = message
            for interceptor in self {
                switch try await ask(interceptor, message) {
                case .pass: break
                case .change(let other):
                    message = other
                    hasChanged.set()
                case .drop: return nil
                }
            }
            return message
        }
    }
}

/// A truth that is set once.
final class Flag: Sendable {
    private let value = Atomic(false)

    /// Whether it was set.
    var isSet: Bool { value.load(ordering: .acquiring) }

    /// Sets it. Returns whether this is the first call.
    @discardableResult
    func set() -> Bool { !value.exchange(true, ordering: .acquiringAndReleasing) }
}
