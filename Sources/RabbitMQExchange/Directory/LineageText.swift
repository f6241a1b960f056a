/// A lineage as one text, with commas between the names.
///
/// A stream drops headers that are lists: RabbitMQ stores its records in AMQP 1.0's form, and the application properties
/// of that form allow only simple values. So the lineage is sent as text. In a name `%` and `,` are written `%25` and
/// `%2C`.
enum LineageText {
    /// Returns the text of a lineage.
    static func encode(_ lineage: [String]) -> String {
        lineage.map { name in
            name.contains(where: { $0 == "%" || $0 == "," })
                ? name.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "%25")
                    .split(separator: ",", omittingEmptySubsequences: false).joined(separator: "%2C")
                : name
        }
        .joined(separator: ",")
    }

    /// Returns the lineage of a text; `nil` when a name is empty or has an invalid `%`.
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
