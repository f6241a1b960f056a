import ExchangeTestKit
import Foundation
import Testing

@testable import AMQP

@Suite("The protocol of a channel")
struct ChannelStateMachineTests {
    typealias Pending = ChannelStateMachine.Pending

    private let delivery = ContentMethod.deliver(
        consumerTag: "c",
        deliveryTag: 1,
        redelivered: false,
        exchange: "",
        routingKey: "k"
    )

    @Test("replies answer requests in order; one of another kind is a violation")
    func order() {
        var machine = ChannelStateMachine(maximumBodySize: 100)
        #expect(machine.requested(id: 1, .queueBind) == true)
        #expect(machine.requested(id: 2, .queuePurge) == true)
        #expect(machine.received(.queueBindOk) == .resolve(Pending(id: 1, kind: .queueBind), .queueBindOk))
        guard case .violation(let error) = machine.received(.queueBindOk) else {
            Issue.record("it must be refused")
            return
        }
        #expect(error.code == .protocolMismatch)
    }

    @Test("content is put together from header and body frames")
    func content() {
        var machine = ChannelStateMachine(maximumBodySize: 100)
        #expect(machine.received(.content(delivery)) == .none)
        let properties = MessageProperties(messageID: "m")
        #expect(machine.receivedHeader(classID: 60, bodySize: 5, properties) == .none)
        #expect(machine.receivedBody(Data("he".utf8)) == .none)
        let whole = Content(method: delivery, properties: properties, body: Data("hello".utf8))
        #expect(machine.receivedBody(Data("llo".utf8)) == .content(whole))
    }

    @Test("frames out of place and bodies of impossible sizes are violations, never a crash")
    func misplaced() {
        let violations: [(inout ChannelStateMachine) -> ChannelStateMachine.Action] = [
            { $0.receivedHeader(classID: 60, bodySize: 1, MessageProperties()) },
            { $0.receivedBody(Data([1])) },
            { $0.received(.channelCloseOk) },
            { $0.received(.basicGetEmpty) },
            { $0.received(.unknown(0x0014_0063)) },
            {
                $0.received(
                    .content(.getOk(deliveryTag: 1, redelivered: false, exchange: "", routingKey: "", remaining: 0))
                )
            },
            {
                _ = $0.received(.content(delivery))
                return $0.received(.content(delivery))
            },
            {
                _ = $0.received(.content(delivery))
                return $0.receivedHeader(classID: 60, bodySize: .max, MessageProperties())
            },
            {
                _ = $0.received(.content(delivery))
                _ = $0.receivedHeader(classID: 60, bodySize: 2, MessageProperties())
                return $0.receivedBody(Data([1, 2, 3]))
            },
        ]
        for (index, violate) in violations.enumerated() {
            var machine = ChannelStateMachine(maximumBodySize: 100)
            if case .violation = violate(&machine) { continue }
            Issue.record("case \(index) must be a violation")
        }
    }

    @Test("a body above the limit is left out, and its size is told")
    func largeBody() throws {
        var machine = ChannelStateMachine(maximumBodySize: 3)
        for (size, omitted) in [(4, 4), (3, 0)] {
            _ = machine.received(.content(delivery))
            _ = machine.receivedHeader(classID: 60, bodySize: UInt64(size), MessageProperties())
            _ = machine.receivedBody(Data([1, 2]))
            guard case .content(let content) = machine.receivedBody(Data(count: size - 2)) else {
                Issue.record("no content")
                return
            }
            #expect(content.omitted == omitted)
            #expect(content.body.count == size - omitted)
        }
    }

    @Test("a close by the broker fails all requests and names the method it complains about")
    func closedByBroker() {
        var machine = ChannelStateMachine(maximumBodySize: 100)
        _ = machine.requested(id: 1, .queueDeclare)
        _ = machine.requested(id: 2, .queueBind)
        let action = machine.received(.channelClose(code: 404, text: "gone", method: MethodID.queueDeclare))
        let failed = [Pending(id: 1, kind: .queueDeclare), Pending(id: 2, kind: .queueBind)]
        let error = AMQPError.channelClosed(byBroker: 404, text: "gone")
        #expect(action == .closedByBroker(error, method: MethodID.queueDeclare, failed: failed))
        #expect(machine.requested(id: 3, .queueBind) == false)
    }

    @Test("when both sides close, ours goes on after the other was answered")
    func bothClose() {
        var machine = ChannelStateMachine(maximumBodySize: 100)
        _ = machine.requested(id: 1, .get)
        #expect(machine.closeRequested() == true)
        #expect(machine.closeRequested() == false)
        let action = machine.received(.channelClose(code: 404, text: "", method: 0))
        #expect(action == .answerClose(failed: [Pending(id: 1, kind: .get)]))
        #expect(machine.received(.channelCloseOk) == .closed(failed: []))
    }

    @Test("over thousands of generated sequences every request is resolved or failed exactly once, in order")
    func generated() {
        var generator = SeededGenerator()
        let kinds: [(ReplyKind, IncomingMethod)] = [
            (.queueBind, .queueBindOk), (.qos, .basicQosOk), (.queuePurge, .queuePurgeOk(messages: 1)),
            (.get, .basicGetEmpty), (.consume(tag: "c"), .basicConsumeOk),
        ]
        for round in 0..<3000 {
            var machine = ChannelStateMachine(maximumBodySize: 100)
            var waiting: [(UInt64, IncomingMethod)] = []
            var next: UInt64 = 1
            var ended: [UInt64] = []
            for _ in 0..<Int.random(in: 1...40, using: &generator) {
                var action = ChannelStateMachine.Action.none
                switch Int.random(in: 0..<10, using: &generator) {
                case 0..<4:
                    let kind = kinds.randomElement(using: &generator) ?? kinds[0]
                    if machine.requested(id: next, kind.0) { waiting.append((next, kind.1)) }
                    next += 1
                case 4..<8:
                    if let first = waiting.first { action = machine.received(first.1) }
                case 8:
                    if Int.random(in: 0..<10, using: &generator) == 0 { _ = machine.closeRequested() }
                default:
                    if Int.random(in: 0..<10, using: &generator) == 0, machine.isOpen {
                        action = machine.received(.channelClose(code: 406, text: "", method: 0))
                    }
                }
                switch action {
                case .resolve(let pending, _):
                    #expect(pending.id == waiting.first?.0, "\(generator) round \(round)")
                    ended.append(pending.id)
                    waiting.removeFirst()
                case .closedByBroker(_, _, let failed), .closed(let failed), .answerClose(let failed):
                    #expect(failed.map(\.id) == waiting.map(\.0), "\(generator) round \(round)")
                    ended += failed.map(\.id)
                    waiting = []
                case .violation: Issue.record("\(generator) round \(round): nothing was wrong")
                default: break
                }
            }
            let rest = machine.connectionLost()
            #expect(rest.map(\.id) == waiting.map(\.0), "\(generator) round \(round)")
            #expect(Set(ended).count == ended.count, "\(generator) round \(round)")
        }
    }
}
