internal import AgentExchange

/// The results of changes.
extension HeldRequests {
    /// The meaning of a delivery.
    enum Taken {
        /// A request to hand out.
        case new(Request)
        /// A request to hand out when another one is answered.
        case waits
        /// A second copy of a held request: settle the first receipt; the second one replaces it.
        case copy(Receipt?)
        /// An answered request: send the answer again if there is one, and settle this receipt.
        case answered(Response?)
        /// A renewed copy that arrived after the answer: settle this receipt.
        case late
        /// No request is taken any more: give this receipt back.
        case closed
    }

    /// The meaning of a request that came past the broker.
    enum TakenDirectly {
        /// A request to hand out.
        case new(Request)
        /// A request that is held already. Its first receipt stays.
        case held
        /// An answered request: send the answer again if there is one.
        case answered(Response?)
        /// As many requests are handed out as may be, or others wait: it has to wait at the broker.
        case busy
        /// No request is taken any more: those that are held were given back.
        case closed
    }

    /// The action to take for a response.
    enum Answer {
        /// Send it there; then call `finish` or `fail`.
        case send(ReplyWay)
        /// The request has been answered, or is being answered.
        case again
        /// No such request is held.
        case foreign
    }

    /// The result of giving a request back.
    enum Release {
        /// It is no longer held: give its receipt back. Without a receipt, a copy is in the mailbox.
        case released(Held)
        /// It is being answered, or its hold is being renewed: try again later.
        case busy
        /// It is not held.
        case unknown
    }
}
