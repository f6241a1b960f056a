internal import Foundation

/// Reads a descriptor on a thread of its own until its end, and returns its lines.
final class LineReader: Sendable {
    private struct Lines {
        var pending: [String] = []
        var isFinished = false
    }

    /// The number of unread lines above which older ones are dropped.
    private static let limit = 100_000

    private let name: String
    private let lines = Monitor(Lines())

    init(descriptor: Int32, name: String) {
        self.name = name
        let lines = lines
        let thread = Thread { Self.read(descriptor, into: lines) }
        thread.name = "lines"
        thread.start()
    }

    var all: [String] { lines.value.pending.suffix(1_000) }

    func next(timeout: Duration) async throws -> String? {
        try await lines.wait(for: "a line of \(name)", timeout: timeout) { lines -> String?? in
            if !lines.pending.isEmpty { return .some(lines.pending.removeFirst()) }
            return lines.isFinished ? .some(nil) : nil
        }
    }

    func rest(timeout: Duration) async throws -> String {
        try await lines.wait(for: "the end of \(name)", timeout: timeout) { lines in
            guard lines.isFinished else { return nil }
            defer { lines.pending = [] }
            return lines.pending.joined(separator: "\n")
        }
    }

    /// Waits until the descriptor's end is read, or the time is up.
    func finish(within limit: Duration) async throws {
        do {
            try await lines.wait(for: "the end of \(name)", timeout: limit) { $0.isFinished ? () : nil }
        } catch is ConditionNotMet {}
    }

    private static func read(_ descriptor: Int32, into lines: Monitor<Lines>) {
        var partial: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = buffer.withUnsafeMutableBytes { Foundation.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            partial.append(contentsOf: buffer[..<count])
            var complete = partial.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            partial = complete.popLast().map(Array.init) ?? []
            guard !complete.isEmpty else { continue }
            let texts = complete.map { String(decoding: $0, as: UTF8.self) }
            lines.update { lines in
                lines.pending.append(contentsOf: texts)
                if lines.pending.count > limit { lines.pending.removeFirst(lines.pending.count - limit) }
            }
        }
        _ = Foundation.close(descriptor)
        let last = partial.isEmpty ? [] : [String(decoding: partial, as: UTF8.self)]
        lines.update { lines in
            lines.pending.append(contentsOf: last)
            lines.isFinished = true
        }
    }
}
