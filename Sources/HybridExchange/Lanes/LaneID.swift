package import AgentExchange

/// The identity of a lane: one direction from one mailbox to another, for requests or for responses.
package struct LaneID: Sendable, Hashable {
    /// The mailbox that sends.
    package let source: EntityID

    /// The mailbox that receives.
    package let destination: EntityID

    package let content: LaneContent

    package init(from source: EntityID, to destination: EntityID, _ content: LaneContent) {
        self.source = source
        self.destination = destination
        self.content = content
    }
}

/// The messages of a lane.
package enum LaneContent: UInt8, Sendable, Hashable {
    /// Requests, which are kept until their terminal response.
    case requests = 1
    /// Responses, which are kept until the requester has them.
    case responses = 2
}
