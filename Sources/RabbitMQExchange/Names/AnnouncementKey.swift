internal import AgentExchange
internal import Foundation

/// The routing keys of announcements: `<event>.<type>.<type>…`, from the root type to the leaf.
///
/// A watcher of a type binds `#.<word>.#` to hear of subtypes too, `#.<word>` for the type alone.
enum AnnouncementKey {
    /// AMQP's limit for routing keys, in bytes.
    static let maximumLength = 255

    /// The longest word that stands for a type name, in bytes.
    static let maximumWordLength = 48

    /// The key of an announcement about an agent.
    ///
    /// - Throws: ``ExchangeError/Code/invalidMessage`` when the line of types does not fit.
    static func make(event: String, lineage: [String]) throws(ExchangeError) -> String {
        let key = ([event] + lineage.map(word)).joined(separator: ".")
        guard key.utf8.count <= maximumLength else {
            let text = "the names of \(lineage.last ?? "a type") and its ancestors need \(key.utf8.count) bytes; "
            throw ExchangeError(.invalidMessage, text + "at most \(maximumLength) fit a routing key")
        }
        return key
    }

    /// The key of an announcement about a user. No type is escaped to a word with `@`.
    static func make(userEvent event: String) -> String { "\(event).@user" }

    /// The word for a type name: letters, digits, `-` and `_` stay, a dot becomes `:`, every other byte `%XX`. A word that
    /// would be too long is cut and ended with a hash of the whole name, so that different names have different words.
    static func word(_ name: String) -> String {
        var word = ""
        for byte in name.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                word.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: "."):
                word.append(":")
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                word += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        guard word.utf8.count > maximumWordLength else { return word }
        return word.prefix(maximumWordLength - 14) + "~" + hash(name)
    }

    /// 13 base-32 digits of the 64-bit FNV-1a hash. It must be the same in every process and version.
    private static func hash(_ name: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 32)
        return String(repeating: "0", count: 13 - digits.count) + digits
    }
}
