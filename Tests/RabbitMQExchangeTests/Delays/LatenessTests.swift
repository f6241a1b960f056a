import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import RabbitMQExchange

extension BrokerTests {
    /// How late requests come: docs/performance.md has the figures.
    @Suite("Lateness of scheduled requests")
    struct LatenessTests {
        @Test(
            "Half of 200 scheduled requests come within a second of their time, on a busy machine too",
            .enabled(if: LongForm.isWanted, "it takes 20 seconds: make test-long")
        )
        func lateness() async throws {
            let scene = try await Scene()
            let user = try await scene.user("user")
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let late = Monitor<[Double]>([])
            let agent = try await scene.exchange("agent").makeAgentClient(registration) { request, _ in
                if let time = request.notBefore { late.update { $0.append(Date.now.timeIntervalSince(time)) } }
                return request.response()
            }
            let handle = user.handle(to: registration.agentID)
            var random = SeededGenerator()
            let delays = (0..<200).map { _ in Duration.milliseconds(Int64.random(in: 500...20_000, using: &random)) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for delay in delays {
                    let request = try await handle.schedule("note", after: delay)
                    group.addTask { _ = try await request.result() }
                }
                try await group.waitForAll()
            }
            let sorted = late.value.sorted()
            #expect(sorted.count == delays.count && sorted[0] > -0.001)
            func share(_ part: Double) -> Double { sorted[Int(part * Double(sorted.count - 1))] }
            print("late by \([0.5, 0.9, 0.99, 1].map { String(format: "%.3f", share($0)) }) s (half, 90 %, 99 %, all)")
            #expect(share(0.5) < 1, "\(sorted)")
            await agent.close()
            try await user.terminate(registration.agentID)
            await user.close()
        }
    }
}
