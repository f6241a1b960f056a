internal import AgentExchange
public import Foundation

/// The process that receives from a mailbox, as it describes itself.
public struct MailboxOwner: Sendable, Hashable {
    /// The session of the process; `nil` when its version tells nothing of itself. Its queue is named `….session.<session>`.
    public let session: UUID?

    /// The number of unanswered requests that it took past the broker, which does not know of them; `nil` when the process
    /// has no direct way.
    public let directRequests: Int?

    /// Its direct connections; `nil` when they were not asked for, or the process has no direct way.
    public let directWays: DirectWays?
}

/// The direct connections of a process.
public struct DirectWays: Sendable, Hashable {
    /// The time for which the process still takes direct requests without another sign of its place at the broker. Zero
    /// without a lease.
    public let lease: Duration

    /// The connections, those with the most unanswered messages first, at most ``largestCount``.
    public let connections: [Connection]

    /// The number of all connections.
    public let count: Int

    /// The number of connections that a process describes.
    public static let largestCount = 256

    /// Makes a description. Connections beyond ``largestCount`` are counted only.
    ///
    /// - Parameter count: The number of all connections, if there are others.
    package init(lease: Duration, connections: [Connection], count: Int = 0) {
        self.lease = max(.zero, lease)
        self.count = max(count, connections.count)
        self.connections = Array(connections.sorted { $0.unanswered > $1.unanswered }.prefix(Self.largestCount))
    }

    /// A direct connection to another process.
    public struct Connection: Sendable, Hashable {
        /// The session of the other process.
        public let session: UUID
        /// The network address of the other side.
        public let address: String
        /// The number of pairs of mailboxes and directions whose messages go directly to it.
        public let lanes: Int
        /// The number of requests that went to it and have no answer, and of responses that it has not acknowledged.
        public let unanswered: Int

        package init(session: UUID, address: String, lanes: Int, unanswered: Int) {
            self.session = session
            self.address = address
            self.lanes = lanes
            self.unanswered = unanswered
        }
    }
}

// MARK: The form in a control message

extension MailboxOwner {
    private enum Field {
        static let session = "session"
        static let directRequests = "direct-requests"
    }

    /// The fields of the owner's answer to a claim.
    var fields: [String: String] {
        var fields = directWays?.fields ?? [:]
        fields[Field.session] = session?.lowercased
        fields[Field.directRequests] = directRequests.map { "\($0)" }
        return fields
    }

    /// Reads the fields of another session's answer. Unknown and malformed ones are ignored.
    init(fields: [String: String]) {
        session = fields[Field.session].flatMap(UUID.init(text:))
        directRequests = fields[Field.directRequests].flatMap { Int($0) }.map { max(0, $0) }
        directWays = DirectWays(fields: fields)
    }
}

extension DirectWays {
    private enum Field {
        static let lease = "direct-lease"
        static let count = "direct-count"
        static let connections = "direct-connections"
    }

    fileprivate var fields: [String: String] {
        let lines = connections.map { connection in
            "\(connection.session.lowercased) \(connection.lanes) \(connection.unanswered) \(connection.address.prefix(128))"
        }
        return [
            Field.lease: "\(Int64(lease / .milliseconds(1)))",
            Field.count: "\(count)",
            Field.connections: lines.joined(separator: "\n"),
        ]
    }

    fileprivate init?(fields: [String: String]) {
        guard let lease = fields[Field.lease].flatMap({ Int64($0) }), let lines = fields[Field.connections] else {
            return nil
        }
        let connections = lines.split(separator: "\n").prefix(Self.largestCount).compactMap { line -> Connection? in
            let parts = line.split(separator: " ", maxSplits: 3)
            guard parts.count == 4, let session = UUID(text: String(parts[0])), let lanes = Int(parts[1]),
                let unanswered = Int(parts[2])
            else { return nil }
            return Connection(
                session: session,
                address: String(parts[3]),
                lanes: max(0, lanes),
                unanswered: max(0, unanswered)
            )
        }
        self.init(
            lease: .milliseconds(min(lease, 86_400_000)),
            connections: connections,
            count: fields[Field.count].flatMap { Int($0) } ?? 0
        )
    }
}
