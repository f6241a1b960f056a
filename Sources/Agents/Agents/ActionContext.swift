public import AgentExchange
public import Foundation

/// The request that an action serves.
public struct ActionContext: Sendable {
    /// The request that the current task serves; `nil` outside of actions.
    @TaskLocal public static var current: ActionContext?

    /// The agent that serves the request.
    public let agent: AgentContext

    /// The name of the action.
    public let action: String

    /// The request.
    public let request: Request

    /// The entity that sent the request.
    public var caller: EntityID { request.source }

    /// The authenticated caller, as the exchange names it; ``caller`` is the caller's own claim.
    public var principal: String? { request.principal }

    /// The tag that identifies the request, in every attempt.
    public var tag: UUID { request.tag }

    /// The time when the caller stops waiting, by the wall clock. The action is then cancelled.
    public var deadline: Date? { request.deadline }

    /// The time left until ``deadline``, at least zero.
    public var timeLeft: Duration? {
        request.deadline.map { max(.zero, Duration(until: $0)) }
    }

    /// The number of times that the request was handed to an agent, including this one: 1, or more after an agent died
    /// or stopped before it answered, or the action failed and is tried again (``RetryPolicy``).
    public var attempt: Int { request.attempt }

    /// Whether an earlier attempt may have run the action already, partly or completely.
    public var isRedelivery: Bool { request.attempt > 1 }
}
