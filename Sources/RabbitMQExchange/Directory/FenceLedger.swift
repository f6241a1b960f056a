internal import AgentExchange
internal import Foundation

/// The two streams that may have the directory: the one that is always there, and its copy while that one is compacted.
enum DirectoryStream: Sendable, Hashable, CaseIterable {
    case main
    case copy
}

/// Who waits for which fence. A pure value but for the signals in it.
///
/// One wave of callers waits at a time, for any of the fences that were published for it; those who come later wait for
/// the next wave, because its fences may have been published before what they must see.
struct FenceLedger: Sendable {
    typealias Waiter = Signal<Result<Void, ExchangeError>>

    /// Callers who wait for the same fences.
    private struct Wave {
        var ids: [UUID]
        var waiters: [Int: Waiter]
        /// Where one of the fences was read.
        var seen: Set<DirectoryStream> = []
        let ended = Signal<Void>()
    }

    /// A fence that is to be published, and the end of the wave that it is for.
    struct Order: Sendable {
        let id: UUID
        let ended: Signal<Void>
    }

    /// Fences of one wave that are remembered: a lost one is published again and again.
    private static let maximumIDs = 16

    private var wave: Wave?
    private var late: [Int: Waiter] = [:]

    /// Callers who wait.
    var count: Int { late.count + (wave?.waiters.count ?? 0) }

    /// A caller waits. Returns the fence to publish; `nil` when one is under way, which comes too early for this caller.
    mutating func join(_ number: Int, _ waiter: Waiter) -> Order? {
        guard wave == nil else {
            late[number] = waiter
            return nil
        }
        return begin([number: waiter])
    }

    private mutating func begin(_ waiters: [Int: Waiter]) -> Order {
        let new = Wave(ids: [UUID()], waiters: waiters)
        wave = new
        return Order(id: new.ids[0], ended: new.ended)
    }

    /// A caller waits no more.
    mutating func leave(_ number: Int) {
        wave?.waiters[number] = nil
        late[number] = nil
    }

    /// Another fence for the callers of the wave to which `order` belongs; `nil` when that has ended. A wave for which
    /// nobody waits ends here.
    mutating func again(_ order: Order) -> Order? {
        guard let current = wave, current.ended === order.ended else { return nil }
        guard !current.waiters.isEmpty else {
            wave = nil
            current.ended.send(())
            if late.isEmpty { return nil }
            defer { late = [:] }
            return begin(late)
        }
        let id = UUID()
        wave?.ids.append(id)
        if current.ids.count >= Self.maximumIDs { wave?.ids.removeFirst() }
        return Order(id: id, ended: current.ended)
    }

    /// The wave that waits now.
    var current: Order? { wave.map { Order(id: $0.ids[0], ended: $0.ended) } }

    /// A fence was read. Returns whether the wave waits for it.
    mutating func saw(_ id: UUID, in stream: DirectoryStream) -> Bool {
        guard wave?.ids.contains(id) == true else { return false }
        wave?.seen.insert(stream)
        return true
    }

    /// A stream is read from its beginning, or on another connection.
    mutating func unsee(_ stream: DirectoryStream) {
        wave?.seen.remove(stream)
    }

    /// Whether a fence of the wave was read in a stream.
    func isSeen(in stream: DirectoryStream) -> Bool { wave?.seen.contains(stream) == true }

    /// Ends the wave when its fences were read in all streams that are read.
    ///
    /// - Returns: The callers of the wave, and the fence of the next one.
    mutating func complete(_ streams: some Sequence<DirectoryStream>) -> (waiters: [Waiter], next: Order?) {
        guard let current = wave, streams.allSatisfy(current.seen.contains) else { return ([], nil) }
        wave = nil
        current.ended.send(())
        guard !late.isEmpty else { return (Array(current.waiters.values), nil) }
        defer { late = [:] }
        return (Array(current.waiters.values), begin(late))
    }

    /// Ends all waits.
    mutating func fail() -> [Waiter] {
        let waiters = Array(wave?.waiters.values ?? [:].values) + Array(late.values)
        wave?.ended.send(())
        wave = nil
        late = [:]
        return waiters
    }
}
