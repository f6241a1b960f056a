internal import AMQP
internal import AgentExchange
internal import Foundation

/// Checks whether the broker accepts messages.
extension Examination {
    /// A broker with an alarm accepts no messages. It reports the alarm at the first one, so the second shows it.
    func alarms() async -> Finding {
        let first = await alarmsAtOnePublication()
        return first.level == .ok ? await alarmsAtOnePublication() : first
    }

    /// Publishes a message without a receiver, on a channel of its own: a missing exchange closes that channel.
    private func publishToNobody() async throws(AMQPError) {
        let publication = Publication(
            exchange: names.mailboxes,
            routingKey: names.sessionQueue(UUID()),
            properties: MessageProperties(),
            body: Data(),
            mandatory: true
        )
        let limit = Deadline.after(.seconds(3))
        let channel = try await link.publisher.openChannel(confirms: true, deadline: limit)
        defer { channel.abandon() }
        try await channel.publish(publication, deadline: limit)
    }

    private func alarmsAtOnePublication() async -> Finding {
        let start = ContinuousClock.now
        do throws(AMQPError) {
            try await publishToNobody()
        } catch let error where error.code == .blocked || error.code == .timedOut {
            let recoverySuggestion = "see rabbitmqctl status, alarms: free memory or disk, or raise the watermark"
            let named = facts?.alarms?.joined(separator: ", ") ?? ""
            let alarm = named.isEmpty ? "a memory or disk alarm" : named
            let text = "the broker takes no messages: \(alarm)"
            let isCertain = error.code == .blocked || !named.isEmpty
            return Finding(
                .alarms,
                .fail,
                isCertain ? text : "\(text), or it is stuck",
                recoverySuggestion: recoverySuggestion
            )
        } catch let error where error.code == .unroutable || error.code == .notFound {
            let took = (start.duration(to: .now) / .milliseconds(1)).rounded()
            return Finding(.alarms, .ok, "none: a message was taken within \(Int(max(1, took))) ms")
        } catch let error where error.code == .accessRefused {
            let recoverySuggestion =
                "give the user a role's permissions: warren topology --format permissions --user NAME"
            return Finding(
                .alarms,
                .fail,
                "this user may not send: \(error.message)",
                recoverySuggestion: recoverySuggestion
            )
        } catch {
            return Finding(.alarms, .fail, error.message)
        }
        return Finding(.alarms, .ok, "none")
    }
}
