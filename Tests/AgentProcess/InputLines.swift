import Foundation

/// The lines of standard input, read on a thread of their own.
struct InputLines {
    private var lines: AsyncStream<String>.Iterator

    init() {
        let (stream, source) = AsyncStream.makeStream(of: String.self)
        let thread = Thread {
            while let line = readLine() { source.yield(line) }
            source.finish()
        }
        thread.start()
        lines = stream.makeAsyncIterator()
    }

    /// The next line; `nil` at the end of the input.
    mutating func next() async -> String? { await lines.next() }
}
