public import AgentExchange

/// Calls an agent through its interface, as if it were here.
///
/// ```swift
/// let bank = user.handle(to: id, as: Bank.self)
/// let receipt = try await bank.transfer(5, "ann", deadline: .seconds(2))
/// for try await line in bank.statement() { print(line) }
/// ```
///
/// A handle is a value; handles of the same agent are equal. It sends as the client that made it. Inside an agent it
/// sends as that agent, if both are on the same exchange: so an agent can be given handles. Encoded, it is the agent's
/// identifier; decoded, it belongs to no client, and can be used inside an agent, or after ``bound(to:)``.
///
/// Members of the handle hide actions of the same name; `action(_:)` reaches those.
@dynamicMemberLookup
public struct Handle<Interface: AgentInterface>: Sendable {
    /// The agent.
    public let id: AgentID

    /// The handle below, when it belongs to a client.
    let remote: RemoteHandle?

    let interface = Interface()

    init(_ id: AgentID, _ remote: RemoteHandle?) {
        self.id = id
        self.remote = remote
    }

    /// A handle to the same agent that sends as the given client.
    public func bound(to client: any ExchangeClient) -> Handle {
        Handle(id, client.handle(to: id))
    }

    /// The handle as one of an interface that this one refines, or that is the same; `nil` when it is neither.
    ///
    /// Where the property is known, `savings.bank` is the same and checked by the compiler.
    public func `as`<Base: AgentInterface>(_ base: Base.Type) -> Handle<Base>? {
        guard Interface.agentType.isSubtype(of: Base.typeName) else { return nil }
        return Handle<Base>(id, remote)
    }

    /// An action, to be called.
    public func action<Output, each Argument>(
        _ action: KeyPath<Interface, Action<Output, repeat each Argument>>
    ) -> ActionCall<Interface, Output, repeat each Argument> {
        ActionCall(agent: self, name: interface[keyPath: action].name)
    }

    /// An action that streams its result, to be called.
    public func action<Part, each Argument>(
        _ action: KeyPath<Interface, StreamedAction<Part, repeat each Argument>>
    ) -> StreamCall<Interface, Part, repeat each Argument> {
        StreamCall(agent: self, name: interface[keyPath: action].name)
    }

    /// An action, to be called.
    public subscript<Output, each Argument>(
        dynamicMember action: KeyPath<Interface, Action<Output, repeat each Argument>>
    ) -> ActionCall<Interface, Output, repeat each Argument> {
        self.action(action)
    }

    /// An action that streams its result, to be called.
    public subscript<Part, each Argument>(
        dynamicMember action: KeyPath<Interface, StreamedAction<Part, repeat each Argument>>
    ) -> StreamCall<Interface, Part, repeat each Argument> {
        self.action(action)
    }

    /// The handle as one of a refined interface.
    public subscript<Base: AgentInterface>(dynamicMember base: KeyPath<Interface, Base>) -> Handle<Base> {
        Handle<Base>(id, remote)
    }

    /// Asks whether the agent is alive: it is open, and has started.
    ///
    /// - Parameter timeout: How long to wait at most.
    /// - Returns: The time from the call to the answer.
    public func ping(timeout: Duration = .seconds(10)) async throws(ExchangeError) -> Duration {
        try await sender().ping(timeout: timeout)
    }

    /// Asks the agent to stop, and returns when it has agreed.
    ///
    /// - Parameters:
    ///   - terminate: Whether its mailbox is terminated then; `nil` leaves that to the agent's configuration.
    ///   - deadline: How long to wait at most; by default what the client is configured with.
    public func shutdown(terminate: Bool? = nil, deadline: Duration? = nil) async throws(ExchangeError) {
        try await sender().shutdown(terminate: terminate, deadline: deadline)
    }

    /// The handle to send with.
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
    /// Whether both are of the same agent.
    public static func == (left: Handle, right: Handle) -> Bool { left.id == right.id }

    /// Hashes the agent.
    public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

extension Handle: Codable {
    /// Reads the agent's identifier. The handle belongs to no client.
    public init(from decoder: any Decoder) throws {
        self.init(try AgentID(from: decoder), nil)
    }

    /// Writes the agent's identifier.
    public func encode(to encoder: any Encoder) throws {
        try id.encode(to: encoder)
    }
}

extension Handle: CustomStringConvertible {
    /// The interface and the agent.
    public var description: String { "\(Interface.typeName) \(id)" }
}
