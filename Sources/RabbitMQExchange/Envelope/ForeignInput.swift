package import AMQP
package import AgentExchange
package import Foundation

/// What the decoders of this target make of input from outside: for programs of this package that try what it can do.
package enum ForeignInput {
    /// What a decoder made of it.
    package enum Reading<Value> {
        case read(Value)
        /// It is refused; `isAnswerable` when it says who is to be told.
        case refused(reason: String, isAnswerable: Bool)
    }

    /// A message out of a mailbox.
    package static func message(_ properties: MessageProperties, _ body: Data) -> Reading<Message> {
        do throws(Envelope.Malformed) {
            return .read(try Envelope.decode(properties, body: body, redelivered: true, receiver: .agent(AgentID())))
        } catch { return .refused(reason: error.reason, isAnswerable: error.request != nil) }
    }

    /// The AMQP form of a message.
    package static func encode(_ message: Message, now: Date) throws(ExchangeError) -> (MessageProperties, Data) {
        let (properties, body) = try Envelope.encode(message, replyTo: nil, now: now)
        return (properties, body)
    }

    /// Several responses in one message, and whether there was anything else in it.
    package static func responses(_ properties: MessageProperties, _ body: Data) -> Reading<([Response], isWhole: Bool)>
    {
        do throws(Envelope.Malformed) {
            let (responses, flaw) = try ResponseBatch.decode(properties, body: body)
            return .read((responses, flaw == nil))
        } catch { return .refused(reason: error.reason, isAnswerable: false) }
    }

    /// Those of the messages that travel with others, in one message.
    package static func together(_ messages: [Message]) -> (MessageProperties, Data) {
        var (responses, bytes): ([Response], Int) = ([], 0)
        for case .response(let response) in messages {
            guard let size = ResponseBatch.size(of: response) else { continue }
            responses.append(response)
            bytes += size
        }
        return (ResponseBatch.properties(), ResponseBatch.encode(responses, bytes: bytes))
    }

    /// A record of the directory, written once more; `nil` when it is none.
    package static func announcement(_ properties: MessageProperties) -> MessageProperties? {
        guard let announcement = Announcement(properties) else { return nil }
        _ = announcement.isCredible(with: announcement.routingKey(by: nil), by: nil)
        return announcement.properties
    }

    /// Records as they are published.
    package static var announcements: [MessageProperties] {
        let line = ["Agent", "Base,%", "Clerk"]
        return [
            Announcement.registered(.agent(AgentID(name: "clerk")), lineage: line), .fence(UUID()),
            .terminated(.agent(AgentID()), lineage: line), .registered(.user(UserID(name: "ann")), lineage: []),
        ].map(\.properties)
    }

    /// A control message, written once more; `nil` when it is none.
    package static func control(_ properties: MessageProperties) -> MessageProperties? {
        ControlMessage(properties)?.publication(to: "", key: "").properties
    }

    /// Control messages as they are published.
    package static var controls: [MessageProperties] {
        [ControlMessage.Kind.probe, .terminate, .claim].map {
            ControlMessage($0, mailbox: .agent(AgentID()), replyTo: "warren.test.session.x")
                .publication(to: "", key: "").properties
        }
    }

    /// Computes what a session computes from its settings.
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

    /// Why a message is a dead letter, as far as its headers say.
    package static func deadLetterReason(_ headers: FieldTable) -> String? { DeadLetterReason(headers)?.rawValue }

    /// A line of types as text, read and written.
    package static func lineage(_ text: String) -> [String]? { LineageText.decode(text) }

    /// As ``lineage(_:)``, the other way.
    package static func text(ofLineage lineage: [String]) -> String { LineageText.encode(lineage) }

    /// The routing key for a line of types, and the longest word in it.
    package static func routingKey(_ lineage: [String]) -> String {
        AnnouncementKey.make(event: "registered", lineage: lineage)
    }
}
