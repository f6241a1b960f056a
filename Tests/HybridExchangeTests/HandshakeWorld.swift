import ExchangeTestKit
import Foundation

@testable import HybridExchange

/// Two sides of a handshake, and the bytes between them.
struct HandshakeWorld {
    static let namespace = "shop"
    static let start = ContinuousClock.now

    var random: SeededGenerator
    let dialler = UUID()
    let listener = UUID()
    var diallerMeetings = Meetings()
    var listenerMeetings = Meetings()
    var now = start
    /// All bytes that the dialler sent.
    private(set) var fromDialler: [UInt8] = []
    private(set) var fromListener: [UInt8] = []

    init(seed: UInt64 = SeededGenerator.processSeed) {
        random = SeededGenerator(seed: seed)
    }

    /// The two views of one agreement.
    static func meetings(
        _ asker: UUID,
        _ answerer: UUID,
        start: ContinuousClock.Instant = .now,
        principal: String? = "shop"
    ) -> (asker: Meeting, answerer: Meeting) {
        let id = UUID()
        let key = PeerKey(asker: .init(), answerer: .init())
        return (
            Meeting(id: id, peer: answerer, key: key, principal: principal, start: start),
            Meeting(id: id, peer: asker, key: key, principal: principal, start: start)
        )
    }

    func handshake(_ session: UUID, namespace: String = namespace, _ capabilities: UInt32 = 0) -> Handshake {
        let offer = PeerOffer(largestMessage: 1 << 20, .init(rawValue: capabilities))
        return Handshake(
            .init(session: session, namespace: namespace, offer: offer),
            nonce: Handshake.randomNonce(),
            deadline: now + .seconds(2)
        )
    }

    /// The end of both sides.
    struct Outcome {
        var dialler: Result<Agreement, HandshakeError>?
        var listener: Result<Agreement, HandshakeError>?
        var diallerRest: [UInt8] = []
        var listenerRest: [UInt8] = []
    }

    /// Carries bytes between both sides, in random chunks, until nothing is under way.
    ///
    /// - Parameter change: Changes the bytes of one direction as they are sent.
    mutating func run(
        _ one: Handshake,
        _ meeting: Meeting,
        _ other: Handshake,
        extra: [UInt8] = [],
        change: (_ toListener: Bool, _ sent: Int, inout [UInt8]) -> Void = { _, _, _ in }
    ) -> Outcome {
        var (dialler, listener) = (one, other)
        var outcome = Outcome()
        var (toListener, toDialler): ([UInt8], [UInt8]) = ([], [])
        listener.listen()
        func send(_ actions: [Handshake.Action], isDialler: Bool) {
            for action in actions {
                switch action {
                case .send(var bytes):
                    change(isDialler, isDialler ? fromDialler.count : fromListener.count, &bytes)
                    if isDialler {
                        fromDialler += bytes
                        toListener += bytes
                    } else {
                        fromListener += bytes
                        toDialler += bytes
                    }
                case .finish(let agreement, let rest):
                    if isDialler {
                        outcome.dialler = .success(agreement)
                        outcome.diallerRest += rest
                    } else {
                        outcome.listener = .success(agreement)
                        outcome.listenerRest += rest
                        toDialler += extra
                    }
                }
            }
        }
        send(dialler.dial(meeting), isDialler: true)
        while !toListener.isEmpty && outcome.listener == nil || !toDialler.isEmpty && outcome.dialler == nil {
            if !toListener.isEmpty, outcome.listener == nil {
                let chunk = toListener.prefix(Int.random(in: 1...toListener.count, using: &random))
                toListener.removeFirst(chunk.count)
                do throws(HandshakeError) {
                    send(try listener.receive(chunk, &listenerMeetings, now: now), isDialler: false)
                } catch {
                    outcome.listener = .failure(error)
                }
            }
            if !toDialler.isEmpty, outcome.dialler == nil {
                let chunk = toDialler.prefix(Int.random(in: 1...toDialler.count, using: &random))
                toDialler.removeFirst(chunk.count)
                do throws(HandshakeError) {
                    send(try dialler.receive(chunk, &diallerMeetings, now: now), isDialler: true)
                } catch {
                    outcome.dialler = .failure(error)
                }
            }
        }
        outcome.diallerRest += toDialler
        return outcome
    }

    /// A meeting that both sides know.
    mutating func meet(start: ContinuousClock.Instant? = nil) -> Meeting {
        let (asker, answerer) = Self.meetings(dialler, listener, start: start ?? now)
        diallerMeetings.add(asker, now: now)
        listenerMeetings.add(answerer, now: now)
        return asker
    }
}
