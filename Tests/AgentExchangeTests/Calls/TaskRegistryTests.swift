import ExchangeTestKit
import Synchronization
import Testing

@testable import AgentExchange

@Suite("Tasks by key", .timeLimit(.minutes(1)))
struct TaskRegistryTests {
    /// Ends when the task is cancelled.
    private static func untilCancelled() async {
        let (stream, _) = AsyncStream<Void>.makeStream()
        for await _ in stream {}
    }

    private final class Counter: Sendable {
        let count = Atomic(0)
    }

    /// How much began on a thread and has not returned yet.
    private final class Nesting: Sendable {
        private let state = Mutex<(open: [ThreadID: Int], deepest: Int)>(([:], 0))

        var deepest: Int { state.withLock { $0.deepest } }

        func enter() {
            state.withLock { state in
                let depth = state.open[.current, default: 0] + 1
                state.open[.current] = depth
                state.deepest = max(state.deepest, depth)
            }
        }

        func leave() {
            state.withLock { $0.open[.current, default: 0] -= 1 }
        }
    }

    @Test("A key is taken until its task says that it ended, also after the task")
    func keys() async throws {
        let tasks = TaskRegistry<String>()
        let (ends, end) = AsyncStream<Void>.makeStream()
        #expect(tasks.start("one") { end.yield() })
        var iterator = ends.makeAsyncIterator()
        try #require(await iterator.next() != nil)
        #expect(!tasks.start("one") { tasks.end("one") }, "what it began goes on")
        #expect(await tasks.waitUntilIdle(timeout: .milliseconds(20)) == false)
        tasks.end("one")
        #expect(await tasks.waitUntilIdle(timeout: .seconds(30)))
        #expect(tasks.start("one") { end.yield() })
        try #require(await iterator.next() != nil)
        tasks.end("one")
        #expect(await tasks.cancelAll())
        #expect(!tasks.start("two") { tasks.end("two") }, "it is closed")
    }

    @Test("A task that is cancelled while it is being started is cancelled")
    func cancelledAtStart() async {
        let tasks = TaskRegistry<Int>()
        let counter = Counter()
        await withDiscardingTaskGroup { group in
            for key in 0..<500 {
                group.addTask {
                    tasks.start(key) {
                        await Self.untilCancelled()
                        counter.count.add(1, ordering: .relaxed)
                        tasks.end(key)
                    }
                }
                group.addTask {
                    while !tasks.cancel(key) { await Task.yield() }
                }
            }
        }
        #expect(await tasks.waitUntilIdle(timeout: .seconds(30)))
        #expect(counter.count.load(ordering: .relaxed) == 500)
        #expect(tasks.count == 0)
    }

    @Test("A wait with a timeout of zero ends")
    func noTime() async {
        let tasks = TaskRegistry<Int>()
        tasks.start(0) {
            await Self.untilCancelled()
            tasks.end(0)
        }
        for _ in 0..<2000 { #expect(await tasks.waitUntilIdle(timeout: .zero) == false) }
        await tasks.cancelAll()
    }

    @Test("One of the tasks may cancel all: it is not waited for")
    func cancelAllFromWithin() async {
        let tasks = TaskRegistry<Int>()
        let (results, result) = AsyncStream<Bool>.makeStream()
        for key in 0..<10 {
            tasks.start(key) {
                await Self.untilCancelled()
                tasks.end(key)
            }
        }
        tasks.start(10) {
            result.yield(tasks.isCurrent)
            result.yield(await tasks.cancelAll(patience: .seconds(30)))
            tasks.end(10)
        }
        var iterator = results.makeAsyncIterator()
        #expect(await iterator.next() == true)
        #expect(await iterator.next() == true)
        #expect(!tasks.isCurrent)
        #expect(await tasks.waitUntilIdle(timeout: .seconds(30)))
    }

    @Test("A task that starts immediately has run up to its first wait when `start` returns")
    func immediate() async {
        let tasks = TaskRegistry<Int>()
        let counter = Counter()
        tasks.start(0, isImmediate: true) {
            counter.count.add(1, ordering: .relaxed)
            tasks.end(0)
        }
        #expect(counter.count.load(ordering: .relaxed) == 1 && tasks.count == 0)
        tasks.start(1, isImmediate: true) {
            counter.count.add(1, ordering: .relaxed)
            await Self.untilCancelled()
            tasks.end(1)
        }
        #expect(counter.count.load(ordering: .relaxed) == 2 && tasks.count == 1)
        #expect(await tasks.cancelAll(patience: .seconds(30)))
    }

    @Test("Tasks that start immediately within each other take the stack only so deep")
    func depth() async {
        let tasks = TaskRegistry<Int>()
        let nesting = Nesting()
        let count = 20_000
        let (ends, end) = AsyncStream<Void>.makeStream()
        @Sendable func next(_ key: Int) {
            tasks.start(key, isImmediate: true) {
                nesting.enter()
                if key < count { next(key + 1) } else { end.finish() }
                nesting.leave()
                tasks.end(key)
            }
        }
        next(1)
        for await _ in ends {}
        #expect(await tasks.waitUntilIdle(timeout: .seconds(30)))
        // One that was scheduled, and four within it.
        #expect(nesting.deepest == 5)
    }
}
