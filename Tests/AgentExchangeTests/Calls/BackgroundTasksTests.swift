import AgentExchange
import Synchronization
import Testing

@Suite("Background tasks", .timeLimit(.minutes(1)))
struct BackgroundTasksTests {
    /// Waits until the task is cancelled.
    private static func untilCancelled() async {
        let (stream, _) = AsyncStream<Void>.makeStream()
        for await _ in stream {}
    }

    @Test("Closing cancels what runs and waits for its end; nothing starts afterwards")
    func cancelAll() async {
        let tasks = BackgroundTasks()
        let ended = Atomic(0)
        for _ in 0..<100 {
            tasks.start {
                await Self.untilCancelled()
                ended.add(1, ordering: .relaxed)
            }
        }
        await tasks.cancelAll()
        #expect(ended.load(ordering: .relaxed) == 100)
        #expect(tasks.start { ended.add(1, ordering: .relaxed) } == nil)
        await tasks.cancelAll()
        #expect(ended.load(ordering: .relaxed) == 100)
    }

    @Test("One task is cancelled, the others go on")
    func cancelOne() async throws {
        let tasks = BackgroundTasks()
        let (ends, end) = AsyncStream<Int>.makeStream()
        var numbers: [Int] = []
        for index in 0..<3 {
            let number = tasks.start {
                await Self.untilCancelled()
                end.yield(index)
            }
            numbers.append(try #require(number))
        }
        var iterator = ends.makeAsyncIterator()
        tasks.cancel(numbers[1])
        #expect(await iterator.next() == 1)
        tasks.cancel(numbers[1])
        tasks.cancel(12345)
        tasks.cancel(numbers[0])
        #expect(await iterator.next() == 0)
        await tasks.cancelAll()
    }

    @Test("A task may close its owner: it is cancelled and not waited for")
    func cancelAllFromWithin() async {
        let tasks = BackgroundTasks()
        let (ends, end) = AsyncStream<Bool>.makeStream()
        let others = Atomic(0)
        for _ in 0..<10 {
            tasks.start {
                await Self.untilCancelled()
                others.add(1, ordering: .relaxed)
            }
        }
        tasks.start {
            await tasks.cancelAll()
            end.yield(Task.isCancelled)
        }
        var iterator = ends.makeAsyncIterator()
        #expect(await iterator.next() == true)
        #expect(others.load(ordering: .relaxed) == 10)
        await tasks.cancelAll()
    }
}
