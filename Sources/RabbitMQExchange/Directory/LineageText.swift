/// A line of types as one text, the names separated by commas.
///
/// A stream drops headers that are lists (RabbitMQ keeps its records in AMQP 1.0's form, whose application properties
/// know only simple values), so the line travels as text. In a name `%` and `,` are written `%25` and `%2C`.
enum LineageText {
    /// The text for a line.
    static func encode(_ lineage: [String]) -> String {
        lineage.map { name in
            name.contains(where: { $0 == "%" || $0 == "," })
                ? name.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "%25")
                    .split(separator: ",", omittingEmptySubsequences: false).joined(separator: "%2C")
                : name
        }
        .joined(separator: ",")
    }

    /// The line of a text; `nil` when a name is empty or has a `%` that stands for nothing.
    static func decode(_ text: String) -> [String]? {
        var lineage: [String] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard !part.isEmpty, let name = unescape(part) else { return nil }
            lineage.append(name)
        }
        return lineage
    }

    private static func unescape(_ part: Substring) -> String? {
        guard part.contains("%") else { return String(part) }
        var name = ""
        for (index, piece) in part.split(separator: "%", omittingEmptySubsequences: false).enumerated() {
            guard index > 0 else {
                name += piece
                continue
            }
            switch piece.prefix(2) {
            case "25": name += "%"
            case "2C": name += ","
            default: return nil
            }
            name += piece.dropFirst(2)
        }
        return name
    }
}
