public import AgentExchange

/// Calls an agent through its interface.
///
/// ```swift
/// let bank = user.handle(to: id, as: Bank.self)
/// let receipt = try await bank.transfer(5, "ann", deadline: .seconds(2))
/// for try await line in bank.statement() { print(line) }
/// ```
///
/// A handle is a value; handles to the same agent are equal. It sends as the client that made it. Inside an agent on
/// the same exchange it sends as that agent, so handles can be passed to agents. Its encoding is the agent's
/// identifier. A decoded handle belongs to no client: use it inside an agent, or after ``bound(to:)``.
///
/// Members of the handle hide actions with the same name; `action(_:)` reaches those.
@dynamicMemberLookup
public struct Handle<Interface: AgentInterface>: Sendable {
    /// The agent.
    public let id: AgentID

    /// The untyped handle, if this one belongs to a client.
    let remote: RemoteHandle?

    let interface = Interface()

    init(_ id: AgentID, _ remote: RemoteHandle?) {
        self.id = id
        self.remote = remote
    }

    /// Returns a handle to the same agent that sends as the given client.
    public func bound(to client: any ExchangeClient) -> Handle {
        Handle(id, client.handle(to: id))
    }

    /// Returns the handle as one of the same interface, or of an interface that this one refines; `nil` for any other.
    ///
    /// If the property is known, prefer `savings.bank`, which the compiler checks.
    public func `as`<Base: AgentInterface>(_ base: Base.Type) -> Handle<Base>? {
        guard Interface.agentType.isSubtype(of: Base.typeName) else { return nil }
        return Handle<Base>(id, remote)
    }

    /// Returns a callable action.
    public func action<Output, each Argument>(
        _ action: KeyPath<Interface, Action<Output, repeat each Argument>>
    ) -> ActionCall<Interface, Output, repeat each Argument> {
        ActionCall(agent: self, name: interface[keyPath: action].name)
    }

    /// Returns a callable action that streams its result.
    public func action<Part, each Argument>(
        _ action: KeyPath<Interface, StreamedAction<Part, repeat each Argument>>
    ) -> StreamCall<Interface, Part, repeat each Argument> {
        StreamCall(agent: self, name: interface[keyPath: action].name)
    }

    /// A callable action.
    public subscript<Output, each Argument>(
        dynamicMember action: KeyPath<Interface, Action<Output, repeat each Argument>>
    ) -> ActionCall<Interface, Output, repeat each Argument> {
        self.action(action)
    }

    /// A callable action that streams its result.
    public subscript<Part, each Argument>(
        dynamicMember action: KeyPath<Interface, StreamedAction<Part, repeat each Argument>>
    ) -> StreamCall<Interface, Part, repeat each Argument> {
        self.action(action)
    }

    /// The handle as one of the refined interface.
    public subscript<Base: AgentInterface>(dynamicMember base: KeyPath<Interface, Base>) -> Handle<Base> {
        Handle<Base>(id, remote)
    }

    /// Checks that the agent is alive: its mailbox is open, and it has started.
    ///
    /// - Parameter timeout: How long to wait at most.
    /// - Returns: The round-trip time.
    public func ping(timeout: Duration = .seconds(10)) async throws(ExchangeError) -> Duration {
        try await sender().ping(timeout: timeout)
    }

    /// Asks the agent to stop, and returns when the agent has agreed.
    ///
    /// - Parameters:
    ///   - terminate: Whether its mailbox is then terminated; `nil` leaves the decision to the agent's configuration.
    ///   - deadline: How long to wait at most; by default the client's `requestDeadline`.
    public func shutdown(terminate: Bool? = nil, deadline: Duration? = nil) async throws(ExchangeError) {
        try await sender().shutdown(terminate: terminate, deadline: deadline)
    }

    /// Cancels a series of an action's runs, and returns when the agent has ended it: see
    /// `RemoteHandle.cancelSeries(named:deadline:)`.
    public func cancelSeries(named name: String, deadline: Duration? = nil) async throws(ExchangeError) {
        try await sender().cancelSeries(named: name, deadline: deadline)
    }

    /// Returns the handle to send with.
    func sender() throws(ExchangeError) -> RemoteHandle {
        if let agent = AgentContext.current?.client, remote?.isOnSameExchange(as: agent) ?? true {
            return agent.handle(to: id)
        }
        guard let remote else {
            throw ExchangeError(.invalidMessage, "the handle belongs to no client", entity: .agent(id))
        }
        return remote
    }
}

extension Handle: Hashable {
    /// Returns whether both handles address the same agent.
    public static func == (left: Handle, right: Handle) -> Bool { left.id == right.id }

    /// Hashes the agent.
    public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

extension Handle: Codable {
    /// Decodes the agent's identifier. The handle belongs to no client.
    public init(from decoder: any Decoder) throws {
        self.init(try AgentID(from: decoder), nil)
    }

    /// Encodes the agent's identifier.
    public func encode(to encoder: any Encoder) throws {
        try id.encode(to: encoder)
    }
}

extension Handle: CustomStringConvertible {
    /// The interface and the agent.
    public var description: String { "\(Interface.typeName) \(id)" }
}
