import Dispatch
import ExchangeTestKit
import Foundation
import Testing

@testable import AMQP

@Suite("Tasks on the thread of the connections")
struct ConnectionLoopTests {
    @Test("run there, each once, whichever thread starts them")
    func all() async {
        let sum = await withTaskGroup(of: Int.self) { group in
            for number in 1...10_000 {
                group.addTask(executorPreference: number.isMultiple(of: 2) ? ConnectionLoop.shared : nil) {
                    await Task.yield()
                    return number
                }
            }
            return await group.reduce(0, +)
        }
        #expect(sum == 50_005_000)
    }

    @Test("Tasks that keep their thread leave it to the others; when all threads are kept, these wait")
    func kept() async throws {
        let release = DispatchSemaphore(value: 0)
        let threads = ProcessInfo.processInfo.activeProcessorCount + 2
        let holding = Monitor(0)
        let other = Monitor(false)
        func keepOne() -> Task<Void, Never> {
            Task(executorPreference: ConnectionLoop.shared) {
                holding.update { $0 += 1 }
                Self.block(on: release)
            }
        }
        var tasks: [Task<Void, Never>] = []
        for number in 1..<threads {
            tasks.append(keepOne())
            try await holding.wait(for: "\(number) threads are kept", timeout: .seconds(10)) {
                $0 == number ? true : nil
            }
        }
        // One is left.
        await Task(executorPreference: ConnectionLoop.shared) {}.value
        tasks.append(keepOne())
        try await holding.wait(for: "all threads are kept", timeout: .seconds(10)) { $0 == threads ? true : nil }
        let last = Task(executorPreference: ConnectionLoop.shared) { other.update { $0 = true } }
        release.signal()
        await last.value
        #expect(other.value)
        for _ in tasks.dropFirst() { release.signal() }
        for task in tasks { await task.value }
        await Task(executorPreference: ConnectionLoop.shared) {}.value
    }

    private static func block(on semaphore: DispatchSemaphore) { semaphore.wait() }
}
