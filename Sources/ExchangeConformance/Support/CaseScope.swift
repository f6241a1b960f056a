import AgentExchange
import Foundation
import Logging
import Synchronization

/// The objects that a case makes on the exchange, to be removed with it.
final class CaseScope: Sendable {
    private struct State {
        var location = SourceLocation(#fileID, #line)
        var clients: [any ExchangeClient] = []
        var transports: [any ExchangeTransport] = []
        var agents: [AgentID] = []
    }

    /// The environment of the case.
    let environment: ConformanceEnvironment

    private let suffix = UUID().uuidString.prefix(8).lowercased()
    private let state = Mutex(State())

    private let outer: CaseScope?

    init(_ environment: ConformanceEnvironment, within outer: CaseScope? = nil) {
        self.environment = environment
        self.outer = outer
    }

    /// Runs a part of the case, and removes the objects of that part.
    func part(_ body: (CaseScope) async throws -> Void) async throws {
        let inner = CaseScope(environment, within: self)
        do {
            try await body(inner)
        } catch {
            try? await inner.close()
            throw error
        }
        try await inner.close()
    }

    /// The configuration of clients without special needs: they log nothing, and wait no longer than the case.
    var quietConfiguration: ClientConfiguration {
        var configuration = ClientConfiguration(logger: Logger(label: "conformance") { _ in SwiftLogNoOpLogHandler() })
        configuration.requestDeadline = environment.timeout
        return configuration
    }

    /// The source location of the case's last call.
    var location: SourceLocation { state.withLock { $0.location } }

    /// Records the source location of the case.
    func note(_ file: StaticString, _ line: Int) {
        outer?.note(file, line)
        state.withLock { $0.location = SourceLocation(file, line) }
    }

    /// Returns a name that no other case, and no other run, uses.
    func name(_ name: String) -> String { "Conformance.\(name)-\(suffix)" }

    /// An agent type with a name of this case's own.
    func type(_ name: String, parents: [AgentType] = [.root]) -> AgentType {
        AgentType(self.name(name), parents: parents)
    }

    /// Returns a factory of the exchange: the first one, or the one that shares nothing with it.
    func factory(elsewhere: Bool) -> any ExchangeFactory {
        elsewhere ? environment.otherFactory : environment.factory
    }

    /// Makes a user's transport.
    func user(
        elsewhere: Bool = false,
        file: StaticString = #fileID,
        line: Int = #line
    ) async throws -> any ExchangeTransport {
        note(file, line)
        return keep(try await factory(elsewhere: elsewhere).makeUserTransport(name: nil))
    }

    /// Makes a user's client.
    func userClient(
        elsewhere: Bool = false,
        startListener: Bool = true,
        _ configuration: ClientConfiguration? = nil,
        file: StaticString = #fileID,
        line: Int = #line
    ) async throws -> UserExchangeClient {
        note(file, line)
        let client = try await factory(elsewhere: elsewhere).makeUserClient(
            startListener: startListener,
            configuration: configuration ?? quietConfiguration
        )
        state.withLock { $0.clients.append(client) }
        return client
    }

    /// Registers an agent, by default of a type of its own.
    func register(
        by transport: any ExchangeTransport,
        _ type: AgentType? = nil,
        name: String? = nil,
        file: StaticString = #fileID,
        line: Int = #line
    ) async throws -> AgentRegistration {
        note(file, line)
        let registration = try await transport.registerAgent(type ?? self.type("Agent"), name: name)
        keep(registration)
        return registration
    }

    /// Opens the mailbox of an agent.
    func agent(
        _ registration: AgentRegistration,
        elsewhere: Bool = false,
        mode: AttachMode = .exclusive,
        requestLimit: Int? = nil,
        file: StaticString = #fileID,
        line: Int = #line
    ) async throws -> any ExchangeTransport {
        note(file, line)
        let factory = factory(elsewhere: elsewhere)
        return keep(try await factory.makeAgentTransport(registration, mode: mode, requestLimit: requestLimit))
    }

    /// Opens the mailbox of an agent and serves it.
    func agentClient(
        _ registration: AgentRegistration,
        elsewhere: Bool = false,
        mode: AttachMode = .exclusive,
        requestLimit: Int? = nil,
        startsAtOnce: Bool = false,
        _ configuration: ClientConfiguration? = nil,
        file: StaticString = #fileID,
        line: Int = #line,
        handler: @escaping RequestHandler
    ) async throws -> AgentExchangeClient {
        note(file, line)
        let client = try await factory(elsewhere: elsewhere).makeAgentClient(
            registration,
            mode: mode,
            requestLimit: requestLimit,
            configuration: configuration ?? quietConfiguration,
            startsAtOnce: { _ in startsAtOnce },
            requestHandler: handler
        )
        state.withLock { $0.clients.append(client) }
        return client
    }

    /// Records a transport that was made in another way.
    @discardableResult
    func keep(_ transport: any ExchangeTransport) -> any ExchangeTransport {
        state.withLock { $0.transports.append(transport) }
        return transport
    }

    /// Records an agent that was registered in another way.
    func keep(_ registration: AgentRegistration) {
        state.withLock { $0.agents.append(registration.agentID) }
    }

    /// Removes everything from the exchange.
    ///
    /// - Throws: The first error. Everything else is removed all the same.
    func close() async throws {
        let made = state.withLock { state in
            defer { (state.clients, state.transports, state.agents) = ([], [], []) }
            return state
        }
        for client in made.clients { await client.close() }
        for transport in made.transports { await transport.close() }
        let users = made.transports.map(\.mailboxID).filter { $0.role == .user }
        let janitor = try await environment.factory.makeUserTransport(name: nil)
        let errors = await withTaskGroup(of: (any Error)?.self) { group in
            for mailbox in users + made.agents.map(EntityID.agent) {
                group.addTask {
                    do { try await janitor.terminate(mailbox) } catch { return error }
                    return nil
                }
            }
            return await group.reduce(into: [any Error]()) { errors, error in
                if let error { errors.append(error) }
            }
        }
        try await janitor.terminate(janitor.mailboxID)
        await janitor.close()
        if let error = errors.first { throw error }
    }
}
