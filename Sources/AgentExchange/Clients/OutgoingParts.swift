internal import Foundation
internal import Synchronization

/// The streamed results that an agent produces: how many parts of each were sent, and for how many there is credit.
final class OutgoingParts: Sendable {
    private typealias Key = RequestKey

    private typealias Waiter = CheckedContinuation<Bool, Never>

    private struct Stream {
        let request: Request
        var sent = 0
        var credit: Int
        var waiter: Waiter?
        /// When the requester was heard of, or found, or looked for in vain.
        var heard = ContinuousClock.now
        /// How often it was looked for in vain since then.
        var absences = 0
    }

    /// How often a requester is looked for in vain before it counts as gone.
    static let looks = 3

    private let streams = Mutex<[Key: Stream]>([:])
    /// Whether somebody looks after the requesters.
    private let isWatched = Mutex(false)

    /// The request is served from now on.
    ///
    /// - Returns: Whether somebody must begin to look after the requesters: see ``quiet(for:)``.
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

    /// The requests whose requesters have not been heard of for some time. `nil` when no stream is open: then nobody looks
    /// after them any more.
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

    /// A requester was looked for. Returns whether it is gone.
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

    /// The request is answered.
    func close(_ request: Request) {
        if request.credit == nil { return }
        let key = Key(source: request.source, tag: request.tag)
        streams.withLock { $0.removeValue(forKey: key)?.waiter }?.resume(returning: false)
    }

    /// How many parts were sent.
    func count(of request: Request) -> Int {
        streams.withLock { $0[Key(source: request.source, tag: request.tag)]?.sent ?? 0 }
    }

    /// The requester takes parts up to this number of them.
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

    /// The number of the next part, as soon as there is credit for it.
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

    /// Waits for more credit, the end of the request, the cancellation of the task, or until the time is over.
    private func credit(_ key: Key, until end: ContinuousClock.Instant?) async {
        let alarm = end.map { end in
            Task { [self] in
                do { try await Task.sleep(until: end, clock: .continuous) } catch { return }
                wake(key)
            }
        }
        defer { alarm?.cancel() }
        _ = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: Waiter) in
                let waits = streams.withLock { streams in
                    // The alarm may have rung, and the handler below run, before there was anybody to be woken.
                    let isOver = end.map { $0 <= .now } ?? false
                    guard !isOver, !Task.isCancelled, let stream = streams[key], stream.waiter == nil,
                        stream.sent >= stream.credit
                    else { return false }
                    streams[key]?.waiter = continuation
                    return true
                }
                if !waits { continuation.resume(returning: false) }
            }
        } onCancel: {
            wake(key)
        }
    }

    /// Has whoever waits for credit look again.
    private func wake(_ key: Key) {
        let waiter = streams.withLock { streams in
            let waiter = streams[key]?.waiter
            streams[key]?.waiter = nil
            return waiter
        }
        waiter?.resume(returning: false)
    }
}
