import ChaosLedger
import Foundation
import Logging

/// Writes each line of the log to a file at once, with the time that the ledgers use.
struct FileLog: LogHandler {
    let descriptor: Int32
    let label: String
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.notice

    /// A logger that writes what is worth a notice into a file beside the ledger; everything with `CHAOS_LOG=debug`.
    static func logger(_ name: String, in directory: String) throws -> Logger {
        let descriptor = open("\(directory)/\(name).log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw POSIXError(.EIO) }
        var logger = Logger(label: name) { FileLog(descriptor: descriptor, label: $0) }
        if ProcessInfo.processInfo.environment["CHAOS_LOG"] == "debug" { logger.logLevel = .debug }
        return logger
    }

    private init(descriptor: Int32, label: String) {
        self.descriptor = descriptor
        self.label = label
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let values = metadata.merging(event.metadata ?? [:]) { $1 }
        let text = values.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " ")
        let line = "\(LedgerEvent.now) \(event.level) \(event.message) \(text)\n"
        _ = Array(line.utf8).withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    }
}
