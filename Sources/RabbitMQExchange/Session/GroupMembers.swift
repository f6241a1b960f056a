internal import AgentExchange
public import Foundation
internal import Synchronization

/// The members of a work group in one session, as the session describes them in control messages.
public struct GroupMembers: Sendable, Hashable {
    /// The session. Its queue is named `….session.<session>`.
    public let session: UUID

    /// The name of the session's connections, if one is set.
    public let name: String?

    /// The number of members.
    public let count: Int

    /// The number of requests that they received and have not answered.
    public let held: Int

    private enum Field {
        static let session = "session"
        static let name = "member-name"
        static let count = "members"
        static let held = "held"
    }

    init(session: UUID, name: String?, count: Int, held: Int) {
        self.session = session
        self.name = name
        self.count = count
        self.held = held
    }

    /// Reads the fields of another session's answer. Returns `nil` for a session without members.
    init?(fields: [String: String]) {
        guard let session = fields[Field.session].flatMap(UUID.init(text:)),
            let count = fields[Field.count].flatMap({ Int($0) }), count > 0
        else { return nil }
        self.session = session
        self.count = min(count, 1 << 20)
        name = fields[Field.name]
        held = fields[Field.held].flatMap { Int($0) }.map { max(0, $0) } ?? 0
    }

    /// The fields of an answer.
    var fields: [String: String] {
        var fields = [Field.session: session.lowercased, Field.count: "\(count)", Field.held: "\(held)"]
        fields[Field.name] = name.map { String($0.prefix(128)) }
        return fields
    }
}

extension AnswerReceiver {
    /// Describes the members of a group in this session; `nil` when there is none.
    func members(of mailbox: EntityID) -> GroupMembers? {
        let members = attachments.of(mailbox).filter { $0.isMember && $0.isAttached }
        if members.isEmpty { return nil }
        return GroupMembers(
            session: link.sessionID,
            name: link.configuration.connectionName,
            count: members.count,
            held: members.reduce(0) { sum, member in sum + member.contents.held.withLock { $0.count } }
        )
    }
}
