internal import AgentExchange
internal import DequeModule
internal import Foundation

/// Markers that were read before the frame that announces them came: a pure value. The oldest are forgotten.
struct RecentMarkers: Sendable {
    /// The number of remembered markers.
    static let limit = 1024

    private var markers: [UUID: UUID] = [:]
    private var order: Deque<UUID> = []

    /// The number of remembered markers.
    var count: Int { markers.count }

    /// Remembers a marker.
    mutating func insert(_ marker: UUID) {
        let digest = marker.digest
        guard markers.updateValue(marker, forKey: digest) == nil else { return }
        order.append(digest)
        while order.count > Self.limit, let oldest = order.popFirst() { markers[oldest] = nil }
    }

    /// Forgets the marker with a digest, and returns it.
    mutating func remove(_ digest: UUID) -> UUID? {
        guard let marker = markers.removeValue(forKey: digest) else { return nil }
        order.removeAll { $0 == digest }
        return marker
    }
}

extension UUID {
    /// The first half of the SHA-256 of a marker, which announces it and does not tell it.
    var digest: UUID {
        let bytes = SHA256.digest(of: lowercased)
        return UUID(
            uuid: (
                bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7],
                bytes[8], bytes[9], bytes[10], bytes[11], bytes[12], bytes[13], bytes[14], bytes[15]
            )
        )
    }
}
