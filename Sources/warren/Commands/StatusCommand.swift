import AgentExchange
import ArgumentParser
import RabbitMQExchange

/// `warren status`.
struct StatusCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows the states of mailboxes and their numbers of waiting messages.",
        discussion: """
            The state is active, terminated, missing (there never was one, or it was terminated long ago), or unavailable \
            (registered, but its queue can't be reached). The exit status is 0 only when all are active. DIRECT counts the \
            unanswered requests that the owner took past the broker, if it has direct ways: the queue does not have them.

            Of a work group CONSUMERS counts the members. A second table has the processes that answer, with the number of \
            members in each and of the requests that they hold.

            EXAMPLE
              warren status hits || warren agent counter --name hits
            """
    )

    @OptionGroup var options: CommonOptions

    @Argument(help: ArgumentHelp("UUID, base32, display name, or user:UUID.", valueName: "id"))
    var ids: [EntityArgument]

    func execute(_ console: Console) async throws {
        let mailboxes = try await options.withAdministration { administration in
            var mailboxes: [MailboxLine] = []
            let agents = try await administration.agents()
            for argument in ids {
                let id = try await argument.resolve(administration)
                let known = agents.first { .agent($0.agentID) == id }
                mailboxes.append(try await status(of: id, known, administration))
            }
            let groups = Set(agents.filter { $0.sharing == .group }.map(\.agentID))
            return try await mailboxes.withDirectRequests(administration).withMembers(of: groups, administration)
        }
        try console.show(mailboxes, MailboxLine.table(mailboxes))
        for mailbox in mailboxes where !console.json {
            guard let members = mailbox.members else { continue }
            try console.line("")
            try console.line("members of \(mailbox.name ?? mailbox.id)")
            try console.show(members, MemberLine.table(members))
        }
        guard mailboxes.allSatisfy({ $0.state == MailboxStatus.active.rawValue }) else { throw CommandFailure.told }
    }

    private func status(
        of id: EntityID,
        _ known: AgentRegistration?,
        _ administration: ExchangeAdministration
    ) async throws -> MailboxLine {
        do {
            let details = try await administration.details(of: id)
            return MailboxLine(
                id,
                name: known?.agentID.name,
                type: known?.type.name,
                state: details.status.rawValue,
                queued: details.queuedMessages,
                consumers: details.attachedConsumers
            )
        } catch let error where error.code == .unavailable {
            return MailboxLine(id, name: known?.agentID.name, type: known?.type.name, state: error.code.rawValue)
        }
    }
}
