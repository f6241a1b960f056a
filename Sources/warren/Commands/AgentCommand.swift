import AgentExchange
import ArgumentParser
import Foundation
import RabbitMQExchange

/// `warren agent`.
struct AgentCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "agent",
        abstract: "Runs a small built-in agent until SIGTERM.",
        discussion: """
            The first line of the output is its id, printed when it receives requests. Actions of all: fail(text), \
            stream(n); of echo: echo(x); of counter: add(n), total(); of sleeper: sleep(seconds).

            An agent that was registered by this command is terminated when it ends, unless --keep is given; one that was \
            given by --id stays. A kept mailbox can be served again with --id, by one process at a time; one with --standby \
            takes over when the other ends.

            EXAMPLE
              warren agent counter --name hits --keep
              warren agent counter --id 6e0c1d3a-2b4f-4b0e-9b1e-0c5f2a7d8e91 --standby
            """
    )

    @OptionGroup var options: CommonOptions

    @Argument(help: "echo, counter or sleeper.")
    var kind: BuiltInAgent

    @Option(help: "A display name.")
    var name: String?

    @Option(help: ArgumentHelp("Serve the mailbox of this registered agent.", valueName: "uuid"))
    var id: EntityArgument?

    @Flag(help: "With --id: wait until nobody else serves it.")
    var standby = false

    @Flag(help: "Leave the mailbox when the command ends.")
    var keep = false

    func validate() throws {
        if standby, id == nil { throw ValidationError("--standby needs --id: the agent to stand by for") }
        if let id, id.id?.agentID == nil { throw ValidationError("--id takes the UUID of an agent") }
        if id != nil, name != nil {
            throw ValidationError("an agent has its name since it was registered: --name or --id")
        }
    }

    private enum End: Sendable {
        case asked(terminate: Bool?)
        case stopped(ExchangeError)
    }

    func execute(_ console: Console) async throws {
        let exchange = try options.exchange("agent \(kind.rawValue)")
        let registration = try await registration(exchange)
        let service = BuiltInService(kind)
        let client: AgentExchangeClient
        do {
            client = try await exchange.makeAgentClient(
                registration,
                mode: standby ? .standby : .exclusive,
                requestHandler: { try await service.serve($0, $1) }
            )
        } catch {
            await end(registration, exchange, terminate: nil)
            throw error
        }
        do {
            try announce(registration, console)
        } catch {
            await uncancelled { await client.close() }
            await end(registration, exchange, terminate: nil)
            throw error
        }
        switch await wait(client, service) {
        case .asked(let terminate):
            await end(registration, exchange, terminate: terminate)
        case .stopped(let error) where error.code == .mailboxTerminated:
            console.note("the agent was terminated")
        case .stopped(let error):
            throw error
        }
    }

    private func registration(_ exchange: RabbitMQExchange) async throws -> AgentRegistration {
        if let agent = id?.id?.agentID { return AgentRegistration(agentID: agent, type: kind.type) }
        return try await options.connecting(to: exchange) { () throws(ExchangeError) in
            try await exchange.registerAgent(kind.type, name: name)
        }
    }

    private func announce(_ registration: AgentRegistration, _ console: Console) throws {
        if console.json {
            try console.object(AgentReport(registration))
        } else {
            try console.line(registration.agentID.uuid.lowercased)
        }
    }

    /// Serves until a signal, a shutdown request, or the end of the mailbox.
    private func wait(_ client: AgentExchangeClient, _ service: BuiltInService) async -> End {
        await withTaskGroup(of: End.self) { group in
            group.addTask { .stopped(await client.waitUntilStopped()) }
            group.addTask {
                var requests = service.stops.makeAsyncIterator()
                let request = await requests.next(isolation: nil)
                return .asked(terminate: request ?? nil)
            }
            let end = await group.next() ?? .asked(terminate: nil)
            await uncancelled { await client.close() }
            group.cancelAll()
            return end
        }
    }

    /// Terminates the mailbox, when it is this command's own.
    private func end(_ registration: AgentRegistration, _ exchange: RabbitMQExchange, terminate: Bool?) async {
        guard terminate ?? (id == nil && !keep) else { return }
        await uncancelled {
            guard let administration = try? await exchange.openAdministration() else { return }
            try? await administration.terminate(.agent(registration.agentID))
            await administration.close()
        }
    }
}
