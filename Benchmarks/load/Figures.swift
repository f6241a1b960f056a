import Foundation

/// What a measurement prints at its end: the same fields as the raw programs.
struct Figures: Encodable {
    var count: Int
    var seconds: Double?
    var p50: Double?
    var p99: Double?
    var user: Double?
    var system: Double?
    var memory: Double?
    var sockets: Double?

    init(count: Int) {
        self.count = count
    }

    init(count: Int, elapsed: Duration, times: [Duration] = [], usage: Usage? = nil) {
        self.count = count
        seconds = elapsed.seconds
        if !times.isEmpty {
            let sorted = times.sorted()
            p50 = sorted[sorted.count / 2].seconds
            p99 = sorted[min(sorted.count - 1, sorted.count * 99 / 100)].seconds
        }
        user = usage?.user
        system = usage?.system
    }

    /// Prints the figures as one line.
    func printLine() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        say(String(decoding: try encoder.encode(self), as: UTF8.self))
    }
}

/// Prints a line at once, also into a pipe.
func say(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
}

extension Duration {
    var seconds: Double { self / .seconds(1) }
}

extension String {
    /// A payload of so many bytes.
    static func payload(_ size: Int) -> String { String(repeating: "x", count: size) }
}
