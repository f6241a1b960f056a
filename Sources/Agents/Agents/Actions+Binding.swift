public import AgentExchange

extension Actions.Builder {
    /// Binds an action: `$0.on(\.transfer) { bank, amount, name in … }`.
    ///
    /// - Parameters:
    ///   - action: The action.
    ///   - limit: The maximum number of its requests that run at a time, at least 1; `nil` sets no limit besides the
    ///     agent's.
    ///   - start: The thread on which it starts. Read ``ActionStart/immediate`` before choosing that.
    ///   - retry: How it is tried again when it throws an error; by default it is not.
    ///   - body: The work of the action. ``ActionContext/current`` has its caller.
    public mutating func on<Output: Encodable & Sendable, each Argument>(
        _ action: KeyPath<Interface, Action<Output, repeat each Argument>>,
        limit: Int? = nil,
        start: ActionStart = .scheduled,
        retry: RetryPolicy? = nil,
        _ body: @escaping @Sendable (Subject, repeat each Argument) async throws -> Output
    ) {
        bind(interface[keyPath: action].name, limit: limit, start: start, retry: retry) { subject, served in
            let arguments = try served.decode(repeat (each Argument).self)
            return try served.payload(try await body(subject, repeat each arguments))
        }
    }

    /// Binds an action without a result.
    ///
    /// - Parameters:
    ///   - action: The action.
    ///   - limit: The maximum number of its requests that run at a time, at least 1; `nil` sets no limit besides the
    ///     agent's.
    ///   - start: The thread on which it starts. Read ``ActionStart/immediate`` before choosing that.
    ///   - retry: How it is tried again when it throws an error; by default it is not.
    ///   - body: The work of the action. ``ActionContext/current`` has its caller.
    public mutating func on<each Argument>(
        _ action: KeyPath<Interface, Action<Void, repeat each Argument>>,
        limit: Int? = nil,
        start: ActionStart = .scheduled,
        retry: RetryPolicy? = nil,
        _ body: @escaping @Sendable (Subject, repeat each Argument) async throws -> Void
    ) {
        bind(interface[keyPath: action].name, limit: limit, start: start, retry: retry) { subject, served in
            let arguments = try served.decode(repeat (each Argument).self)
            try await body(subject, repeat each arguments)
            return nil
        }
    }

    /// Binds an action that streams its result to a sequence of its parts. The sequence is pulled as fast as the caller
    /// takes parts. If the caller stops, the task is cancelled.
    ///
    /// - Parameters:
    ///   - action: The action.
    ///   - limit: The maximum number of its requests that run at a time, at least 1; `nil` sets no limit besides the
    ///     agent's.
    ///   - body: Returns the sequence.
    public mutating func on<Part, each Argument, Sequence: AsyncSequence>(
        _ action: KeyPath<Interface, StreamedAction<Part, repeat each Argument>>,
        limit: Int? = nil,
        _ body: @escaping @Sendable (Subject, repeat each Argument) async throws -> Sequence
    ) where Sequence.Element == Part, Sequence: SendableMetatype, Sequence.AsyncIterator: SendableMetatype {
        bind(interface[keyPath: action].name, limit: limit, isStreamed: true) { subject, served in
            let arguments = try served.decode(repeat (each Argument).self)
            for try await part in try await body(subject, repeat each arguments) {
                try await served.send(try served.payload(part))
            }
            return try served.partCount()
        }
    }

    /// Binds an action that streams its result to a function that sends the parts one by one.
    ///
    /// ```swift
    /// $0.produce(\.statement) { bank, parts in
    ///     for line in await bank.lines { try await parts.send(line) }
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - action: The action.
    ///   - limit: The maximum number of its requests that run at a time, at least 1; `nil` sets no limit besides the
    ///     agent's.
    ///   - body: Sends the parts.
    public mutating func produce<Part, each Argument>(
        _ action: KeyPath<Interface, StreamedAction<Part, repeat each Argument>>,
        limit: Int? = nil,
        _ body: @escaping @Sendable (Subject, PartSender<Part>, repeat each Argument) async throws -> Void
    ) {
        bind(interface[keyPath: action].name, limit: limit, isStreamed: true) { subject, served in
            let arguments = try served.decode(repeat (each Argument).self)
            try await body(subject, PartSender(served: served), repeat each arguments)
            return try served.partCount()
        }
    }

    /// Sets the limit and the start of an action that is bound already, in a table that `@AgentInterface` fills. An action
    /// that is not bound stays so; launching the agent fails then.
    ///
    /// - Parameters:
    ///   - action: The action.
    ///   - limit: The maximum number of its requests that run at a time, at least 1; `nil` sets no limit besides the
    ///     agent's.
    ///   - start: The thread on which it starts. Read ``ActionStart/immediate`` before choosing that.
    ///   - retry: How it is tried again when it throws an error; by default it is not.
    public mutating func configure<Call: LabeledCall>(
        _ action: KeyPath<Interface, LabeledAction<Call>>,
        limit: Int? = nil,
        start: ActionStart = .scheduled,
        retry: RetryPolicy? = nil
    ) {
        let name = interface[keyPath: action].name
        guard let binding = bindings[name] else { return }
        bindings[name] = ActionBinding(
            body: binding.body,
            isStreamed: binding.isStreamed,
            limit: limit,
            start: start,
            retry: binding.isStreamed ? nil : retry
        )
    }
}

/// Sends the parts of a streamed result.
public struct PartSender<Part: Codable & Sendable>: Sendable {
    let served: Served

    /// Sends a part as soon as the caller has granted credit for it. Only one task may send at a time.
    ///
    /// - Throws: `ExchangeError.Code.cancelled` when the caller takes no more parts,
    ///   `ExchangeError.Code.invalidPayload`, and every error of `ExchangeTransport.send(_:)`.
    public func send(_ part: Part) async throws(ExchangeError) {
        try await served.send(try served.payload(part))
    }
}
