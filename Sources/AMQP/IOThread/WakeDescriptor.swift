internal import CRabbitMQ

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Wakes the thread of a connection by ending its `poll`: an eventfd on Linux, a pipe elsewhere.
///
/// It is closed with its last reference, so that signalling needs no lock.
package final class WakeDescriptor: Sendable {
    /// The descriptor to poll for reading; -1 when none was available.
    let descriptor: Int32
    private let writer: Int32

    init() {
        #if os(Linux)
            descriptor = warren_eventfd()
            writer = descriptor
        #else
            var ends: [Int32] = [-1, -1]
            _ = unsafe pipe(&ends)
            for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
            descriptor = ends[0]
            writer = ends[1]
        #endif
    }

    /// Ends the current or the next `poll`.
    package func signal() {
        var one: UInt64 = 1
        _ = unsafe write(writer, &one, MemoryLayout<UInt64>.size)
    }

    /// Clears pending signals.
    func clear() {
        var value: UInt64 = 0
        _ = unsafe read(descriptor, &value, MemoryLayout<UInt64>.size)
    }

    deinit {
        #if canImport(Glibc)
            _ = Glibc.close(descriptor)
            if writer != descriptor { _ = Glibc.close(writer) }
        #else
            _ = Darwin.close(descriptor)
            if writer != descriptor { _ = Darwin.close(writer) }
        #endif
    }
}
