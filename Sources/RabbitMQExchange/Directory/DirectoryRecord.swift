internal import AMQP
internal import AgentExchange
internal import Foundation

/// A record as read from a stream.
struct DirectoryRecord: Sendable {
    /// The announcement; `nil` when it could not be decoded, or is not credible.
    let announcement: Announcement?
    let offset: UInt64
    let messageID: String?
    /// Seconds since 1970.
    let time: UInt64
    /// Whether a compaction wrote it.
    let isCopy: Bool
    /// Whether its agent is a work group.
    let isShared: Bool
    /// The broker user that wrote it, if known.
    let user: String?

    /// - Parameter now: The current time, in seconds since 1970. A record's time can't make other records look old.
    init(_ delivery: Delivery, now: UInt64) {
        let properties = delivery.properties
        announcement = Announcement(properties, body: delivery.body).flatMap { announcement in
            announcement.isCredible(with: delivery.routingKey, by: properties.userID) ? announcement : nil
        }
        offset = properties.headers["x-stream-offset"]?.integerValue.flatMap(UInt64.init(exactly:)) ?? 0
        messageID = properties.messageID
        time = min(properties.timestamp ?? 0, now)
        isCopy = properties.headers[Header.copied] != nil
        isShared = properties.headers[Header.sharing]?.stringValue == MailboxSharing.group.rawValue
        user = properties.userID
    }
}
