import Foundation
import Synchronization

/// The reader of standard output has closed it, so there is no one left to tell.
struct ReaderGone: Error {}

/// The output of a command: lines, tables and JSON on standard output, progress on standard error.
struct Console: Sendable {
    /// Whether the output is JSON.
    let json: Bool

    /// The colors of states.
    var palette = Palette(isTerminal: isatty(STDOUT_FILENO) == 1, environment: ProcessInfo.processInfo.environment)

    /// Prints a line. Control characters are replaced, so that text from the broker can't control the terminal.
    func line(_ text: String) throws {
        try Self.write(text.printable + "\n", to: STDOUT_FILENO)
    }

    /// Prints a line that begins with a state, which has its color on a terminal. Control characters are replaced.
    ///
    /// - Parameters:
    ///   - state: The state.
    ///   - text: The rest of the line, with the space after the state.
    func line(state: String, _ text: String) throws {
        try raw(palette.paint(state.printable, state) + text.printable)
    }

    /// Prints text as it is, and ends the line.
    func raw(_ text: String) throws {
        try Self.write(text + "\n", to: STDOUT_FILENO)
    }

    /// Prints a value as one line of JSON.
    func object(_ value: some Encodable) throws {
        try Self.write(JSONLine.text(value) + "\n", to: STDOUT_FILENO)
    }

    /// Prints a table that fits the terminal.
    func table(_ table: Table) throws {
        for line in table.lines(width: Terminal.width(of: STDOUT_FILENO), palette: palette) { try raw(line) }
    }

    /// Prints one value as JSON, or a table.
    func show(_ value: some Encodable, _ table: @autoclosure () -> Table) throws {
        if json { try object(value) } else { try self.table(table()) }
    }

    /// Shows the progress of long work if standard error is a terminal.
    func progress(_ text: String) {
        guard isatty(STDERR_FILENO) == 1 else { return }
        let width = (Terminal.width(of: STDERR_FILENO) ?? 80) - 1
        try? Self.write("\r\u{1B}[2K" + text.printable.truncated(to: width), to: STDERR_FILENO)
    }

    /// Removes the progress line.
    func endProgress() {
        guard isatty(STDERR_FILENO) == 1 else { return }
        try? Self.write("\r\u{1B}[2K", to: STDERR_FILENO)
    }

    /// Prints a line on standard error, for people or as `{"note":…}`.
    func note(_ text: String) {
        let line = json ? JSONLine.text(["note": text]) : "warren: \(text.oneLine)"
        try? Self.write(line + "\n", to: STDERR_FILENO)
    }

    private static let lock = Mutex(())

    /// Writes the whole text.
    ///
    /// - Throws: ``ReaderGone``.
    static func write(_ text: String, to descriptor: Int32) throws {
        var bytes = Array(text.utf8)[...]
        try lock.withLock { _ in
            while !bytes.isEmpty {
                let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw ReaderGone() }
                bytes.removeFirst(count)
            }
        }
    }
}

/// The terminal.
enum Terminal {
    /// Returns the width: `COLUMNS`, else the terminal's own; `nil` for a file or a pipe.
    static func width(of descriptor: Int32) -> Int? {
        if let columns = ProcessInfo.processInfo.environment["COLUMNS"].flatMap(Int.init), columns > 0 {
            return columns
        }
        guard isatty(descriptor) == 1 else { return nil }
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
