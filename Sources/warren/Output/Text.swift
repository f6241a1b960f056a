extension String {
    /// The text with control characters and direction marks replaced by `?`.
    var printable: String {
        guard unicodeScalars.contains(where: \.isControl) else { return self }
        return String(String.UnicodeScalarView(unicodeScalars.map { $0.isControl ? "?" : $0 }))
    }

    /// The text in one line.
    var oneLine: String {
        split(whereSeparator: \.isNewline).joined(separator: " ").printable
    }

    /// The number of terminal columns that it takes.
    var displayWidth: Int {
        reduce(0) { $0 + $1.displayWidth }
    }

    /// Returns the text cut to a width, with `…` at the cut.
    func truncated(to width: Int) -> String {
        guard displayWidth > width else { return self }
        var result = ""
        var left = max(0, width - 1)
        for character in self {
            guard character.displayWidth <= left else { break }
            left -= character.displayWidth
            result.append(character)
        }
        return width > 0 ? result + "…" : ""
    }
}

extension Character {
    /// 2 for East Asian wide characters and emoji, 0 for marks alone, else 1.
    fileprivate var displayWidth: Int {
        guard let scalar = unicodeScalars.first else { return 0 }
        if scalar.properties.isEmojiPresentation { return 2 }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD:
            return 2
        default:
            return scalar.properties.generalCategory == .nonspacingMark ? 0 : 1
        }
    }
}

extension Unicode.Scalar {
    fileprivate var isControl: Bool {
        switch value {
        case 0..<0x20, 0x7F..<0xA0, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
