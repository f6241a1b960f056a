internal import Foundation

extension ExchangeClient {
    /// Runs an action on every registered agent of a type, with one message, and does not wait for the answers.
    ///
    /// - Returns: The agents that were asked.
    /// - Throws: As ``ExchangeTransport/broadcast(_:)``.
    @discardableResult
    public func broadcast(
        _ name: String,
        _ arguments: ActionArguments = .none,
        toAgentsOf type: AgentType,
        allowSubtypes: Bool = true,
        deadline: Duration? = nil
    ) async throws(ExchangeError) -> [AgentID] {
        let wait = try RequestDeadline.limit(deadline ?? configuration.requestDeadline)
        return try await transport.broadcast(
            Broadcast(
                from: id,
                toAgentsOf: type.name,
                allowSubtypes: allowSubtypes,
                deadline: Date(timeIntervalSinceNow: wait / .seconds(1)),
                .action(name: name, arguments: arguments)
            )
        )
    }
}

extension ClientCore {
    /// Sends a broadcast and collects the answers.
    func ask(
        _ body: Request.Body,
        typeName: String,
        allowSubtypes: Bool,
        deadline: Duration?,
        context: [String: String] = [:]
    ) async throws(ExchangeError) -> BroadcastAnswers {
        let wait = try RequestDeadline.limit(deadline ?? configuration.requestDeadline)
        let end = ContinuousClock.now + wait
        let gathering = Gathering(label: UUID())
        try streams.add(gathering)
        do {
            gathering.expect(
                try await transport.broadcast(
                    Broadcast(
                        from: id,
                        toAgentsOf: typeName,
                        allowSubtypes: allowSubtypes,
                        tag: gathering.tag,
                        label: gathering.label,
                        deadline: Date(timeIntervalSinceNow: wait / .seconds(1)),
                        context: context,
                        body
                    )
                )
            )
        } catch {
            streams.remove(gathering)
            throw error
        }
        return BroadcastAnswers(core: self, gathering: gathering, deadline: end)
    }
}
