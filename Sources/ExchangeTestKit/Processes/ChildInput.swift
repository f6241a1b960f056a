internal import Foundation
internal import Synchronization

/// The writing end of a child's standard input.
final class ChildInput: Sendable {
    private let descriptor: Mutex<Int32?>

    init(descriptor: Int32) { self.descriptor = Mutex(descriptor) }

    deinit { close() }

    func close() {
        descriptor.withLock { descriptor in
            if let open = descriptor { _ = Foundation.close(open) }
            descriptor = nil
        }
    }

    /// Writes the whole text. Returns `false` when either side is closed.
    func write(_ text: String) -> Bool {
        descriptor.withLock { descriptor in
            guard let descriptor else { return false }
            var bytes = Array(text.utf8)[...]
            while !bytes.isEmpty {
                // A write to an ended program must be an error, not the end of the test process.
                let count = bytes.withUnsafeBytes {
                    send(descriptor, $0.baseAddress, $0.count, StreamSocket.sendFlags)
                }
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { return false }
                bytes.removeFirst(count)
            }
            return true
        }
    }
}
