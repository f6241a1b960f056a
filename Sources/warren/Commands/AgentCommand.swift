import AgentExchange
import Agents
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
            takes over when the other ends, and says so on the standard error.

            With --adopt it serves the agent of that name, which is registered when there is none, and stays: a service that \
            is started again finds its mailbox. Any number of them may start at the same time with --adopt --standby.

            With --group the agent is a work group: processes with --adopt --group, or with --id of a group, serve it together, \
            each of them --concurrent actions at a time.

            On SIGTERM or SIGINT it takes no more requests. Running actions may finish within --grace, and are answered.

            Under systemd it may be of Type=notify: it is ready with its first line, and sends the signs of life of WatchdogSec.

            EXAMPLE
              warren agent counter --name hits --keep
              warren agent counter --id 6e0c1d3a-2b4f-4b0e-9b1e-0c5f2a7d8e91 --standby
            """
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var waiting: WaitingOptions

    @Argument(help: "The built-in agent: echo, counter or sleeper.")
    var kind: BuiltInAgent

    @Option(help: "A display name.")
    var name: String?

    @Option(help: ArgumentHelp("Serve the mailbox of this registered agent.", valueName: "uuid"))
    var id: EntityArgument?

    @Flag(help: "With --name: serve the agent of this name; register it when there is none.")
    var adopt = false

    @Flag(help: "With --id or --adopt: wait while another process serves it.")
    var standby = false

    @Flag(help: "Register a work group, or with --adopt join it.")
    var group = false

    @Option(help: ArgumentHelp("Run at most so many actions at a time.", valueName: "count"))
    var concurrent: Int?

    @Option(help: ArgumentHelp("Keep requests that end in an error so long, for warren failed.", valueName: "time"))
    var keepFailures: TimeSpan?

    @Flag(help: "Leave the mailbox when the command ends.")
    var keep = false

    @Option(help: "How long running actions may take after a signal; then they are cancelled.")
    var grace: TimeSpan = .seconds(10)

    func validate() throws {
        if standby, id == nil, !adopt {
            throw ValidationError("--standby needs --id or --adopt: the agent to stand by for")
        }
        if group, standby { throw ValidationError("a member of a group is served at once: --group or --standby") }
        if group, id != nil { throw ValidationError("--id says by itself whether it is a group") }
        if let concurrent, concurrent < 1 { throw ValidationError("--concurrent is at least 1") }
        if adopt, name?.isEmpty ?? true { throw ValidationError("--adopt needs --name: the agent to serve") }
        if let id, id.id?.agentID == nil { throw ValidationError("--id takes the UUID of an agent") }
        if id != nil, name != nil {
            throw ValidationError("an agent has its name since it was registered: --name or --id")
        }
    }

    func execute(_ console: Console) async throws {
        guard let notifier = ServiceNotifier() else { return try await execute(console, nil) }
        try await notifier.watch { try await execute(console, notifier) }
    }

    private func execute(_ console: Console, _ notifier: ServiceNotifier?) async throws {
        let exchange = try options.exchange("agent \(kind.rawValue)", patience: waiting.wait?.duration)
        let registration = try await registration(exchange)
        try await serve(kind.makeAgent(), registration, exchange, console, notifier)
    }

    private func serve(
        _ agent: some Agent,
        _ registration: AgentRegistration,
        _ exchange: RabbitMQExchange,
        _ console: Console,
        _ notifier: ServiceNotifier?
    ) async throws {
        var configuration = AgentConfiguration()
        configuration.gracePeriod = grace.duration
        configuration.maximumConcurrentActions = concurrent
        if let keepFailures { configuration.failures = .keep(for: keepFailures.duration) }
        configuration.terminateOnSuccess = isOwn
        configuration.terminateOnError = false
        let runtime = AgentRuntime(
            agent,
            registration: registration,
            exchange: exchange,
            mode: standby ? .standby : .exclusive,
            configuration: configuration
        )
        // Cancelling this task, as a signal does, stops the agent with its grace period.
        async let run: Void = runtime.run()
        let isAttached = await runtime.waitUntil(.attached)
        var failure: (any Error)?
        if isAttached {
            do { try announce(registration, console) } catch { failure = error }
            if failure == nil { notifier?.send(.ready) }
        }
        if failure != nil { runtime.stop() }
        if standby, isAttached {
            console.note("standing by for \(registration.agentID.uuid.lowercased)")
            if await runtime.waitUntil(.active) { console.note("active") }
        }
        do {
            try await run
        } catch {
            if !isAttached { await removeRegistration(registration, console) }
            throw failure ?? error
        }
        if let failure { throw failure }
        if runtime.wasTerminated { console.note("the agent was terminated") }
    }

    /// Whether this command registered the mailbox and terminates it at the end.
    private var isOwn: Bool { id == nil && !keep && !adopt }

    private func registration(_ exchange: RabbitMQExchange) async throws -> AgentRegistration {
        if let agent = id?.id?.agentID { return AgentRegistration(agentID: agent, type: kind.type) }
        return try await options.connecting(to: exchange) { () throws(ExchangeError) in
            let sharing: MailboxSharing = group ? .group : .exclusive
            if adopt, let name {
                return try await exchange.registration(named: name, type: kind.type, sharing: sharing)
            }
            return try await exchange.registerAgent(kind.type, name: name, sharing: sharing)
        }
    }

    private func announce(_ registration: AgentRegistration, _ console: Console) throws {
        if console.json {
            try console.object(AgentReport(registration))
        } else {
            try console.line(registration.agentID.uuid.lowercased)
        }
    }

    /// Terminates the mailbox that this command registered, if the agent never ran.
    private func removeRegistration(_ registration: AgentRegistration, _ console: Console) async {
        guard isOwn else { return }
        let failure = await uncancelled { () async -> CommandFailure? in
            do {
                try await options.withAdministration { try await $0.terminate(.agent(registration.agentID)) }
                return nil
            } catch {
                return error as? CommandFailure ?? CommandFailure(error)
            }
        }
        if let failure {
            console.note("\(registration.agentID.uuid.lowercased) stays registered: \(failure.message)")
        }
    }
}
