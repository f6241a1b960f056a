import AgentExchange
import Foundation
import RabbitMQExchange

/// A namespace at one moment: its directory beside the numbers of its queues. A pure value.
struct NamespaceSnapshot: Sendable {
    /// A registered agent's mailbox.
    struct Mailbox: Sendable {
        let id: UUID
        /// The display name; empty without one.
        let name: String
        /// The types of the agent, from the root to its own.
        let lineage: [String]
        /// Whether it is a work group.
        let isGroup: Bool
        /// The name of its queue.
        let queue: String
        /// The numbers of its queue; `nil` when the list has no such queue.
        let figures: QueueFigures?

        /// The agent's own type.
        var type: String { lineage.last ?? "" }
    }

    /// The mailboxes of agents, oldest registration first.
    var agents: [Mailbox] = []
    /// The number of registered users.
    var users = 0
    /// The messages that wait in the mailboxes of users.
    var userMessagesWaiting = 0
    /// The number of queues of agents that are not registered.
    var unregistered = 0
    /// The number of processes that receive answers.
    var sessions = 0
    /// The queue of dead letters.
    var deadLetters: QueueFigures?
    /// The queue of parked messages.
    var parked: QueueFigures?
    /// The terminated mailboxes that the directory names.
    var rememberedTerminations = 0
    /// The terminations that are not known to be complete.
    var unfinishedTerminations = 0
    /// Whether the numbers of queues are known.
    var hasFigures: Bool

    /// - Parameter queues: The queues of the namespace; `nil` when they are unknown.
    init(_ directory: DirectoryContents, _ queues: [QueueFigures]?) {
        hasFigures = queues != nil
        rememberedTerminations = directory.rememberedTerminations
        unfinishedTerminations = directory.unfinishedTerminations
        // A queue that moved from one page to the next is listed twice.
        let byName = Dictionary((queues ?? []).map { ($0.name, $0) }) { $1 }
        for entry in directory.entries {
            guard entry.id.role == .agent else {
                users += 1
                continue
            }
            let mailbox = Mailbox(
                id: entry.id.uuid,
                name: entry.id.name ?? "",
                lineage: entry.lineage,
                isGroup: entry.sharing == .group,
                queue: entry.queue,
                figures: byName[entry.queue]
            )
            agents.append(mailbox)
        }
        let known = Set(agents.map(\.queue))
        let prefix = directory.queuePrefix
        for queue in byName.values where queue.name.hasPrefix(prefix) {
            let rest = queue.name.dropFirst(prefix.count)
            if rest.hasPrefix("agent."), !known.contains(queue.name) { unregistered += 1 }
            if rest.hasPrefix("user.") { userMessagesWaiting += queue.waiting ?? 0 }
            if rest.hasPrefix("session."), queue.consumers ?? 0 > 0 { sessions += 1 }
        }
        deadLetters = byName[directory.unansweredQueue]
        parked = byName[directory.parkedQueue]
    }

    /// The number of registered agents whose mailbox has no queue.
    var withoutQueue: Int { hasFigures ? agents.count { $0.figures == nil } : 0 }
}
