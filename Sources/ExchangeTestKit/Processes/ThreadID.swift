import Foundation

/// Tells the threads of this process apart, while they run.
public struct ThreadID: Sendable, Hashable, Codable {
    private let value: UInt

    /// The thread of the caller.
    public static var current: ThreadID {
        #if os(Linux)
            ThreadID(value: UInt(pthread_self()))
        #else
            ThreadID(value: UInt(bitPattern: pthread_self()))
        #endif
    }
}
