public import Foundation
internal import Synchronization

/// Appends events to a file, one JSON object a line.
///
/// Each line is one `write` to the file: it is there when ``write(_:)`` returns, also when the process is killed the next
/// moment. Lines are in the order of their times.
public final class LedgerWriter: Sendable {
    /// Whose events these are, such as `agent-1#2`.
    public let process: String
    private let descriptor: Mutex<Int32>

    /// Opens a file that is called after the process.
    ///
    /// - Throws: A `POSIXError` when it can't be opened.
    public init(directory: String, process: String) throws {
        self.process = process
        let path = "\(directory)/\(process).ledger"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        self.descriptor = Mutex(descriptor)
    }

    deinit {
        _ = descriptor.withLock { close($0) }
    }

    /// Writes an event of this process, with the time of now.
    public func write(
        _ kind: LedgerEvent.Kind,
        request: UUID? = nil,
        mailbox: UUID? = nil,
        number: Int? = nil,
        attempt: Int? = nil,
        code: String? = nil,
        delivery: String? = nil,
        text: String? = nil
    ) {
        var event = LedgerEvent(
            process,
            kind,
            request: request,
            mailbox: mailbox,
            number: number,
            attempt: attempt,
            code: code,
            delivery: delivery,
            text: text
        )
        write(&event)
    }

    /// Writes an event about somebody, with the time of now.
    public func write(_ event: LedgerEvent) {
        var event = event
        write(&event)
    }

    /// A line that can't be written ends the process: what is not in the ledger must not happen.
    private func write(_ event: inout LedgerEvent) {
        descriptor.withLock { descriptor in
            event.time = LedgerEvent.now
            guard var bytes = try? JSONEncoder().encode(event) else { abort() }
            bytes.append(UInt8(ascii: "\n"))
            let count = bytes.withUnsafeBytes { buffer in
                var result = Foundation.write(descriptor, buffer.baseAddress, buffer.count)
                while result < 0, errno == EINTR {
                    result = Foundation.write(descriptor, buffer.baseAddress, buffer.count)
                }
                return result
            }
            if count != bytes.count { abort() }
        }
    }
}
