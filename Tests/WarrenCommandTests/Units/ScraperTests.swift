import ExchangeTestKit
import Synchronization
import Testing

@testable import warren

@Suite("Readings that are asked for")
struct ScraperTests {
    @Test("However many ask, one reading runs at a time, and all get one that ended after they asked")
    func shared() async {
        let running = Mutex(0)
        let reads = Mutex(0)
        let scraper = Scraper(patience: .seconds(30)) {
            let isAlone = running.withLock { running in
                running += 1
                return running == 1
            }
            #expect(isAlone)
            for _ in 0..<100 { await Task.yield() }
            running.withLock { $0 -= 1 }
            return NamespaceReading(
                pages: reads.withLock { reads in
                    reads += 1
                    return reads
                }
            )
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await scraper.run { _ in } }
            await withTaskGroup(of: Void.self) { asking in
                for _ in 0..<50 {
                    asking.addTask { #expect(await scraper.reading().failures.isEmpty) }
                }
            }
            group.cancelAll()
        }
        #expect((1...10).contains(reads.withLock(\.self)))
    }

    @Test("A reading that hangs is answered in time, and counted")
    func late() async throws {
        let scraper = Scraper(patience: .milliseconds(50)) {
            try? await Task.sleep(for: .seconds(600))
            return NamespaceReading()
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await scraper.run { _ in } }
            let reading = await scraper.reading()
            #expect(reading.failures.count == 2)
            try await eventually("the failure is counted") { scraper.failures[.management] == 1 }
            group.cancelAll()
        }
    }

    @Test("A source that fails is told once, and once more when it is back")
    func notes() {
        let notes = ReadingNotes()
        let broken = NamespaceReading(failures: [.management: CommandFailure("gone")])
        #expect(notes.lines(NamespaceReading()).isEmpty)
        #expect(notes.lines(broken) == ["management can't be read: gone"])
        #expect(notes.lines(broken).isEmpty)
        #expect(notes.lines(NamespaceReading()) == ["management can be read again"])
    }
}
