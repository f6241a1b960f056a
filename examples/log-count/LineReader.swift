import Foundation

/// Reads a file line by line, holding one block of it and the line that is under way.
final class LineReader {
    /// A line, and the bytes it takes in the file.
    struct Line {
        /// The line without its line feed; bytes that are not UTF-8 are replaced.
        let text: String
        /// Its length in the file, line feed included.
        let bytes: Int
    }

    private let handle: FileHandle
    private var unread: Int
    private var block = Data()
    private var number = 0

    /// Opens the file.
    init(_ file: LogFile) throws {
        handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: file.path))
        unread = file.size
    }

    deinit { try? handle.close() }

    /// The next line; `nil` at the end.
    func next() throws -> Line? {
        var searched = block.startIndex
        while true {
            if let feed = block[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                return take(upTo: feed, next: feed + 1)
            }
            searched = block.endIndex
            guard block.count <= LogFile.maximumLineLength else {
                throw UsageError("line \(number + 1) is longer than \(LogFile.maximumLineLength.grouped) bytes")
            }
            guard unread > 0, let more = try handle.read(upToCount: min(unread, 64 * 1024)), !more.isEmpty else {
                unread = 0
                return block.isEmpty ? nil : take(upTo: block.endIndex, next: block.endIndex)
            }
            unread -= more.count
            // A block of its own each time, so that what was read is let go.
            let searchedCount = block.count
            block = Data(block) + more
            searched = block.startIndex + searchedCount
        }
    }

    private func take(upTo end: Data.Index, next: Data.Index) -> Line {
        let line = Line(text: String(decoding: block[..<end], as: UTF8.self), bytes: next - block.startIndex)
        block = block[next...]
        number += 1
        return line
    }
}
