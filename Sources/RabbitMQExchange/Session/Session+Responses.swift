internal import AMQP
internal import AgentExchange
internal import Foundation

/// Handles responses in the session's queue, one or several in a delivery. A delivery is acknowledged when each of its
/// responses has reached a transport or a mailbox.
extension Session {
    /// Takes the responses of a delivery on the connection's thread. Responses for which the broker must be asked first
    /// are handled in the background, in order.
    ///
    /// - Parameter flaw: The fault of other contents of the delivery, which is then parked, too.
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

    /// Passes a response to its transport, unless its sender is not credible. Returns `false` without a transport in
    /// this process.
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
        /// The response can't be handled now.
        case later
        /// The mailbox can never take the response.
        case unforwardable(reason: String)
    }

    /// Asks the directory about the sender if necessary. Sends a response for a mailbox that this process no longer
    /// receives from to the mailbox itself.
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
    /// Decodes a delivery.
    static func decode(_ delivery: Delivery) throws(Envelope.Malformed) -> (responses: [Response], flaw: String?) {
        guard delivery.omittedBytes == 0 else { throw Envelope.Malformed(reason: delivery.omission, request: nil) }
        return try decode(delivery.properties, body: delivery.body)
    }
}
