internal import DequeModule

/// Elements with consecutive numbers, from 1. Each may be removed at any time.
struct NumberedRing<Element: Sendable>: Sendable {
    private var slots: Deque<Element?> = []
    /// The number of the first element that may be there.
    private(set) var first: UInt64 = 1
    /// The number of elements.
    private(set) var count = 0

    /// The number of the next element.
    var next: UInt64 { first + UInt64(slots.count) }

    /// The elements in the order of their numbers.
    var elements: some Sequence<Element> { slots.lazy.compactMap { $0 } }

    /// The element with a number; `nil` when it was removed.
    subscript(number: UInt64) -> Element? {
        guard number >= first, number < next else { return nil }
        return slots[Int(number - first)]
    }

    /// Adds an element. Returns its number.
    mutating func append(_ element: Element) -> UInt64 {
        slots.append(element)
        count += 1
        return next - 1
    }

    /// Removes and returns an element; `nil` when it was removed before.
    @discardableResult
    mutating func remove(_ number: UInt64) -> Element? {
        guard let element = self[number] else { return nil }
        slots[Int(number - first)] = nil
        count -= 1
        while case .some(nil) = slots.first {
            slots.removeFirst()
            first += 1
        }
        return element
    }
}
