import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension ToolTests {
    @Suite("The agent types of worker runtimes")
    struct Workers {
        @Test("They are listed with their slots, the messages that wait, and the workers that share them")
        func listed() async throws {
            let scene = try await ToolScene()
            let tool = scene.tool
            #expect(try await tool.run("workers", "--json").output.filter { !$0.isWhitespace } == "[]")
            let url = try await PrivateBroker.shared().amqpURL
            let factory = try RabbitMQExchange(url: url, namespace: scene.namespace)
            let process = try ChildProcess(
                try ProductsDirectory.executable("worker-process"),
                ["clerk"],
                environment: ["WARREN_BROKER": url]
            )
            try process.write(String(decoding: try JSONEncoder().encode(factory), as: UTF8.self))
            _ = try await process.line { $0 == "ready" }
            let types = try JSONDecoder().decode(
                [Line].self,
                from: Data(try await tool.run("workers", "--json").output.utf8)
            )
            #expect(types.map(\.type) == ["clerk"])
            #expect(types.first.map { [$0.slots, $0.served, $0.queued, $0.workers.count] } == [8, 8, 0, 1])
            #expect(types.first?.durable == false)
            let table = try await tool.run("workers").output
            #expect(table.contains("clerk") && table.contains("ephemeral"), "\(table)")
            process.signal(SIGKILL)
            try await eventually("nobody serves the slots") {
                let output = try await tool.run("workers", "--json").output
                let types = try JSONDecoder().decode([Line].self, from: Data(output.utf8))
                return types.first?.served == 0 && types.first?.workers.isEmpty == true
            }
        }

        private struct Line: Decodable {
            let type: String
            let slots: Int
            let served: Int
            let queued: Int
            let durable: Bool
            let workers: [String]
        }
    }
}
