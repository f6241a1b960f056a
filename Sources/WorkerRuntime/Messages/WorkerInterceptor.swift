public import AgentExchange

/// Sees the messages that a runtime sends and the replies that it gets, and may change or drop them.
///
/// A runtime has a list of them in ``WorkerConfiguration/interceptors``. They are asked in order, each with the message of the
/// one before; the first that drops a message is the last that sees it. Each hook has a default that passes.
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
    func pass(
        _ message: any Sendable,
        _ ask: (any WorkerInterceptor, any Sendable) async throws(ExchangeError) -> Interception
    ) async throws(ExchangeError) -> (any Sendable)? {
        var message = message
        for interceptor in self {
            switch try await ask(interceptor, message) {
            case .pass: break
            case .change(let other): message = other
            case .drop: return nil
            }
        }
        return message
    }
}
