internal import AgentExchange

/// Which broker user registered each entity. The first registration counts: whoever registers an entity once more does
/// not own it. A pure value.
struct OwnerIndex: Sendable {
    private var owners: [String: String?] = [:]

    /// An entity was registered, by a broker user as the broker verified it.
    mutating func note(_ id: EntityID, user: String?) {
        if owners[id.header] == nil { owners[id.header] = .some(user) }
    }

    /// The broker user who registered an entity; `nil` when it is not known.
    func owner(of id: EntityID) -> String? { owners[id.header] ?? nil }
}
