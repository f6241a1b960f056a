/// The runs of handlers that wait for a message, oldest first, as a value in a request's context.
enum CallChain {
    /// The most runs that travel. The oldest are left out.
    static let limit = 32

    /// Returns the text of a chain; `nil` for an empty one.
    static func text(_ chain: [UInt64]) -> String? {
        chain.isEmpty ? nil : chain.suffix(limit).map { String($0, radix: 16) }.joined(separator: ".")
    }

    /// Reads a text. Ignores words that are no numbers, and numbers beyond the limit.
    static func chain(_ text: String?) -> [UInt64] {
        guard let text, text.utf8.count <= limit * 17 else { return [] }
        return text.split(separator: ".").suffix(limit).compactMap { UInt64($0, radix: 16) }
    }
}
