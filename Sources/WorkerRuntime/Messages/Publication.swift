public import Foundation

/// The outcome of publishing an event.
public struct Publication: Sendable, Hashable {
    /// Identifies the publication; `nil` when an interceptor dropped the event.
    public let id: UUID?

    /// Whether at least one agent type received the event.
    public let hasSubscribers: Bool
}
