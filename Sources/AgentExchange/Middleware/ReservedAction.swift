/// The actions that agents call on themselves, past middleware.
package enum ReservedAction {
    /// Finds out whether an agent that stands by has become the active one.
    package static let standby = "warren.standby"
}

extension Request.Body {
    /// Whether this is the question of an agent to itself, which goes past middleware.
    var isReserved: Bool {
        if case .action(ReservedAction.standby, _) = self { true } else { false }
    }
}

extension Request {
    /// Whether this is an agent's own question to itself, which goes past middleware.
    func isReserved(at agent: EntityID) -> Bool { source == agent && body.isReserved }
}
