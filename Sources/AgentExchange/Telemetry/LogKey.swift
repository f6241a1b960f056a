internal import Foundation
package import Logging

/// The metadata keys of Warren's log lines, for filtering logs.
///
/// The raw value is the key. A value is never a payload, a password or a token.
public enum LogKey: String, Sendable, Hashable, CaseIterable {
    /// The mailbox that the line concerns; for a message, the destination. `agent:NAME`, or the role and the first
    /// eight digits of the UUID.
    case mailbox
    /// The sender of the message, in the same form.
    case peer
    /// The tag that a request and its response share. AMQP calls it `correlation_id`.
    case tag
    /// The kind of the message, such as `action-request`.
    case kind
    /// The name of the action.
    case action
    /// The code of an error, such as `deadline-exceeded`; see ``ExchangeError/Code``.
    case code
    /// The text of an error.
    case error
    /// The number of times that the request was handed to a receiver, including this one.
    case attempt
    /// The reason that a message became a dead letter, was refused or was parked, or that the broker blocks.
    case reason
    /// A queue of the broker.
    case queue
    /// The address of the broker.
    case broker
    /// The connection of a session: `publisher` or `consumer`.
    case connection
    /// A count.
    case count
    /// A duration.
    case duration
    /// The network address of the other side of a direct connection.
    case address
    /// The way that a message took, where there are two: `direct` or `broker`.
    case way
    /// The session of a process. Its queue is named `….session.<session>`.
    case session
}

/// The metadata of a log line.
package typealias LogMetadata = Logger.Metadata

package extension LogMetadata {
    init(keys: [LogKey: String]) {
        self = Dictionary(uniqueKeysWithValues: keys.map { ($0.key.rawValue, .string($0.value)) })
    }

    /// Makes the metadata that identifies a message: kind, source, destination, tag. Never a payload.
    init(_ message: Message) {
        self.init(keys: [
            .kind: message.kind.rawValue,
            .peer: message.source.description,
            .mailbox: message.destination.description,
            .tag: message.tag.lowercased,
        ])
        if let way = message.way { self[LogKey.way.rawValue] = .string(way.rawValue) }
    }

    /// Returns the metadata with one more key.
    func with(_ key: LogKey, _ value: String) -> Self {
        merging([key.rawValue: .string(value)]) { $1 }
    }
}
