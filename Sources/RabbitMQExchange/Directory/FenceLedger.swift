internal import AgentExchange
internal import Foundation
internal import Primitives

/// The two streams of the directory: the permanent one, and its copy while that is compacted.
enum DirectoryStream: Sendable, Hashable, CaseIterable {
    case main
    case copy
}

/// The callers that wait for fences. A pure value except for its signals.
///
/// One wave of callers waits at a time, for any of its fences. Later callers wait for the next wave, because this
/// wave's fences may be older than the records that they must see.
struct FenceLedger: Sendable {
    typealias Waiter = OneShot<Result<Void, ExchangeError>>

    /// Callers that wait for the same fences.
    private struct Wave {
        var ids: [UUID]
        var waiters: [Int: Waiter]
        /// The streams in which one of the fences was read.
        var seen: Set<DirectoryStream> = []
        let ended = OneShot<Void>()
    }

    /// A fence to publish, and the end of its wave.
    struct Order: Sendable {
        let id: UUID
        let ended: OneShot<Void>
    }

    /// The consequences of an event.
    struct Work: Sendable {
        /// The callers of an ended wave, to be resumed.
        var waiters: [Waiter] = []
        /// The fence of a new wave, to be published until the wave ends.
        var begun: Order?
        /// Another fence for the current wave, to be published once.
        var repeated: Order?
    }

    /// The number of fences remembered for a wave: a lost one is published again and again.
    private static let maximumIDs = 16

    private var wave: Wave?
    private var late: [Int: Waiter] = [:]
    private var lastCaller = 0

    /// The number of waiting callers.
    var count: Int { late.count + (wave?.waiters.count ?? 0) }

    /// Adds a caller. Returns its number, and the fence to publish; `nil` when one is in progress, which is too early for
    /// this caller.
    mutating func join(_ waiter: Waiter) -> (number: Int, order: Order?) {
        lastCaller += 1
        guard wave == nil else {
            late[lastCaller] = waiter
            return (lastCaller, nil)
        }
        return (lastCaller, begin([lastCaller: waiter]))
    }

    private mutating func begin(_ waiters: [Int: Waiter]) -> Order {
        let new = Wave(ids: [UUID()], waiters: waiters)
        wave = new
        return Order(id: new.ids[0], ended: new.ended)
    }

    /// Removes a caller.
    mutating func leave(_ number: Int) {
        wave?.waiters[number] = nil
        late[number] = nil
    }

    /// Returns another fence for the wave of `order`; `nil` when it has ended. A wave without callers ends here.
    mutating func again(_ order: Order) -> Order? {
        guard let current = wave, current.ended === order.ended else { return nil }
        guard !current.waiters.isEmpty else {
            wave = nil
            current.ended.set()
            if late.isEmpty { return nil }
            defer { late = [:] }
            return begin(late)
        }
        let id = UUID()
        wave?.ids.append(id)
        if current.ids.count >= Self.maximumIDs { wave?.ids.removeFirst() }
        return Order(id: id, ended: current.ended)
    }

    /// Adds another fence for the current wave, because earlier ones may not have reached all streams.
    mutating func repeatCurrent(_ work: inout Work) {
        guard let current = wave, let next = again(Order(id: current.ids[0], ended: current.ended)) else { return }
        if next.ended === current.ended { work.repeated = next } else { work.begun = next }
    }

    /// Records a fence. Returns whether the wave waits for it.
    mutating func saw(_ id: UUID, in stream: DirectoryStream) -> Bool {
        guard wave?.ids.contains(id) == true else { return false }
        wave?.seen.insert(stream)
        return true
    }

    /// Forgets the fences of a stream that is read from its beginning, or on another connection.
    mutating func unsee(_ stream: DirectoryStream) {
        wave?.seen.remove(stream)
    }

    /// Returns whether a fence of the wave was read in a stream.
    func isSeen(in stream: DirectoryStream) -> Bool { wave?.seen.contains(stream) == true }

    /// Ends the wave if its fences were read in all current streams.
    ///
    /// - Returns: The callers of the wave, and the fence of the next one.
    mutating func complete(_ streams: some Sequence<DirectoryStream>) -> Work {
        guard let current = wave, streams.allSatisfy(current.seen.contains) else { return Work() }
        wave = nil
        current.ended.set()
        guard !late.isEmpty else { return Work(waiters: Array(current.waiters.values)) }
        defer { late = [:] }
        return Work(waiters: Array(current.waiters.values), begun: begin(late))
    }

    /// Ends all waits.
    mutating func fail() -> [Waiter] {
        let waiters = Array(wave?.waiters.values ?? [:].values) + Array(late.values)
        wave?.ended.set()
        wave = nil
        late = [:]
        return waiters
    }
}
