import AgentExchange
import ArgumentParser
import RabbitMQExchange

/// `warren agents`.
struct AgentsCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "agents",
        abstract: "Lists the registered agents, or watches them come and go.",
        discussion: """
            EXAMPLE
              warren agents --type Warren.BuiltIn
              warren agents --watch --json | jq -r 'select(.event == "terminated").id'
            """
    )

    @OptionGroup var options: CommonOptions

    @Option(help: ArgumentHelp("Only agents of this type and its subtypes.", valueName: "name"))
    var type = AgentType.rootName

    @Flag(help: "Leave out the subtypes.")
    var exact = false

    @Flag(help: "Watch until a signal: the existing agents, then every change.")
    var watch = false

    func execute(_ console: Console) async throws {
        try await options.withAdministration { administration in
            if watch {
                try await follow(administration, console)
            } else {
                let agents = try await administration.agents(typeNamed: type, allowSubtypes: !exact).map(
                    AgentReport.init
                )
                try console.show(
                    agents,
                    Table(.fixed("ID"), .flexible("NAME"), .flexible("TYPE"), rows: agents.map(\.row))
                )
            }
        }
    }

    private struct Event: Encodable {
        let event: String
        let agent: AgentReport

        func encode(to encoder: any Encoder) throws {
            try agent.encode(to: encoder)
            var fields = encoder.container(keyedBy: Key.self)
            try fields.encode(event, forKey: .event)
        }

        enum Key: String, CodingKey {
            case event
        }
    }

    private func follow(_ administration: ExchangeAdministration, _ console: Console) async throws {
        let changes = try await administration.changes(typeNamed: type, allowSubtypes: !exact)
        for try await change in changes {
            switch change {
            case .snapshot(let agents): for agent in agents { try tell("present", agent, console) }
            case .registered(let agent): try tell("registered", agent, console)
            case .terminated(let agent): try tell("terminated", agent, console)
            }
        }
    }

    private func tell(_ event: String, _ registration: AgentRegistration, _ console: Console) throws {
        let agent = AgentReport(registration)
        if console.json { return try console.object(Event(event: event, agent: agent)) }
        let space = String(repeating: " ", count: 12 - event.count)
        try console.line(event + space + agent.row.joined(separator: "  "))
    }
}
