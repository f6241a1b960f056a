package import AMQP
package import AgentExchange
package import Foundation

/// Applies this target's decoders to foreign input, for fuzzing programs of this package.
package enum ForeignInput {
    /// The result of a decoder.
    package enum Reading<Value> {
        case read(Value)
        /// The input is refused; `isAnswerable` when it names the requester.
        case refused(reason: String, isAnswerable: Bool)
    }

    /// Decodes a message from a mailbox.
    package static func message(_ properties: MessageProperties, _ body: Data) -> Reading<Message> {
        do throws(Envelope.Malformed) {
            return .read(try Envelope.decode(properties, body: body, redelivered: true, receiver: .agent(AgentID())))
        } catch { return .refused(reason: error.reason, isAnswerable: error.request != nil) }
    }

    /// Returns the AMQP form of a message.
    package static func encode(_ message: Message, now: Date) throws(ExchangeError) -> (MessageProperties, Data) {
        let (properties, body) = try Envelope.encode(message, replyTo: nil, now: now)
        return (properties, body)
    }

    /// Decodes several responses in one message, and tells whether all of it was valid.
    package static func responses(_ properties: MessageProperties, _ body: Data) -> Reading<([Response], isWhole: Bool)>
    {
        do throws(Envelope.Malformed) {
            let (responses, flaw) = try ResponseBatch.decode(properties, body: body)
            return .read((responses, flaw == nil))
        } catch { return .refused(reason: error.reason, isAnswerable: false) }
    }

    /// Returns the batchable responses among the messages, in one message.
    package static func together(_ messages: [Message]) -> (MessageProperties, Data) {
        var (responses, bytes): ([Response], Int) = ([], 0)
        for case .response(let response) in messages {
            guard let size = ResponseBatch.size(of: response) else { continue }
            responses.append(response)
            bytes += size
        }
        return (ResponseBatch.properties(), ResponseBatch.encode(responses, bytes: bytes))
    }

    /// Decodes a directory record and encodes it again. Returns `nil` for other input.
    package static func announcement(_ properties: MessageProperties) -> MessageProperties? {
        guard let announcement = Announcement(properties) else { return nil }
        _ = announcement.isCredible(with: announcement.routingKey(by: nil), by: nil)
        return announcement.properties
    }

    /// Sample records in their published form.
    package static var announcements: [MessageProperties] {
        let line = ["Agent", "Base,%", "Clerk"]
        return [
            Announcement.registered(.agent(AgentID(name: "clerk")), lineage: line), .fence(UUID()),
            .terminated(.agent(AgentID()), lineage: line), .registered(.user(UserID(name: "ann")), lineage: []),
        ].map(\.properties)
    }

    /// Decodes a control message and encodes it again. Returns `nil` for other input.
    package static func control(_ properties: MessageProperties) -> MessageProperties? {
        ControlMessage(properties)?.publication(to: "", key: "").properties
    }

    /// Sample control messages in their published form.
    package static var controls: [MessageProperties] {
        [ControlMessage.Kind.probe, .terminate, .claim].map {
            let fields = ["one": "first", "two": ""]
            return ControlMessage($0, mailbox: .agent(AgentID()), replyTo: "warren.test.session.x", fields: fields)
                .publication(to: "", key: "").properties
        }
    }

    /// Performs a session's computations with its settings.
    package static func compute(_ exchange: RabbitMQExchange) throws(ExchangeError) {
        let settings = exchange.configuration
        let connection = try exchange.address.connection(settings)
        do { try connection.validate() } catch {
            throw ExchangeError(.internal, "settings that are valid make no connection", underlying: error)
        }
        var backoff = Backoff(settings.recovery)
        for random in [0, 0.5, 1] { _ = backoff.next(random: random) }
        _ = Deadline.after(settings.operationTimeout)
        for id in [EntityID.agent(AgentID()), .user(UserID())] {
            _ = Topology.mailbox(of: id, lineage: [], exchange.names, settings, forOlder: true)
        }
        _ = settings.sessionExpiry.milliseconds
        _ = settings.acknowledgementTimeout.map { ContinuousClock.now - $0 / 2 }
    }

    /// Returns the reason of a dead letter, as far as its headers tell.
    package static func deadLetterReason(_ headers: FieldTable) -> String? { DeadLetterReason(headers)?.rawValue }

    /// Decodes the text of a lineage.
    package static func lineage(_ text: String) -> [String]? { LineageText.decode(text) }

    /// Encodes a lineage as text.
    package static func text(ofLineage lineage: [String]) -> String { LineageText.encode(lineage) }

    /// Returns the routing key for a lineage, and its longest word.
    package static func routingKey(_ lineage: [String]) -> String {
        AnnouncementKey.make(event: "registered", lineage: lineage)
    }
}
