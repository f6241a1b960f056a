import Foundation

/// The lines of standard input, read on a thread of their own. Ends the process at their end: nobody is left to serve.
struct InputLines {
    private var lines: AsyncStream<String>.Iterator

    init() {
        let (stream, source) = AsyncStream.makeStream(of: String.self)
        let thread = Thread {
            while let line = readLine() { source.yield(line) }
            _exit(3)
        }
        thread.start()
        lines = stream.makeAsyncIterator()
    }

    /// The next line.
    mutating func next() async -> String? { await lines.next() }
}
