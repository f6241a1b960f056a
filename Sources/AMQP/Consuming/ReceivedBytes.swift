internal import Synchronization

/// Counts the bytes of received bodies in memory. A delivery adds its own when it is made, and removes them when the last
/// reference to it ends.
package final class ReceivedBytes: Sendable {
    private let parent: ReceivedBytes?
    private let bytes = Atomic(0)
    private let isWatched = Atomic(false)
    private let watchers = Mutex<[@Sendable () -> Void]>([])

    /// - Parameter parent: A counter that counts these bytes too.
    package init(within parent: ReceivedBytes? = nil) {
        self.parent = parent
    }

    /// The bytes that are held now.
    package var count: Int { bytes.load(ordering: .relaxed) }

    /// Adds bytes.
    package func take(_ size: Int) {
        bytes.add(size, ordering: .relaxed)
        parent?.take(size)
    }

    /// Removes bytes. It may be called under any lock, because a reference may end anywhere.
    package func release(_ size: Int) {
        guard size > 0 else { return }
        bytes.subtract(size, ordering: .sequentiallyConsistent)
        parent?.release(size)
        guard isWatched.load(ordering: .sequentiallyConsistent) else { return }
        let watchers = watchers.withLock { watchers in
            isWatched.store(false, ordering: .sequentiallyConsistent)
            defer { watchers = [] }
            return watchers
        }
        for watcher in watchers { watcher() }
    }

    /// Calls the function once, at the next release, on the thread of the release. The function must take no lock under
    /// which a reference to a delivery may end.
    package func atNextRelease(_ watcher: @escaping @Sendable () -> Void) {
        watchers.withLock { watchers in
            watchers.append(watcher)
            isWatched.store(true, ordering: .sequentiallyConsistent)
        }
    }
}

/// A limit of the bytes of bodies in memory. A body beyond it is left out of its delivery.
package struct ReceiveWindow: Sendable {
    /// Counts the bytes.
    package let account: ReceivedBytes
    /// The limit.
    package let bytes: Int

    /// Creates a window.
    package init(account: ReceivedBytes, bytes: Int) {
        self.account = account
        self.bytes = bytes
    }

    /// Whether a body of this size is within it.
    package func hasRoom(for size: Int) -> Bool { account.count + size <= bytes }
}
