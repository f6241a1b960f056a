import AgentExchange
import Agents
import ExchangeTestKit
import InProcessExchange
import Testing

@Suite("Streamed results of agents")
struct StreamTests {
    @Test("The agent is not further ahead than the window, and goes on as parts are pulled")
    func backPressure() async throws {
        try await withDesk(on: InProcessExchange()) { _, desk, bell in
            var numbers = desk.numbers(100).makeAsyncIterator()
            #expect(try await numbers.next() == 0)
            try await bell.heard("sent \(RemoteHandle.streamWindow - 1)")
            #expect(!bell.events.value.contains("sent \(RemoteHandle.streamWindow + 1)"))
            var last = 0
            while let number = try await numbers.next() {
                #expect(number == last + 1)
                last = number
            }
            #expect(last == 99)
        }
    }

    @Test("The action is cancelled when the consumer stops")
    func leaving() async throws {
        try await withDesk(on: InProcessExchange()) { _, desk, bell in
            for try await number in desk.numbers(1000) where number == 3 { break }
            try await bell.heard("stream cancelled")
        }
    }

    @Test("An error of the action ends the stream, as the same type, after the parts")
    func error() async throws {
        try await withDesk(on: InProcessExchange()) { _, desk, _ in
            var parts = desk.broken().makeAsyncIterator()
            let pulled = [try await parts.next(), try await parts.next()]
            #expect(pulled == [1, 2])
            await #expect(throws: DeskError.broken(after: 2)) { try await parts.next() }
            #expect(try await parts.next() == nil)
        }
    }

    @Test("A stream ends with an error when the agent ends meanwhile")
    func agentEnds() async throws {
        try await withDesk(on: InProcessExchange(), configure: { $0.gracePeriod = .zero }) { _, desk, _ in
            var numbers = desk.numbers(1000).makeAsyncIterator()
            #expect(try await numbers.next() == 0)
            try await desk.stop()
            let error = await #expect(throws: ExchangeError.self) {
                while try await numbers.next() != nil {}
            }
            #expect(error?.code == .cancelled || error?.code == .mailboxTerminated)
        }
    }

    @Test("A stream has a deadline as a whole")
    func deadline() async throws {
        try await withDesk(on: InProcessExchange()) { _, desk, bell in
            let numbers = desk.numbers(1000, deadline: .milliseconds(200))
            let error = await #expect(throws: ExchangeError.self) {
                for try await number in numbers where number == 3 {
                    try await bell.heard("stream cancelled")
                }
            }
            #expect(error?.code == .deadlineExceeded)
        }
    }
}
