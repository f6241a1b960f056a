import ExchangeTestKit
import Testing

@Suite("Waiting", .timeLimit(.minutes(1)))
struct WaitingTests {
    @Test("eventually returns the first value there is")
    func value() async throws {
        var looks = 0
        let value = try await eventually("the third look", interval: .milliseconds(1)) { () -> Int? in
            looks += 1
            return looks == 3 ? looks : nil
        }
        #expect(value == 3)
    }

    @Test("eventually says which condition failed, what it saw last and which error it met")
    func failure() async throws {
        let error = await #expect(throws: ConditionNotMet.self) {
            try await eventually("ten", timeout: .milliseconds(30), value: { 7 }, satisfies: { $0 == 10 })
        }
        #expect(error?.description == "ten was not met within 0.03 seconds; last seen: 7")
        let other = await #expect(throws: ConditionNotMet.self) {
            try await eventually("no error", timeout: .milliseconds(30)) { throw CondemnedError() }
        }
        #expect(other?.lastError is CondemnedError)
    }

    @Test("eventually ends when its task is cancelled")
    func cancelled() async {
        let task = Task { try await eventually("never", timeout: .seconds(60)) { false } }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test("a monitor wakes those who wait, however many change it")
    func monitor() async throws {
        let monitor = Monitor(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for goal in 1...100 {
                group.addTask {
                    _ = try await monitor.wait(for: "\(goal)", timeout: .seconds(20)) { $0 >= goal ? $0 : nil }
                }
            }
            for _ in 1...100 { group.addTask { monitor.update { $0 += 1 } } }
            try await group.waitForAll()
        }
        #expect(monitor.value == 100)
        await #expect(throws: ConditionNotMet.self) {
            try await monitor.wait(for: "too much", timeout: .milliseconds(20)) { $0 > 100 ? true : nil }
        }
    }

    @Test("a manual clock stands still until it is moved, and wakes sleepers in order of their deadlines")
    func manualClock() async throws {
        let clock = ManualClock()
        let woken = Monitor<[Int]>([])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for seconds in [3, 1, 2] {
                group.addTask {
                    try await clock.sleep(for: .seconds(seconds))
                    woken.update { $0.append(seconds) }
                }
            }
            try await clock.sleepers(atLeast: 3)
            #expect(clock.nextDeadline == ManualClock.Instant(offset: .seconds(1)))
            for count in 1...3 {
                #expect(clock.advanceToNextDeadline())
                try await woken.wait(for: "\(count) woken", timeout: .seconds(5)) { $0.count == count ? true : nil }
                try await eventually("the sleeper has left") { clock.sleepers == 3 - count }
            }
            try await group.waitForAll()
        }
        #expect(woken.value == [1, 2, 3])
        #expect(clock.now.offset == .seconds(3))
        #expect(!clock.advanceToNextDeadline())
    }

    @Test("a cancelled sleeper leaves the manual clock")
    func cancelledSleeper() async throws {
        let clock = ManualClock()
        let task = Task { try await clock.sleep(for: .seconds(1)) }
        try await clock.sleepers(atLeast: 1)
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(clock.sleepers == 0)
    }

    private struct CondemnedError: Error {}
}
