/// An ordered table of named values: message headers, queue and consumer arguments, broker properties.
///
/// Names are at most 255 bytes. If a name occurs twice on the wire, both entries are kept; ``subscript(_:)`` returns
/// the first.
public struct FieldTable: Sendable, Hashable {
    /// One named value.
    public struct Entry: Sendable, Hashable {
        /// The name, at most 255 bytes.
        public var name: String
        /// The value.
        public var value: FieldValue

        /// Creates an entry.
        public init(name: String, value: FieldValue) {
            self.name = name
            self.value = value
        }
    }

    /// The entries in their order on the wire.
    public private(set) var entries: [Entry]

    /// Creates a table from entries, or an empty one.
    public init(_ entries: [Entry] = []) {
        self.entries = entries
    }

    /// Creates an empty table with a capacity.
    public init(minimumCapacity: Int) {
        entries = []
        entries.reserveCapacity(minimumCapacity)
    }

    /// Whether there is no entry.
    public var isEmpty: Bool { entries.isEmpty }

    /// The number of entries.
    public var count: Int { entries.count }

    /// The first value with this name. Setting a value replaces or appends it; setting `nil` removes every entry with
    /// the name.
    public subscript(name: String) -> FieldValue? {
        get { entries.first { $0.name == name }?.value }
        set {
            guard let newValue else {
                entries.removeAll { $0.name == name }
                return
            }
            if let index = entries.firstIndex(where: { $0.name == name }) {
                entries[index].value = newValue
            } else {
                entries.append(Entry(name: name, value: newValue))
            }
        }
    }

    mutating func append(_ name: String, _ value: FieldValue) {
        entries.append(Entry(name: name, value: value))
    }
}

extension FieldTable: ExpressibleByDictionaryLiteral {
    /// Creates a table with the entries in the written order.
    public init(dictionaryLiteral elements: (String, FieldValue)...) {
        self.init(elements.map { Entry(name: $0.0, value: $0.1) })
    }
}

extension FieldTable: Sequence {
    /// Iterates over the entries in order.
    public func makeIterator() -> IndexingIterator<[Entry]> { entries.makeIterator() }
}
