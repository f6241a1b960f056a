import ExchangeTestKit
import Testing

@testable import AMQP

@Suite("The life of a connection")
struct ConnectionStateMachineTests {
    private let lost = AMQPError(code: .connectionLost, delivery: .unknown, message: "lost")

    @Test("opens, is blocked and unblocked, closes")
    func ordinary() {
        var machine = ConnectionStateMachine()
        #expect(machine.openRequested() == .connect)
        #expect(!machine.isOpen)
        #expect(machine.connected() == .none)
        #expect(machine.isOpen)
        #expect(machine.received(.connectionBlocked(reason: "memory")) == .blocked(reason: "memory"))
        #expect(machine.blockedReason == "memory")
        #expect(machine.received(.connectionUnblocked) == .unblocked)
        #expect(machine.blockedReason == nil)
        #expect(machine.closeRequested() == .sendClose)
        #expect(machine.received(.connectionCloseOk) == .end(nil))
        #expect(machine.state == .closed)
    }

    @Test("a broker that closes gives the reason; one that closes while we close is only answered")
    func closedByBroker() {
        var machine = open()
        let error = AMQPError.connectionClosed(byBroker: 320, text: "shutdown")
        #expect(machine.received(.connectionClose(code: 320, text: "shutdown")) == .answerCloseAndEnd(error))
        machine = open()
        _ = machine.closeRequested()
        #expect(machine.received(.connectionClose(code: 320, text: "shutdown")) == .answerClose)
        #expect(machine.closeTimedOut() == .end(nil))
    }

    @Test("what does not belong on channel zero ends the connection")
    func violation() {
        var machine = open()
        guard case .end(let error) = machine.received(.basicQosOk) else {
            Issue.record("it must end")
            return
        }
        #expect(error?.code == .protocolMismatch)
    }

    @Test("over thousands of generated sequences it ends exactly once, and never leaves the end")
    func generated() {
        var generator = SeededGenerator()
        for round in 0..<5000 {
            var machine = ConnectionStateMachine()
            var ends = 0
            for _ in 0..<Int.random(in: 1...30, using: &generator) {
                let wasClosed = machine.state == .closed
                let action: ConnectionStateMachine.Action =
                    switch Int.random(in: 0..<10, using: &generator) {
                    case 0: machine.openRequested()
                    case 1: machine.connected()
                    case 2: Int.random(in: 0..<4, using: &generator) == 0 ? machine.closeRequested() : .none
                    case 3: machine.closeTimedOut()
                    case 4: Int.random(in: 0..<4, using: &generator) == 0 ? machine.failed(lost) : .none
                    case 5: machine.received(.connectionBlocked(reason: "x"))
                    case 6: machine.received(.connectionUnblocked)
                    case 7:
                        Int.random(in: 0..<4, using: &generator) == 0
                            ? machine.received(.connectionClose(code: 1, text: "")) : .none
                    case 8: machine.received(.connectionCloseOk)
                    default: machine.received(.channelOpenOk)
                    }
                switch action {
                case .end, .answerCloseAndEnd:
                    ends += 1
                    #expect(machine.state == .closed, "\(generator) round \(round)")
                default: break
                }
                if wasClosed {
                    #expect(machine.state == .closed, "\(generator) round \(round)")
                    if case .refuse = action {} else { #expect(action == .none, "\(generator) round \(round)") }
                }
            }
            #expect(ends == (machine.state == .closed ? 1 : 0), "\(generator) round \(round)")
        }
    }

    private func open() -> ConnectionStateMachine {
        var machine = ConnectionStateMachine()
        _ = machine.openRequested()
        _ = machine.connected()
        return machine
    }
}
