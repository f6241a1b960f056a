internal import AgentExchange

/// Runs the handlers of an agent type's messages, each in its turn.
struct MessageRun: Sendable {
    let type: HostedType
    let workers: WorkerRuntime

    /// Lets a message's handler run in its turn, and stores the agent's state if its type asks for that.
    ///
    /// - Parameters:
    ///   - visit: The agent, with the message's turn, which ends here.
    ///   - context: The context of the handler.
    ///   - retries: How often a handler that throws is called again.
    func handle(
        _ visit: AgentTable.Visit,
        _ dataType: String,
        _ payload: Payload,
        _ context: MessageContext,
        chain: [UInt64],
        retries: Int = 0
    ) async throws -> Handled {
        // Also when nothing was handled: the visit may last as long as those of the same event.
        defer { visit.turn?.end() }
        try await visit.turn?.begin(chain: chain)
        if let run = visit.turn?.run { workers.runs.begin(run) }
        defer { if let run = visit.turn?.run { workers.runs.end(run) } }
        let agent = try await visit.agent()
        // The agent's handlers may have added the serializer.
        let message = try workers.serializers.decode(dataType, payload, for: agent.types)
        let handled = await MessageContext.$current.withValue(context) {
            await Topic.$currentKey.withValue(context.address.key) {
                switch type.options.ordering {
                case .oneAtATime:
                    return await Self.handle(agent, message, context, retries)
                case .overlapping:
                    return await beginning {
                        await Self.handle(agent, message, context, retries)
                    } begun: {
                        visit.turn?.end()
                    }
                }
            }
        }
        return try await stored(handled, agent, visit.cell)
    }

    /// Stores the state of an agent that handled a message, if its type asks for that.
    private func stored(_ handled: Handled, _ agent: any HostedAgent, _ cell: AgentCell) async throws -> Handled {
        guard let states = type.states else { return handled }
        if case .unhandled = handled { return handled }
        do {
            try await states.store(agent, cell)
            return handled
        } catch {
            if case .failed = handled { return handled }
            throw ExchangeError(.remote, "the state of \(cell.address) was not stored", underlying: error)
        }
    }

    private static func handle(
        _ agent: any HostedAgent,
        _ message: any Sendable,
        _ context: MessageContext,
        _ retries: Int
    ) async -> Handled {
        var left = retries
        var pause = Duration.milliseconds(100)
        while true {
            let handled = await agent.handle(message, context)
            guard case .failed = handled, left > 0, !Task.isCancelled else { return handled }
            left -= 1
            ExchangeMetrics.current.count(.eventRetries)
            do { try await Task.sleep(for: pause) } catch { return handled }
            pause = min(pause * 2, .seconds(5))
        }
    }
}

extension Failure {
    /// Makes the answer for an error of the runtime, which keeps its code; that of a handler is `remote`.
    init(ofRuntime error: any Error) {
        if let error = error as? ExchangeError { self.init(error.code, error.message) } else { self.init(error) }
    }
}
