import AMQP
import AgentExchange
import Foundation
import Testing

@testable import RabbitMQExchange

@Suite("Control messages")
struct ControlMessageTests {
    @Test("a control message is read as it was sent, with its fields")
    func sameAgain() {
        for fields in [[:], ["peer": "10.0.0.7:5700", "key": ""]] {
            let message = ControlMessage(
                .claim,
                mailbox: .agent(AgentID()),
                replyTo: "warren.test.session.x",
                fields: fields
            )
            #expect(ControlMessage(message.publication(to: "", key: "").properties) == message)
        }
    }

    @Test("a message of an older session has no fields, and an older session reads one with fields")
    func older() {
        let new = ControlMessage(.inUse, mailbox: .agent(AgentID()), fields: ["peer": "10.0.0.7:5700"])
        var properties = new.publication(to: "", key: "").properties
        let known = Set(properties.headers.map(\.name)).subtracting(["warren-field-peer"])
        #expect(known == ["warren-entity"])
        properties.headers["warren-field-peer"] = nil
        #expect(ControlMessage(properties) == ControlMessage(.inUse, id: new.id, mailbox: new.mailbox))
    }

    @Test("a field that is no text is ignored, and of two with one name the first counts")
    func odd() {
        var properties = ControlMessage(.probe, mailbox: nil).publication(to: "", key: "").properties
        properties.headers = FieldTable([
            .init(name: "warren-field-number", value: .int64(1)),
            .init(name: "warren-field-peer", value: "first"),
            .init(name: "warren-field-peer", value: "second"),
            .init(name: "warren-fields", value: "none"),
            .init(name: "warren-field-", value: "empty"),
        ])
        #expect(ControlMessage(properties)?.fields == ["peer": "first", "": "empty"])
    }
}
