import Foundation

/// A program that runs, and the lines that it prints.
final class Running {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var buffer = Data()

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    init(_ program: String, _ arguments: [String]) throws {
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    /// The next line.
    func line() throws -> String {
        while true {
            if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: buffer[..<end], as: UTF8.self)
                buffer.removeSubrange(...end)
                return line
            }
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else { throw Failure(description: "\(process.arguments ?? []) ended without a result") }
            buffer.append(more)
        }
    }

    /// Waits for a line.
    func wait(for text: String) throws {
        while try line() != text {}
    }

    /// The next line of figures.
    func figures() throws -> Figures {
        while true {
            let line = try line()
            guard line.hasPrefix("{") else { continue }
            return try JSONDecoder().decode(Figures.self, from: Data(line.utf8))
        }
    }

    /// Closes its standard input, and returns the figures that it prints before it ends.
    func lastFigures() throws -> Figures {
        closeInput()
        let figures = try figures()
        try end()
        return figures
    }

    /// Has it go on: it waits for a line.
    func goOn() { input.fileHandleForWriting.write(Data("\n".utf8)) }

    /// Closes its standard input.
    func closeInput() {
        try? input.fileHandleForWriting.close()
    }

    /// Waits until it has ended.
    func end() throws {
        closeInput()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "\(process.arguments ?? []) failed with \(process.terminationStatus)")
        }
    }
}
