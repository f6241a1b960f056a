extension ManagementAPI {
    /// Returns the numbers of all queues of a namespace, and the number of pages in which the list came.
    ///
    /// It is one list however many queues there are; the plugin sends no more than 500 of them in a page. A queue that is made
    /// or deleted meanwhile may be missing.
    ///
    /// - Throws: ``CommandFailure``.
    func figures(namespace: String) async throws -> (queues: [QueueFigures], pages: Int) {
        try await list(
            namespace: namespace,
            columns: "name,messages_ready,messages_unacknowledged,consumers,head_message_timestamp,"
                + "message_stats.publish,message_stats.publish_details.rate,message_stats.ack,"
                + "message_stats.ack_details.rate"
        )
    }
}
