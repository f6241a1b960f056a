import AgentExchange
import Foundation
import Testing

@testable import RabbitMQExchange
@testable import warren

@Suite("The text of metrics")
struct MetricTextTests {
    private static func directory(_ agents: [(name: String, type: String)]) -> DirectoryContents {
        let entries = agents.enumerated().map { number, agent in
            let uuid =
                UUID(uuidString: "00000000-0000-0000-0000-\(String(format: "%012d", number))") ?? UUID()
            let id = EntityID.agent(AgentID(uuid: uuid, name: agent.name))
            return DirectoryContents.Entry(
                id: id,
                lineage: ["Agent", agent.type],
                queue: "warren.shop.agent.\(uuid.uuidString.lowercased())"
            )
        }
        return DirectoryContents(
            entries: entries,
            rememberedTerminations: 3,
            unfinishedTerminations: 1,
            unansweredQueue: "warren.shop.unanswered",
            parkedQueue: "warren.shop.parked",
            queuePrefix: "warren.shop."
        )
    }

    private static func text(_ snapshot: NamespaceSnapshot, limit: Int = 100) -> String {
        PrometheusText.text(
            NamespaceReading(snapshot: snapshot).samples(namespace: "shop", limit: limit)
        )
    }

    @Test("A display name can't end its label, its line or the metric")
    func hostileNames() {
        let name = "a\"} 7\n# TYPE x counter\r\nx 1\\\u{2028}y"
        let lines = Self.text(NamespaceSnapshot(Self.directory([(name, "T\\")]), [])).split(
            omittingEmptySubsequences: false,
            whereSeparator: \.isNewline
        )
        let info = lines.filter { $0.hasPrefix("warren_mailbox_info{") }
        #expect(info.count == 1)
        #expect(info[0].contains(#"name="a\"} 7\n# TYPE x counter \nx 1\\ y",type="T\\""#), "\(info)")
        #expect(
            lines.allSatisfy {
                $0.isEmpty || $0.hasPrefix("# HELP warren_") || $0.hasPrefix("# TYPE warren_")
                    || $0.hasPrefix("warren_")
            }
        )
    }

    @Test("A label is cut")
    func longNames() {
        let text = Self.text(
            NamespaceSnapshot(Self.directory([(String(repeating: "n", count: 5000), "T")]), [])
        )
        #expect(text.contains("\"" + String(repeating: "n", count: PrometheusText.largestLabel) + "\""))
    }

    @Test(
        "Numbers are those of the broker, and whole where they can be",
        arguments: [
            (1.0, "1"), (0.25, "0.25"), (-3, "-3"), (.infinity, "+Inf"), (.nan, "NaN"), (1e300, "1e+300"),
        ]
    )
    func numbers(value: Double, text: String) {
        #expect(PrometheusText.number(value) == text)
    }

    @Test(
        "Mailboxes beyond the limit are one: those with the most messages keep metrics of their own"
    )
    func limit() {
        let agents = (0..<5).map { (name: "a\($0)", type: "T") }
        let directory = Self.directory(agents)
        let queues = directory.entries.enumerated().map { number, entry in
            QueueFigures(name: entry.queue, waiting: number, inWork: 1, consumers: 1, received: .max)
        }
        let text = Self.text(NamespaceSnapshot(directory, queues), limit: 2)
        #expect(text.contains("warren_mailboxes_left_out{namespace=\"shop\"} 3\n"))
        #expect(
            text.contains("name=\"a4\"") && text.contains("name=\"a3\"") && !text.contains("name=\"a2\"")
        )
        let others = #"{namespace="shop",id="",name="(others)",type="(others)"}"#
        #expect(text.contains("warren_mailbox_messages_waiting\(others) 3\n"))
        #expect(text.contains("warren_mailbox_messages_in_work\(others) 3\n"))
    }

    @Test(
        "Queues of agents that are not registered are counted, and those of other namespaces are not"
    )
    func unregistered() {
        let names = [
            "shop.agent.1", "shop.user.2", "shop.session.3", "shop.unanswered", "shop.parked",
            "shopping.agent.4",
        ]
        let queues = names.map { QueueFigures(name: "warren.\($0)", waiting: 2, consumers: 1) }
        let text = Self.text(NamespaceSnapshot(Self.directory([("lost", "T")]), queues))
        for metric in [
            "mailboxes_unregistered{namespace=\"shop\"} 1",
            "mailboxes_without_queue{namespace=\"shop\"} 1",
            "sessions{namespace=\"shop\"} 1", "user_messages_waiting{namespace=\"shop\"} 2",
            "dead_letters_waiting{namespace=\"shop\"} 2", "parked_messages{namespace=\"shop\"} 2",
            "directory_terminations_unfinished{namespace=\"shop\"} 1",
            "directory_terminations_remembered{namespace=\"shop\"} 3",
        ] { #expect(text.contains("\nwarren_\(metric)\n"), "\(metric)") }
    }

    @Test("A source that can't be read is 0, and its metrics are left out")
    func failures() {
        var reading = NamespaceReading(
            snapshot: NamespaceSnapshot(Self.directory([("bank", "Bank")]), nil)
        )
        reading.failures = [.management: CommandFailure("no s3cr3t")]
        let text = PrometheusText.text(
            reading.samples(namespace: "shop", limit: 10, failures: [.management: 4])
        )
        #expect(text.contains("warren_up{namespace=\"shop\"} 0\n"))
        #expect(text.contains("warren_source_up{namespace=\"shop\",source=\"directory\"} 1\n"))
        #expect(
            text.contains("warren_scrape_failures_total{namespace=\"shop\",source=\"management\"} 4\n")
        )
        #expect(!text.contains("warren_parked") && !text.contains("s3cr3t"))
        #expect(
            PrometheusText.text(NamespaceReading.late.samples(namespace: "s", limit: 1)).contains(
                "warren_up{namespace=\"s\"} 0\n"
            )
        )
    }

    @Test(
        "A queue is read in each form that the plugin gives it",
        arguments: [
            (#"{"name":"q"}"#, nil),
            (#"{"name":"q","messages_ready":null,"message_stats":[],"head_message_timestamp":""}"#, nil),
            (#"{"name":"q","messages_ready":4,"message_stats":{"ack":2,"ack_details":{"rate":0.4}}}"#, 4),
        ] as [(String, Int?)]
    )
    func queues(json: String, waiting: Int?) throws {
        let queue = try JSONDecoder().decode(QueueFigures.self, from: Data(json.utf8))
        #expect(queue.waiting == waiting && queue.oldest == nil)
        #expect(
            queue.settled == (waiting == nil ? nil : 2)
                && queue.settledRate == (waiting == nil ? nil : 0.4)
        )
    }

    @Test(
        "An address to listen at",
        arguments: [
            ("127.0.0.1:80", "127.0.0.1:80"), ("[::1]:0", "[::1]:0"),
            ("localhost:15699", "localhost:15699"), (":80", nil),
            ("::1:80", nil), ("x", nil), ("x:99999", nil), ("x:-1", nil),
        ] as [(String, String?)]
    )
    func addresses(text: String, address: String?) {
        #expect(ScrapeAddress(argument: text)?.description == address)
    }
}
