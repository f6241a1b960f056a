import Dispatch
import Foundation

/// The terminal while `warren top` has it: keys come one by one, and the screen before it comes back.
///
/// One at a time. ``close()`` must be called before the process ends.
final class TopScreen {
    private let saved: termios
    private let sources: [any DispatchSourceProtocol]

    /// Takes the terminal.
    ///
    /// - Parameters:
    ///   - keys: Called with the bytes of keys.
    ///   - resized: Called when the size of the terminal has changed.
    /// - Returns: `nil` when standard input is no terminal.
    init?(keys: @escaping @Sendable ([UInt8]) -> Void, resized: @escaping @Sendable () -> Void) {
        var attributes = termios()
        guard isatty(STDIN_FILENO) == 1, tcgetattr(STDIN_FILENO, &attributes) == 0 else { return nil }
        saved = attributes
        // Signals go on to come from the keyboard.
        attributes.c_lflag &= ~tcflag_t(ICANON | ECHO)
        tcsetattr(STDIN_FILENO, TCSANOW, &attributes)
        let input = DispatchSource.makeReadSource(fileDescriptor: STDIN_FILENO)
        input.setEventHandler {
            var bytes = [UInt8](repeating: 0, count: 64)
            let count = read(STDIN_FILENO, &bytes, bytes.count)
            if count > 0 { keys(Array(bytes.prefix(count))) } else { input.cancel() }
        }
        signal(SIGWINCH, SIG_IGN)
        let size = DispatchSource.makeSignalSource(signal: SIGWINCH)
        size.setEventHandler(handler: resized)
        sources = [input, size]
        input.resume()
        size.resume()
        try? Console.write("\u{1B}[?1049h\u{1B}[?25l", to: STDOUT_FILENO)
    }

    /// Shows lines, which fit the terminal.
    ///
    /// - Throws: ``ReaderGone``.
    func show(_ lines: [String]) throws {
        let text = lines.map { $0 + "\u{1B}[K" }.joined(separator: "\r\n")
        try Console.write("\u{1B}[H" + text + "\u{1B}[J", to: STDOUT_FILENO)
    }

    /// The width and height.
    var size: (width: Int, height: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return (80, 24)
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Gives the terminal back.
    func close() {
        for source in sources { source.cancel() }
        try? Console.write("\u{1B}[?25h\u{1B}[?1049l", to: STDOUT_FILENO)
        var attributes = saved
        tcsetattr(STDIN_FILENO, TCSANOW, &attributes)
    }
}
