public import Foundation

/// Calls the actions of an agent.
///
/// A handle is a value: copy it or send it to another task. Every handle made by `handle(to:)` has a label of its own,
/// so that handles that share a mailbox do not receive each other's answers. Each call ends by its deadline.
public struct RemoteHandle: Sendable {
    /// The agent.
    public let agentID: AgentID

    /// The label that tells this handle's responses from those of other handles in the same mailbox.
    public let label: UUID

    let core: ClientCore

    init(agentID: AgentID, core: ClientCore) {
        self.agentID = agentID
        label = UUID.random()
        self.core = core
    }

    /// The codecs that decode results.
    public var codecs: PayloadCodecs { core.configuration.codecs }

    /// Returns whether a client uses the same exchange as this handle. May return `false` for two sessions of one
    /// exchange.
    package func isOnSameExchange(as client: AgentExchangeClient) -> Bool {
        core === client.core || core.exchangeName == client.core.exchangeName
    }

    /// Runs an action of the agent and returns its result, or `nil` if it has none.
    ///
    /// Cancelling the calling task ends the call with ``ExchangeError/Code/cancelled`` and sends the agent a cancel
    /// request.
    ///
    /// - Parameters:
    ///   - name: The action, 1 to 255 bytes.
    ///   - arguments: Its arguments.
    ///   - deadline: How long to wait at most; by default ``ClientConfiguration/requestDeadline``.
    /// - Throws: ``ExchangeError/Code/remote`` when the action failed, with the thrown error in
    ///   ``ExchangeError/failure``;
    ///   every error of ``ExchangeTransport/send(_:)``; ``ExchangeError/Code/mailboxTerminated``,
    ///   ``ExchangeError/Code/deadlineExceeded``, ``ExchangeError/Code/cancelled``, ``ExchangeError/Code/givenUp``.
    public func action(
        _ name: String,
        _ arguments: ActionArguments = .none,
        deadline: Duration? = nil
    ) async throws(ExchangeError) -> Payload? {
        try await result(of: .action(name: name, arguments: arguments), deadline: deadline)
    }

    /// Runs an action, with metadata that travels with the request.
    ///
    /// - Parameter directly: Hands the request to the agent past its mailbox.
    package func action(
        _ name: String,
        _ arguments: ActionArguments,
        context: [String: String],
        deadline: Duration,
        directly: DirectRoute? = nil
    ) async throws(ExchangeError) -> Payload? {
        let body = Request.Body.action(name: name, arguments: arguments)
        return try await result(of: body, context: context, deadline: deadline, directly: directly)
    }

    /// Runs an action and decodes its result.
    ///
    /// - Throws: As ``action(_:_:deadline:)``; ``ExchangeError/Code/invalidPayload`` when the result is not of that type.
    public func action<Result: Decodable>(
        _ name: String,
        _ arguments: ActionArguments = .none,
        returning type: Result.Type,
        deadline: Duration? = nil
    ) async throws(ExchangeError) -> Result {
        guard let payload = try await action(name, arguments, deadline: deadline) else {
            throw ExchangeError(
                .invalidPayload,
                "the action \(name) has no result",
                entity: .agent(agentID),
                delivery: .delivered
            )
        }
        return try payload.decode(type, with: core.configuration.codecs)
    }

    /// The maximum number of parts that an agent sends ahead of the pulls: 16.
    ///
    /// Of large parts there are fewer: those that are not pulled yet take some 4 MiB for each stream and 64 MiB for all streams of
    /// a client, if they are as large as those before. One part may always come. The first four may have any size that
    /// ``ExchangeTransport/maximumMessageSize`` allows.
    public static let streamWindow = PartCredit.window

    /// Runs an action that streams its result, and returns the parts as they arrive.
    ///
    /// - Parameters:
    ///   - name: The action.
    ///   - arguments: Its arguments.
    ///   - deadline: How long the whole stream may take; by default ``ClientConfiguration/streamDeadline``.
    public func stream(
        _ name: String,
        _ arguments: ActionArguments = .none,
        deadline: Duration? = nil
    ) -> ActionParts {
        ActionParts(
            core: core,
            agent: agentID,
            label: label,
            body: .action(name: name, arguments: arguments),
            deadline: deadline ?? core.configuration.streamDeadline,
            context: [:]
        )
    }

    /// Checks that the agent is alive.
    ///
    /// - Parameter timeout: How long to wait at most.
    /// - Returns: The round-trip time.
    public func ping(timeout: Duration = .seconds(10)) async throws(ExchangeError) -> Duration {
        let start = ContinuousClock.now
        _ = try await result(of: .ping, deadline: timeout)
        return start.duration(to: .now)
    }

    /// Returns the actions that the agent's process runs, and the last ones that it ended. A busy agent answers too.
    ///
    /// - Parameter deadline: How long to wait at most.
    /// - Throws: ``ExchangeError/Code/incompatibleProtocol`` from an agent of an older version,
    ///   ``ExchangeError/Code/invalidPayload`` for an answer that is no activity, and every error of a call.
    public func activity(deadline: Duration = .seconds(10)) async throws(ExchangeError) -> AgentActivity {
        guard let result = try await result(of: .activity, deadline: deadline) else {
            let text = "the agent answered without its activity"
            throw ExchangeError(.invalidPayload, text, entity: .agent(agentID), delivery: .delivered)
        }
        return try result.decode(AgentActivity.self)
    }

    /// Asks the agent to stop, and returns when the agent has agreed.
    ///
    /// - Parameters:
    ///   - terminate: Whether the agent's mailbox is then terminated; `nil` leaves the decision to the agent.
    ///   - deadline: How long to wait at most; by default ``ClientConfiguration/requestDeadline``.
    public func shutdown(terminate: Bool? = nil, deadline: Duration? = nil) async throws(ExchangeError) {
        _ = try await result(of: .shutdown(terminate: terminate), deadline: deadline)
    }

    private func result(
        of body: Request.Body,
        context: [String: String] = [:],
        deadline: Duration?,
        directly: DirectRoute? = nil
    ) async throws(ExchangeError) -> Payload? {
        let response =
            if core.isBare(body) {
                try await core.call(
                    body,
                    to: agentID,
                    label: label,
                    deadline: deadline,
                    context: context,
                    directly: directly
                )
            } else {
                try await core.wrappedCall(
                    body,
                    to: agentID,
                    label: label,
                    deadline: deadline,
                    context: context,
                    directly: directly
                )
            }
        return try response.payload(from: agentID)
    }
}

extension Response {
    /// Returns the result of an answer, or throws its error.
    func payload(from agentID: AgentID) throws(ExchangeError) -> Payload? {
        guard protocolVersion.isCompatible else {
            let text = "the answer has protocol \(protocolVersion); this is \(ProtocolVersion.current)"
            throw ExchangeError(.incompatibleProtocol, text, entity: .agent(agentID), delivery: .delivered)
        }
        switch outcome {
        case .success(let result): return result
        case .part(_, let part): return part
        case .failure(let failure): throw ExchangeError(failure, from: .agent(agentID))
        }
    }
}

extension RemoteHandle: CustomStringConvertible {
    /// The agent.
    public var description: String { "handle to \(agentID)" }
}
