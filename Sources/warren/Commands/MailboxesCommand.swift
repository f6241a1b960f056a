import ArgumentParser
import RabbitMQExchange

/// `warren mailboxes`.
struct MailboxesCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "mailboxes",
        abstract: "Lists the registered mailboxes with their waiting and running requests.",
        discussion: """
            QUEUED counts messages that were not handed to a receiver yet; CONSUMERS those attached, with those on \
            standby. A mailbox with messages and no consumer belongs to an agent that is not running. IN WORK counts \
            messages that were handed to a receiver and are not acknowledged: requests that an agent has taken and not \
            answered. OLDEST is the age of the oldest unacknowledged message. AMQP tells neither; the management \
            plugin does, some seconds late, the age only of classic queues (users, and agents of mailbox kind single). \
            Replicated mailboxes are quorum queues: there no tool of the broker can tell the age. DIRECT counts the unanswered \
            requests that the owner took past the broker, if it has direct ways; the broker knows nothing of them.

            EXAMPLE
              warren mailboxes --management http://127.0.0.1:15672
              warren mailboxes --json | jq '.[] | select(.queued > 0 and .consumers == 0)'
            """
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var management: ManagementOptions

    func execute(_ console: Console) async throws {
        let facts = try await management.facts(options)
        let mailboxes = try await options.withAdministration { administration in
            try await administration.mailboxes(facts).map(MailboxLine.init).withDirectRequests(administration)
        }
        try console.show(mailboxes, MailboxLine.table(mailboxes, withFacts: true))
    }
}
