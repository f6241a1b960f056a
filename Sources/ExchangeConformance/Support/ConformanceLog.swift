import AgentExchange
import Foundation
import Logging

/// Keeps the log lines of a client.
final class ConformanceLog: Sendable {
    /// A line of the log.
    struct Record: Sendable {
        let level: Logger.Level
        let message: String
        let metadata: Logger.Metadata
    }

    private let records = Collected<Record>()

    /// A configuration that logs to this recorder.
    func configuration(of scope: CaseScope) -> ClientConfiguration {
        var configuration = scope.quietConfiguration
        configuration.logger = Logger(label: "conformance") { [records] _ in Handler(records: records) }
        configuration.logger.logLevel = .trace
        return configuration
    }

    /// Returns the lines at or above a level.
    func records(from level: Logger.Level) -> [Record] { records.elements.filter { $0.level >= level } }

    /// Returns the lines at or above a level that concern a message.
    func records(about tag: UUID, from level: Logger.Level) -> [Record] {
        records(from: level).filter { record in
            guard case .string(let text)? = record.metadata[LogKey.tag.rawValue] else {
                return false
            }
            return text.lowercased() == tag.uuidString.lowercased()
        }
    }

    private struct Handler: LogHandler {
        let records: Collected<Record>
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let merged = metadata.merging(event.metadata ?? [:]) { $1 }
            records.add(Record(level: event.level, message: "\(event.message)", metadata: merged))
        }
    }
}
