public import Foundation
internal import Synchronization

/// A request that its agent gets at a later time: see ``RemoteHandle/schedule(_:_:after:deadline:)``.
///
/// The exchange keeps the request. It runs without this value, and without the process that made it. Releasing the value
/// only drops the answer.
public final class ScheduledRequest: Sendable {
    /// The agent.
    public let agentID: AgentID

    /// The time before which the request is not handed out, in whole milliseconds.
    public var time: Date { request.notBefore ?? .distantPast }

    /// The tag that identifies the request.
    public var tag: UUID { request.tag }

    private let request: Request
    private let core: ClientCore
    private let isTaken = Atomic(false)

    init(_ request: Request, to agent: AgentID, core: ClientCore) {
        self.request = request
        agentID = agent
        self.core = core
    }

    deinit {
        core.pending.abandon(request.tag)
    }

    /// Waits for the end of the request and returns its result, or `nil` if it has none.
    ///
    /// Waits until the deadline of the request, or without one as long as the client is open. Cancelling the waiting task
    /// cancels the request, as ``cancel()`` does. Call it once.
    ///
    /// - Throws: As ``RemoteHandle/action(_:_:deadline:)``; ``ExchangeError/Code/invalidMessage`` for a second call.
    public func result() async throws(ExchangeError) -> Payload? {
        guard !isTaken.exchange(true, ordering: .acquiringAndReleasing) else {
            throw ExchangeError(.invalidMessage, "the result was asked for already", entity: .agent(agentID))
        }
        let ending = await core.pending.ending(of: request.tag)
        let wait = request.deadline.map { max(.zero, Duration(until: $0)) } ?? .longest
        return try core.response(to: request, within: wait, ending).payload(from: agentID)
    }

    /// Waits as ``result()`` does, and decodes the result.
    ///
    /// - Throws: As ``result()``; ``ExchangeError/Code/invalidPayload`` when there is no result of that type.
    public func result<Result: Decodable>(returning type: Result.Type) async throws(ExchangeError) -> Result {
        guard let payload = try await result() else {
            let text = "the action has no result"
            throw ExchangeError(.invalidPayload, text, entity: .agent(agentID), delivery: .delivered)
        }
        return try payload.decode(type, with: core.configuration.codecs)
    }

    /// Asks the agent not to run the request, or to cancel it if it runs, and returns at once.
    ///
    /// An agent that is open remembers this until the request comes, which is then answered with
    /// ``ExchangeError/Code/cancelled`` at its time. An agent that is started again in between runs the request.
    public func cancel() {
        core.cancel(request)
    }
}

extension ScheduledRequest: CustomStringConvertible {
    /// The agent, the tag and the time.
    public var description: String { "request \(tag) to \(agentID) at \(time)" }
}

extension RemoteHandle {
    /// Sends a request that the agent gets at a time, and returns when the exchange has taken responsibility for it.
    ///
    /// The exchange keeps the request, also when this process ends. The agent gets it at least once, not before `time`, and
    /// within 1 s after it when exchange and agent are up and the agent has no backlog. Its answer goes to this client, or
    /// waits in the client's mailbox. Middleware of the client does not see the call.
    ///
    /// - Parameters:
    ///   - name: The action, 1 to 255 bytes.
    ///   - arguments: Its arguments.
    ///   - time: The time, by the wall clock. A past one means now.
    ///   - deadline: How long after `time` the agent may take. By default the request waits until the agent takes
    ///     it.
    /// - Throws: ``ExchangeError/Code/unsupported`` when the exchange does not delay requests
    ///   (``ExchangeTransport/delaysRequests``); every error of ``ExchangeTransport/send(_:)``.
    public func schedule(
        _ name: String,
        _ arguments: ActionArguments = .none,
        at time: Date,
        deadline: Duration? = nil
    ) async throws(ExchangeError) -> ScheduledRequest {
        let body = Request.Body.action(name: name, arguments: arguments)
        return try await core.schedule(body, to: agentID, label: label, at: time, deadline: deadline)
    }

    /// Sends a request that the agent gets after a time; see ``schedule(_:_:at:deadline:)``.
    ///
    /// - Parameter delay: The time from now on.
    public func schedule(
        _ name: String,
        _ arguments: ActionArguments = .none,
        after delay: Duration,
        deadline: Duration? = nil
    ) async throws(ExchangeError) -> ScheduledRequest {
        try await schedule(name, arguments, at: .after(delay), deadline: deadline)
    }
}
