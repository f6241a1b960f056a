internal import AgentExchange

/// A service with a mailbox: state, actions that others call, and loops.
///
/// ```swift
/// actor MyBank: Agent {
///     var money = 100
///
///     static let actions = Actions<MyBank, Bank> {
///         $0.on(\.transfer) { try await $0.transfer($1, to: $2) }
///         $0.on(\.balance) { await $0.money }
///         $0.every(.seconds(60), "interest") { bank, _ in await bank.addInterest() }
///     }
/// }
/// ```
///
/// An agent is an actor, a final class or a structure. Its actions run concurrently; an actor keeps its state safe. Run
/// an agent with ``AgentRuntime``, `ExchangeClient.launch(_:name:configuration:)` or
/// ``withAgents(on:configuration:isolation:_:)``. The library `WorkerRuntime` has another kind, `WorkerAgent`: many agents of
/// several types that share mailboxes, as in AutoGen.
public protocol Agent: Sendable {
    /// The interface: the actions that callers may use.
    associatedtype Interface: AgentInterface

    /// The implementations of the interface's actions, and the agent's own loops.
    static var actions: Actions<Self, Interface> { get }

    /// Called once before the first action or loop. On standby it is called when the agent takes over.
    ///
    /// If it throws, the agent ends with that error; requests stay in the mailbox.
    func started(_ context: AgentContext) async throws

    /// Called once after the last action or loop, while the agent can still call others. Not called if ``started(_:)``
    /// was not called, or threw.
    func stopping(_ context: AgentContext) async throws
}

extension Agent {
    /// Does nothing.
    public func started(_ context: AgentContext) async throws {}

    /// Does nothing.
    public func stopping(_ context: AgentContext) async throws {}
}
