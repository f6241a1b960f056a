internal import AMQP
public import AgentExchange
public import Foundation

/// A registered mailbox as the directory and the broker see it.
public struct MailboxReport: Sendable, Hashable {
    /// Whose mailbox it is.
    public let id: EntityID

    /// The types of an agent, from the root to its own; empty for a user.
    public let lineage: [String]

    /// What there is of it.
    public let state: State

    /// Messages that wait and were not handed to a receiver.
    public let queuedMessages: Int

    /// Messages that were handed to a receiver and are not acknowledged: requests in work. `nil` where the management plugin
    /// did not tell.
    public let messagesInWork: Int?

    /// Attached receivers, those on standby included.
    public let consumers: Int

    /// When the oldest message that was not acknowledged was sent, to the second; `nil` when there is none, or the broker
    /// does not tell: it tells through the management plugin, and of classic queues only.
    public let oldestMessage: Date?

    /// Whether every binding that leads to it is there; `nil` where the management plugin did not tell.
    public let isBound: Bool?

    /// What there is of a mailbox that is registered.
    public enum State: String, Sendable, Hashable, Codable {
        /// Its queue is there.
        case active
        /// It has no queue that can be reached: its node is down, or somebody deleted it.
        case unavailable
    }
}

extension ExchangeAdministration {
    /// Every registered mailbox, oldest registration first, with the figures of its queue.
    ///
    /// - Parameters:
    ///   - facts: What the management plugin tells.
    ///   - limit: How many queues are looked at at a time.
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
            for _ in 0..<max(1, limit) { startNext() }
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

    /// `nil` for a user whose queue has expired: nobody is there any more.
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
            let queue = try await link.lookAt(id)
            if queue == nil, id.role == .user { return .success(nil) }
            return .success(report(queue == nil ? .unavailable : .active, queue))
        } catch let error where error.code == .unavailable {
            return .success(report(.unavailable))
        } catch {
            return .failure(error)
        }
    }
}
