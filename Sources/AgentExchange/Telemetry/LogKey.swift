internal import Foundation
package import Logging

/// The metadata keys that Warren logs with: what to filter a log by.
///
/// The raw value is the key. A value is never a payload, a password or a token.
public enum LogKey: String, Sendable, Hashable, CaseIterable {
    /// The mailbox that the line is about, for a message the one that it goes to: `agent:NAME`, or the role and the first
    /// eight digits of the UUID.
    case mailbox
    /// Who sent the message, in the same form.
    case peer
    /// The tag of the request: what it shares with its response, and what AMQP calls `correlation_id`.
    case tag
    /// The kind of the message, such as `action-request`.
    case kind
    /// The name of the action.
    case action
    /// The code of an error, such as `deadline-exceeded`; see ``ExchangeError/Code``.
    case code
    /// The text of an error.
    case error
    /// How often the request was handed to a receiver, this time included.
    case attempt
    /// Why a message is a dead letter, was refused or was parked; why the broker blocks.
    case reason
    /// A queue of the broker.
    case queue
    /// The address of the broker.
    case broker
    /// Which connection of a session: `publisher` or `consumer`.
    case connection
    /// How many.
    case count
    /// How long something took.
    case duration
    /// The session of a process: its queue is called `….session.<session>`.
    case session
}

/// What a log line says besides its text.
package typealias LogMetadata = Logger.Metadata

package extension LogMetadata {
    init(keys: [LogKey: String]) {
        self = Dictionary(uniqueKeysWithValues: keys.map { ($0.key.rawValue, .string($0.value)) })
    }

    /// What identifies a message in a log: kind, sender, tag. Never a payload.
    init(_ message: Message) {
        self.init(keys: [
            .kind: message.kind.rawValue,
            .peer: message.source.description,
            .mailbox: message.destination.description,
            .tag: message.tag.lowercased,
        ])
    }

    /// The same metadata with one more key.
    func with(_ key: LogKey, _ value: String) -> Self {
        merging([key.rawValue: .string(value)]) { $1 }
    }
}
