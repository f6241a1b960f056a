import AgentExchange
import Agents
import ExchangeTestKit
import InProcessExchange
import Testing

@Suite("Streamed results of agents")
struct StreamTests {
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
}
