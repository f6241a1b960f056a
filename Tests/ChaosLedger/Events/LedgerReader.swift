public import Foundation

/// Reads the ledgers of a directory.
public enum LedgerReader {
    /// A line that can't be read, other than one that was cut off by the end of its process.
    public struct BadLine: Error, Sendable {
        /// The file.
        public let file: String
        /// The number of the line, from 1.
        public let line: Int
    }

    /// All events of all `.ledger` files, in the order of their times.
    ///
    /// - Throws: ``BadLine``; the file system's errors.
    public static func events(in directory: String) throws -> [LedgerEvent] {
        var events: [LedgerEvent] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: directory) where name.hasSuffix(".ledger") {
            let data = try Data(contentsOf: URL(fileURLWithPath: "\(directory)/\(name)"))
            events += try self.events(in: data, file: name)
        }
        return events.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
            .map(\.element)
    }

    /// The events of one ledger.
    ///
    /// - Throws: ``BadLine``.
    public static func events(in data: Data, file: String) throws -> [LedgerEvent] {
        let decoder = JSONDecoder()
        let lines = data.split(separator: UInt8(ascii: "\n"))
        let isWhole = data.last == UInt8(ascii: "\n")
        var events: [LedgerEvent] = []
        events.reserveCapacity(lines.count)
        for (index, line) in lines.enumerated() {
            do {
                events.append(try decoder.decode(LedgerEvent.self, from: line))
            } catch {
                // The last one may have been cut off with its process.
                guard index == lines.count - 1, !isWhole else { throw BadLine(file: file, line: index + 1) }
            }
        }
        return events
    }
}
