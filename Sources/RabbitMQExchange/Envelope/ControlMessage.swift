internal import AMQP
internal import AgentExchange
internal import Foundation

/// What sessions tell each other; it never reaches a user of the library.
struct ControlMessage: Sendable, Hashable {
    /// The kinds. The raw value is the AMQP `type`.
    enum Kind: String, Sendable {
        /// To a mailbox itself: whoever receives it is the active consumer.
        case probe = "warren-probe"
        /// To the end of a mailbox that is drained: what was before it has been received.
        case marker = "warren-marker"
        /// To whoever is attached to a mailbox: is it in use?
        case claim = "warren-claim"
        /// The answer to a claim, or to a probe that someone else received.
        case inUse = "warren-in-use"
        /// To whoever is attached to a mailbox: it was terminated; answer what you hold and let go.
        case terminate = "warren-terminate"
        /// The first answer of the owner to that: it has begun.
        case lettingGo = "warren-letting-go"
        /// The answer of the owner when it has let go.
        case released = "warren-released"
        /// The answer of those that stood by: perhaps another one is the owner.
        case stoodBy = "warren-stood-by"
    }

    let kind: Kind
    /// What relates an answer to its question.
    let id: UUID
    /// The mailbox it is about.
    let mailbox: EntityID?
    /// The session queue that answers go to.
    let replyTo: String?

    init(_ kind: Kind, id: UUID = UUID(), mailbox: EntityID?, replyTo: String? = nil) {
        self.kind = kind
        self.id = id
        self.mailbox = mailbox
        self.replyTo = replyTo
    }

    /// Reads a control message; `nil` for anything else.
    init?(_ properties: MessageProperties) {
        guard
            let kind = properties.type.flatMap(Kind.init(rawValue:)),
            let id = properties.correlationID.flatMap(UUID.init(text:))
        else { return nil }
        self.init(
            kind,
            id: id,
            mailbox: EntityID(header: properties.headers[Header.entity], name: nil),
            replyTo: properties.replyTo
        )
    }

    /// The AMQP form, which has no body.
    func publication(to exchange: String, key: String) -> Publication {
        var properties = MessageProperties()
        properties.type = kind.rawValue
        properties.correlationID = id.lowercased
        properties.replyTo = replyTo
        properties.appID = Envelope.applicationID
        if let mailbox { properties.headers[Header.entity] = .string(mailbox.header) }
        return Publication(
            exchange: exchange,
            routingKey: key,
            properties: properties,
            body: Data(),
            mandatory: true
        )
    }
}
