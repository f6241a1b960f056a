internal import AgentExchange

/// A task that an agent runs by itself.
struct AgentLoop<Subject: Sendable>: Sendable {
    let name: String
    let body: @Sendable (Subject, AgentContext) async throws -> Void
}
