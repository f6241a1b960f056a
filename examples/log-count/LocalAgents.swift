import AgentExchange

/// Runs the agents in this process, each with a client of its own.
struct LocalAgents: AgentHost {
    /// The exchange.
    let exchange: any ExchangeFactory

    /// Opens the agent's mailbox.
    func start(_ assignment: Assignment) async throws -> any Incarnation {
        LocalAgent(client: try await openMailbox(of: assignment, on: exchange))
    }
}

/// An agent in this process.
private struct LocalAgent: Incarnation {
    let client: AgentExchangeClient

    var label: String { "in this process" }

    /// Closes the client, which gives back what it held and not answered, as the death of a process does.
    func kill() async {
        await client.close()
    }

    /// Nothing: ``stop()`` follows.
    func abort() {}

    func stop() async {
        await client.close()
    }

    func waitUntilEnded() async -> String {
        let reason = await client.waitUntilStopped()
        await client.close()
        return reason.code.rawValue
    }
}

/// Opens the mailbox of an agent, and serves it.
///
/// When its last incarnation was killed the exchange may not know yet: then it is tried again for ten seconds.
func openMailbox(
    of assignment: Assignment,
    on exchange: any ExchangeFactory
) async throws -> AgentExchangeClient {
    let limit = ContinuousClock.now + .seconds(10)
    while true {
        do throws(ExchangeError) {
            return try await exchange.makeAgentClient(
                assignment.registration,
                requestHandler: assignment.role.makeHandler()
            )
        } catch {
            guard error.code == .mailboxInUse, .now < limit else { throw error }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
