package import AgentExchange
package import Foundation
package import Logging

/// A way between living sessions that passes the broker by. Another target provides it.
///
/// A session has at most one. It asks it for the route of each mailbox, and tells it of answers, markers and control
/// messages from the broker. All functions return at once, except those that are `async`, and may be called on any
/// thread.
package protocol DirectWay: AnyObject, Sendable {
    /// The time for which an owner takes direct requests without a sign of its place at the broker.
    var ownershipLease: Duration { get }

    /// Begins to carry messages for a session whose connections to the broker are open.
    ///
    /// - Throws: `ExchangeError` with `invalidConfiguration` when it can't listen where it was told to.
    func open(in session: DirectSession) async throws(ExchangeError)

    /// Returns the route for the messages of a mailbox.
    ///
    /// - Parameters:
    ///   - broker: The route that carries everything that does not go directly.
    ///   - delivered: Called when the requester has the answer to a held request.
    func route(
        for mailbox: EntityID,
        broker: any MessageRoute,
        delivered: @escaping @Sendable (Response) -> Void
    ) -> any MessageRoute

    /// A terminal response came, by whichever way.
    func answered(_ response: Response)

    /// An answer came through the broker from the owner of a mailbox, whose session has a direct way too.
    func learned(_ session: UUID, owns mailbox: EntityID, for requester: EntityID)

    /// The broker has a request again that came directly from another session.
    func returned(_ request: Request, to peer: UUID)

    /// Ends the way to a session, so that its requests come through the broker.
    func cut(_ peer: UUID)

    /// The connections to other sessions, and the lease.
    var ways: DirectWays { get }

    /// A control message about direct ways came through the broker.
    func take(_ control: DirectControl)

    /// A marker was read: everything before it in the queue has been taken.
    func readMarker(_ id: UUID)

    /// A connection to the broker was lost, or is back. The session has no proof of its place until it is renewed.
    func changed(isConnected: Bool)

    /// Says goodbye to all peers, and lets go of the session.
    func close() async
}

/// A control message between sessions with a direct way.
package struct DirectControl: Sendable {
    /// The kinds.
    package enum Kind: Sendable {
        /// Asks a session for its endpoints and its half of a key.
        case meet
        /// The answer.
        case met
    }

    package let kind: Kind
    /// Relates an answer to its question.
    package let id: UUID
    /// Its texts by name.
    package let fields: [String: String]
    /// The broker user that sent it, as the broker checked.
    package let principal: String?

    package init(_ kind: Kind, id: UUID, fields: [String: String], principal: String? = nil) {
        self.kind = kind
        self.id = id
        self.fields = fields
        self.principal = principal
    }
}

/// Facts about a session that its direct way needs from the beginning.
package struct DirectFacts: Sendable {
    /// Identifies the session.
    package let session: UUID
    package let namespace: String
    /// The largest message that the session takes, in bytes.
    package let maximumMessageSize: Int
    /// Whether the connections to the broker are encrypted.
    package let isEncrypted: Bool
    package let logger: Logger

    init(_ link: BrokerLink, isEncrypted: Bool) {
        session = link.sessionID
        namespace = link.names.namespace
        maximumMessageSize = link.configuration.maximumMessageSize
        self.isEncrypted = isEncrypted
        logger = link.logger
    }
}

/// Makes the direct ways of sessions. Factories with the same name share a session.
package protocol DirectWayProvider: Sendable {
    /// The name of its settings.
    var name: String { get }

    /// The name of the kind of exchange in metrics and spans.
    var exchangeKind: String { get }

    /// Makes the direct way of a session.
    func makeWay(_ facts: DirectFacts) -> any DirectWay

    /// Returns the factory to hand out in place of that of the broker alone.
    func factory(over exchange: RabbitMQExchange) -> any ExchangeFactory
}

/// The result of handing a request to its mailbox directly.
package enum DirectTaking: Sendable {
    /// It is in the inbox, or it was there before.
    case taken
    /// The agent can't have it now; it has to wait on the broker.
    case busy
    /// This session does not receive from the mailbox.
    case notOwner
    /// The mailbox was terminated.
    case terminated
}
