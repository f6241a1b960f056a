/// What is counted: lines, words, the fields that lines begin with, and how often each term occurs.
///
/// Tallies of parts add up to the tally of the whole, in any order: ``merge(_:)`` is associative and commutative, and all
/// counts are exact integers.
struct Tally: Sendable, Equatable, Codable {
    /// The lines.
    private(set) var lines = 0

    /// The words, as `wc -w` counts those of valid text: runs of bytes that are not white space.
    private(set) var words = 0

    /// How often a line begins with `Name:`, by name.
    private(set) var fields: [String: Int] = [:]

    /// How often each term occurs: runs of at least four letters, ASCII letters in lower case.
    private(set) var terms: [String: Int] = [:]

    /// Counts a line, given without its line feed.
    mutating func count(_ line: String) {
        lines += 1
        if let field = Self.field(of: line.utf8) { fields[field, default: 0] += 1 }
        var term: [UInt8] = []
        var isInWord = false
        for byte in line.utf8 {
            if byte.isSpace {
                isInWord = false
            } else if !isInWord {
                isInWord = true
                words += 1
            }
            if byte.isLetter {
                term.append(byte.lowercased)
            } else if !term.isEmpty {
                add(&term)
            }
        }
        add(&term)
    }

    /// Adds the counts of another part.
    mutating func merge(_ other: Tally) {
        lines += other.lines
        words += other.words
        fields.merge(other.fields, uniquingKeysWith: +)
        terms.merge(other.terms, uniquingKeysWith: +)
    }

    /// The same counts but for the terms.
    var withoutTerms: Tally {
        var tally = self
        tally.terms = [:]
        return tally
    }

    /// Adds to the count of a term.
    mutating func add(_ term: String, _ count: Int) {
        terms[term, default: 0] += count
    }

    private mutating func add(_ term: inout [UInt8]) {
        if term.count >= 4 { terms[String(decoding: term, as: UTF8.self), default: 0] += 1 }
        term.removeAll(keepingCapacity: true)
    }

    /// The name in front of the colon when the line begins with a letter, letters, digits or dashes, a colon, and then
    /// ends or goes on with a space.
    private static func field(of line: String.UTF8View) -> String? {
        guard let first = line.first, first.isASCIILetter, let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
            return nil
        }
        let name = line[..<colon]
        let rest = line[line.index(after: colon)...]
        guard name.count <= 64, rest.first.map(\.isSpace) ?? true,
            name.allSatisfy({ $0.isASCIILetter || $0.isDigit || $0 == UInt8(ascii: "-") })
        else { return nil }
        return String(Substring(name))
    }
}

extension Tally {
    /// The entries that occur most often, the alphabet deciding between equals.
    static func top(_ number: Int, of counts: [String: Int]) -> [(name: String, count: Int)] {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(number).map { (name: $0.key, count: $0.value) }
    }
}

extension UInt8 {
    fileprivate var isSpace: Bool { self == 0x20 || (0x09...0x0d).contains(self) }
    fileprivate var isDigit: Bool { (0x30...0x39).contains(self) }
    fileprivate var isASCIILetter: Bool { (0x41...0x5a).contains(self) || (0x61...0x7a).contains(self) }
    /// ASCII letters, and every byte of a character outside ASCII.
    fileprivate var isLetter: Bool { isASCIILetter || self >= 0x80 }
    fileprivate var lowercased: UInt8 { (0x41...0x5a).contains(self) ? self | 0x20 : self }
}
