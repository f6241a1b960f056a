extension ManagementAPI {
    private static let figureColumns =
        "name,messages_ready,messages_unacknowledged,consumers,head_message_timestamp,"
        + "message_stats.publish,message_stats.publish_details.rate,message_stats.ack,"
        + "message_stats.ack_details.rate"

    /// Returns the numbers of all queues of a namespace.
    ///
    /// A queue that is made or deleted meanwhile may be missing from pages.
    ///
    /// - Parameter way: The way that the last listing found cheaper; both give the same queues.
    /// - Throws: ``CommandFailure``.
    func figures(namespace: String, way: QueueListing.Way = .pages) async throws -> QueueListing {
        switch way {
        case .pages:
            let found: List<QueueFigures> = try await list(namespace: namespace, columns: Self.figureColumns)
            return QueueListing(found.queues, pages: found.pages, pageSize: Self.page, total: found.total)
        case .whole:
            let all: [QueueFigures] = try await everyQueue(columns: Self.figureColumns)
            let prefix = "warren.\(namespace)."
            let own = all.filter { $0.name.hasPrefix(prefix) }
            return QueueListing(own, pages: 1, pageSize: Self.page, total: all.count)
        }
    }
}
