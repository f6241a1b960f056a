import ArgumentParser
import RabbitMQExchange

/// `warren mailboxes`.
struct MailboxesCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "mailboxes",
        abstract: "Lists the registered mailboxes with what waits in them.",
        discussion: """
            QUEUED counts messages that were not handed to a receiver yet; CONSUMERS those attached, with those on standby. \
            A mailbox with messages and no consumer belongs to an agent that is not running.

            EXAMPLE
              warren mailboxes --json | jq '.[] | select(.queued > 0 and .consumers == 0)'
            """
    )

    @OptionGroup var options: CommonOptions

    func execute(_ console: Console) async throws {
        let mailboxes = try await options.withAdministration { try await $0.mailboxes().map(MailboxLine.init) }
        try console.show(mailboxes, MailboxLine.table(mailboxes))
    }
}
