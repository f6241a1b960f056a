internal import AMQP
internal import AgentExchange
internal import Foundation

/// The AMQP form of events. `docs/protocol.md` describes it.
extension Envelope {
    /// Returns the properties of an event. The body is its payload.
    static func encode(_ event: Event, from source: EntityID, now: Date = .now) -> MessageProperties {
        var properties = MessageProperties()
        properties.type = MessageKind.event.rawValue
        properties.correlationID = event.publicationID.lowercased
        properties.contentType = event.payload.contentType
        properties.appID = applicationID
        properties.timestamp = now.amqpTimestamp
        var headers = FieldTable(minimumCapacity: 10)
        headers[Header.protocol] = .string(ProtocolVersion.current.description)
        headers[Header.source] = .string(source.header)
        if let name = source.name { headers[Header.sourceName] = .string(name) }
        headers[Header.topicType] = .string(event.topic.type)
        headers[Header.topicSource] = .string(event.topic.source)
        headers[Header.dataType] = .string(event.dataType)
        if event.id != event.publicationID.lowercased { headers[Header.eventID] = .string(event.id) }
        if let sender = event.sender { headers[Header.agentSender] = .string(sender.description) }
        for (name, value) in event.context { headers[name] = .string(value) }
        properties.headers = headers
        return properties
    }

    /// An event from a mailbox.
    struct ReceivedEvent: Sendable {
        let event: Event
        let source: EntityID
        let attempt: Int
        /// The time of publication by its publisher's clock, rounded up to a second.
        let published: Date?
    }

    /// Returns whether a message is an event.
    static func isEvent(_ properties: MessageProperties) -> Bool { properties.type == MessageKind.event.rawValue }

    /// Decodes an event.
    static func decodeEvent(
        _ properties: MessageProperties,
        body: Data,
        redelivered: Bool
    ) throws(Malformed) -> ReceivedEvent {
        let headers = properties.headers
        func fault(_ reason: String) -> Malformed { Malformed(reason: reason, request: nil) }
        guard let version = headers[Header.protocol]?.stringValue.flatMap(ProtocolVersion.init) else {
            throw fault("it has no valid header \(Header.protocol)")
        }
        guard version.major == ProtocolVersion.current.major else { throw fault("its protocol is \(version)") }
        guard let source = EntityID(header: headers[Header.source], name: headers[Header.sourceName]) else {
            throw fault("it has no valid header \(Header.source)")
        }
        guard let id = properties.correlationID.flatMap(UUID.init(text:)) else {
            throw fault("its correlation_id is not a UUID")
        }
        guard let type = headers[Header.topicType]?.stringValue, let about = headers[Header.topicSource]?.stringValue,
            let dataType = headers[Header.dataType]?.stringValue
        else { throw fault("it lacks the header \(Header.topicType), \(Header.topicSource) or \(Header.dataType)") }
        var sender: AgentAddress?
        if let text = headers[Header.agentSender]?.stringValue {
            guard let address = AgentAddress(text: text) else {
                throw fault("its header \(Header.agentSender) is not TYPE/KEY")
            }
            sender = address
        }
        do throws(ExchangeError) {
            let event = try Event(
                Topic(type, source: about),
                dataType: dataType,
                payload: Payload(contentType: properties.contentType ?? Payload.empty.contentType, bytes: body),
                id: headers[Header.eventID]?.stringValue,
                sender: sender,
                publicationID: id,
                context: context(headers)
            )
            return ReceivedEvent(
                event: event,
                source: source,
                attempt: attempt(headers, redelivered: redelivered),
                published: properties.timestamp.map { Date(timeIntervalSince1970: Double($0) + 1) }
            )
        } catch {
            throw fault(error.message)
        }
    }
}
