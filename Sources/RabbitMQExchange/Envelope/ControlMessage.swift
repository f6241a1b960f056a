internal import AMQP
internal import AgentExchange
internal import Foundation

/// A message between sessions. It never reaches a user of the library.
struct ControlMessage: Sendable, Hashable {
    /// The kinds. The raw value is the AMQP `type`.
    enum Kind: String, Sendable {
        /// To a mailbox itself: its recipient is the active consumer.
        case probe = "warren-probe"
        /// To the end of a drained mailbox: all earlier messages have been received.
        case marker = "warren-marker"
        /// To the receivers of a mailbox: is it in use?
        case claim = "warren-claim"
        /// The answer to a claim, or to a probe that another consumer received.
        case inUse = "warren-in-use"
        /// To the receivers of a mailbox: it was terminated; answer the held requests and let go.
        case terminate = "warren-terminate"
        /// The owner's first answer to that: it has begun.
        case lettingGo = "warren-letting-go"
        /// The owner's answer when it has let go.
        case released = "warren-released"
        /// The answer of standbys: another session may be the owner.
        case stoodBy = "warren-stood-by"
        /// To the session of an agent's owner, which has said that it can be reached past the broker: its endpoints and half
        /// of a key, and the question for the same.
        case meet = "warren-meet"
        /// The answer to that.
        case met = "warren-met"
        /// To a slot itself: there is news in the log of subscriptions.
        case subscriptions = "warren-subscriptions"
        /// From a session to itself: it still has its place at the broker.
        case renewal = "warren-renewal"
    }

    let kind: Kind
    /// Relates an answer to its question.
    let id: UUID
    /// The mailbox that it concerns.
    let mailbox: EntityID?
    /// The session queue for answers.
    let replyTo: String?
    /// Further texts by name. A session ignores names that it does not know.
    let fields: [String: String]

    init(
        _ kind: Kind,
        id: UUID = UUID(),
        mailbox: EntityID?,
        replyTo: String? = nil,
        fields: [String: String] = [:]
    ) {
        self.kind = kind
        self.id = id
        self.mailbox = mailbox
        self.replyTo = replyTo
        self.fields = fields
    }

    /// Reads a control message. Returns `nil` for any other message.
    init?(_ properties: MessageProperties) {
        guard
            let kind = properties.type.flatMap(Kind.init(rawValue:)),
            let id = properties.correlationID.flatMap(UUID.init(text:))
        else { return nil }
        self.init(
            kind,
            id: id,
            mailbox: EntityID(header: properties.headers[Header.entity], name: nil),
            replyTo: properties.replyTo,
            fields: Self.fields(of: properties.headers)
        )
    }

    /// Reads the fields. Headers without text are ignored, and so is the second of two with one name.
    private static func fields(of headers: FieldTable) -> [String: String] {
        let fields = headers.compactMap { header -> (String, String)? in
            guard header.name.hasPrefix(Header.field), let text = header.value.stringValue else { return nil }
            return (String(header.name.dropFirst(Header.field.count)), text)
        }
        return Dictionary(fields) { first, _ in first }
    }

    /// Returns the AMQP form, which has no body.
    func publication(to exchange: String, key: String) -> Publication {
        var properties = MessageProperties()
        properties.type = kind.rawValue
        properties.correlationID = id.lowercased
        properties.replyTo = replyTo
        properties.appID = Envelope.applicationID
        if let mailbox { properties.headers[Header.entity] = .string(mailbox.header) }
        for (name, text) in fields.sorted(by: { $0.key < $1.key }) {
            properties.headers[Header.field + name] = .string(text)
        }
        return Publication(
            exchange: exchange,
            routingKey: key,
            properties: properties,
            body: Data(),
            mandatory: true
        )
    }
}
