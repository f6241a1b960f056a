import AgentExchange
import ArgumentParser
import RabbitMQExchange

/// `warren terminate`.
struct TerminateCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "terminate",
        abstract: "Terminates mailboxes permanently.",
        discussion: """
            Waiting requests are answered with an error; later sends fail, and no process can serve the mailbox again. \
            Terminating twice is fine; a mailbox that never existed is an error.

            EXAMPLE
              warren terminate hits 6e0c1d3a-2b4f-4b0e-9b1e-0c5f2a7d8e91
            """
    )

    @OptionGroup var options: CommonOptions

    @Argument(help: ArgumentHelp("UUID, base32, display name, or user:UUID.", valueName: "id"))
    var ids: [EntityArgument]

    private struct Outcome: Encodable {
        let id: String
        let outcome: String
    }

    func execute(_ console: Console) async throws {
        let outcomes = try await options.withAdministration { administration in
            // All names are looked up before any mailbox is terminated.
            var entities: [EntityID] = []
            for argument in ids { entities.append(try await argument.resolve(administration)) }
            var outcomes: [Outcome] = []
            for id in entities {
                let outcome = try await administration.terminateReporting(id)
                outcomes.append(Outcome(id: id.uuid.lowercased, outcome: outcome))
            }
            return outcomes
        }
        if console.json {
            try console.object(outcomes)
        } else {
            for outcome in outcomes { try console.line("\(outcome.id)  \(outcome.outcome)") }
        }
        guard outcomes.allSatisfy({ $0.outcome != "missing" }) else { throw CommandFailure.told }
    }
}
