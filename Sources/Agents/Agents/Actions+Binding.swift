public import AgentExchange

extension Actions.Builder {
    /// Binds an action: `$0.on(\.transfer) { bank, amount, name in … }`.
    ///
    /// - Parameters:
    ///   - action: The action.
    ///   - limit: How many requests for it run at a time; `nil` is no limit besides the agent's. At least 1.
    ///   - start: Where it begins. See ``ActionStart/immediate`` before you say that.
    ///   - body: What it does. ``ActionContext/current`` tells who asks.
    public mutating func on<Output: Encodable & Sendable, each Argument>(
        _ action: KeyPath<Interface, Action<Output, repeat each Argument>>,
        limit: Int? = nil,
        start: ActionStart = .scheduled,
        _ body: @escaping @Sendable (Subject, repeat each Argument) async throws -> Output
    ) {
        bind(
            interface[keyPath: action].name,
            limit: limit,
            start: start,
            .reply { subject, served in
                let arguments = try served.arguments.decode(repeat (each Argument).self, codecs: served.codecs)
                return try served.payload(try await body(subject, repeat each arguments))
            }
        )
    }

    /// Binds an action without a result.
    ///
    /// - Parameters:
    ///   - action: The action.
    ///   - limit: How many requests for it run at a time; `nil` is no limit besides the agent's. At least 1.
    ///   - start: Where it begins. See ``ActionStart/immediate`` before you say that.
    ///   - body: What it does. ``ActionContext/current`` tells who asks.
    public mutating func on<each Argument>(
        _ action: KeyPath<Interface, Action<Void, repeat each Argument>>,
        limit: Int? = nil,
        start: ActionStart = .scheduled,
        _ body: @escaping @Sendable (Subject, repeat each Argument) async throws -> Void
    ) {
        bind(
            interface[keyPath: action].name,
            limit: limit,
            start: start,
            .reply { subject, served in
                let arguments = try served.arguments.decode(repeat (each Argument).self, codecs: served.codecs)
                try await body(subject, repeat each arguments)
                return nil
            }
        )
    }

    /// Binds an action that streams its result, to a sequence of its parts. The sequence is pulled as fast as the caller
    /// takes parts; it ends with the task cancelled when the caller stops.
    ///
    /// - Parameters:
    ///   - action: The action.
    ///   - limit: How many requests for it run at a time; `nil` is no limit besides the agent's. At least 1.
    ///   - body: Makes the sequence.
    public mutating func on<Part, each Argument, Sequence: AsyncSequence>(
        _ action: KeyPath<Interface, StreamedAction<Part, repeat each Argument>>,
        limit: Int? = nil,
        _ body: @escaping @Sendable (Subject, repeat each Argument) async throws -> Sequence
    ) where Sequence.Element == Part, Sequence: SendableMetatype, Sequence.AsyncIterator: SendableMetatype {
        bind(
            interface[keyPath: action].name,
            limit: limit,
            .stream { subject, served in
                let arguments = try served.arguments.decode(repeat (each Argument).self, codecs: served.codecs)
                for try await part in try await body(subject, repeat each arguments) {
                    try await served.send(try served.payload(part))
                }
                return nil
            }
        )
    }

    /// Binds an action that streams its result, to a function that sends the parts one by one.
    ///
    /// ```swift
    /// $0.produce(\.statement) { bank, parts in
    ///     for line in await bank.lines { try await parts.send(line) }
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - action: The action.
    ///   - limit: How many requests for it run at a time; `nil` is no limit besides the agent's. At least 1.
    ///   - body: Sends the parts.
    public mutating func produce<Part, each Argument>(
        _ action: KeyPath<Interface, StreamedAction<Part, repeat each Argument>>,
        limit: Int? = nil,
        _ body: @escaping @Sendable (Subject, PartSender<Part>, repeat each Argument) async throws -> Void
    ) {
        bind(
            interface[keyPath: action].name,
            limit: limit,
            .stream { subject, served in
                let arguments = try served.arguments.decode(repeat (each Argument).self, codecs: served.codecs)
                try await body(subject, PartSender(served: served), repeat each arguments)
                return nil
            }
        )
    }
}

/// Sends the parts of a streamed result.
public struct PartSender<Part: Codable & Sendable>: Sendable {
    let served: Served

    /// Sends a part, when the caller takes more. One task at a time may send.
    ///
    /// - Throws: `ExchangeError.Code.cancelled` when the caller takes no more,
    ///   `ExchangeError.Code.invalidPayload`, and as `ExchangeTransport.send(_:)`.
    public func send(_ part: Part) async throws(ExchangeError) {
        try await served.send(try served.payload(part))
    }
}
