public import AgentExchange
internal import Foundation
internal import Synchronization

/// An exchange in the memory of one process. All of it is in ``Hub``.
public struct MemoryExchange: ExchangeFactory {
    let hub: Hub
    private let id: UUID

    /// Makes a new, empty exchange. Copies of the value, and what is decoded from it, join the same one.
    public init() {
        (hub, id) = (Hub(), UUID())
        Self.hubs.withLock { hubs in
            hubs = hubs.filter { $0.value.hub != nil }
            hubs[id] = Entry(hub: hub)
        }
    }

    /// Makes a user with a mailbox of its own.
    public func makeUserTransport(name: String?) async throws(ExchangeError) -> any ExchangeTransport {
        let user = EntityID.user(UserID(name: try name.map(AgentID.checked(name:))))
        await hub.makeUser(user)
        return try await open(user, requestLimit: nil)
    }

    /// Opens the mailbox of an agent. It has no standby: whatever the mode, a mailbox that is open can't be opened again.
    public func makeAgentTransport(
        _ registration: AgentRegistration,
        mode: AttachMode,
        requestLimit: Int?
    ) async throws(ExchangeError) -> any ExchangeTransport {
        try await open(.agent(registration.agentID), requestLimit: requestLimit)
    }

    private func open(_ mailbox: EntityID, requestLimit: Int?) async throws(ExchangeError) -> MemoryTransport {
        let limit = max(1, min(requestLimit ?? .max, 128))
        let number = try await hub.attach(to: mailbox, limit: limit)
        return MemoryTransport(mailbox, self, number: number, requestLimit: limit)
    }
}

extension MemoryExchange: Codable {
    private struct Entry { weak var hub: Hub? }

    /// The exchanges of this process, so that a decoded factory finds its own.
    private static let hubs = Mutex<[UUID: Entry]>([:])

    /// Joins the exchange that was encoded, if it is in this process.
    public init(from decoder: any Decoder) throws {
        id = try decoder.singleValueContainer().decode(UUID.self)
        guard let known = Self.hubs.withLock({ [id] in $0[id]?.hub }) else {
            throw ExchangeError(.unavailable, "the exchange is not in this process")
        }
        hub = known
    }

    /// Encodes which exchange of this process it is.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(id)
    }
}
