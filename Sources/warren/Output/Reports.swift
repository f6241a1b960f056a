import AgentExchange
import Foundation
import RabbitMQExchange

/// An agent in the form that `--json` prints.
struct AgentReport: Encodable, Sendable {
    let id: String
    let name: String?
    let type: String
    let lineage: [String]
    /// `group` for a work group, otherwise absent.
    let sharing: String?

    init(_ registration: AgentRegistration) {
        sharing = registration.sharing == .exclusive ? nil : registration.sharing.rawValue
        id = registration.agentID.uuid.lowercased
        name = registration.agentID.name
        type = registration.type.name
        lineage = registration.type.lineage
    }

    /// The row of a table.
    var row: [String] { [id, name ?? "-", type] }
}

/// A mailbox in the form that `--json` prints.
struct MailboxLine: Encodable, Sendable {
    let id: String
    let role: String
    let name: String?
    let type: String?
    let state: String
    let queued: Int
    /// Requests that the owner took past the broker and has not answered, if it told.
    var direct: Int?
    /// Messages handed to a receiver and not acknowledged, if the broker reports them.
    let inWork: Int?
    let consumers: Int
    /// The age of the oldest message, if the broker reports it.
    let oldestSeconds: Int?
    /// The members of a work group by process; absent for any other mailbox.
    var members: [MemberLine]?

    /// The owner of the mailbox.
    var entity: EntityID? {
        guard let role = EntityRole(rawValue: role), let uuid = UUID(uuidString: id) else { return nil }
        return EntityID(role: role, uuid: uuid)
    }

    init(_ report: MailboxReport) {
        self.init(
            report.id,
            type: report.lineage.last,
            state: report.state.rawValue,
            queued: report.queuedMessages,
            inWork: report.messagesInWork,
            consumers: report.consumers,
            oldestSeconds: report.oldestMessage.map { max(0, Int((Duration.zero - Duration(until: $0)) / .seconds(1))) }
        )
    }

    init(
        _ id: EntityID,
        name: String? = nil,
        type: String?,
        state: String,
        queued: Int = 0,
        inWork: Int? = nil,
        consumers: Int = 0,
        oldestSeconds: Int? = nil
    ) {
        self.id = id.uuid.lowercased
        role = id.role.rawValue
        self.name = id.name ?? name
        self.type = type
        self.state = state
        self.queued = queued
        self.inWork = inWork
        self.consumers = consumers
        self.oldestSeconds = oldestSeconds
    }

    /// Returns a table of mailboxes.
    ///
    /// - Parameter withFacts: Whether it has the columns that only the management plugin can fill.
    static func table(_ mailboxes: [MailboxLine], withFacts: Bool = false) -> Table {
        let work: [Table.Column] = withFacts ? [.number("IN WORK")] : []
        let columns =
            [.flexible("TYPE"), .flexible("NAME"), .fixed("ID"), .state("STATE"), .number("QUEUED")] + work
            + [.number("DIRECT")] + [.number("CONSUMERS")] + (withFacts ? [.number("OLDEST")] : [])
        return Table(
            columns,
            rows: mailboxes.map { mailbox in
                let row = [
                    mailbox.type ?? (mailbox.role == "user" ? "(user)" : "-"), mailbox.name ?? "-", mailbox.id,
                    mailbox.state, "\(mailbox.queued)",
                ]
                let direct = mailbox.direct.map { "\($0)" } ?? "-"
                guard withFacts else { return row + [direct, "\(mailbox.consumers)"] }
                let inWork = mailbox.inWork.map { "\($0)" } ?? "-"
                return row + [inWork, direct, "\(mailbox.consumers)", mailbox.oldestSeconds.map(Self.age) ?? "-"]
            }
        )
    }

    /// `12 s`, `5 min`, `3 h`, `2 d`.
    static func age(_ seconds: Int) -> String {
        switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        default: "\(seconds / 86_400) d"
        }
    }
}

/// The members of a work group in one process, in the form that `--json` prints.
struct MemberLine: Encodable, Sendable {
    let session: String
    let process: String?
    let members: Int
    let held: Int

    init(_ members: GroupMembers) {
        session = members.session.lowercased
        process = members.name
        self.members = members.count
        held = members.held
    }

    /// Returns a table of processes.
    static func table(_ lines: [MemberLine]) -> Table {
        Table(
            [.flexible("PROCESS"), .fixed("SESSION"), .number("MEMBERS"), .number("HELD")],
            rows: lines.map { [$0.process ?? "-", $0.session, "\($0.members)", "\($0.held)"] }
        )
    }
}

extension [MailboxLine] {
    /// Asks the members of work groups for the numbers of their requests. Without the permission to ask nothing is known.
    func withMembers(
        of groups: Set<AgentID>,
        _ administration: ExchangeAdministration
    ) async throws -> [MailboxLine] {
        var lines = self
        for index in lines.indices {
            guard let agent = lines[index].entity?.agentID, groups.contains(agent), lines[index].consumers > 0 else {
                continue
            }
            do throws(ExchangeError) {
                lines[index].members = try await administration.members(of: agent)?.map(MemberLine.init)
            } catch {
                guard error.code == .forbidden else { throw error }
            }
        }
        return lines
    }

    /// Asks the owners of mailboxes with a receiver for the requests that they took past the broker. Without the permission to
    /// ask nothing is known.
    func withDirectRequests(_ administration: ExchangeAdministration) async throws -> [MailboxLine] {
        let open = filter { $0.consumers > 0 }.compactMap(\.entity)
        let owners: [EntityID: MailboxOwner]
        do throws(ExchangeError) {
            owners = try await administration.owners(of: open)
        } catch {
            guard error.code == .forbidden else { throw error }
            return self
        }
        return map { line in
            var line = line
            line.direct = line.entity.flatMap { owners[$0]?.directRequests }
            return line
        }
    }
}

extension Duration {
    /// Milliseconds, rounded to three decimals.
    var milliseconds: Double { (self / .microseconds(1)).rounded() / 1000 }

    /// The duration for people.
    var text: String {
        let value = milliseconds
        if value < 10 { return "\((value * 100).rounded() / 100) ms" }
        if value < 1000 { return "\(Int(value.rounded())) ms" }
        return "\((value / 100).rounded() / 10) s"
    }
}
