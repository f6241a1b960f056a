internal import AMQP
internal import AgentExchange
internal import Primitives
internal import Synchronization

/// Checks whether requesters still receive.
struct RequesterCheck: Sendable {
    let session: Session

    private var link: BrokerLink { session.link }

    /// How long another session may take to answer.
    private static let patience = Duration.seconds(2)

    /// Returns whether a session receives the answers for a requester. If that can't be determined, returns `true`.
    ///
    /// - Parameter way: The place for the answer to its request.
    func isReceiving(_ requester: EntityID, at way: ReplyWay) async -> Bool {
        let key = way.queue
        if key == link.replyTo { return !session.attachments.of(requester).isEmpty }
        do throws(ExchangeError) {
            let queue = try await link.objects.status(ofQueue: key ?? link.names.queue(of: requester))
            if let queue, queue.consumerCount > 0 { return true }
        } catch {
            return true
        }
        // The session may have another queue by now, with the same key.
        guard let key else { return false }
        let question = ControlMessage(.claim, mailbox: requester, replyTo: link.replyTo)
        let answer = session.replies.expect(question.id)
        defer { session.replies.forget(question.id) }
        do {
            guard try await link.publish(question, key: key) else { return false }
        } catch {
            return true
        }
        return await answer.wait(until: .now + Self.patience) == .inUse
    }

    /// Returns the held requests whose requesters no longer receive.
    func unawaited(_ requests: [Request], in contents: MailboxContents) async -> [Request] {
        struct Address: Hashable {
            let requester: EntityID
            let way: ReplyWay
        }
        let places = contents.held.withLock { held in
            requests.map { Address(requester: $0.source, way: held.way(of: $0.response()) ?? .mailbox) }
        }
        let absent = await withTaskGroup(of: Address?.self) { group in
            for place in Set(places) {
                group.addTask { await isReceiving(place.requester, at: place.way) ? nil : place }
            }
            return await group.reduce(into: Set<Address>()) { absent, place in
                if let place { absent.insert(place) }
            }
        }
        return zip(requests, places).filter { absent.contains($1) }.map(\.0)
    }
}
