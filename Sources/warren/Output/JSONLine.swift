import AgentExchange
import Foundation

/// JSON in the tool's output form: one line, fields in alphabetical order.
enum JSONLine {
    static func text(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else { return "null" }
        return String(decoding: data, as: UTF8.self)
    }

    /// Returns an object whose values are JSON already. `nil` values are left out.
    static func object(_ fields: [String: String?]) -> String {
        let members = fields.compactMapValues(\.self).sorted { $0.key < $1.key }
        return "{" + members.map { "\(text($0.key)):\($0.value)" }.joined(separator: ",") + "}"
    }
}
