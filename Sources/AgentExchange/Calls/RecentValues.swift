/// The values of the most recent keys.
///
/// It keeps two generations, as ``RecentSet`` does.
struct RecentValues<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let capacity: Int
    private var newer: [Key: Value] = [:]
    private var older: [Key: Value] = [:]

    /// Remembers the values of the last `capacity` keys, and of up to as many older ones.
    init(capacity: Int) {
        self.capacity = capacity
    }

    /// The value of a key, if it is remembered.
    subscript(_ key: Key) -> Value? {
        get { newer[key] ?? older[key] }
        set {
            older[key] = nil
            newer[key] = newValue
            guard newer.count >= capacity else { return }
            older = newer
            newer = [:]
        }
    }
}
