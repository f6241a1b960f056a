import Foundation

/// Shows how far the job is, on the standard error: one line that changes on a terminal, else a line every tenth.
actor ProgressLine {
    private let isTerminal = isatty(FileHandle.standardError.fileDescriptor) == 1
    private var shown: String?
    private var lastShown = ContinuousClock.now - .seconds(1)
    private var tenths = 0

    /// Prints a line that stays.
    func note(_ text: String) {
        clear()
        write("\(text)\n")
        if isTerminal, let shown { write(shown) }
    }

    /// Some more of the file was counted.
    func update(bytes: Int, of size: Int, chunks: Int, _ roster: Roster) {
        let percent = size == 0 ? 100 : bytes * 100 / size
        let workers =
            roster.entries.count > 6
            ? "\(roster.entries.count) workers"
            : roster.entries.map { "\($0.name) \($0.served)" }.joined(separator: ", ")
        let redelivered = roster.entries.reduce(0) { $0 + $1.redelivered }
        let state = "\(String(percent).right(3)) %  chunks \(chunks), redelivered \(redelivered); \(workers)"
        if isTerminal {
            let now = ContinuousClock.now
            guard now - lastShown >= .milliseconds(50) || percent == 100 else { return }
            lastShown = now
            clear()
            let bar = String(repeating: "#", count: percent / 5) + String(repeating: ".", count: 20 - percent / 5)
            let line = String("[\(bar)] \(state)".prefix(columns - 1))
            shown = line
            write(line)
        } else if percent / 10 > tenths {
            tenths = percent / 10
            write("\(state)\n")
        }
    }

    /// The line stays as it is.
    func finish() {
        if isTerminal, shown != nil { write("\n") }
        shown = nil
    }

    /// The width of the terminal; a longer line could not be cleared.
    private var columns: Int {
        var size = winsize()
        guard ioctl(FileHandle.standardError.fileDescriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return 80
        }
        return Int(size.ws_col)
    }

    private func clear() {
        if isTerminal, shown != nil { write("\r\u{1B}[2K") }
    }

    private func write(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
}
