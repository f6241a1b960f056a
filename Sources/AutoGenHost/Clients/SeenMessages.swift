#if AutoGen
    /// The messages that a client has sent on its stream, as hashes, to leave them out when its library sends them once more on a
    /// retried stream.
    ///
    /// A library keeps up to 256 KiB of a stream for a retry, from its first message on.
    struct SeenMessages: Sendable {
        private static let limit = 256 * 1024

        /// The messages from the first one on.
        private var hashes: [Int] = []
        private var bytes = 0
        /// The next message of a retried stream to compare; `nil` when all that comes is new.
        private var position: Int?

        /// Begins a stream.
        ///
        /// - Parameter isRetried: Whether the client's library repeats the messages of the stream before.
        mutating func begin(isRetried: Bool) {
            if isRetried {
                position = 0
            } else {
                self = SeenMessages()
            }
        }

        /// Returns whether a message was not seen before.
        mutating func isNew(_ message: [UInt8]) -> Bool {
            if let position {
                if position < hashes.count, hashes[position] == Self.hash(message) {
                    self.position = position + 1
                    return false
                }
                self.position = nil
            }
            // Nothing that comes later can be repeated, so it needs no hash.
            if bytes <= Self.limit { bytes += message.count + 8 }
            if bytes <= Self.limit { hashes.append(Self.hash(message)) }
            return true
        }

        /// Hashes all bytes at once; an array hashes one after the other.
        private static func hash(_ message: [UInt8]) -> Int {
            var hasher = Hasher()
            message.withUnsafeBytes { hasher.combine(bytes: $0) }
            return hasher.finalize()
        }
    }
#endif
