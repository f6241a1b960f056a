internal import AMQP
public import Foundation

/// A message in the namespace's queue of parked messages, which no rule could answer.
public struct ParkedMessage: Sendable, Hashable {
    /// Its identifier: the AMQP `message_id`.
    public let id: String
    /// The tag of the request that it is or answers, if it has one.
    public let tag: UUID?
    /// The kind of the message, if it has one.
    public let kind: String?
    /// The reason that it was parked.
    public let reason: String
    /// The queue or the routing key that it came from.
    public let origin: String?
    /// The destination mailbox as `agent:UUID`, if it has one.
    public let destination: String?
    /// The time when it was sent, if it has one.
    public let sent: Date?
    /// All its headers as text.
    public let headers: [String: String]
    /// Its content type.
    public let contentType: String?
    /// The size of its body in bytes.
    public let size: Int
    /// Its body, empty if it is larger than the session takes, or if the bodies of older messages take the receive window.
    public let body: Data

    /// - Parameter room: The largest size of a body that is kept.
    init(_ delivery: Delivery, room: Int = .max) {
        let properties = delivery.properties
        let headers = properties.headers
        id = properties.messageID ?? ""
        tag = properties.correlationID.flatMap(UUID.init(uuidString:))
        kind = properties.type
        reason = headers[Header.detail]?.stringValue ?? headers[Header.reason]?.stringValue ?? "unknown"
        origin = headers[Header.queue]?.stringValue
        destination = headers[Header.destination]?.stringValue
        // Dates can be printed up to the year 9999; the sender may give any number.
        sent = properties.timestamp.map { Date(timeIntervalSince1970: Double(min($0, 253_402_300_799))) }
        self.headers = Dictionary(headers.map { ($0.name, Self.text($0.value)) }) { first, _ in first }
        contentType = properties.contentType
        size = max(delivery.body.count, delivery.omittedBytes)
        body = delivery.body.count <= room ? delivery.body : Data()
    }

    private static func text(_ value: FieldValue) -> String {
        if let text = value.stringValue { return text }
        if let number = value.integerValue { return "\(number)" }
        if let truth = value.boolValue { return "\(truth)" }
        return "(\(value))".count > 200 ? "(too long to show)" : "\(value)"
    }
}
