import Testing

@testable import RabbitMQExchange

@Suite("What is known of the acknowledgement timeout")
struct AcknowledgementTimeoutTests {
    @Test("A limit of a queue counts from RabbitMQ 3.12 on, and the shortest is told")
    func ofQueues() {
        let queues = ["a": Duration.seconds(7200), "b": .seconds(3600)]
        let heeded = AcknowledgementTimeout(version: "3.12.1", queues: queues).finding
        #expect(heeded.level == .ok && heeded.text.hasPrefix("60 min on b"))
        let short = AcknowledgementTimeout(version: "4.0.2", queues: ["a": .seconds(90)]).finding
        #expect(short.level == .warn && short.text.hasPrefix("90 s on a"))
        let ignored = AcknowledgementTimeout(version: "3.10.8", queues: queues).finding
        #expect(ignored.level == .warn && ignored.text.contains("ignores"))
    }

    @Test("Without one only the broker's own default is known", arguments: ["3.10.8", "3.13.0", "", "x"])
    func unknown(version: String) {
        for queues in [nil, [:]] as [[String: Duration]?] {
            let finding = AcknowledgementTimeout(version: version, queues: queues).finding
            #expect(finding.level == .ok && finding.text.hasPrefix("30 min unless"))
            #expect(finding.recoverySuggestion?.contains("consumer_timeout") == true)
        }
    }
}
