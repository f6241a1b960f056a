import AgentExchange
import Foundation

/// Hot standby: another transport waits behind the receiver of a mailbox.
enum StandbyCases {
    private static let subject = "standby"

    static let all = [
        ConformanceCase(
            subject,
            "one that stands by gets nothing, then takes over what was not answered",
            patience: { _ in 8 }
        ) {
            scope in
            let user = try await scope.user()
            for elsewhere in [false, true] {
                let registration = try await scope.register(by: user)
                let first = try await scope.agent(registration)
                let second = try await scope.agent(registration, elsewhere: elsewhere, mode: .standby)
                try await scope.eventually("one receiver or two") {
                    try await (1...2).contains(user.details(of: first.mailboxID).attachedConsumers)
                }
                let sent = [
                    try await scope.ping(first.mailboxID, from: user),
                    try await scope.ping(first.mailboxID, from: user),
                    try await scope.ping(first.mailboxID, from: user),
                ]
                let held = [try await scope.receiveRequest(at: first), try await scope.receiveRequest(at: first)]
                try expectEqual(held, Array(sent.prefix(2)), "what the receiver gets")
                try await scope.expectNothing(at: second)
                try await scope.send(.response(held[0].response()), by: first)
                try expectSuccess(try await scope.receiveResponse(at: user), answering: sent[0])
                await first.close()
                let again = try await scope.receiveRequest(at: second)
                try expectEqual(again.tag, sent[1].tag, "the first request after the handover")
                try expectEqual(again.attempt, 2, "its attempt")
                let next = try await scope.receiveRequest(at: second)
                try expectEqual(next.tag, sent[2].tag, "the second request after the handover")
                let last = try await scope.ping(first.mailboxID, from: user)
                let fresh = try await scope.receiveRequest(at: second)
                try expectEqual(fresh, last, "a request that was sent after the handover")
                for request in [again, next, fresh] {
                    try await scope.send(.response(request.response()), by: second)
                    try expectEqual(try await scope.receiveResponse(at: user).tag, request.tag, "the answered request")
                }
                try await scope.expectNothing(at: user)
                await second.close()
            }
        },
        ConformanceCase(subject, "one that waits in receive is woken by the handover") { scope in
            let user = try await scope.user()
            let registration = try await scope.register(by: user)
            let first = try await scope.agent(registration)
            let second = try await scope.agent(registration, elsewhere: true, mode: .standby)
            let waiting = Task { try await second.receive(timeout: scope.environment.timeout) }
            let sent = try await scope.ping(first.mailboxID, from: user)
            _ = try await scope.receiveRequest(at: first)
            await first.close()
            let message = try await scope.value(of: waiting, "receive to return")
            try expectEqual(message.tag, sent.tag, "what it is woken with")
        },
        ConformanceCase(
            subject,
            "nobody else can attach exclusively, whoever stands by or receives",
            patience: { _ in 8 }
        ) {
            scope in
            let user = try await scope.user()
            let registration = try await scope.register(by: user)
            // Without a receiver before it, it receives.
            let first = try await scope.agent(registration, mode: .standby)
            try await scope.expectAlive(first, for: user)
            let second = try await scope.agent(registration, elsewhere: true, mode: .standby)
            for elsewhere in [false, true] {
                try await expectThrows(.mailboxInUse, by: "opening a mailbox that is in use") {
                    _ = try await scope.agent(registration, elsewhere: elsewhere)
                }
            }
            await first.close()
            try await expectThrows(.mailboxInUse, by: "opening a mailbox after the handover") {
                _ = try await scope.agent(registration)
            }
            try await scope.expectAlive(second, for: user)
            await second.close()
            try await scope.expectAlive(try await scope.agent(registration), for: user)
        },
        ConformanceCase(subject, "one that stands by may close: the receiver, and those behind it, go on") { scope in
            let user = try await scope.user()
            let registration = try await scope.register(by: user)
            let first = try await scope.agent(registration)
            let second = try await scope.agent(registration, elsewhere: true, mode: .standby)
            let third = try await scope.agent(registration, elsewhere: false, mode: .standby)
            await second.close()
            try await scope.expectAlive(first, for: user)
            await first.close()
            try await scope.expectAlive(third, for: user)
        },
        ConformanceCase(subject, "notices reach the receiver, before and after the handover", patience: { _ in 8 }) {
            scope in
            let user = try await scope.user()
            for elsewhere in [false, true] {
                let registration = try await scope.register(by: user)
                let first = try await scope.agent(registration)
                let second = try await scope.agent(registration, elsewhere: elsewhere, mode: .standby)
                let notice = Message.notice(
                    Notice(from: user.mailboxID, to: first.mailboxID, tag: UUID(), .cancel)
                )
                try await scope.send(notice, by: user)
                try expectEqual(try await scope.receive(at: first), notice, "the notice")
                try await scope.expectNothing(at: second)
                await first.close()
                try await scope.expectAlive(second, for: user)
                try await scope.send(notice, by: user)
                try expectEqual(try await scope.receive(at: second), notice, "the notice after the handover")
                await second.close()
            }
        },
        ConformanceCase(subject, "an agent that was never registered, or is terminated, has no standby") { scope in
            let user = try await scope.user()
            let gone = try await scope.register(by: user)
            try await user.terminate(.agent(gone.agentID))
            for registration in [gone, AgentRegistration(agentID: AgentID(), type: scope.type("Ghost"))] {
                try await expectThrows(.badEntityID, by: "standing by for nobody") {
                    _ = try await scope.agent(registration, mode: .standby)
                }
            }
        },
    ]
}
