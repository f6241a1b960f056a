/// Cuts a file into chunks, one at a time, as they are asked for.
actor ChunkSource {
    private let lines: LineReader
    private let limit: Int
    private var number = 0

    /// The chunks that were taken.
    var count: Int { number }

    /// Opens a file that is to be cut into chunks of `limit` lines.
    init(_ file: LogFile, limit: Int) throws {
        lines = try LineReader(file)
        self.limit = limit
    }

    /// The next chunk; `nil` at the end of the file.
    func next() throws -> Chunk? {
        var texts: [String] = []
        var bytes = 0
        while texts.count < limit, bytes < LogFile.maximumLineLength / 2, let line = try lines.next() {
            texts.append(line.text)
            bytes += line.bytes
        }
        guard !texts.isEmpty else { return nil }
        defer { number += 1 }
        return Chunk(number: number, lines: texts, bytes: bytes)
    }
}
