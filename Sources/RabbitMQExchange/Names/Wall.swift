internal import AgentExchange
internal import Foundation
internal import Synchronization

/// The first half of the UUIDs of one broker user's agents, users and sessions.
///
/// They have version 8: 60 bits are a hash of the broker user's name, 62 are random. So they are self-certifying: a UUID
/// shows the broker user that its entity belongs to, without a look into the directory. It also separates the queues of
/// one broker user from those of others in the same namespace: a regular expression in a broker user's permissions can
/// select the queues and routing keys of its own users and sessions. UUIDs of version 4 are behind no wall: those of
/// sessions that do not know their broker user's name, and those made by older sessions.
struct Wall: Sendable, Hashable {
    /// The first half of the UUIDs.
    private let bits: UInt64

    private init(bits: UInt64) { self.bits = bits }

    /// Recently made walls: a directory has many records of one author.
    private static let known = Mutex<[String: Wall]>([:])
    private static let maximumKnown = 1024

    /// Makes the wall of a broker user.
    init(user: String) {
        if let known = Self.known.withLock({ $0[user] }) {
            self = known
            return
        }
        let hash = SHA256.digest(of: user).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let wall = Wall(bits: hash & ~0xf000 | 0x8000)
        Self.known.withLock { known in
            if known.count >= Self.maximumKnown { known = [:] }
            known[user] = wall
        }
        self = wall
    }

    /// Makes the wall of a UUID; `nil` when it is behind none.
    init?(of uuid: UUID) {
        let bytes = uuid.uuid
        guard bytes.6 >> 4 == 8 else { return nil }
        let high = Self.word(bytes.0, bytes.1, bytes.2, bytes.3)
        bits = high << 32 | Self.word(bytes.4, bytes.5, bytes.6, bytes.7)
    }

    private static func word(_ first: UInt8, _ second: UInt8, _ third: UInt8, _ fourth: UInt8) -> UInt64 {
        UInt64(first) << 24 | UInt64(second) << 16 | UInt64(third) << 8 | UInt64(fourth)
    }

    /// `xxxxxxxx-xxxx-8xxx-`, the prefix of the UUIDs.
    var prefix: String { String(uuid().lowercased.prefix(19)) }

    /// Returns a UUID behind the wall, with the random half of another.
    func uuid(from random: UUID = .random()) -> UUID {
        var uuid = random.uuid
        func byte(_ shift: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: bits >> shift) }
        (uuid.0, uuid.1, uuid.2, uuid.3) = (byte(56), byte(48), byte(40), byte(32))
        (uuid.4, uuid.5, uuid.6, uuid.7) = (byte(24), byte(16), byte(8), byte(0))
        return UUID(uuid: uuid)
    }

    /// Returns whether a routing key ends with the UUID of a user or a session that is behind a wall.
    static func isBehindOne(_ key: String) -> Bool {
        let bytes = key.utf8
        guard let dot = bytes.index(bytes.endIndex, offsetBy: -37, limitedBy: bytes.startIndex),
            bytes[dot] == UInt8(ascii: "."), bytes[bytes.index(dot, offsetBy: 15)] == UInt8(ascii: "8")
        else { return false }
        let before = bytes[..<dot]
        return before.suffix(4).elementsEqual("user".utf8) || before.suffix(8).elementsEqual(".session".utf8)
    }
}

extension EntityID {
    /// The wall that a user's queues are behind; `nil` for agents, and for users behind none.
    var wall: Wall? { role == .user ? Wall(of: uuid) : nil }

    /// Whether the UUID shows the broker user that the entity belongs to.
    var isSelfCertifying: Bool { Wall(of: uuid) != nil }

    /// Returns whether the UUID shows that the entity belongs to a broker user; `nil` when it does not show the owner.
    func belongs(to user: String) -> Bool? { Wall(of: uuid).map { $0 == Wall(user: user) } }
}
