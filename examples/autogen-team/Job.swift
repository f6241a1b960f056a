import AgentExchange
import Foundation
import Synchronization
import WorkerRuntime

/// Has the team count the words of a file, and kills one of its workers half way.
struct Job {
    /// The worker to kill.
    struct Victim {
        let language: String
        let process: Int32
    }

    /// The outcome of all chapters.
    struct Outcome {
        /// The answers, in the order of the chapters.
        let counts: [Count]
        /// The words of each chapter that events told.
        let events: [Int: Set<Int>]
    }

    /// The words of each chapter that events told, for several tasks.
    private final class Events: Sendable {
        let words = Mutex<[Int: Set<Int>]>([:])
        /// Has an element when words came since the last look.
        let changes = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    let chapters: [Chapter]
    let victim: Victim
    private let workers: WorkerRuntime
    private let events = Events()

    /// The number of requests that wait for their answers at a time.
    private static let width = 24
    /// The number of agents that count. The chapters of one are with one worker at a time.
    private static let keys = 40
    private static let deadline = Duration.seconds(60)

    init(of text: String, killing victim: Victim, on exchange: any ExchangeFactory) async throws {
        chapters = text.split(separator: "\n\n").enumerated().map { Chapter(number: $0, text: String($1)) }
        self.victim = victim
        workers = try await WorkerRuntime(on: exchange)
        workers.serializers.register(Chapter.self, Count.self, Counted.self)
    }

    /// Runs the job.
    ///
    /// - Parameter say: Takes a line for the user.
    func run(_ say: (String) -> Void) async throws -> Outcome {
        let number = chapters.count
        try await workers.registerClosure("collector", subscriptions: [.type(Team.topic)]) { [events] message, _ in
            guard let counted = message as? Counted, counted.number < number else { return }
            events.words.withLock { _ = $0[counted.number, default: []].insert(counted.words) }
            events.changes.continuation.yield()
        }
        try await workers.start()
        try await waitForBoth()
        say("both workers count, \(chapters.count) chapters in all")
        let counts = try await countAll(say)
        await waitForEvents()
        await workers.stop()
        return Outcome(counts: counts.sorted { $0.number < $1.number }, events: events.words.withLock { $0 })
    }

    private func countAll(_ say: (String) -> Void) async throws -> [Count] {
        try await withThrowingTaskGroup(of: Count.self) { group in
            var counts: [Count] = []
            var isKilled = false
            var rest = chapters[...]
            func ask() {
                guard let chapter = rest.popFirst() else { return }
                group.addTask { try await count(chapter) }
            }
            for _ in 0..<Self.width { ask() }
            while let count = try await group.next() {
                counts.append(count)
                ask()
                guard !isKilled, counts.count * 2 >= chapters.count else { continue }
                isKilled = true
                kill(victim.process, SIGKILL)
                let waiting = chapters.count - rest.count - counts.count
                say("\(counts.count) are counted and \(waiting) asked for: the \(victim.language) worker is killed")
            }
            return counts
        }
    }

    private func count(_ chapter: Chapter) async throws -> Count {
        let counter = AgentAddress(Team.counter, key: "\(chapter.number % Self.keys)")
        let answer = try await workers.send(chapter, to: counter, returning: Count.self, deadline: Self.deadline)
        guard let answer else { throw ExchangeError(.unhandled, "chapter \(chapter.number) has no answer") }
        return answer
    }

    /// Returns once both workers answer: they divide the slots of the agent type soon after both are there.
    private func waitForBoth() async throws {
        let end = ContinuousClock.now + Self.deadline
        var languages: Set<String> = []
        while languages.count < 2 {
            guard ContinuousClock.now < end else {
                throw ExchangeError(.unavailable, "only the \(languages.joined()) worker answers")
            }
            // Chapters that are none of the job, one for each key.
            try await withThrowingTaskGroup(of: Count.self) { group in
                for number in chapters.count..<chapters.count + Self.keys {
                    group.addTask { try await count(Chapter(number: number, text: "")) }
                }
                for try await count in group { languages.insert(count.language) }
            }
        }
    }

    /// Returns once each chapter's event has come, or it is late.
    private func waitForEvents() async {
        guard events.words.withLock({ $0.count }) < chapters.count else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [events, count = chapters.count] in
                for await _ in events.changes.stream where events.words.withLock({ $0.count }) == count { return }
            }
            group.addTask { try? await Task.sleep(for: .seconds(20)) }
            await group.next()
            group.cancelAll()
        }
    }
}
