import Synchronization

/// The text of the last value that a condition was checked with.
final class LastSeen: Sendable {
    private let storage = Mutex<String?>(nil)

    var text: String? {
        get { storage.withLock { $0 } }
        set { storage.withLock { $0 = newValue } }
    }
}
