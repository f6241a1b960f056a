internal import Foundation
internal import Logging
internal import Primitives
internal import Synchronization

/// The series of an agent's repeated requests, as its client begins, continues and ends them.
///
/// A series is one request of the agent to itself, which the exchange keeps until its next time, in place of an answer. So it
/// outlives every process, and comes at least once each time. See `docs/decisions/0061-a-series-is-one-request.md`.
final class RepeatedRequests: Sendable {
    /// The number of series about which a client knows more than their requests tell: as many, and up to as many older ones.
    static let capacity = 1024

    /// The longest pause between attempts to put a request back.
    private static let longestPause = Duration.seconds(10)

    /// The state of a series as far as this client knows it.
    private struct Known {
        /// The time when the present series of the name began, or when it ended.
        var since: Date
        /// The tag of its request; `nil` when it ended.
        var tag: UUID?
    }

    private let core: ClientCore
    private let known = Mutex(RecentValues<UUID, Known>(capacity: capacity))
    /// Set when the last change of a series is over: they are made one after another, in the order of arrival.
    private let last = Mutex<OneShot<Void>?>(nil)

    private var transport: any ExchangeTransport { core.transport }

    init(_ core: ClientCore) {
        self.core = core
    }

    /// Returns whether a request belongs to a series that was ended, or begun anew.
    func isOver(_ request: Request) -> Bool {
        guard let since = request.series?.since, let series = request.seriesID else { return false }
        return known.withLock { known in
            guard let entry = known[series], entry.since >= since else {
                known[series] = Known(since: since, tag: request.tag)
                return false
            }
            return entry.tag != request.tag
        }
    }

    /// Takes a place among the changes. One of its functions must be called once.
    func nextTurn() -> Turn {
        last.withLock { last in
            let turn = Turn(before: last)
            last = turn.isOver
            return turn
        }
    }

    /// A place in the order of changes.
    struct Turn: Sendable {
        fileprivate let before: OneShot<Void>?
        fileprivate let isOver = OneShot<Void>()

        /// Makes no change.
        func pass() { isOver.set() }

        /// Makes a change after those before it.
        func change(_ body: () async -> Response) async -> Response {
            _ = await before?.wait()
            defer { isOver.set() }
            return await body()
        }
    }

    /// Begins the series that a request asks for. Returns the answer to it.
    func begin(_ series: RequestSeries, _ request: Request) async -> Response {
        guard let agent = core.id.agentID else { return request.error(.unsupported, "only an agent repeats requests") }
        let id = RequestSeries.id(series.name, at: agent)
        do throws(ExchangeError) {
            let before = known.withLock { $0[id]?.since }
            let since = Date(
                millisecondsSince1970: max(Date.now, before?.addingTimeInterval(0.001) ?? .distantPast)
                    .millisecondsSince1970
            )
            let first = try Request(
                from: core.id,
                to: core.id,
                tag: .random(),
                notBefore: series.first,
                context: request.context,
                protocolVersion: request.protocolVersion,
                request.body
            ).with(series: try series.begun(at: since)).with(principal: request.principal)
            try await transport.beginSeries(first)
            known.withLock { known in
                // It may have been cancelled meanwhile.
                if (known[id]?.since ?? .distantPast) < since { known[id] = Known(since: since, tag: first.tag) }
            }
            return request.response()
        } catch {
            return request.error(error)
        }
    }

    /// Ends a series as far as this client is concerned; ``end(_:_:_:)`` follows. Returns the tag of its request, if that is known.
    func close(_ series: UUID) -> UUID? {
        let now = Date.now
        return known.withLock { known in
            let before = known[series]
            known[series] = Known(since: max(now, before?.since ?? now), tag: nil)
            return before?.tag
        }
    }

    /// Ends a series at the exchange. Returns the answer to the request that asks for it.
    func end(_ series: UUID, _ request: Request, _ result: Payload) async -> Response {
        guard transport.repeatsRequests else { return request.response(result) }
        do throws(ExchangeError) {
            try await transport.endSeries(series)
            return request.response(result)
        } catch {
            return request.error(error)
        }
    }

    /// Has a request handed out again at its next time, in place of an answer. Until that succeeds, or the series or the client
    /// ends, the request is held.
    func goOn(_ request: Request, after answer: Response) async {
        guard let series = request.series else { return }
        var next = request
        next.attempt = 0
        var (pause, refusals) = (Duration.milliseconds(250), 0)
        while !Task.isCancelled {
            if isOver(request) { return core.answer(answer, to: request) }
            do throws(ExchangeError) {
                let time = max(Date.now, request.notBefore ?? .distantPast)
                return try await transport.delay(next, until: series.next(after: time))
            } catch {
                if error.code == .closed || error.code == .mailboxTerminated { return }
                // It is held no more, or its hold is being renewed.
                if error.code == .invalidMessage { refusals += 1 }
                if refusals == 5 { return transport.giveBack(request) }
                core.configuration.logger.warning(
                    "a repeated request could not be put back; it is tried again",
                    metadata: .init(.request(request)).with(.error, error.description)
                )
            }
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, Self.longestPause)
        }
    }
}
