import AgentExchange
import Synchronization
import Testing

@Suite("The deadline timer", .timeLimit(.minutes(1)))
struct DeadlineTimerTests {
    private typealias Instant = ContinuousClock.Instant

    /// What rings when, and what is to ring next.
    private final class Bell: Sendable {
        let rings: AsyncStream<Instant>
        private let ring: AsyncStream<Instant>.Continuation
        private let following: Mutex<[Duration]>
        private let counter = Atomic(0)

        var count: Int { counter.load(ordering: .relaxed) }

        init(following: [Duration] = []) {
            (rings, ring) = AsyncStream.makeStream()
            self.following = Mutex(following)
        }

        func makeTimer() -> DeadlineTimer {
            DeadlineTimer { [self] in
                let now = Instant.now
                counter.add(1, ordering: .relaxed)
                ring.yield(now)
                return following.withLock { $0.isEmpty ? nil : now + $0.removeFirst() }
            }
        }

        func next() async -> Instant? {
            var iterator = rings.makeAsyncIterator()
            return await iterator.next()
        }
    }

    @Test("It fires at the deadline, not before")
    func fires() async throws {
        let bell = Bell()
        let timer = bell.makeTimer()
        let deadline = Instant.now + .milliseconds(20)
        timer.arm(deadline)
        #expect(try #require(await bell.next()) >= deadline)
    }

    @Test("It fires for the earliest of many deadlines, whatever their order")
    func earliest() async throws {
        let bell = Bell()
        let timer = bell.makeTimer()
        let start = Instant.now
        for milliseconds in [3_600_000, 20, 7_200_000] { timer.arm(start + .milliseconds(milliseconds)) }
        let rang = try #require(await bell.next())
        #expect(rang >= start + .milliseconds(20))
        #expect(rang < start + .seconds(3600))
    }

    @Test("It fires again when firing says so, and when it is armed again")
    func again() async throws {
        let bell = Bell(following: [.milliseconds(10), .milliseconds(10)])
        let timer = bell.makeTimer()
        timer.arm(.now)
        var rings: [Instant] = []
        for _ in 0..<3 { rings.append(try #require(await bell.next())) }
        #expect(rings[2] - rings[0] >= .milliseconds(20))
        timer.arm(.now)
        #expect(await bell.next() != nil)
    }

    @Test("A stopped timer fires no more")
    func stop() async throws {
        let stopped = Bell()
        let timer = stopped.makeTimer()
        timer.arm(.now + .milliseconds(10))
        timer.stop()
        timer.arm(.now)

        let bell = Bell()
        let later = bell.makeTimer()
        later.arm(.now + .milliseconds(40))
        _ = await bell.next()
        #expect(stopped.count == 0)
    }

    @Test(
        "A deadline of the far future does not fire now",
        arguments: [Duration.seconds(1e12), .seconds(Int64.max / 4)]
    )
    func farFuture(_ wait: Duration) async throws {
        let bell = Bell()
        let timer = bell.makeTimer()
        let start = Instant.now
        timer.arm(start + wait)

        let reference = Bell()
        let soon = reference.makeTimer()
        soon.arm(start + .milliseconds(40))
        _ = await reference.next()
        timer.arm(start + .milliseconds(80))
        #expect(try #require(await bell.next()) >= start + .milliseconds(80))
    }
}
