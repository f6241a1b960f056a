public import Foundation

/// The event that was published, and whether it has subscribers.
public struct PublishedMessage: Sendable, Hashable {
    /// Identifies the publication; `nil` when an interceptor dropped the event.
    public let id: UUID?

    /// Whether at least one agent type received the event.
    public let hasSubscribers: Bool
}
