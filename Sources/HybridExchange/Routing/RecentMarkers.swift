internal import DequeModule
internal import Foundation

/// Markers that were read before the frame that names them came: a pure value. The oldest are forgotten.
struct RecentMarkers: Sendable {
    /// The number of remembered markers.
    static let limit = 1024

    private var markers: Set<UUID> = []
    private var order: Deque<UUID> = []

    /// The number of remembered markers.
    var count: Int { markers.count }

    /// Remembers a marker.
    mutating func insert(_ marker: UUID) {
        guard markers.insert(marker).inserted else { return }
        order.append(marker)
        while order.count > Self.limit, let oldest = order.popFirst() { markers.remove(oldest) }
    }

    /// Forgets a marker. Returns whether it was remembered.
    mutating func remove(_ marker: UUID) -> Bool {
        guard markers.remove(marker) != nil else { return false }
        order.removeAll { $0 == marker }
        return true
    }
}
