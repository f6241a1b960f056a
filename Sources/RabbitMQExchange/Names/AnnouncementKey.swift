internal import AgentExchange
internal import Foundation

/// The routing keys of announcements: `<event>.<type>.<type>…`, from the root type to the leaf.
///
/// A key has at most 255 bytes, so each type is either a long or a short word. A session that follows a type binds all
/// of ``patterns(for:allowSubtypes:)``, and reads the announcement when the key is not sufficient.
enum AnnouncementKey {
    /// AMQP's limit for routing keys, in bytes.
    static let maximumLength = 255

    /// The longest word that is readable, in bytes.
    static let maximumWordLength = 48

    /// The word for a lineage that is too long for a key. No type is escaped to a word with `@`.
    static let tooLong = "@long"

    /// Returns the key of an announcement about an agent: with readable words if they fit, else with the hashes of all
    /// types, else with ``tooLong`` alone.
    static func make(event: String, lineage: [String]) -> String {
        for words in [lineage.map(word), lineage.map(shortWord), [tooLong]] {
            let key = ([event] + words).joined(separator: ".")
            if key.utf8.count <= maximumLength { return key }
        }
        return event
    }

    /// Returns the key of an announcement about a user of the author's own broker user.
    static func make(userEvent event: String) -> String { "\(event).@user" }

    /// Returns the key of an announcement about a user of another broker user.
    static func make(anyUserEvent event: String) -> String { "\(event).@users" }

    /// Returns the patterns to bind for a type, with or without its subtypes.
    static func patterns(for type: String, allowSubtypes: Bool) -> [String] {
        let end = allowSubtypes ? ".#" : ""
        return ["#.\(word(type))\(end)", "#.\(shortWord(type))\(end)", "#.\(tooLong)"]
    }

    /// Returns the word for a type name: letters, digits, `-` and `_` stay, a dot becomes `:`, every other byte `%XX`.
    /// A longer word is cut and ends with a hash of the whole name, so that different names have different words.
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
        return word.prefix(maximumWordLength - 14) + shortWord(name)
    }

    /// Returns `~` and 13 base-32 digits of the 64-bit FNV-1a hash, which is the same in every process and version.
    static func shortWord(_ name: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 32)
        return "~" + String(repeating: "0", count: 13 - digits.count) + digits
    }
}
