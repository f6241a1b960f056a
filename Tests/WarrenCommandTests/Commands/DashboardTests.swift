import AMQP
import ExchangeTestKit
import Foundation
import Testing

extension ToolTests {
    /// The browser's side is in Tests/Dashboard.
    @Suite("The dashboard")
    struct Dashboard {
        private static let token = "a token that is not one".replacing(" ", with: "-")

        private struct Page: Decodable {
            struct Row: Decodable {
                let id: String?
                let name: String?
                let waiting: Int
                let consumers: Int
            }

            struct Totals: Decodable {
                let agents: Int
                let parked: Int
            }

            let allowsActions: Bool
            let failures: [String]
            let totals: Totals?
            let matches: Int
            let rows: [Row]
        }

        private struct Agent: Decodable {
            struct Activity: Decodable {
                let runningCount: Int
            }

            let lineage: [String]
            let activity: Activity?
            let problem: String?
        }

        private struct Failed: Decodable {
            struct Request: Decodable {
                let id: String
                let action: String?
                let error: String?
            }

            let requests: [Request]
        }

        private static func tool(_ scene: ToolScene) -> Tool {
            var tool = scene.tool
            tool.environment["WARREN_BROKER"] = scene.broker.amqpURL
            tool.environment["WARREN_MANAGEMENT"] = scene.broker.managementURL
            tool.environment["WARREN_DASHBOARD_TOKEN"] = token
            tool.secret = token
            return tool
        }

        /// Starts a dashboard, and returns it with its port.
        private static func start(_ tool: Tool, _ arguments: String...) async throws -> (ChildProcess, Int) {
            let process = try ChildProcess(
                try ProductsDirectory.executable("warren"),
                ["dashboard", "--listen", "127.0.0.1:0"] + arguments,
                environment: tool.environment
            )
            let url = try #require(try await process.nextLine(), "\(process.standardError)")
            #expect(!url.contains(token))
            return (process, try #require(URL(string: url)?.port))
        }

        private static func ask(
            _ port: Int,
            _ path: String,
            _ body: String? = nil,
            headers: [String: String] = ["Authorization": "Bearer \(token)"]
        ) throws -> RawHTTP.Answer {
            let type = body == nil ? [:] : ["Content-Type": "application/json"]
            return try RawHTTP.ask(
                port: port,
                body == nil ? "GET" : "POST",
                path,
                headers: headers.merging(type) { $1 },
                body: body ?? ""
            )
        }

        private static func json<Value: Decodable>(_ type: Value.Type, _ answer: RawHTTP.Answer) throws -> Value {
            try JSONDecoder().decode(type, from: Data(answer.body.utf8))
        }

        @Test("Agents, activity, traces and parked letters are told to the token only; actions end and replay")
        func served() async throws {
            let scene = try await ToolScene()
            let tool = Self.tool(scene)
            let (agent, id) = try await scene.agent("sleeper", "--name", "<b>\"sleeper\"</b>")
            try await scene.publish(.init(messageID: "order/1 & 2"), "foreign", to: "mailboxes", key: "agent.\(id)")
            let (dashboard, port) = try await Self.start(tool, "--allow-actions")

            for path in ["/api/agents", "/api/live/agents", "/api/parked", "/api/failed", "/unknown"] {
                let refused = try Self.ask(port, path, headers: [:])
                #expect(refused.status == 401 && !refused.body.contains(id))
            }
            let page = try Self.ask(port, "/", headers: [:])
            #expect(page.status == 200 && !page.body.contains(id) && !page.body.contains(Self.token))
            let policy = "content-security-policy: default-src 'none'; script-src 'self'"
            for answer in [page, try Self.ask(port, "/api/agents", headers: [:]), try Self.ask(port, "/unknown")] {
                #expect(answer.head.lowercased().contains(policy), "\(answer.head)")
                #expect(answer.head.lowercased().contains("x-content-type-options: nosniff"))
            }
            #expect(try Self.ask(port, "/unknown").status == 404)

            // Each figure of the plugin comes in its own time, and agents without a process are not asked.
            try await eventually("the plugin tells of both", timeout: .seconds(60), interval: .seconds(1)) {
                let page = try Self.json(Page.self, try Self.ask(port, "/api/agents?search=SLEEP&rows=5"))
                return page.matches == 1 && page.rows.first?.name == "<b>\"sleeper\"</b>"
                    && page.rows.first?.consumers == 1 && page.totals?.parked == 1
            }
            let view = try Self.json(Agent.self, try Self.ask(port, "/api/agents/\(id)"))
            #expect(view.activity?.runningCount == 0 && view.lineage.last == "Warren.Sleeper")
            #expect(try Self.ask(port, "/api/agents/\(UUID())").status == 404)
            #expect(try Self.ask(port, "/api/agents/x").status == 400)
            let trace = try Self.ask(port, "/api/trace/\(UUID())")
            #expect(trace.status == 200 && trace.body.contains("\"answered\":1"), "\(trace.body)")

            let letter = "/api/parked/message?id=order%2F1%20%26%202"
            #expect(try Self.ask(port, "/api/parked").body.contains("order/1 & 2"))
            #expect(try Self.ask(port, letter).body.contains("\"text\":\"foreign\""))
            // A letter that can't be decoded is parked again, by its receiver.
            let replayed = try Self.ask(port, "/api/parked/replay", #"{"id": "order/1 & 2", "to": "\#(id)"}"#)
            #expect(replayed.body == #"{"replayed":1}"#, "\(replayed.body)")
            try await eventually("it is parked again") { try Self.ask(port, letter).status == 200 }
            #expect(try Self.ask(port, "/api/parked/drop", #"{"id": "order/1 & 2"}"#).body == #"{"dropped":1}"#)
            #expect(try Self.ask(port, "/api/parked/drop", #"{"id": "order/1 & 2"}"#).status == 404)

            for body in ["{}", "x", #"{"id": 1}"#, #"{"id": "x"}"#, String(repeating: "x", count: 5000)] {
                #expect(try Self.ask(port, "/api/agents/terminate", body).status == 400)
            }
            let ended = try Self.ask(port, "/api/agents/terminate", #"{"id": "\#(id)"}"#)
            #expect(ended.body == #"{"outcome":"terminated"}"#, "\(ended.body)")
            #expect(try await agent.waitForExit() == .code(0))
            try await eventually("the operator is told") {
                dashboard.standardError.contains("dashboard: agent:\(id) terminated")
                    && dashboard.standardError.contains("requests refused: the token is wrong or missing")
            }
            #expect(!dashboard.standardError.contains(Self.token))
            #expect(try await dashboard.stop() == .code(0))
        }

        @Test("Failed requests that agents keep are listed without arguments, shown, sent again and dropped")
        func failed() async throws {
            let scene = try await ToolScene()
            let tool = Self.tool(scene)
            let (agent, id) = try await scene.agent("echo", "--keep-failures", "1h")
            let (dashboard, port) = try await Self.start(tool, "--allow-actions")
            let (looking, readOnly) = try await Self.start(tool)
            func requests() throws -> [Failed.Request] {
                try Self.json(Failed.self, try Self.ask(port, "/api/failed")).requests
            }
            #expect(try requests().isEmpty)
            #expect(try await tool.run("call", id, "fail", #""secret-argument""#).exit == .code(1))
            let request = try #require(try requests().first)
            #expect(request.action == "fail" && request.error == nil)
            #expect(try !Self.ask(port, "/api/failed").body.contains("secret-argument"))
            let shown = try Self.ask(port, "/api/failed/request?id=\(request.id)")
            #expect(shown.status == 200 && shown.body.contains("secret-argument"), "\(shown.body)")
            #expect(try Self.ask(port, "/api/failed/request?id=x").status == 404)
            let target = #"{"id": "\#(request.id)"}"#
            for path in ["/api/failed/replay", "/api/failed/drop"] {
                #expect(try Self.ask(readOnly, path, target).status == 403)
                #expect(try Self.ask(port, path, target, headers: [:]).status == 401)
                #expect(try Self.ask(port, path, "{}").status == 400)
            }
            #expect(try Self.ask(port, "/api/failed/replay", target).body == #"{"sent":1}"#)
            try await eventually("it has failed again, and is kept again") { try requests().count == 2 }
            #expect(try Self.ask(port, "/api/failed/drop", target).body == #"{"dropped":1}"#)
            #expect(try Self.ask(port, "/api/failed/drop", target).status == 404)
            #expect(try requests().count == 1)
            try await eventually("the operator is told") {
                dashboard.standardError.contains("dashboard: 1 failed requests sent again: \(request.id)")
                    && dashboard.standardError.contains("dashboard: 1 failed requests dropped: \(request.id)")
            }
            #expect(!dashboard.standardError.contains("secret-argument"))
            #expect(try await looking.stop() == .code(0))
            #expect(try await dashboard.stop() == .code(0))
            try await agent.stop()
        }

        @Test("Live views are bounded in number, and a place is free again when its client is gone")
        func live() async throws {
            let scene = try await ToolScene()
            let (dashboard, port) = try await Self.start(Self.tool(scene))
            let head = "GET /api/live/agents HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(Self.token)\r\n\r\n"
            var clients: [RawHTTP] = []
            for _ in 0..<16 {
                let client = try RawHTTP(port: port)
                client.send(head)
                var text = ""
                while !text.contains("data: {"), let part = client.receive() { text += part }
                #expect(text.contains("200 OK") && text.lowercased().contains("text/event-stream"), "\(text)")
                clients.append(client)
            }
            let refused = try Self.ask(port, "/api/live/agents")
            #expect(refused.status == 503 && refused.body.contains("16 live views"), "\(refused.body)")
            // The others still get answers, and a second view.
            #expect(try Self.ask(port, "/api/totals").status == 200)
            #expect(clients[0].receive()?.contains("data: {") == true)
            clients.removeLast(8)
            try await eventually("places are free again") {
                let client = try RawHTTP(port: port)
                client.send(head)
                return client.receive()?.contains("200 OK") == true
            }
            #expect(try Self.ask(port, "/api/agents/terminate", #"{"id": "x"}"#).status == 403)
            // The end is not held up by clients.
            #expect(try await dashboard.stop() == .code(0))
        }

        @Test("A client that does not read its answers is given up", .enabled(if: LongForm.isWanted))
        func stalled() async throws {
            let scene = try await ToolScene()
            let (dashboard, port) = try await Self.start(Self.tool(scene))
            let client = try RawHTTP(port: port, window: 4096)
            // Ten megabytes of answers, of which the machine's buffers take some.
            let request = "GET /script.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
            for _ in 0..<500 { guard client.send(request) else { break } }
            let start = ContinuousClock.now
            try await eventually("the connection is closed", timeout: .seconds(90), interval: .milliseconds(200)) {
                !client.send("\r\n")
            }
            #expect(ContinuousClock.now - start > .seconds(20))
            #expect(try Self.ask(port, "/api/totals").status == 200)
            #expect(try await dashboard.stop() == .code(0))
        }

        @Test(
            "Beyond loopback it needs TLS and a token, and answers over TLS under its own name",
            .enabled(if: BrokerCertificates.canBeMade)
        )
        func encrypted() async throws {
            let scene = try await ToolScene()
            let tool = Self.tool(scene)
            for arguments in [
                ["--listen", "0.0.0.0:0"], ["--listen", "10.0.0.7:0", "--tls-certificate", "x"],
                ["--tls-certificate", "/dev/null", "--tls-key", "/dev/null"], ["--token-file", "/nowhere"],
            ] {
                let run = try await tool.run(["dashboard"] + arguments)
                #expect(run.exit == .code(2), "\(arguments) \(run.errors)")
            }
            let certificates = try await BrokerCertificates(host: "ops.example")
            let files = ["--tls-certificate", certificates.certificate, "--tls-key", certificates.key]
            var open = tool
            open.environment["WARREN_DASHBOARD_TOKEN"] = ""
            let missing = try await open.run(["dashboard", "--listen", "0.0.0.0:0", "--host", "ops.example"] + files)
            #expect(missing.exit == .code(2) && missing.errors.contains("token"), "\(missing.errors)")

            let process = try ChildProcess(
                try ProductsDirectory.executable("warren"),
                ["dashboard", "--listen", "0.0.0.0:0", "--host", "ops.example"] + files,
                environment: tool.environment
            )
            let line = try #require(try await process.nextLine(), "\(process.standardError)")
            let url = try #require(URL(string: line))
            #expect(url.scheme == "https" && url.host() == "ops.example")
            let port = try #require(url.port)
            let client = try ChildProcess(
                "/usr/bin/openssl",
                [
                    "s_client", "-connect", "127.0.0.1:\(port)", "-servername", "ops.example", "-CAfile",
                    certificates.authority, "-verify_return_error", "-verify_hostname", "ops.example", "-quiet",
                ]
            )
            try client.write(
                "GET /api/totals HTTP/1.1\r\nHost: ops.example:\(port)\r\nOrigin: https://ops.example:\(port)\r\n"
                    + "Authorization: Bearer \(Self.token)\r\nConnection: close\r\n\r\n"
            )
            #expect(try await client.line { $0.hasPrefix("HTTP/1.1") }.contains("200 OK"))
            client.closeInput()
            #expect(try await process.stop() == .code(0))
        }

        @Test("On loopback each run has a token of its own, in the address; without a broker the page says so")
        func own() async throws {
            var tool = Tool()
            tool.environment["WARREN_BROKER"] = "amqp://guest:guest@127.0.0.1:1"
            tool.environment["WARREN_MANAGEMENT"] = "http://127.0.0.1:1"
            tool.environment["WARREN_DASHBOARD_TOKEN"] = ""
            let process = try tool.start("dashboard", "--listen", "127.0.0.1:0", "--json")
            struct Started: Decodable {
                let url: String
            }
            let line = try #require(try await process.nextLine(), "\(process.standardError)")
            let url = try #require(URL(string: try JSONDecoder().decode(Started.self, from: Data(line.utf8)).url))
            let token = try #require(url.fragment()?.split(separator: "=").last).description
            #expect(token.count == 64)
            let port = try #require(url.port)
            let answer = try Self.ask(port, "/api/agents", headers: ["Authorization": "Bearer \(token)"])
            let page = try Self.json(Page.self, answer)
            #expect(page.totals == nil && page.failures.count == 2, "\(answer.body)")
            #expect(!answer.body.contains("guest:guest"))
            #expect(try await process.stop() == .code(0))
        }
    }
}
