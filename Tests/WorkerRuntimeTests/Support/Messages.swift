import AgentExchange
import ExchangeTestKit
import Foundation
import WorkerRuntime

struct Ask: Codable, Sendable, Equatable {
    var text: String
}

struct Answer: Codable, Sendable, Equatable {
    var text: String
}

struct Note: Codable, Sendable, Equatable {
    var text: String
    var urgent = false
}

/// A message that no agent of the tests handles.
struct Stray: Codable, Sendable, Equatable {}

/// A message without a serializer.
struct Bare: Sendable {}

struct Refused: Error, CustomStringConvertible {
    var description: String { "refused by the agent" }
}

/// Tells a test what agents do, and lets it decide when they go on.
final class Stage: Sendable {
    let events = Monitor<[String]>([])
    private let released = Monitor<Set<String>>([])

    func say(_ event: String) {
        events.update { $0.append(event) }
    }

    func release(_ name: String) {
        released.update { _ = $0.insert(name) }
    }

    /// Waits for an event.
    func heard(_ event: String) async throws {
        try await events.wait(for: "the event \(event)", timeout: .seconds(30)) { $0.contains(event) ? true : nil }
    }

    /// Waits for a number of events.
    func heard(_ count: Int) async throws -> [String] {
        try await events.wait(for: "\(count) events", timeout: .seconds(30)) { $0.count >= count ? $0 : nil }
    }

    /// Waits until a test releases the name; tells the test when the task is cancelled.
    func hold(_ name: String) async throws {
        say("began \(name)")
        do {
            try await released.wait(for: "the release of \(name)", timeout: .seconds(60)) {
                $0.contains(name) ? true : nil
            }
        } catch is CancellationError {
            say("cancelled \(name)")
            throw CancellationError()
        }
        say("ended \(name)")
    }
}
