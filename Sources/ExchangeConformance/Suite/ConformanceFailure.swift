/// A deviation of an exchange from the contract.
public struct ConformanceFailure: Error, Sendable, CustomStringConvertible {
    /// The rule of the contract.
    public let expected: String

    /// The observed behavior.
    public let seen: String

    /// The source file of the check, as `Module/File.swift`.
    public let file: String

    /// The line of the check.
    public let line: Int

    /// `File.swift:LINE: expected …, saw …`.
    public var description: String {
        "\(file):\(line): expected \(expected); saw \(seen)"
    }

    init(expected: String, seen: String, at location: SourceLocation) {
        self.expected = expected
        self.seen = seen
        file = location.file
        line = location.line
    }
}

/// A place in the source of a case.
struct SourceLocation: Sendable {
    let file: String
    let line: Int

    init(_ file: StaticString, _ line: Int) {
        self.file = "\(file)"
        self.line = line
    }
}
