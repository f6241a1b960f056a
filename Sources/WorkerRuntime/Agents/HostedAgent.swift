internal import AgentExchange
internal import Foundation

/// An agent without its type, as a runtime keeps it.
protocol HostedAgent: Sendable {
    /// The agent itself; `nil` for a closure.
    var subject: (any WorkerAgent)? { get }

    /// The types of the messages that its handlers take; empty for all.
    var types: Set<ObjectIdentifier> { get }

    /// Calls the handler of a message.
    func handle(_ message: any Sendable, _ context: MessageContext) async -> Handled

    /// Returns the state as JSON.
    func save() async throws -> Data?

    /// Takes over a state in JSON.
    func load(_ state: Data) async throws

    func close() async
}

/// A hosted ``WorkerAgent``.
struct Hosted<Subject: WorkerAgent>: HostedAgent {
    let agent: Subject

    var subject: (any WorkerAgent)? { agent }

    var types: Set<ObjectIdentifier> { Subject.handlers.types }

    func handle(_ message: any Sendable, _ context: MessageContext) async -> Handled {
        for handler in Subject.handlers.entries where handler.kinds.contains(context) {
            do {
                let handled = try await handler.handle(agent, message, context)
                if case .unhandled = handled { continue }
                return handled
            } catch {
                return .failed(error)
            }
        }
        return .unhandled
    }

    func save() async throws -> Data? {
        guard let state = try await agent.saveState() else { return nil }
        return try JSONPayloadCodec().encode(state)
    }

    func load(_ state: Data) async throws {
        try await agent.loadState(try JSONPayloadCodec().decode(Subject.SavedState.self, from: state))
    }

    func close() async {
        await agent.close()
    }
}

/// A closure that handles every message of a type.
struct HostedClosure: HostedAgent {
    let body: @Sendable (any Sendable, MessageContext) async throws -> Void

    var subject: (any WorkerAgent)? { nil }

    var types: Set<ObjectIdentifier> { [] }

    func handle(_ message: any Sendable, _ context: MessageContext) async -> Handled {
        do {
            try await body(message, context)
            return .handled(nil)
        } catch {
            return .failed(error)
        }
    }

    func save() async throws -> Data? { nil }

    func load(_ state: Data) async throws {}

    func close() async {}
}

extension WorkerAgent {
    /// Wraps the agent, and adds the serializers that its handlers need.
    func hosted(_ serializers: MessageSerializers) -> any HostedAgent {
        Self.register(serializers)
        return Hosted(agent: self)
    }

    static func register(_ serializers: MessageSerializers) {
        for handler in handlers.entries { handler.register(serializers) }
    }
}
