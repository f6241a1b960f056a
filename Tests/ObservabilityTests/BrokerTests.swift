import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import Logging
import Metrics
import MetricsTestKit
import RabbitMQExchange
import Testing

#if Tracing
    import InMemoryTracing
    import Tracing
#endif

@Suite(
    "What is observed on a broker",
    .serialized,
    .enabled(if: PrivateBroker.isInstalled, Comment(rawValue: PrivateBroker.missingReason))
)
struct BrokerTests {
    private let namespace = "observe-" + UUID().uuidString.prefix(8).lowercased()
    private let log = LogRecorder()

    /// A factory; those with the same session name share a session.
    private func exchange(_ broker: PrivateBroker, _ session: String) throws -> RabbitMQExchange {
        var configuration = RabbitMQConfiguration()
        configuration.mailboxKind = .single
        configuration.connectionName = "\(namespace) \(session)"
        return try RabbitMQExchange(
            url: broker.amqpURL,
            namespace: namespace,
            configuration: configuration,
            logger: log.logger
        )
    }

    #if Tracing
        @Test("An action nests in its caller's trace across sessions, and so do the agent's own calls and broadcasts")
        func trace() async throws {
            let broker = try await PrivateBroker.shared()
            // A tracer for each process, as it were: what they know of each other has crossed the broker.
            let (here, there) = (InMemoryTracer(), InMemoryTracer(idGenerator: .other))
            let user = try await withTracer(here) { try await exchange(broker, "one").makeUserClient() }
            let front = try await user.registerAgent(AgentType("Front"))
            let back = try await user.registerAgent(AgentType("Back"))
            let agents = try await withTracer(there) {
                let exchange = try exchange(broker, "two")
                return [
                    try await exchange.makeAgentClient(front, requestHandler: Echo.serve),
                    try await exchange.makeAgentClient(back, requestHandler: Echo.serve),
                ]
            }
            try await withTracer(here) {
                let next = try ActionArguments(back.agentID.uuid.uuidString)
                _ = try await user.handle(to: front.agentID).action("relay", next)
                for try await _ in user.handle(to: back.agentID).stream("stream") {}
                for await _ in try await user.askAll("echo", try ActionArguments("all"), ofType: AgentType("Back")) {}
            }
            // A span of an action may end after its answer was received.
            for agent in agents { await agent.close() }
            await user.close()
            let call = try here.span("call relay")
            let process = try there.span("process relay")
            let nested = try there.span("call echo")
            #expect(process.parentSpanID == call.spanID)
            #expect(nested.parentSpanID == process.spanID)
            #expect(Set([call, process, nested].map(\.traceID)).count == 1)
            let stream = try here.span("stream stream")
            #expect(try there.span("process stream").parentSpanID == stream.spanID)
            let broadcast = try here.span("broadcast echo")
            #expect(broadcast.text(.recipients) == "int64(1)")
            #expect(broadcast.text(.destination) == "agents.Back")
            #expect(there.finishedSpans.contains { $0.parentSpanID == broadcast.spanID })
            for span in here.finishedSpans + there.finishedSpans { #expect(span.text(.system) == "rabbitmq") }
        }
    #endif

    @Test("Dead letters are counted by reason, parked messages too, connections by role")
    func deadLetters() async throws {
        let broker = try await PrivateBroker.shared()
        let metrics = TestMetrics()
        try await withMetricsFactory(metrics) {
            let user = try await exchange(broker, "one").makeUserClient(
                configuration: ClientConfiguration(logger: log.logger)
            )
            let agent = try await user.registerAgent(AgentType("Nobody"))
            let call = Task { try await user.handle(to: agent.agentID).action("echo", deadline: .seconds(20)) }
            try await eventually("the request to wait") {
                try await user.transport.details(of: .agent(agent.agentID)).queuedMessages == 1
            }
            try await user.terminate(agent.agentID)
            await #expect(throws: ExchangeError.self) { _ = try await call.value }
            await user.close()
        }
        #expect(metrics.count(.deadLetters, ("reason", "mailbox-terminated")) == 1)
        #expect(metrics.count(.connectionsOpened, ("role", "publisher")) == 1)
        #expect(metrics.count(.connectionsOpened, ("role", "consumer")) == 1)
        #expect(metrics.counters.allSatisfy { $0.label != MetricLabel.connectionsLost.rawValue })
        let answered = try await log.entry { $0.message == "a dead letter is answered" }
        #expect(answered.level == .info)
        #expect(answered.metadata[LogKey.reason.rawValue] == "mailbox-terminated")
        #expect(answered.metadata[LogKey.session.rawValue] != nil)
    }

    @Test("What a foreign program sent is parked, counted and logged, without what it says")
    func parked() async throws {
        let broker = try await PrivateBroker.shared()
        let metrics = TestMetrics()
        try await withMetricsFactory(metrics) {
            let user = try await exchange(broker, "one").makeUserClient()
            let connection = Connection(
                configuration: try ConnectionConfiguration(url: broker.amqpURL),
                logger: Logger(label: "foreign")
            )
            try await connection.open()
            let channel = try await connection.openChannel(confirms: true, deadline: .after(.seconds(10)))
            let publication = Publication(
                exchange: "warren.\(namespace).mailboxes",
                routingKey: "user.\(user.id.uuid.uuidString.lowercased())",
                properties: MessageProperties(),
                body: Data(Echo.secret.utf8),
                mandatory: true
            )
            try await channel.publish(publication, deadline: .after(.seconds(10)))
            try await eventually("the message to be parked") { metrics.count(.parked) == 1 }
            await connection.close(timeout: .seconds(5))
            await user.close()
        }
        #expect(log.entries.contains { $0.level >= .warning && $0.metadata[LogKey.reason.rawValue] != nil })
        for entry in log.entries { #expect(!"\(entry.message) \(entry.metadata)".contains(Echo.secret)) }
    }

    @Test("A request that a killed process held is counted as a redelivery where it is served next")
    func redelivery() async throws {
        let broker = try await PrivateBroker.shared()
        let metrics = TestMetrics()
        try await withMetricsFactory(metrics) {
            let user = try await exchange(broker, "one").makeUserClient()
            let registration = try await user.registerAgent(AgentType("Echo"))
            let process = try ChildProcess(
                try ProductsDirectory.executable("warren"),
                ["agent", "sleeper", "--id", registration.agentID.uuid.uuidString],
                environment: ["WARREN_BROKER": broker.amqpURL, "WARREN_NAMESPACE": namespace]
            )
            _ = try #require(try await process.nextLine(timeout: .seconds(30)), "\(process.standardError)")
            let call = Task {
                try await user.handle(to: registration.agentID).action("sleep", try ActionArguments(60))
            }
            let mailbox = "warren.\(namespace).agent.\(registration.agentID.uuid.uuidString.lowercased())"
            try await eventually("the process to hold the request", timeout: .seconds(20)) {
                try await broker.management.queue(mailbox)?.unacknowledged == 1
            }
            #expect(metrics.count(.redeliveries, ("exchange", "rabbitmq")) ?? 0 == 0)
            process.signal(SIGKILL)
            try await process.waitForExit()
            let next = try await eventually("the mailbox to be free", timeout: .seconds(20)) {
                try? await exchange(broker, "two").makeAgentClient(registration) { request, _ in request.response() }
            }
            _ = try await call.value
            await next.close()
            await user.close()
        }
        #expect(metrics.count(.redeliveries, ("exchange", "rabbitmq")) == 1)
    }

    @Test("An alarm of the broker is timed; a lost connection is counted, logged once, and timed until it is back")
    func connections() async throws {
        let broker = try await PrivateBroker.borrow()
        let metrics = TestMetrics()
        do {
            try await withMetricsFactory(metrics) {
                let exchange = try exchange(broker, "one")
                let user = try await exchange.makeUserClient(configuration: ClientConfiguration(logger: log.logger))
                let agent = try await user.registerAgent(AgentType("Nobody"))
                _ = try await broker.control("set_vm_memory_high_watermark", "absolute", "1")
                _ = try? await user.handle(to: agent.agentID).action("echo", deadline: .seconds(1))
                try await eventually("the alarm to be noticed") {
                    metrics.meters.contains { $0.label == MetricLabel.blocked.rawValue && $0.lastValue == 1 }
                }
                _ = try await broker.control("set_vm_memory_high_watermark", "0.4")
                try await eventually("the end of the alarm") {
                    metrics.meters.contains { $0.label == MetricLabel.blocked.rawValue && $0.lastValue == 0 }
                }
                _ = try await broker.control("close_all_connections", "test")
                for role in ["publisher", "consumer"] {
                    let connection = Logger.MetadataValue.string(role)
                    try await log.entry {
                        $0.message == "a connection to the broker was lost; it is made again" && $0.level == .warning
                            && $0.metadata[LogKey.connection.rawValue] == connection
                    }
                    try await log.entry {
                        $0.message == "the connection to the broker is back" && $0.level == .notice
                            && $0.metadata[LogKey.connection.rawValue] == connection
                    }
                }
                await user.close()
            }
        } catch {
            Issue.record(error)
        }
        await broker.giveBack()
        let blocked = try metrics.expectTimer(MetricLabel.blockedTime.rawValue, [("role", "publisher")])
        #expect(blocked.values.count == 1)
        #expect(blocked.values.allSatisfy { $0 > 0 })
        for role in ["publisher", "consumer"] {
            #expect(metrics.count(.connectionsLost, ("role", role), ("reason", "connection-lost")) == 1)
            #expect(metrics.count(.connectionsOpened, ("role", role)) == 2)
            let disconnected = try metrics.expectMeter(MetricLabel.disconnected.rawValue, [("role", role)])
            #expect(disconnected.values.max() == 1)
            #expect(disconnected.values.last == 0)
            let outage = try metrics.expectTimer(MetricLabel.outage.rawValue, [("role", role)])
            #expect(outage.values.count == 1 && outage.values.allSatisfy { $0 > 0 })
        }
    }

    @Test("A consumer tag ends with the beginning of the display name, when it can")
    func consumerTag() async throws {
        let broker = try await PrivateBroker.shared()
        let user = try await exchange(broker, "one").makeUserClient(name: "Ann from Accounts, second floor, left door")
        let mailbox = "user.\(user.id.uuid.uuidString.lowercased())."
        let tags = try await broker.management.consumers().map(\.tag)
        #expect(tags.contains { $0.hasSuffix(".AnnfromAccounts,secondfloor,left") && $0.hasPrefix(mailbox) })
        await user.close()
    }
}

#if Tracing
    extension InMemoryTracer.IDGenerator {
        /// Other identifiers than the first generator's.
        fileprivate static var other: Self {
            Self(nextTraceID: { "other-\(UUID().uuidString)" }, nextSpanID: { "other-\(UUID().uuidString)" })
        }
    }
#endif
