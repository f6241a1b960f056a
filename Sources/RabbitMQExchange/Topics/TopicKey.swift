internal import AgentExchange

/// The routing keys of events, and the patterns of subscriptions and slots.
///
/// The key of an event is two hexadecimal digits, which decide the slot, and the words of its topic's type:
/// `<low digit>.<high digit>.<word>.<word>…`. A type ends a word after `:` and `=`, and at a dot, which is in no word. A key has
/// at most 255 bytes, so words that do not fit are left out and `~` follows. A pattern may let through more than its
/// subscription, never less: a receiver compares the topic.
enum TopicKey {
    /// The largest size of the words in a key, with the dots between them, in bytes.
    static let maximumWords = 245

    /// The word in place of those that do not fit. No topic type contains it.
    static let cut = "~"

    /// Returns the routing key of an event.
    static func key(of topic: Topic) -> String {
        let (words, isCut) = fitting(split(topic.type).words)
        let bucket = AgentAddress.bucket(of: topic.source)
        return ([digit(bucket & 15), digit(bucket >> 4)] + words + (isCut ? [cut] : [])).joined(separator: ".")
    }

    /// Returns the pattern of a subscription's topics.
    static func pattern(of rule: Subscription.Rule) -> String {
        var words: [String]
        switch rule {
        case .type(let type):
            let (whole, isCut) = fitting(split(type).words)
            words = whole + (isCut ? [cut] : [])
        case .prefix(""):
            return "#"
        case .prefix(let prefix):
            // The last word of a prefix may go on in the type, unless `:` or `=` ends it.
            let parts = split(prefix)
            let (whole, isCut) = fitting(parts.isLastOpen ? Array(parts.words.dropLast()) : parts.words)
            words = whole + (parts.isLastOpen || isCut ? ["*", "#"] : ["#"])
        }
        return (["*", "*"] + words).joined(separator: ".")
    }

    /// Returns the patterns of a slot's events.
    ///
    /// - Parameter count: The number of slots, 1 to ``AgentAddress/maximumSlots``.
    static func patterns(ofSlot number: Int, among count: Int) -> [String] {
        if count <= 1 { return ["#"] }
        return (0..<16).flatMap { low -> [String] in
            let highs = (0..<16).filter { (low + 16 * $0) % count == number }
            if highs.count == 16 { return ["\(digit(UInt8(low))).#"] }
            return highs.map { "\(digit(UInt8(low))).\(digit(UInt8($0))).#" }
        }
    }

    private static func digit(_ value: UInt8) -> String { String(value, radix: 16) }

    /// Returns the words of a text, and whether nothing ends the last one.
    private static func split(_ text: String) -> (words: [String], isLastOpen: Bool) {
        var words: [String] = []
        var word = ""
        var isOpen = true
        for scalar in text.unicodeScalars {
            isOpen = true
            switch scalar {
            case ".":
                words.append(word)
                word = ""
            case ":", "=":
                word.unicodeScalars.append(scalar)
                words.append(word)
                word = ""
                isOpen = false
            default:
                word.unicodeScalars.append(scalar)
            }
        }
        if isOpen { words.append(word) }
        return (words, isOpen)
    }

    /// Returns the leading words that fit into a key, and whether others were left out.
    private static func fitting(_ words: [String]) -> (words: [String], isCut: Bool) {
        var size = 0
        for (index, word) in words.enumerated() {
            size += word.utf8.count + (index == 0 ? 0 : 1)
            if size > maximumWords { return (Array(words[..<index]), true) }
        }
        return (words, false)
    }
}
