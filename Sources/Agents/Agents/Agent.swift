internal import AgentExchange

/// A service with a mailbox: state, actions that others call, loops.
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
/// An actor, a final class or a structure. Its actions run concurrently; an actor keeps its state safe. Run it with
/// ``AgentRuntime``, `ExchangeClient.launch(_:name:configuration:)` or
/// ``withAgents(on:configuration:isolation:_:)``.
public protocol Agent: Sendable {
    /// What it can be asked.
    associatedtype Interface: AgentInterface

    /// What it does when it is asked, and what it does by itself.
    static var actions: Actions<Self, Interface> { get }

    /// Called once before the first action or loop. On standby, not before the agent takes over.
    ///
    /// When it throws, the agent ends with that error; requests that came stay in the mailbox.
    func started(_ context: AgentContext) async throws

    /// Called once after the last action or loop, while the agent can still call others. Not called when ``started(_:)``
    /// was not, or threw.
    func stopping(_ context: AgentContext) async throws
}

extension Agent {
    /// Does nothing.
    public func started(_ context: AgentContext) async throws {}

    /// Does nothing.
    public func stopping(_ context: AgentContext) async throws {}
}
