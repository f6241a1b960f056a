import ExchangeTestKit
import Foundation
import Testing

extension ToolTests {
    @Suite("The activity of an agent")
    struct Activity {
        private struct Report: Decodable {
            struct Served: Decodable {
                let tag: String
                let action: String
                let attempt: Int
                let code: String?
            }

            let id: String
            let runningCount: Int
            let running: [Served]
            let failures: [Served]
            let finished: [Served]
        }

        @Test("The running actions are listed while they run, and then how they ended; no process is no answer")
        func listed() async throws {
            let scene = try await ToolScene()
            let tool = scene.tool
            let (agent, id) = try await scene.agent("sleeper")
            #expect(try await tool.run("call", id, "sleep", "--", "-1").exit == .code(1))
            // It runs until it has been looked at.
            let call = try tool.start("call", id, "sleep", "3600", "--deadline", "1h")
            try await eventually("the action to run") {
                try await tool.run("activity", id, "--json").json(Report.self).runningCount == 1
            }
            let busy = try await tool.run("activity", id)
            #expect(busy.exit == .code(0) && busy.lines.first == "1 running", "\(busy.output)")
            #expect(busy.output.contains("Warren.OutOfRange") && busy.output.contains("sleep"), "\(busy.output)")
            #expect(!busy.output.contains("3600"))
            let tag = try #require(try await tool.run("activity", id, "--json").json(Report.self).running.first?.tag)
            let running = try await tool.run("trace", tag)
            #expect(running.exit == .code(0) && running.output.contains("running at agent:\(id)"), "\(running.output)")
            call.signal(SIGINT)
            #expect(try await call.waitForExit() == .code(128 + SIGINT))
            try await eventually("the action to end") {
                try await tool.run("activity", id, "--json").json(Report.self).runningCount == 0
            }
            let ended = try await tool.run("activity", id, "--json").json(Report.self)
            #expect(ended.id == id && ended.running.isEmpty)
            #expect(ended.finished.count == 2 && ended.finished.allSatisfy { $0.action == "sleep" && $0.attempt == 1 })
            #expect(ended.failures.last?.code == "remote")
            let traced = try await tool.run("trace", tag, "--type", "Warren.Sleeper")
            #expect(traced.output.contains("ended at agent:\(id)") && traced.output.contains("cancelled"))
            let unknown = try await tool.run("trace", UUID().uuidString)
            #expect(unknown.exit == .code(1) && unknown.errors.contains("1 of 1 agents answered"), "\(unknown.errors)")
            #expect(try await tool.run("trace", "1f0e").exit == .code(2))
            let short = try await tool.run("activity", id, "--last", "0")
            #expect(short.lines == ["0 running", "the last failures", "the last that ended"])
            try await agent.stop()
            let away = try await tool.run("activity", id, "--deadline", "300ms")
            #expect(away.exit == .code(1) && !away.errors.isEmpty, "\(away.errors)")
        }
    }
}
