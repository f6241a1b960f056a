internal import Foundation
internal import Primitives
internal import Synchronization

/// The streamed results that an agent produces, with the number of parts sent and the credit for each.
final class OutgoingParts: Sendable {
    private typealias Key = RequestKey

    private typealias Waiter = CheckedContinuation<Bool, Never>

    private struct Stream {
        let request: Request
        var sent = 0
        var credit: Int
        var waiter: Waiter?
        /// The last time the requester was heard from, found, or looked for in vain.
        var heard = ContinuousClock.now
        /// The number of checks since then that did not find the requester.
        var absences = 0
    }

    /// The number of checks without the requester after which it counts as gone.
    static let looks = 3

    private let streams = Mutex<[Key: Stream]>([:])
    /// Whether a task watches the requesters.
    private let isWatched = Mutex(false)

    /// Opens the stream of a request that starts to be served.
    ///
    /// - Returns: Whether the caller must start watching the requesters; see ``quiet(for:)``.
    func open(_ request: Request) -> Bool {
        guard let credit = request.credit else { return false }
        streams.withLock { streams in
            let key = Key(source: request.source, tag: request.tag)
            if streams[key] == nil { streams[key] = Stream(request: request, credit: credit) }
        }
        return isWatched.withLock { isWatched in
            defer { isWatched = true }
            return !isWatched
        }
    }

    /// Returns the requests whose requesters have been quiet for some time. Returns `nil` when no stream is open: the
    /// watch ends.
    func quiet(for time: Duration) -> [Request]? {
        let now = ContinuousClock.now
        return isWatched.withLock { isWatched in
            let quiet: [Request]? = streams.withLock { streams in
                if streams.isEmpty { return nil }
                return streams.values.filter { $0.heard.duration(to: now) >= time }.map(\.request)
            }
            if quiet == nil { isWatched = false }
            return quiet
        }
    }

    /// Records a look for a requester. Returns whether the requester counts as gone.
    func looked(for request: Request, isThere: Bool) -> Bool {
        streams.withLock { streams in
            let key = Key(source: request.source, tag: request.tag)
            guard var stream = streams[key] else { return false }
            stream.heard = .now
            stream.absences = isThere ? 0 : stream.absences + 1
            streams[key] = stream
            return stream.absences == Self.looks
        }
    }

    /// Closes the stream of an answered request.
    func close(_ request: Request) {
        if request.credit == nil { return }
        let key = Key(source: request.source, tag: request.tag)
        streams.withLock { $0.removeValue(forKey: key)?.waiter }?.resume(returning: false)
    }

    /// Returns the number of parts sent.
    func count(of request: Request) -> Int {
        streams.withLock { $0[Key(source: request.source, tag: request.tag)]?.sent ?? 0 }
    }

    /// Raises the number of parts that the requester takes.
    func grant(_ credit: Int, tag: UUID, of source: EntityID) {
        let key = Key(source: source, tag: tag)
        let waiter: Waiter? = streams.withLock { streams in
            guard var stream = streams[key] else { return nil }
            (stream.heard, stream.absences) = (.now, 0)
            guard credit > stream.credit else {
                streams[key] = stream
                return nil
            }
            stream.credit = credit
            let waiter = stream.waiter
            stream.waiter = nil
            streams[key] = stream
            return waiter
        }
        waiter?.resume(returning: true)
    }

    /// Returns the number of the next part, as soon as there is credit for it.
    func next(of request: Request) async throws(ExchangeError) -> Int {
        let key = Key(source: request.source, tag: request.tag)
        while true {
            if Task.isCancelled { throw ExchangeError(.cancelled, "the requester takes no more parts") }
            let end = request.deadline.map { ContinuousClock.Instant.at($0) }
            if let end, end <= .now {
                throw ExchangeError(.deadlineExceeded, "the requester granted no credit in time")
            }
            let number: Int?? = streams.withLock { streams in
                guard let stream = streams[key], stream.waiter == nil else { return nil }
                guard stream.sent < stream.credit else { return .some(nil) }
                streams[key]?.sent += 1
                return .some(stream.sent)
            }
            guard let number else {
                throw ExchangeError(
                    .invalidMessage,
                    "the request asks for no stream, was answered, or another task sends parts"
                )
            }
            if let number { return number }
            await credit(key, until: end)
        }
    }

    /// Waits for more credit, the end of the request, the cancellation of the task, or the deadline.
    private func credit(_ key: Key, until end: ContinuousClock.Instant?) async {
        let alarm = end.map { end in
            Task { [self] in
                do { try await Task.sleep(until: end, clock: .continuous) } catch { return }
                wake(key)
            }
        }
        defer { alarm?.cancel() }
        let _: Bool = await withWaiter { continuation in
            streams.withLock { streams in
                // The alarm may have run before the waiter was stored.
                let isDue = end.map { $0 <= .now } ?? false
                guard !isDue, !Task.isCancelled, let stream = streams[key], stream.waiter == nil,
                    stream.sent >= stream.credit
                else { return false }
                streams[key]?.waiter = continuation
                return nil
            }
        } onCancel: {
            wake(key)
        }
    }

    /// Wakes the task that waits for credit, so that it looks again.
    private func wake(_ key: Key) {
        let waiter = streams.withLock { streams in
            let waiter = streams[key]?.waiter
            streams[key]?.waiter = nil
            return waiter
        }
        waiter?.resume(returning: false)
    }
}
