public import AgentExchange
public import Foundation

/// The request that an action serves.
public struct ActionContext: Sendable {
    /// The request that the current task serves; `nil` outside of actions.
    @TaskLocal public static var current: ActionContext?

    /// The agent that serves it.
    public let agent: AgentContext

    /// The name of the action.
    public let action: String

    /// The request.
    public let request: Request

    /// Who asks.
    public var caller: EntityID { request.source }

    /// Who was authenticated as the caller, in the words of the exchange; ``caller`` is what the caller says of itself.
    public var principal: String? { request.principal }

    /// What identifies the request; the same in every attempt.
    public var tag: UUID { request.tag }

    /// When the caller stops waiting, by the wall clock. The action is cancelled then.
    public var deadline: Date? { request.deadline }

    /// The time that is left until ``deadline``; not below zero.
    public var timeLeft: Duration? {
        request.deadline.map { max(.zero, Duration(until: $0)) }
    }

    /// How often the request has been handed to an agent, this time included: 1, or more after an agent died or stopped
    /// before it answered.
    public var attempt: Int { request.attempt }

    /// Whether an earlier attempt may have run the action already, in part or as a whole.
    public var isRedelivery: Bool { request.attempt > 1 }
}
