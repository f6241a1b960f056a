internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging
internal import Synchronization

/// The sessions of this process, shared by all transports with the same broker, namespace and configuration. The last
/// transport to close also closes its session.
final class SessionRegistry: Sendable {
    /// The sessions of the process.
    static let shared = SessionRegistry()

    /// The key by which factories share a session.
    struct Key: Hashable, Sendable {
        let names: ExchangeNames
        let address: BrokerAddress
        let configuration: RabbitMQConfiguration
        /// The settings of the direct way; `nil` without one.
        var direct: String?
    }

    private struct Entry {
        let number: Int
        let opening: Task<Result<Session, ExchangeError>, Never>
        var users = 1
    }

    private struct WeakFeed {
        weak var feed: ConnectionStateFeed?
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        /// The connection states. Sessions and readers keep them: readers may come earlier and stay longer.
        var feeds: [Key: WeakFeed] = [:]
        var next = 0
    }

    private let state = Mutex(State())
    /// Unused sessions that still read the directory.
    private let lingering = BackgroundTasks()

    /// The maximum time for which such a session is kept.
    private static let patience = Duration.seconds(600)

    /// Releases a session after a failure. If its directory is being read for the first time, it is kept until that is
    /// done, so that the next attempt does not start from zero.
    func giveBack(_ lease: Lease) async {
        guard lease.session.directory.isCatchingUp else { return await lease.end() }
        let started = lingering.start {
            let end = ContinuousClock.now + Self.patience
            while .now < end, lease.session.directory.isCatchingUp {
                do throws(ExchangeError) {
                    try await lease.session.directory.fence(timeout: ContinuousClock.now.duration(to: end))
                } catch {
                    break
                }
            }
            await lease.end()
        }
        if started == nil { await lease.end() }
    }

    /// Shares a session, and opens one if there is none. Release it with ``Lease/end()``.
    func lease(
        _ key: Key,
        direct: (any DirectWayProvider)?,
        logger: Logger
    ) async throws(ExchangeError) -> Lease {
        let (number, opening) = state.withLock { state in
            if var entry = state.entries[key] {
                entry.users += 1
                state.entries[key] = entry
                return (entry.number, entry.opening)
            }
            state.next += 1
            let feed = Self.feed(key, &state)
            let opening = Task { await Self.open(key, feed, direct, logger) }
            state.entries[key] = Entry(number: state.next, opening: opening)
            return (state.next, opening)
        }
        switch await opening.value {
        case .failure(let error):
            drop(key, number)
            throw error
        case .success(let session):
            return Lease(session: session) { await self.release(number, key, session) }
        }
    }

    /// Returns the open session; `nil` when there is none.
    func session(_ key: Key) async -> Session? {
        guard let opening = state.withLock({ $0.entries[key]?.opening }) else { return nil }
        return try? await opening.value.get()
    }

    /// Returns the feed of the connection states of a session, open or not.
    func feed(_ key: Key) -> ConnectionStateFeed {
        state.withLock { Self.feed(key, &$0) }
    }

    private static func feed(_ key: Key, _ state: inout State) -> ConnectionStateFeed {
        if let feed = state.feeds[key]?.feed { return feed }
        if state.feeds.count > 2 * state.entries.count + 16 {
            state.feeds = state.feeds.filter { $0.value.feed != nil }
        }
        let feed = ConnectionStateFeed()
        state.feeds[key] = WeakFeed(feed: feed)
        return feed
    }

    private static func open(
        _ key: Key,
        _ feed: ConnectionStateFeed,
        _ direct: (any DirectWayProvider)?,
        _ logger: Logger
    ) async -> Result<Session, ExchangeError> {
        do throws(ExchangeError) {
            return .success(
                try await Session.open(
                    names: key.names,
                    configuration: key.configuration,
                    connection: try key.address.connection(key.configuration),
                    logger: logger,
                    feed: feed,
                    direct: direct
                )
            )
        } catch {
            return .failure(error)
        }
    }

    /// Removes a session, so that no other transport shares it.
    private func drop(_ key: Key, _ number: Int) {
        state.withLock { state in
            if state.entries[key]?.number == number { state.entries[key] = nil }
        }
    }

    private func release(_ number: Int, _ key: Key, _ session: Session) async {
        let isLast = state.withLock { state in
            guard var entry = state.entries[key], entry.number == number else { return false }
            entry.users -= 1
            state.entries[key] = entry.users == 0 ? nil : entry
            return entry.users == 0
        }
        // A session closes in an orderly way even when the task that used it is cancelled.
        if isLast { await Task { await session.close() }.value }
    }
}

/// The use of a session by one transport.
struct Lease: Sendable {
    let session: Session
    let end: @Sendable () async -> Void
}
