internal import AMQP
public import AgentExchange
public import Foundation

/// A registered mailbox as the directory and the broker see it.
public struct MailboxReport: Sendable, Hashable {
    /// The owner of the mailbox.
    public let id: EntityID

    /// The types of an agent, from the root to its own; empty for a user.
    public let lineage: [String]

    /// The state of its queue.
    public let state: State

    /// Messages that wait and were not handed to a receiver.
    public let queuedMessages: Int

    /// Messages handed to a receiver and not acknowledged: running requests. `nil` without the facts of the management
    /// plugin.
    public let messagesInWork: Int?

    /// Attached receivers, including standbys.
    public let consumers: Int

    /// The time when the oldest unacknowledged message was sent, to the second. `nil` when there is none or it is
    /// unknown: only the management plugin reports it, and for classic queues only.
    public let oldestMessage: Date?

    /// Whether all its bindings exist; `nil` without the facts of the management plugin.
    public let isBound: Bool?

    /// The state of a registered mailbox's queue.
    public enum State: String, Sendable, Hashable, Codable {
        /// The queue exists.
        case active
        /// The queue can't be reached: its node is down, or it was deleted.
        case unavailable
    }
}

extension ExchangeAdministration {
    /// Returns every registered mailbox, oldest registration first, with the numbers of its queue.
    ///
    /// - Parameters:
    ///   - facts: The facts of the management plugin.
    ///   - limit: The number of queues to read at a time.
    public func mailboxes(
        _ facts: ManagementFacts? = nil,
        limit: Int = 16
    ) async throws(ExchangeError) -> [MailboxReport] {
        guard try await isProvisioned() else { return [] }
        let everyone = try await session.directory.everyone()
        let reports = await withTaskGroup(of: (Int, Result<MailboxReport?, ExchangeError>).self) { group in
            var waiting = everyone.enumerated().makeIterator()
            func startNext() {
                guard let (index, entity) = waiting.next() else { return }
                group.addTask { (index, await self.report(on: entity.id, entity.lineage, facts)) }
            }
            for _ in 0..<min(max(1, limit), max(1, everyone.count)) { startNext() }
            var reports: [(Int, Result<MailboxReport?, ExchangeError>)] = []
            for await ended in group {
                reports.append(ended)
                startNext()
            }
            return reports.sorted { $0.0 < $1.0 }.map(\.1)
        }
        var found: [MailboxReport] = []
        for report in reports {
            if let report = try report.get() { found.append(report) }
        }
        return found
    }

    /// Returns `nil` for a user whose queue has expired: the user is gone.
    private func report(
        on id: EntityID,
        _ lineage: [String],
        _ facts: ManagementFacts?
    ) async -> Result<MailboxReport?, ExchangeError> {
        func report(_ state: MailboxReport.State, _ queue: QueueStatus? = nil) -> MailboxReport {
            MailboxReport(
                id: id,
                lineage: lineage,
                state: state,
                queuedMessages: queue?.messageCount ?? 0,
                messagesInWork: facts?.unacknowledgedMessages[names.queue(of: id)],
                consumers: queue?.consumerCount ?? 0,
                oldestMessage: facts?.oldestMessages[names.queue(of: id)],
                isBound: facts?.lead(
                    Topology.mailboxBindings(of: id, lineage: lineage, names, forOlder: false),
                    to: names.queue(of: id)
                )
            )
        }
        do throws(ExchangeError) {
            let queue = try await link.objects.status(ofMailbox: id)
            if queue == nil, id.role == .user { return .success(nil) }
            return .success(report(queue == nil ? .unavailable : .active, queue))
        } catch let error where error.code == .unavailable {
            return .success(report(.unavailable))
        } catch {
            return .failure(error)
        }
    }
}
