import ExchangeTestKit
import Testing

@testable import AMQP

@Suite("The state machine of a recovering connection")
struct LineStateMachineTests {
    private let lost = AMQPError(code: .connectionLost, delivery: .unknown, message: "lost")
    private let refused = AMQPError(code: .authenticationFailed, delivery: .notSent, message: "refused")
    private let policy = RecoveryPolicy(firstDelay: .seconds(1), maximumDelay: .seconds(8), jitter: 0.5)

    @Test("The first connection fails at once, and for good")
    func firstFails() {
        var machine = RecoveryStateMachine(policy: policy)
        #expect(machine.openRequested() == .connect(1, firstEndpoint: 0))
        #expect(machine.openFailed(1, lost, random: 0) == .fail(lost))
        #expect(machine.state == .closed)
        #expect(machine.delayPassed() == .none)
    }

    @Test("A lost connection follows another, at the next address, and is recovered before it counts")
    func follows() {
        var machine = RecoveryStateMachine(policy: policy)
        _ = machine.openRequested()
        #expect(machine.opened(1) == .watch(1))
        #expect(machine.lost(1, lost, uptime: .seconds(60), random: 0) == .wait(.seconds(1)))
        #expect(machine.cause == lost)
        #expect(machine.delayPassed() == .connect(2, firstEndpoint: 1))
        #expect(machine.openFailed(2, lost, random: 0) == .wait(.seconds(2)))
        #expect(machine.delayPassed() == .connect(3, firstEndpoint: 2))
        #expect(machine.opened(3) == .recover(3))
        #expect(machine.cause == lost, "it can't be used yet")
        #expect(machine.recovered(2) == .none, "late news of another connection")
        #expect(machine.recovered(3) == .watch(3))
        #expect(machine.cause == nil)
    }

    @Test("A connection that is made anew follows at once, to the same address")
    func renewal() {
        var machine = RecoveryStateMachine(policy: policy)
        _ = machine.openRequested()
        _ = machine.opened(1)
        #expect(machine.renewed(1, lost) == .connect(2, firstEndpoint: 0))
        #expect(machine.renewed(1, lost) == .none)
        #expect(machine.opened(2) == .recover(2))
        #expect(machine.renewed(2, lost) == .none, "not before everything is there again")
        #expect(machine.recovered(2) == .watch(2))
    }

    @Test("Delays double up to the maximum, lose a random part, and begin anew after a connection that lasted")
    func delays() {
        var machine = RecoveryStateMachine(policy: policy)
        _ = machine.openRequested()
        _ = machine.opened(1)
        var delays = [machine.lost(1, lost, uptime: .zero, random: 0)]
        for generation in 2...6 {
            _ = machine.delayPassed()
            delays.append(machine.openFailed(generation, lost, random: generation == 6 ? 0.5 : 0))
        }
        #expect(delays == [1, 2, 4, 8, 8, 6].map { .wait(.seconds($0)) })
        _ = machine.delayPassed()
        _ = machine.opened(7)
        _ = machine.recovered(7)
        #expect(machine.lost(7, lost, uptime: .seconds(7), random: 0) == .wait(.seconds(8)), "it did not last")
        _ = machine.delayPassed()
        _ = machine.opened(8)
        _ = machine.recovered(8)
        #expect(machine.lost(8, lost, uptime: .seconds(8), random: 0) == .wait(.seconds(1)))
    }

    @Test("A refused login is tried again at the slow end, and is forgotten when something else goes wrong")
    func refusal() {
        var machine = RecoveryStateMachine(policy: policy)
        _ = machine.openRequested()
        _ = machine.opened(1)
        _ = machine.lost(1, lost, uptime: .zero, random: 0)
        _ = machine.delayPassed()
        #expect(machine.openFailed(2, refused, random: 0) == .wait(.seconds(8)))
        #expect(machine.refusal == refused)
        _ = machine.delayPassed()
        _ = machine.openFailed(3, lost, random: 0)
        #expect(machine.refusal == nil)
    }

    @Test("Whatever happens, in whatever order: one connection at a time, generations rise, closed is the end")
    func generated() {
        var generator = SeededGenerator()
        for _ in 0..<2_000 {
            var machine = RecoveryStateMachine(policy: policy)
            var lastGeneration = 0
            var isClosed = false
            for _ in 0..<60 {
                let before = machine.state
                let generation = max(0, lastGeneration - Int.random(in: 0...1, using: &generator))
                let random = Double.random(in: 0..<1, using: &generator)
                let action: RecoveryStateMachine.Action =
                    switch Int.random(in: 0..<21, using: &generator) {
                    case 0: machine.openRequested()
                    case 1...4: machine.opened(generation)
                    case 5...8: machine.openFailed(generation, random < 0.2 ? refused : lost, random: random)
                    case 9...11: machine.recovered(generation)
                    case 12...14: machine.lost(generation, lost, uptime: .seconds(random * 20), random: random)
                    case 15...18: machine.delayPassed()
                    case 19: machine.renewed(generation, lost)
                    default: random < 0.1 ? machine.closeRequested() : .none
                    }
                if isClosed { #expect(machine.state == .closed && action == .none, "\(generator)") }
                switch action {
                case .none: #expect(machine.state == before, "\(generator)")
                case .connect(let new, let first):
                    #expect(new == lastGeneration + 1 && first >= 0, "\(generator)")
                    lastGeneration = new
                case .recover(let now), .watch(let now): #expect(now == lastGeneration, "\(generator)")
                case .wait(let delay):
                    #expect(delay > .zero && delay <= policy.maximumDelay, "\(generator)")
                    #expect(machine.cause != nil, "\(generator)")
                case .fail: #expect(lastGeneration == 1, "\(generator)")
                case .end: break
                }
                if machine.state == .closed { isClosed = true }
                switch machine.state {
                case .connected: #expect(machine.refusal == nil && machine.cause == nil, "\(generator)")
                case .recovering, .waiting: #expect(machine.cause != nil, "\(generator)")
                case .idle, .connecting, .closed: break
                }
            }
        }
    }
}
