import Foundation

/// A text file, as long as it was when the job began: what a log gains meanwhile is left out.
struct LogFile: Sendable {
    /// A line may have this many bytes; a chunk ends early when its lines have more than half of that.
    static let maximumLineLength = 512 * 1024

    /// Where it is.
    let path: String

    /// Its length in bytes.
    let size: Int

    /// Looks at a file.
    ///
    /// - Throws: ``UsageError`` when it can't be read or is no file.
    init(path: String) throws {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw UsageError("there is no file \(path)")
        }
        let attributes = try? FileManager.default.attributesOfItem(
            atPath: URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        )
        guard attributes?[.type] as? FileAttributeType == .typeRegular, let size = attributes?[.size] as? Int else {
            throw UsageError("\(path) is not a regular file")
        }
        guard FileManager.default.isReadableFile(atPath: path) else {
            throw UsageError("\(path) can't be read")
        }
        self.path = path
        self.size = size
    }

    /// Counts the whole file here, one line after the other: what the agents' result is checked against.
    func plainTally() throws -> Tally {
        var tally = Tally()
        let lines = try LineReader(self)
        while let line = try lines.next() { tally.count(line.text) }
        return tally
    }
}
