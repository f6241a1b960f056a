/// A list of elements in order, of which the first takes no allocation. For lists that mostly have one.
@frozen
package struct ShortList<Element> {
    @usableFromInline var head: Element?
    @usableFromInline var others: [Element] = []

    /// Makes an empty list.
    @inlinable
    package init() {}

    /// Adds an element at the end.
    @inlinable
    package mutating func append(_ element: Element) {
        if head == nil { head = element } else { others.append(element) }
    }
}

extension ShortList {
    /// Gives the elements in order. The default one would allocate memory for each.
    @frozen
    package struct Iterator: IteratorProtocol {
        @usableFromInline let list: ShortList
        @usableFromInline var index = 0

        @inlinable
        init(_ list: ShortList) {
            self.list = list
        }

        /// The next element.
        @inlinable
        package mutating func next() -> Element? {
            guard index < list.endIndex else { return nil }
            defer { index += 1 }
            return list[index]
        }
    }

    /// Makes an iterator.
    @inlinable
    package func makeIterator() -> Iterator { Iterator(self) }
}

extension ShortList: RandomAccessCollection, MutableCollection {
    /// The index of the first element.
    @inlinable package var startIndex: Int { 0 }

    /// The number of elements.
    @inlinable package var endIndex: Int { head == nil ? 0 : others.count + 1 }

    /// The element at an index.
    @inlinable
    package subscript(index: Int) -> Element {
        get { if index == 0, let head { head } else { others[index - 1] } }
        set { if index == 0, head != nil { head = newValue } else { others[index - 1] = newValue } }
    }
}

extension ShortList: Sendable where Element: Sendable {}
extension ShortList: Equatable where Element: Equatable {}
extension ShortList: Hashable where Element: Hashable {}
