import AMQP
import AgentExchange
import Foundation

/// A message as no Warren program would send it, and what must become of it.
struct BadMessage: Sendable {
    /// What must become of it.
    enum Fate: Sendable, Hashable, CaseIterable {
        /// It lies in the parked queue, with the reason.
        case parked
        /// Its sender gets an error answer.
        case answered
        /// It is dropped: a response that nobody waits for, which the client logs.
        case dropped
    }

    let what: String
    let fate: Fate
    private(set) var properties: MessageProperties
    let body: String

    private init(_ what: String, _ fate: Fate, _ properties: MessageProperties, body: String = "{}") {
        self.what = what
        self.fate = fate
        self.properties = properties
        self.body = body
    }

    /// The same with a tag of its own, where it has one: a tag that was answered would be dropped as a copy.
    func withNewTag() -> BadMessage {
        var message = self
        if properties.correlationID?.count == 36 { message.properties.correlationID = UUID().uuidString.lowercased() }
        return message
    }

    /// The makers of all bad messages to a mailbox.
    ///
    /// - Parameters:
    ///   - agent: whose mailbox they go to.
    ///   - replyTo: where error answers are wanted.
    static func all(to agent: EntityID, replyTo: String) -> [BadMessage] {
        let good = goodProperties(to: agent, replyTo: replyTo)
        let response = changed(good) {
            $0.type = "action-response"
            $0.headers["warren-action"] = nil
        }
        let all =
            unreadable(good) + unanswerable(good, agent) + answerable(good)
            + [BadMessage("a response nobody asked for", .dropped, response)]
        return all.map { $0.withNewTag() }
    }

    /// A well-formed request for the action `double`, with arguments that the body has to bring.
    static func goodProperties(to agent: EntityID, replyTo: String) -> MessageProperties {
        MessageProperties(
            contentType: "application/json",
            headers: [
                "warren-protocol": "1.0",
                "warren-source": .string("user:\(UUID().uuidString.lowercased())"),
                "warren-destination": .string("\(agent.role.rawValue):\(agent.uuid.uuidString.lowercased())"),
                "warren-action": "double",
            ],
            correlationID: UUID().uuidString.lowercased(),
            replyTo: replyTo,
            type: "action-request"
        )
    }

    private static func changed(
        _ good: MessageProperties,
        _ change: (inout MessageProperties) -> Void
    ) -> MessageProperties {
        var properties = good
        change(&properties)
        return properties
    }

    private static func unreadable(_ good: MessageProperties) -> [BadMessage] {
        [
            BadMessage("no properties at all", .parked, MessageProperties(), body: ""),
            BadMessage("a body without properties", .parked, MessageProperties(), body: "{\"hello\":"),
            BadMessage("no headers", .parked, changed(good) { $0.headers = [:] }),
            BadMessage("no type", .parked, changed(good) { $0.type = nil }),
            BadMessage("a correlation id that is no UUID", .parked, changed(good) { $0.correlationID = "17" }),
            BadMessage("no correlation id", .parked, changed(good) { $0.correlationID = nil }),
            BadMessage("a number as protocol", .parked, changed(good) { $0.headers["warren-protocol"] = 1 }),
            BadMessage("a word as protocol", .parked, changed(good) { $0.headers["warren-protocol"] = "one" }),
            BadMessage("a source without role", .parked, changed(good) { $0.headers["warren-source"] = "x:y" }),
            BadMessage(
                "a source with half a UUID",
                .parked,
                changed(good) { $0.headers["warren-source"] = "user:12345678-1234" }
            ),
            BadMessage("a table as source", .parked, changed(good) { $0.headers["warren-source"] = .table(["a": 1]) }),
            BadMessage(
                "a destination that is no text",
                .parked,
                changed(good) { $0.headers["warren-destination"] = .bytes(Data([0xff, 0xfe])) }
            ),
            BadMessage(
                "a control message without an id",
                .parked,
                changed(good) {
                    $0.type = "warren-terminate"
                    $0.correlationID = "x"
                    $0.headers = [:]
                }
            ),
            BadMessage(
                "an answer whose error code is a number",
                .parked,
                changed(good) {
                    $0.type = "ping-response"
                    $0.headers["warren-error-code"] = 5
                }
            ),
        ]
    }

    private static func unanswerable(_ good: MessageProperties, _ agent: EntityID) -> [BadMessage] {
        let huge = String(repeating: "x", count: 130_000)
        return [
            BadMessage(
                "another destination",
                .parked,
                changed(good) { $0.headers["warren-destination"] = .string("agent:\(UUID().uuidString)") }
            ),
            BadMessage(
                "the right destination in the wrong role",
                .parked,
                changed(good) { $0.headers["warren-destination"] = .string("user:\(agent.uuid.uuidString)") }
            ),
            BadMessage(
                "headers of almost a frame, and no type",
                .parked,
                changed(good) {
                    $0.type = nil
                    $0.headers["x"] = .string(huge)
                }
            ),
            BadMessage(
                "a display name of almost a frame",
                .parked,
                changed(good) { $0.headers["warren-source-name"] = .string(huge) }
            ),
            BadMessage(
                "a display name that an answer has no room for",
                .parked,
                changed(good) { $0.headers["warren-source-name"] = .string(String(repeating: "ü", count: 2049)) }
            ),
            BadMessage(
                "a type whose answer would be too long",
                .parked,
                changed(good) { $0.type = String(repeating: "t", count: 247) + "-request" }
            ),
            BadMessage(
                "copies to other queues",
                .parked,
                changed(good) {
                    $0.type = nil
                    $0.headers["CC"] = .array(["unanswered", "parked"])
                }
            ),
        ]
    }

    private static func answerable(_ good: MessageProperties) -> [BadMessage] {
        [
            BadMessage("an empty type", .answered, changed(good) { $0.type = "" }),
            BadMessage("an unknown type", .answered, changed(good) { $0.type = "dance" }),
            BadMessage("an unknown request", .answered, changed(good) { $0.type = "dance-request" }),
            BadMessage("a foreign protocol", .answered, changed(good) { $0.headers["warren-protocol"] = "9.0" }),
            BadMessage("a label that is no UUID", .answered, changed(good) { $0.headers["warren-label"] = "left" }),
            BadMessage("an action without name", .answered, changed(good) { $0.headers["warren-action"] = nil }),
            BadMessage("an empty action", .answered, changed(good) { $0.headers["warren-action"] = "" }),
            BadMessage("an action that is a number", .answered, changed(good) { $0.headers["warren-action"] = 3 }),
            BadMessage(
                "an action of 300 bytes",
                .answered,
                changed(good) { $0.headers["warren-action"] = .string(String(repeating: "a", count: 300)) }
            ),
            BadMessage("a deadline in words", .answered, changed(good) { $0.headers["warren-deadline"] = "noon" }),
            BadMessage(
                "the earliest deadline",
                .answered,
                changed(good) { $0.headers["warren-deadline"] = .int64(.min) }
            ),
            BadMessage(
                "the last deadline and a body that is not JSON",
                .answered,
                changed(good) { $0.headers["warren-deadline"] = .int64(.max) },
                body: "{\"positional\": [1"
            ),
            BadMessage("arguments of another type", .answered, good, body: "{\"positional\": [\"one\"]}"),
            BadMessage("no arguments", .answered, good, body: ""),
            BadMessage("a content type that nobody knows", .answered, changed(good) { $0.contentType = "image/png" }),
            BadMessage(
                "a delivery count that overflows",
                .answered,
                changed(good) { $0.headers["x-delivery-count"] = .int64(.max) }
            ),
            BadMessage(
                "headers of almost a frame",
                .answered,
                changed(good) { $0.headers["x"] = .string(String(repeating: "x", count: 130_000)) }
            ),
            BadMessage(
                "a cancel request for nothing",
                .answered,
                changed(good) { $0.type = "cancel-request" }
            ),
            BadMessage(
                "a shutdown request that terminates a number",
                .answered,
                changed(good) {
                    $0.type = "shutdown-request"
                    $0.headers["warren-terminate"] = 1
                }
            ),
        ]
    }
}
