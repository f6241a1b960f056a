internal import AMQP
internal import AgentExchange

extension MessageProperties {
    /// More than the headers of a Warren message need: both names, an error text, a context, and the rest.
    private static let largestFrame = 32_768

    /// The headers for people only.
    private static let texts = [Header.errorMessage, Header.destinationName, Header.sourceName]

    /// Shortens the error text and the display names, the longest first, until the headers fit a frame. Headers for
    /// programs stay unchanged; if they do not fit, publishing fails with `frameTooLarge`.
    mutating func shortenTexts(toFit frameMax: Int) {
        guard frameMax < Self.largestFrame, let size = try? frameSize(), size > frameMax else { return }
        let texts = Self.texts.compactMap { name in headers[name]?.stringValue.map { (name, $0) } }
        let lengths = texts.map { $0.1.utf8.count }
        let limit = Self.limit(lengths, total: lengths.reduce(0, +) - (size - frameMax))
        for (name, text) in texts where text.utf8.count > limit { headers[name] = .string(text.cut(toBytes: limit)) }
    }

    /// Returns the length to which texts are cut so that together they have at most `total` bytes.
    private static func limit(_ lengths: [Int], total: Int) -> Int {
        var (left, count) = (max(0, total), lengths.count)
        for length in lengths.sorted() {
            if length * count > left { return left / count }
            left -= length
            count -= 1
        }
        return lengths.max() ?? 0
    }
}
