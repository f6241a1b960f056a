import AgentExchange

/// What one incarnation of an agent is told when it starts: all that another process needs to be that agent.
struct Assignment: Sendable, Codable {
    /// What it does.
    let role: AgentRole

    /// The agent; every incarnation has the same.
    let registration: AgentRegistration

    /// The name of the agent.
    var name: String { registration.agentID.name ?? registration.agentID.description }
}

/// Where the agents of the job run.
protocol AgentHost: Sendable {
    /// Starts an incarnation of an agent.
    func start(_ assignment: Assignment) async throws -> any Incarnation
}

/// An agent that runs, until it ends, and is then never used again.
protocol Incarnation: Sendable {
    /// What tells it from others for a reader, such as `process 4711`.
    var label: String { get }

    /// Ends it abruptly: what it has not answered stays unanswered.
    func kill() async

    /// The job is given up: a process is killed at once.
    func abort()

    /// Tells it that it is not needed any more.
    func stop() async

    /// Waits until it has ended, and says how.
    func waitUntilEnded() async -> String
}
