import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Synchronization

/// Sixty-four publishers that share eight mailboxes in four sessions, and what became of everything they sent.
final class Publishers: Sendable {
    static let count = 64
    private static let sessions = 4

    /// One requester's mailbox.
    private final class Requester: Sendable {
        /// What became of one request.
        private enum Fate {
            /// `send` has not returned.
            case sending(answers: Int)
            /// `send` returned.
            case accepted(answers: Int)
            /// `send` failed with mailboxTerminated and "refused".
            case refused(answers: Int)
        }

        let transport: any ExchangeTransport
        private let fates = Mutex<[UUID: Fate]>([:])
        private let strangers = Mutex(0)

        init(_ transport: any ExchangeTransport) {
            self.transport = transport
        }

        func willSend(_ tag: UUID) { fates.withLock { $0[tag] = .sending(answers: 0) } }

        func sent(_ tag: UUID, isAccepted: Bool) {
            fates.withLock { fates in
                var answers = 0
                if case .sending(let early)? = fates[tag] { answers = early }
                fates[tag] = isAccepted ? .accepted(answers: answers) : .refused(answers: answers)
            }
        }

        func answered(_ tag: UUID) {
            let isKnown = fates.withLock { fates in
                switch fates[tag] {
                case .sending(let answers)?: fates[tag] = .sending(answers: answers + 1)
                case .accepted(let answers)?: fates[tag] = .accepted(answers: answers + 1)
                case .refused(let answers)?: fates[tag] = .refused(answers: answers + 1)
                case nil: return false
                }
                return true
            }
            if !isKnown { strangers.withLock { $0 += 1 } }
        }

        func add(to tally: inout Tally) {
            tally.strangers += strangers.withLock { $0 }
            fates.withLock { fates in
                for fate in fates.values {
                    switch fate {
                    case .sending: tally.unfinished += 1
                    case .accepted(let answers): tally.accept(answers)
                    case .refused(let answers):
                        tally.refused += 1
                        if answers > 0 { tally.answeredRefused += 1 }
                    }
                }
            }
        }

        func forget() { fates.withLock { $0.removeAll(keepingCapacity: true) } }
    }

    /// What became of all requests.
    struct Tally: Sendable, Equatable, CustomStringConvertible {
        var accepted = 0
        var unanswered = 0
        var answeredTwice = 0
        var refused = 0
        var answeredRefused = 0
        var unfinished = 0
        var strangers = 0

        mutating func accept(_ answers: Int) {
            accepted += 1
            if answers == 0 { unanswered += 1 }
            if answers > 1 { answeredTwice += 1 }
        }

        /// Whether every request that was accepted has one answer, and no other has any.
        var isRight: Bool {
            unanswered == 0 && answeredTwice == 0 && answeredRefused == 0 && unfinished == 0 && strangers == 0
        }

        var description: String {
            """
            \(accepted) accepted (\(unanswered) unanswered, \(answeredTwice) answered twice), \(refused) refused \
            (\(answeredRefused) answered all the same), \(unfinished) unfinished, \(strangers) answers to nothing
            """
        }
    }

    private let requesters: [Requester]
    private let errors = Mutex<[String]>([])

    /// What went wrong besides: failed sends with another error, answers with another error.
    var complaints: [String] { errors.withLock { $0 } }

    /// What became of the requests of this round.
    var tally: Tally {
        var tally = Tally()
        for requester in requesters { requester.add(to: &tally) }
        return tally
    }

    init(in scene: Scene) async throws {
        var requesters: [Requester] = []
        for number in 0..<Self.count / 8 {
            let exchange = try scene.exchange("publishers \(number % Self.sessions)")
            requesters.append(Requester(try await exchange.makeUserTransport(name: nil)))
        }
        self.requesters = requesters
    }

    /// The mailbox of one requester, for whoever wants to do more with it.
    var someone: any ExchangeTransport { requesters[0].transport }

    /// Takes the answers in until the transports are closed.
    func receive() async {
        await withDiscardingTaskGroup { group in
            for requester in requesters {
                group.addTask { await self.receive(requester) }
            }
        }
    }

    private func receive(_ requester: Requester) async {
        do throws(ExchangeError) {
            while true {
                guard case .response(let response) = try await requester.transport.receive(timeout: nil) else {
                    complain("a request came")
                    continue
                }
                if case .failure(let failure) = response.outcome, failure.code != .mailboxTerminated {
                    complain("an answer says \(failure.code): \(failure.message)")
                }
                requester.answered(response.tag)
            }
        } catch {
            // The requesters are terminated in the end.
            if error.code != .closed && error.code != .mailboxTerminated { complain("receiving ended with \(error)") }
        }
    }

    /// Publishes from all sides until the mailbox is terminated; `busy` is called when `enough` requests were accepted.
    func publish(to mailbox: EntityID, enough: Int, busy: @escaping @Sendable () -> Void) async {
        for requester in requesters { requester.forget() }
        let accepted = Monitor(0)
        await withDiscardingTaskGroup { group in
            for number in 0..<Self.count {
                let requester = requesters[number % requesters.count]
                group.addTask {
                    await self.publish(to: mailbox, from: requester) {
                        let count = accepted.update { count in
                            count += 1
                            return count
                        }
                        if count == enough { busy() }
                    }
                }
            }
        }
    }

    private func publish(to mailbox: EntityID, from requester: Requester, _ accepted: () -> Void) async {
        while true {
            let tag = UUID()
            requester.willSend(tag)
            do throws(ExchangeError) {
                let request = try Request(from: requester.transport.mailboxID, to: mailbox, tag: tag, .ping)
                try await requester.transport.send(.request(request))
                requester.sent(tag, isAccepted: true)
                accepted()
            } catch {
                requester.sent(tag, isAccepted: false)
                if error.code != .mailboxTerminated || error.delivery != .refused { complain("a send: \(error)") }
                return
            }
        }
    }

    func close() async {
        for requester in requesters {
            try? await requester.transport.terminate(requester.transport.mailboxID)
            await requester.transport.close()
        }
    }

    private func complain(_ text: String) { errors.withLock { $0.append(text) } }
}
