import ArgumentParser
import RabbitMQExchange

/// `warren mailboxes`.
struct MailboxesCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "mailboxes",
        abstract: "Lists the registered mailboxes with what waits in them.",
        discussion: """
            QUEUED counts messages that were not handed to a receiver yet; CONSUMERS those attached, with those on standby. \
            A mailbox with messages and no consumer belongs to an agent that is not running. OLDEST is how long ago the \
            oldest message that was not acknowledged was sent. AMQP does not tell it; the management plugin does, of \
            classic queues (users, and agents of mailbox kind single), some seconds late. Replicated mailboxes are quorum \
            queues: there no tool of the broker can tell.

            EXAMPLE
              warren mailboxes --management http://127.0.0.1:15672
              warren mailboxes --json | jq '.[] | select(.queued > 0 and .consumers == 0)'
            """
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var management: ManagementOptions

    func execute(_ console: Console) async throws {
        let facts = try await management.facts(options)
        let mailboxes = try await options.withAdministration { try await $0.mailboxes(facts).map(MailboxLine.init) }
        try console.show(mailboxes, MailboxLine.table(mailboxes, withOldest: true))
    }
}
