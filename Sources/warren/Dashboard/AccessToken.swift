import Foundation

/// The token that opens the dashboard. No description or reflection shows it.
struct AccessToken: Sendable, CustomStringConvertible, CustomReflectable {
    /// The variable that holds a token.
    static let variable = "WARREN_DASHBOARD_TOKEN"

    /// The numbers of characters that a token may have.
    static let lengths = 16...512

    private let bytes: [UInt8]

    var description: String { "(token)" }
    var customMirror: Mirror { Mirror(self, children: []) }

    /// - Parameter text: 16 to 512 printable ASCII characters without a space, or the result is `nil`.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard Self.lengths.contains(bytes.count), bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        self.bytes = bytes
    }

    /// Makes a random token of 256 bits.
    init() {
        var generator = SystemRandomNumberGenerator()
        let words = (0..<4).map { _ in generator.next() as UInt64 }
        let digits = words.map { word in
            let text = String(word, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }
        bytes = Array(digits.joined().utf8)
    }

    /// Reads the first line of a file, or else the variable. Returns `nil` when neither is given.
    ///
    /// - Throws: ``CommandFailure`` for a file that can't be read, and for a text that is no token.
    static func given(file: String?, environment: [String: String]) throws -> AccessToken? {
        let text: String
        let place: String
        if let file {
            place = "the file \(file)"
            guard let contents = try? String(contentsOfFile: file, encoding: .utf8) else {
                throw CommandFailure("\(place) can't be read", code: "usage", status: ExitStatus.usage)
            }
            let line = contents.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false).first ?? ""
            text = line.trimmingCharacters(in: .whitespaces)
        } else if let value = environment[variable], !value.isEmpty {
            place = variable
            text = value
        } else {
            return nil
        }
        guard let token = AccessToken(text) else {
            let message =
                "the token in \(place) is none: it has \(lengths.lowerBound) to \(lengths.upperBound) characters of ASCII without a space"
            throw CommandFailure(message, code: "usage", status: ExitStatus.usage)
        }
        return token
    }

    /// The token as text, to show it to the operator.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Returns whether a text is the token. The time depends on the length of the text only, so that it tells nothing of the token.
    func matches(_ text: String) -> Bool {
        let given = Array(text.utf8.prefix(Self.lengths.upperBound + 1))
        var difference = given.count ^ bytes.count
        for (place, byte) in given.enumerated() { difference |= Int(byte ^ bytes[place % bytes.count]) }
        return difference == 0
    }
}
