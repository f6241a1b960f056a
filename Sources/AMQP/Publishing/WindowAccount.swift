internal import Synchronization

/// The used part of the ``PublishWindow`` of a connection.
///
/// Only the connection's thread takes shares.
final class WindowAccount: Sendable {
    private let window: PublishWindow
    private let messages = Atomic(0)
    private let bytes = Atomic(0)

    init(_ window: PublishWindow) {
        self.window = window
    }

    /// Takes the share of a message of this size, and returns whether it may be written now. A message larger than the
    /// window is sent alone.
    func take(_ size: Int) -> Bool {
        let (messages, bytes) = (messages.load(ordering: .relaxed), bytes.load(ordering: .relaxed))
        guard messages == 0 || (messages < window.messages && bytes + size <= window.bytes) else { return false }
        self.messages.add(1, ordering: .relaxed)
        self.bytes.add(size, ordering: .relaxed)
        return true
    }

    /// Returns the share of a message of this size.
    func release(_ size: Int) {
        messages.subtract(1, ordering: .relaxed)
        bytes.subtract(size, ordering: .relaxed)
    }
}
