/// A key that was pressed.
enum TopKey: Sendable, Hashable {
    case character(Character)
    case enter, escape, backspace, up, down, pageUp, pageDown

    /// Reads the keys in the bytes that a terminal sent. An escape sequence is one key; unknown ones are left out.
    static func keys(in bytes: [UInt8]) -> [TopKey] {
        var keys: [TopKey] = []
        var rest = bytes[...]
        while let byte = rest.first {
            switch byte {
            case 0x1B:
                let (key, length) = escape(rest)
                if let key { keys.append(key) }
                rest = rest.dropFirst(length)
            case 0x0A, 0x0D:
                keys.append(.enter)
                rest = rest.dropFirst()
            case 0x08, 0x7F:
                keys.append(.backspace)
                rest = rest.dropFirst()
            case 0x20...0x7E:
                keys.append(.character(Character(Unicode.Scalar(byte))))
                rest = rest.dropFirst()
            case 0x80...:
                // The bytes of a character outside of ASCII.
                let text = rest.prefix { $0 >= 0x80 }
                let printable = String(decoding: text, as: UTF8.self).printable
                keys += printable.filter { $0 != "\u{FFFD}" }.map(TopKey.character)
                rest = rest.dropFirst(text.count)
            default:
                rest = rest.dropFirst()
            }
        }
        return keys
    }

    /// Reads an escape sequence. Returns its key, and its length.
    private static func escape(_ bytes: ArraySlice<UInt8>) -> (key: TopKey?, length: Int) {
        guard let second = bytes.dropFirst().first, [UInt8(ascii: "["), UInt8(ascii: "O")].contains(second) else {
            return (.escape, 1)
        }
        let parameters = bytes.dropFirst(2).prefix { !(0x40...0x7E).contains($0) }
        let length = 2 + parameters.count
        guard let last = bytes.dropFirst(length).first else { return (nil, length) }
        let key: TopKey? =
            switch (last, Array(parameters)) {
            case (UInt8(ascii: "A"), _): .up
            case (UInt8(ascii: "B"), _): .down
            case (UInt8(ascii: "~"), [UInt8(ascii: "5")]): .pageUp
            case (UInt8(ascii: "~"), [UInt8(ascii: "6")]): .pageDown
            default: nil
            }
        return (key, length + 1)
    }
}
