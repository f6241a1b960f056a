import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

@testable import warren

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

extension ToolTests {
    @Suite("Seen by Prometheus and on a screen")
    struct Monitoring {
        private static let hostileName = "till \"1\"\nwarren_up 7\\"

        private static func tool(_ scene: ToolScene) -> Tool {
            var tool = scene.tool
            tool.secret = nil
            tool.environment["WARREN_BROKER"] = scene.broker.amqpURL
            tool.environment["WARREN_MANAGEMENT"] = scene.broker.managementURL
            return tool
        }

        private static func scrape(_ url: String) async throws -> String {
            let (data, response) = try await URLSession.shared.data(from: try #require(URL(string: url)))
            #expect((response as? HTTPURLResponse)?.statusCode == 200)
            return String(decoding: data, as: UTF8.self)
        }

        /// Starts the exporter and returns it with the URL of its metrics.
        private static func exporter(_ tool: Tool, _ arguments: String...) async throws -> (
            ChildProcess, String
        ) {
            let process = try ChildProcess(
                try ProductsDirectory.executable("warren"),
                ["exporter", "--listen", "127.0.0.1:0"] + arguments,
                environment: tool.environment
            )
            return (process, try #require(try await process.nextLine(), "\(process.standardError)"))
        }

        /// Returns the value of a metric whose line begins with a text.
        private static func value(_ beginning: String, in text: String, name: String = "") -> Double? {
            let line = text.split(separator: "\n").first {
                $0.hasPrefix(beginning) && (name.isEmpty || $0.contains("name=\"\(name)\""))
            }
            return line?.split(separator: " ").last.flatMap { Double($0) }
        }

        @Test(
            "Mailboxes have their names and types, whatever an agent is called; parked messages are counted",
            .enabled(if: LongForm.isWanted)
        )
        func metrics() async throws {
            let scene = try await ToolScene()
            let tool = Self.tool(scene)
            let (agent, id) = try await scene.agent("counter", "--name", Self.hostileName)
            #expect(try await tool.run("register", "nobody", "--type", "Bank").exit == .code(0))
            #expect(try await tool.run("call", id, "add", "5").exit == .code(0))
            let waiting = tool
            async let call = waiting.run("call", "nobody", "x", "--deadline", "20s")
            try await scene.publish(.init(), "foreign", to: "mailboxes", key: "agent.\(id)")
            let (exporter, url) = try await Self.exporter(tool)
            // The plugin's figures are some seconds late.
            let text = try await eventually(
                "the plugin tells",
                timeout: .seconds(60),
                interval: .seconds(1)
            ) {
                let text = try await Self.scrape(url)
                let isThere =
                    Self.value("warren_mailbox_messages_waiting", in: text, name: "nobody") == 1
                    && Self.value("warren_parked_messages", in: text) == 1
                    && Self.value("warren_mailbox_messages_settled_total", in: text) ?? 0 > 0
                return isThere ? text : nil
            }
            #expect(text.contains("warren_up{namespace=\"\(scene.namespace)\"} 1\n"))
            #expect(
                text.contains(
                    #"warren_mailbox_consumers{namespace="\#(scene.namespace)",id="\#(id)","#
                        + #"name="till \"1\"\nwarren_up 7\\",type="Warren.Counter"} 1"# + "\n"
                )
            )
            #expect(Self.value("warren_mailbox_consumers", in: text, name: "nobody") == 0)
            #expect(
                text.contains(#"warren_directory_entries{namespace="\#(scene.namespace)",role="agent"} 2"#)
            )
            #expect(!text.contains("guest"))

            let table = try await tool.run("top", "--filter", "nobody")
            #expect(table.exit == .code(0) && table.lines.count == 4, "\(table.output)\(table.errors)")
            #expect(table.lines.last?.hasPrefix("Bank  nobody") == true, "\(table.output)")
            #expect(try await tool.run("top", "--by-type", "--json", "--times", "2").lines.count == 2)
            _ = try await call
            #expect(try await exporter.stop() == .code(0))
            try await agent.stop()
        }

        @Test("top tells how long the longest action of an agent has been running")
        func longest() async throws {
            struct Row: Decodable {
                let longestSeconds: Int?
            }
            let scene = try await ToolScene()
            let tool = Self.tool(scene)
            let (agent, id) = try await scene.agent("sleeper")
            let call = try ChildProcess(
                try ProductsDirectory.executable("warren"),
                ["call", id, "sleep", "3600", "--deadline", "90s"],
                environment: tool.environment
            )
            try await eventually("it to be told", timeout: .seconds(60), interval: .milliseconds(500)) {
                try await tool.run("top", "--json").json([Row].self).first?.longestSeconds != nil
            }
            call.signal(SIGINT)
            try await call.waitForExit()
            try await agent.stop()
        }

        @Test("On a terminal the screen is live, keys work, and q gives the terminal back")
        func screen() async throws {
            let scene = try await ToolScene()
            let tool = Self.tool(scene)
            let (agent, _) = try await scene.agent("echo", "--name", "e")
            let program = try ProductsDirectory.executable("warren")
            let terminal = try ChildProcess(
                "/usr/bin/script",
                ["-qfec", "stty cols 100 rows 30; exec '\(program)' top", "/dev/null"],
                environment: tool.environment.merging(["TERM": "xterm"]) { $1 }
            )
            _ = try await terminal.line { $0.contains("Warren.Echo") && $0.contains("e") }
            try terminal.write("t")
            _ = try await terminal.line { $0.contains("TYPE") && $0.contains("AGENTS") }
            try terminal.write("q")
            let rest = try await terminal.remainingOutput()
            #expect(rest.contains("\u{1B}[?1049l"))
            #expect(try await terminal.waitForExit() == .code(0))
            try await agent.stop()
        }

        @Test(
            "While the broker swallows everything a scrape is answered in time, and the next one is right again"
        )
        func away() async throws {
            let scene = try await ToolScene()
            let broker = try FaultProxy(targetPort: scene.broker.port)
            let plugin = try FaultProxy(targetPort: scene.broker.managementPort)
            var tool = Self.tool(scene)
            tool.environment["WARREN_BROKER"] = "amqp://guest:guest@127.0.0.1:\(broker.listenPort)"
            tool.environment["WARREN_MANAGEMENT"] = "http://127.0.0.1:\(plugin.listenPort)"
            let (exporter, url) = try await Self.exporter(tool, "--deadline", "2s")
            try await eventually("the first reading") {
                try await Self.value("warren_up", in: Self.scrape(url)) == 1
            }
            for proxy in [broker, plugin] { try await proxy.set(.drop(.both)) }
            try await eventually("the plugin is missed") {
                let start = ContinuousClock.now
                let text = try await Self.scrape(url)
                // The exporter answers within 2 s; this machine may be slow.
                #expect(ContinuousClock.now - start < .seconds(15))
                return Self.value("warren_up", in: text) == 0
            }
            for proxy in [broker, plugin] { try await proxy.set(.reset) }
            #expect(try await Self.value("warren_up", in: Self.scrape(url)) == 0)
            for proxy in [broker, plugin] { try await proxy.set(.pass) }
            try await eventually("it is back", timeout: .seconds(60)) {
                try await Self.value("warren_up", in: Self.scrape(url)) == 1
            }
            try await eventually("it is told") { exporter.standardError.contains("can be read again") }
            #expect(try await exporter.stop() == .code(0))
            for proxy in [broker, plugin] { await proxy.stop() }
        }

        /// Prints the costs of scrapes, one every three seconds.
        private static func measure(
            _ url: String,
            _ exporter: ChildProcess,
            _ broker: PrivateBroker,
            count: Int
        ) async throws {
            let node = try #require(await broker.vmProcessID)
            for number in 1...4 {
                // A scrape gets the reading of a second before.
                try await Task.sleep(for: .seconds(3))
                let start = ContinuousClock.now
                let (own, brokers) = (try processorSeconds(exporter.id), try processorSeconds(node))
                let text = try await scrape(url)
                let took = ContinuousClock.now - start
                let reading = value("warren_scrape_duration_seconds", in: text) ?? 0
                let pages = value("warren_scrape_management_pages", in: text) ?? 0
                let exporterSeconds = try processorSeconds(exporter.id) - own
                let brokerSeconds = try processorSeconds(node) - brokers
                print(
                    "scrape \(number) of \(count) mailboxes: \(text.utf8.count) bytes in \(took), reading \(reading) s in \(pages) pages, "
                        + "processor: exporter \(exporterSeconds) s, broker \(brokerSeconds) s, "
                        + "memory of the exporter \((ProcessFigures(process: exporter.id)?.resident ?? 0) >> 20) MiB"
                )
            }
        }

        /// Returns the seconds of a processor that a process has taken.
        private static func processorSeconds(_ process: Int32) throws -> Double {
            let text = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
            let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
            let ticks = fields.count > 13 ? (Double(fields[12]) ?? 0) + (Double(fields[13]) ?? 0) : 0
            return ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
        }

        @Test("A scrape of many mailboxes is one list, in pages or at once")
        func many() async throws {
            let scene = try await ToolScene()
            let tool = Self.tool(scene)
            // WARREN_MAILBOXES=10000 measures a large namespace; that takes minutes.
            let wanted = ProcessInfo.processInfo.environment["WARREN_MAILBOXES"].flatMap { Int($0) }
            let count = wanted ?? (LongForm.isWanted ? 600 : 30)
            var configuration = RabbitMQConfiguration()
            configuration.mailboxKind = .single
            let exchange = try RabbitMQExchange(
                url: scene.broker.amqpURL,
                namespace: scene.namespace,
                configuration: configuration
            )
            let client = try await exchange.makeUserClient(name: "ann")
            let namespace = scene.namespace
            for start in stride(from: 0, to: count, by: 100) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in start..<min(start + 100, count) {
                        group.addTask { _ = try await client.registerAgent(AgentType("T"), name: "a\(number)") }
                    }
                    try await group.waitForAll()
                }
            }
            let (exporter, url) = try await Self.exporter(tool, "--deadline", "60s")
            let text = try await eventually("all are listed", timeout: .seconds(120)) {
                let text = try await Self.scrape(url)
                let lines = text.split(separator: "\n").count {
                    $0.hasPrefix("warren_mailbox_messages_waiting{")
                }
                return lines == count ? text : nil
            }
            #expect(
                text.contains(
                    "warren_directory_entries{namespace=\"\(namespace)\",role=\"agent\"} \(count)\n"
                )
            )
            // A large namespace is listed at once from the second time on.
            let pages = Self.value("warren_scrape_management_pages", in: text)
            #expect(pages == Double(count / 500 + 1) || (count > 4000 && pages == 1))
            let plugin = scene.broker.managementURL
            let api = try #require(try await ManagementAPI(url: plugin, virtualHost: "/") { ("guest", "guest") })
            let (inPages, whole) = (
                try await api.figures(namespace: namespace), try await api.figures(namespace: namespace, way: .whole)
            )
            #expect(Set(inPages.queues.map(\.name)) == Set(whole.queues.map(\.name)) && inPages.queues.count > count)
            #expect(whole.pages == 1 && inPages.next == whole.next && whole.next == (count > 4000 ? .whole : .pages))
            if wanted != nil { try await Self.measure(url, exporter, scene.broker, count: count) }
            #expect(try await exporter.stop() == .code(0))
            await client.close()
            #expect(
                try await tool.run(["namespace", "remove", namespace, "--yes", "--force"], timeout: .seconds(300))
                    .exit != .code(2)
            )
        }
    }
}
