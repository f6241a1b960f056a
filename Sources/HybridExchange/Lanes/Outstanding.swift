internal import Foundation

/// The messages of one lane that are not settled, in the order of sending: a pure value.
///
/// A request stays until its terminal response. A response stays until the requester has it, or until it is published.
/// The message itself is kept while the broker does not have it.
struct Outstanding<Element: Sendable>: Sendable {
    /// The state of the copy that goes through the broker.
    enum BrokerCopy: Sendable, Hashable {
        case none, published, confirmed
        /// The broker returned it.
        case refused
    }

    /// The state of the copy that goes directly.
    enum DirectCopy: Sendable, Hashable {
        case none
        /// It is written when the lane is direct and the window has room.
        case keptBack
        /// It is on the socket.
        case written
        /// It is in the peer's inbox.
        case acknowledged
    }

    /// One message.
    struct Item: Sendable {
        let tag: UUID
        /// The message; `nil` when the broker has it and it is not kept back.
        var element: Element?
        let bytes: Int
        var broker = BrokerCopy.none
        var direct = DirectCopy.none
        var isAccepted = false
        /// Whether a peer may have taken it, because its connection ended before it replied.
        var mayBeTaken = false

        /// Whether it is in a queue of the broker, and may not have been read there.
        var isUnread: Bool { (broker == .published || broker == .confirmed) && direct != .acknowledged }

        fileprivate var keptBytes: Int { element == nil ? 0 : bytes }
    }

    private var items: [UInt64: Item] = [:]
    private var numbers: [UUID: UInt64] = [:]
    private var last: UInt64 = 0
    private let hasUniqueTags: Bool

    /// The size of the kept messages, in bytes.
    private(set) var keptBytes = 0
    /// The number of messages that may not have been read at the broker.
    private(set) var unread = 0

    /// - Parameter hasUniqueTags: Whether tags identify messages, as they do requests. The parts of a response share one.
    init(hasUniqueTags: Bool) {
        self.hasUniqueTags = hasUniqueTags
    }

    var isEmpty: Bool { items.isEmpty }

    /// The number of messages.
    var count: Int { items.count }

    /// The numbers of all messages, in the order of sending.
    var inOrder: [UInt64] { items.keys.sorted() }

    /// The message with a number.
    subscript(number: UInt64) -> Item? { items[number] }

    /// Returns the number of the request with a tag.
    func number(of tag: UUID) -> UInt64? { numbers[tag] }

    /// Adds a message behind the others, and returns its number.
    mutating func append(_ tag: UUID, _ element: Element, bytes: Int) -> UInt64 {
        last += 1
        items[last] = Item(tag: tag, element: element, bytes: bytes)
        if hasUniqueTags { numbers[tag] = last }
        keptBytes += bytes
        return last
    }

    /// Changes a message, if it is still here. Drops the message itself when the broker has it and it is not kept back.
    mutating func update(_ number: UInt64, _ change: (inout Item) -> Void) {
        guard let index = items.index(forKey: number) else { return }
        count(items.values[index], -1)
        change(&items.values[index])
        if items.values[index].broker != .none, items.values[index].direct != .keptBack {
            items.values[index].element = nil
        }
        count(items.values[index], 1)
    }

    /// Removes a message, and returns it.
    @discardableResult
    mutating func remove(_ number: UInt64) -> Item? {
        guard let item = items.removeValue(forKey: number) else { return nil }
        count(item, -1)
        if hasUniqueTags { numbers[item.tag] = nil }
        return item
    }

    private mutating func count(_ item: Item, _ sign: Int) {
        keptBytes += sign * item.keptBytes
        if item.isUnread { unread += sign }
    }
}

extension Outstanding.Item: Equatable where Element: Equatable {}
extension Outstanding.Item: Hashable where Element: Hashable {}
extension Outstanding: Equatable where Element: Equatable {}
extension Outstanding: Hashable where Element: Hashable {}
