internal import AMQP
internal import AgentExchange
internal import Foundation

/// Responses that come to the queue of the session, one or several in a delivery. It is acknowledged when each of them has
/// reached a transport or a mailbox.
extension Session {
    /// Takes the responses of a delivery, on the thread of the connection. What has to ask the broker something first goes on
    /// in the background, in order.
    ///
    /// - Parameter flaw: Why something else in the delivery can't be read: then it is parked, too.
    func take(_ responses: some Collection<Response>, flaw: String?, _ delivery: Delivery) {
        var left: [Response] = []
        for response in responses {
            let isKnown = knowsSender(response.source, userID: delivery.properties.userID)
            if !isKnown || !hand(response, delivery) { left.append(response) }
        }
        if left.isEmpty, flaw == nil { return delivery.acknowledge() }
        background.start { [self, left] in
            var left = left[...]
            var flaw = flaw
            await persist(with: delivery) {
                while let response = left.first {
                    switch await take(response, delivery) {
                    case .taken: left.removeFirst()
                    case .later: return false
                    case .unforwardable(let reason):
                        left.removeFirst()
                        flaw = flaw ?? reason
                    }
                }
                if let flaw { return await parkOnce(delivery, flaw) }
                delivery.acknowledge()
                return true
            }
        }
    }

    /// Hands a response to its transport, unless its sender is not believed. Returns `false` when there is no transport here.
    private func hand(_ response: Response, _ delivery: Delivery) -> Bool {
        if refuses(response, delivery) { return true }
        let destination = response.destination
        guard let transport = activeTransport(of: destination) ?? transports(of: destination).first else {
            return false
        }
        transport.put(response)
        return true
    }

    private enum Taking {
        case taken
        /// Nothing could be done now.
        case later
        /// Its mailbox can't take it, now or later.
        case unforwardable(reason: String)
    }

    /// Asks the directory about the sender, where that must be; sends a response for a mailbox that this process does not
    /// receive from any more to the mailbox itself.
    private func take(_ response: Response, _ delivery: Delivery) async -> Taking {
        do throws(ExchangeError) {
            if !knowsSender(response.source, userID: delivery.properties.userID) {
                _ = try await directory.state(of: response.source)
            }
            if hand(response, delivery) { return .taken }
            _ = try await publish(response, replyTo: nil)
            return .taken
        } catch let error where error.isAboutTheMessage {
            return .unforwardable(reason: "it can't be forwarded: \(error.message)")
        } catch {
            return .later
        }
    }
}

extension ResponseBatch {
    /// Reads a delivery.
    static func decode(_ delivery: Delivery) throws(Envelope.Malformed) -> (responses: [Response], flaw: String?) {
        guard delivery.omittedBytes == 0 else { throw Envelope.Malformed(reason: delivery.omission, request: nil) }
        return try decode(delivery.properties, body: delivery.body)
    }
}
