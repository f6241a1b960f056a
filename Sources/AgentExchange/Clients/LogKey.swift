internal import Foundation
package import Logging

/// The metadata keys that Warren logs with.
package enum LogKey: String {
    case mailbox
    case peer
    case tag
    case kind
    case action
    case code
    case error
    case attempt
    case reason
    case queue
    case connection
    case count
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
            .tag: message.tag.uuidString.lowercased(),
        ])
    }
}
