/// The most recent members of a set. It tells late and duplicate messages from unexpected ones.
///
/// It keeps two generations, so that forgetting is cheap: when the newer one is full, the older one is dropped.
struct RecentSet<Element: Hashable & Sendable>: Sendable {
    private let capacity: Int
    private var newer: Set<Element> = []
    private var older: Set<Element> = []

    /// Remembers the last `capacity` members, and up to as many older ones.
    init(capacity: Int) {
        self.capacity = capacity
    }

    /// Whether nothing was ever inserted.
    var isEmpty: Bool { newer.isEmpty && older.isEmpty }

    /// Returns whether an element is among the remembered ones.
    func contains(_ element: Element) -> Bool {
        newer.contains(element) || older.contains(element)
    }

    /// Forgets a member.
    mutating func remove(_ element: Element) {
        newer.remove(element)
        older.remove(element)
    }

    /// Remembers a member. Returns whether it was new.
    @discardableResult
    mutating func insert(_ element: Element) -> Bool {
        if older.contains(element) { return false }
        guard newer.insert(element).inserted else { return false }
        if newer.count == capacity {
            swap(&newer, &older)
            newer.removeAll(keepingCapacity: true)
        }
        return true
    }
}
