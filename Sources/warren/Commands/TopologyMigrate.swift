import ArgumentParser
import RabbitMQExchange

/// `warren topology migrate`.
struct TopologyMigrate: Command {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Moves objects of older versions to their current form, while agents run.",
        discussion: """
            Dead letters of older versions are moved to the current queue, and their queue is removed; while sessions \
            of an older version run it stays, and the exit status is 1: run it again when they have ended. With \
            --management a policy lets older mailboxes dead-letter at least once; without it, the command prints how \
            to set the policy.

            EXAMPLE
              warren topology migrate --management http://127.0.0.1:15672
            """
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var management: ManagementOptions

    private struct Report: Encodable {
        let moved: Int
        let olderSessions: Int
        let policy: String?
    }

    func execute(_ console: Console) async throws {
        let policy = MailboxPolicy(namespace: options.chosenNamespace)
        let api = try await management.api(options)
        let migration = try await options.withAdministration { try await $0.migrate() }
        try await api?.put(policy)
        if console.json {
            let name = api == nil ? nil : policy.name
            try console.object(
                Report(moved: migration.moved, olderSessions: migration.olderSessions, policy: name)
            )
        } else {
            try console.line("dead letters moved: \(migration.moved)")
            if api == nil {
                try console.line("for mailboxes of older versions, if there are any:")
                try console.line("  \(policy.command(virtualHost: try options.exchange().virtualHost))")
            } else {
                try console.line("policy set: \(policy.name)")
            }
        }
        guard migration.olderSessions > 0 else { return }
        let message =
            "\(migration.olderSessions) sessions of an older version are served as before: run it again when they have ended"
        throw CommandFailure(message, code: "in-use")
    }
}
