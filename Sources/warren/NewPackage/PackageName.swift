/// The name of a new package and of its library, which is a Swift module.
struct PackageName: Sendable, Hashable {
    let text: String

    /// A rule for the name that an argument breaks.
    enum Fault: Error, Equatable, CustomStringConvertible {
        case length, character, beginning, keyword, taken

        var description: String {
            switch self {
            case .length: "a name has 1 to \(PackageName.longest) characters"
            case .character: "a name has only the letters a to z and A to Z, digits and _"
            case .beginning: "a name begins with a letter"
            case .keyword: "the name is a word of the Swift language"
            case .taken: "the name is that of a module which the package imports"
            }
        }
    }

    static let longest = 40

    /// Checks a name.
    ///
    /// - Throws: The broken rule.
    init(_ text: String) throws(Fault) {
        guard (1...Self.longest).contains(text.utf8.count) else { throw .length }
        guard text.utf8.allSatisfy(Self.isAllowed) else { throw .character }
        guard let first = text.first, first.isLetter else { throw .beginning }
        guard !Self.keywords.contains(text) else { throw .keyword }
        guard !Self.modules.contains(text.lowercased()) else { throw .taken }
        self.text = text
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
        default: false
        }
    }

    private static let keywords: Set<String> = [
        "Any", "Self", "as", "associatedtype", "break", "case", "catch", "class", "continue", "default", "defer",
        "deinit",
        "do", "else", "enum", "extension", "fallthrough", "false", "fileprivate", "for", "func", "guard", "if",
        "import",
        "in", "init", "inout", "internal", "is", "let", "nil", "operator", "precedencegroup", "private", "protocol",
        "public", "repeat", "rethrows", "return", "self", "static", "struct", "subscript", "super", "switch", "throw",
        "throws", "true", "try", "typealias", "var", "where", "while",
    ]

    /// In lower case: file systems may not tell cases apart. The package cannot have Warren's own names, or those of the packages
    /// below it.
    private static let modules: Set<String> = [
        "agentexchange", "agents", "amqp", "configuration", "crabbitmq", "dispatch", "foundation", "glibc",
        "inprocessexchange", "logging", "main", "metrics", "primitives", "rabbitmqexchange", "servicelifecycle",
        "swift",
        "synchronization", "testing", "tracing", "warren", "xctest",
    ]
}
