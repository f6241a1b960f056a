#if AutoGen
    internal import NIOCore
    internal import Synchronization

    /// The open connections of a host.
    final class Connections: Sendable {
        private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])

        /// The number of open connections.
        var count: Int { channels.withLock { $0.count } }

        /// Keeps a connection until it is closed.
        func add(_ channel: any Channel) {
            let id = ObjectIdentifier(channel)
            channels.withLock { $0[id] = channel }
            channel.closeFuture.whenComplete { [weak self] _ in
                self?.channels.withLock { $0[id] = nil }
            }
        }

        /// Closes all of them.
        func close() {
            for channel in channels.withLock({ Array($0.values) }) { channel.close(promise: nil) }
        }
    }
#endif
