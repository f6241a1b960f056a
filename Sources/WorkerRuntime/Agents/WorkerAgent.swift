public import AgentExchange
internal import Logging

/// An agent of a ``WorkerRuntime``: made when the first message for its address comes, and called for each message.
///
/// ```swift
/// struct Answerer: WorkerAgent {
///     static let handlers = Handlers<Answerer> {
///         $0.onRequest(Ask.self) { agent, ask, context in Answer(text: ask.text.uppercased()) }
///         $0.onEvent(Note.self) { agent, note, context in try await context.publish(Note(text: "seen"), to: .default) }
///     }
/// }
/// ```
///
/// It is an actor, a final class or a structure. Its handlers overlap unless the type is registered with
/// ``AgentTypeOptions/Ordering/oneAtATime``; an actor keeps its state safe.
///
/// A worker runs many of these, of several types. The `Agent` of the library `Agents` is another thing: a service with a
/// mailbox of its own, of which a runtime runs one.
public protocol WorkerAgent: Sendable {
    /// The state that ``saveState()`` returns; ``NoState`` for an agent without one.
    associatedtype SavedState: Codable & Sendable = NoState

    /// The functions that handle messages.
    static var handlers: Handlers<Self> { get }

    /// Returns the state of the agent, or `nil` when there is nothing to keep.
    func saveState() async throws -> SavedState?

    /// Takes over a state that an agent of this type saved.
    func loadState(_ state: SavedState) async throws

    /// Releases the agent's resources. The runtime calls it once for each agent that it made with a factory: when the runtime
    /// stops or the type is unregistered, with ``WorkerRuntime/closeAgent(at:)``, and when the agent is of a wrong type. The
    /// handlers have ended then, except for those that go on after their cancellation. An agent of
    /// ``WorkerRuntime/register(_:at:subscriptions:options:)`` belongs to the program and is not closed.
    func close() async
}

/// The state of an agent that has none.
public struct NoState: Codable, Sendable, Hashable {}

extension WorkerAgent where SavedState == NoState {
    /// `nil`.
    public func saveState() async throws -> NoState? { nil }

    /// Does nothing.
    public func loadState(_ state: NoState) async throws {}
}

extension WorkerAgent {
    /// Does nothing.
    public func close() async {}
}

/// The agent that a factory is to make.
public struct AgentInstantiation: Sendable {
    /// Its address.
    public let address: AgentAddress

    /// The runtime that it lives in.
    public let workers: WorkerRuntime

    /// Makes the agent, and checks its Swift type.
    ///
    /// - Throws: `ExchangeError.Code.factoryFailed`, `ExchangeError.Code.wrongAgentClass`.
    func agent(
        _ expected: (any WorkerAgent.Type)?,
        _ factory: (AgentInstantiation) async throws -> any WorkerAgent
    ) async throws(ExchangeError) -> any HostedAgent {
        let agent: any WorkerAgent
        do {
            agent = try await factory(self)
        } catch {
            // Its text stays in this process: it may contain a secret, such as the address of a database.
            let text = "the factory of \(address) threw a \(type(of: error))"
            workers.configuration.client.logger.error(
                "an agent could not be made",
                metadata: .init(keys: [.reason: address.description, .error: "\(error)"])
            )
            throw ExchangeError(.factoryFailed, text, underlying: error)
        }
        if let expected, type(of: agent) != expected {
            await agent.close()
            let text = "the factory of \(address) made a \(type(of: agent)), not a \(expected)"
            throw ExchangeError(.wrongAgentClass, text)
        }
        return agent.hosted(workers.serializers)
    }
}

/// The description of an agent.
public struct AgentMetadata: Sendable, Hashable, Codable {
    /// The address.
    public let address: AgentAddress

    /// The description that its type was registered with.
    public let description: String

    /// Makes metadata from its parts.
    public init(address: AgentAddress, description: String) {
        self.address = address
        self.description = description
    }
}
