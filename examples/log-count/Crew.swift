import AgentExchange

/// The agents that the job brings along: an aggregator and some workers.
struct Crew: Sendable {
    /// Adds up.
    let aggregator: Supervisor

    /// Count.
    let workers: [Supervisor]

    /// All of them.
    var everyone: [Supervisor] { [aggregator] + workers }

    /// Registers the agents; ``run()`` starts them.
    init(workers count: Int, client: UserExchangeClient, host: any AgentHost, progress: ProgressLine) async throws {
        let names = ["aggregator"] + (1...count).map { "worker-\($0)" }
        let roles = [AgentRole.aggregator] + Array(repeating: .worker, count: count)
        let registrations = try await client.registerAgents(
            zip(roles, names).map { AgentToRegister($0.type, name: $1) }
        )
        var supervisors = zip(roles, registrations).map {
            Supervisor(Assignment(role: $0, registration: $1), host: host, progress: progress)
        }
        aggregator = supervisors.removeFirst()
        workers = supervisors
    }

    /// Keeps the agents running until ``end(_:)``.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for supervisor in everyone {
                group.addTask { try await supervisor.run() }
            }
            for try await _ in group {}
        }
    }

    /// Waits until every agent answers.
    func waitUntilReady(_ client: UserExchangeClient) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for supervisor in everyone {
                let handle = client.handle(to: supervisor.assignment.registration.agentID)
                group.addTask { _ = try await handle.ping(timeout: .seconds(30)) }
            }
            for try await _ in group {}
        }
    }

    /// The supervisor of a worker of this crew.
    func worker(_ agent: AgentID) -> Supervisor? {
        workers.first { $0.assignment.registration.agentID == agent }
    }

    /// Terminates the agents' mailboxes and ends them.
    func end(_ client: UserExchangeClient) async {
        for supervisor in everyone { await supervisor.expectEnd() }
        await withTaskGroup(of: Void.self) { group in
            for supervisor in everyone {
                // When the exchange can't be reached the mailbox stays, without an owner.
                group.addTask { try? await client.terminate(supervisor.assignment.registration.agentID) }
            }
        }
        for supervisor in everyone { await supervisor.end() }
    }
}
