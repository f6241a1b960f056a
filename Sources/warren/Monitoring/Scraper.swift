import Primitives
import Synchronization

/// Reads when it is asked to: one reading at a time, however many ask.
final class Scraper: Sendable {
    private struct State {
        var waiting: [OneShot<NamespaceReading>] = []
        var failures: [NamespaceReading.Source: Int] = [:]
        var last: (reading: NamespaceReading, end: ContinuousClock.Instant)?
    }

    /// The usual time for which a reading answers later questions. The broker's numbers are older than that.
    static let freshness = Duration.seconds(1)

    private let state = Mutex(State())
    private let wakes = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    private let patience: Duration
    private let freshness: Duration
    private let rest: Int
    private let read: @Sendable () async -> NamespaceReading

    /// - Parameters:
    ///   - patience: The time after which a question is answered with ``NamespaceReading/late``, and a reading is given up.
    ///   - freshness: The time for which a reading answers later questions.
    ///   - rest: So many times its duration it does so at least: the broker has work with a large namespace.
    ///   - read: Reads. It ends soon after its task is cancelled.
    init(
        patience: Duration,
        freshness: Duration = Scraper.freshness,
        rest: Int = 0,
        read: @escaping @Sendable () async -> NamespaceReading
    ) {
        self.patience = patience
        self.freshness = freshness
        self.rest = rest
        self.read = read
    }

    /// The number of failed reads of each source.
    var failures: [NamespaceReading.Source: Int] { state.withLock { $0.failures } }

    /// Returns a reading that is fresh, or ``NamespaceReading/late``.
    func reading() async -> NamespaceReading {
        let answer = OneShot<NamespaceReading>()
        let end = ContinuousClock.now + patience
        let fresh = state.withLock { state -> NamespaceReading? in
            if let last = state.last, last.end + max(freshness, last.reading.duration * rest) > .now {
                return last.reading
            }
            state.waiting.append(answer)
            return nil
        }
        if let fresh { return fresh }
        wakes.continuation.yield()
        let reading = await answer.wait(until: end)
        state.withLock { $0.waiting.removeAll { $0 === answer } }
        return reading ?? .late
    }

    /// Reads for those that ask, until the task is cancelled.
    ///
    /// - Parameter report: Called with each reading.
    func run(report: @Sendable (NamespaceReading) async -> Void) async {
        for await _ in wakes.stream {
            let waiting = state.withLock { state in
                defer { state.waiting = [] }
                return state.waiting
            }
            guard !waiting.isEmpty else { continue }
            let reading = await timed()
            state.withLock { state in
                state.last = (reading, .now)
                for source in reading.failures.keys { state.failures[source, default: 0] += 1 }
            }
            for answer in waiting { answer.set(reading) }
            await report(reading)
        }
    }

    private func timed() async -> NamespaceReading {
        await withTaskGroup(of: NamespaceReading?.self) { group in
            group.addTask { [read] in await read() }
            group.addTask { [patience] in
                try? await Task.sleep(for: patience)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next().flatMap(\.self) ?? .late
        }
    }
}
