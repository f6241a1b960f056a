import AgentExchange
import ArgumentParser
import RabbitMQExchange

/// `warren register`.
struct RegisterCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "register",
        abstract: "Prints the id of the agent with a name; registers it if there is none.",
        discussion: """
            Any number of concurrent calls register one agent of the name; each prints its id. Requests to it wait in \
            its mailbox until a program serves it. An agent of that name and another type is an error. One that was \
            terminated is replaced by a new one. With --group it is a work group: any number of processes serve it at once.

            EXAMPLE
              warren register bank --type Bank
              warren register kitchen --type Sensor --type Thermometer
            """
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var waiting: WaitingOptions

    @Argument(help: "The display name, of this agent alone.")
    var name: String

    @Option(
        help: ArgumentHelp("Its type; of several each is a subtype of the one before.", valueName: "name")
    )
    var type: [String]

    @Flag(help: "Register a work group, which several processes serve at once.")
    var group = false

    func validate() throws {
        if name.isEmpty || type.contains("") { throw ValidationError("a name and a type have at least one letter") }
        if type.isEmpty { throw ValidationError("--type NAME is needed") }
    }

    private var agentType: AgentType {
        type.dropFirst().reduce(AgentType(type[0])) { AgentType($1, parents: [$0]) }
    }

    func execute(_ console: Console) async throws {
        let exchange = try options.exchange("register", patience: waiting.wait?.duration)
        let registration = try await options.connecting(to: exchange) { () throws(ExchangeError) in
            try await exchange.registration(named: name, type: agentType, sharing: group ? .group : .exclusive)
        }
        if console.json { return try console.object(AgentReport(registration)) }
        try console.line(registration.agentID.uuid.lowercased)
    }
}

/// The time that a command waits for a broker that starts together with it.
struct WaitingOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp("How long to try to connect while the broker can't be reached: 30s, 5m.", valueName: "time")
    )
    var wait: TimeSpan?
}
