internal import AgentExchange
internal import Foundation

/// The reader of handshakes, for generated input.
package enum HandshakeInput {
    private static let namespace = "shop"
    private static let dialler = UUID()
    private static let listener = UUID()
    private static let start = ContinuousClock.now
    private static let id = UUID()
    private static let key = PeerKey(asker: .init(), answerer: .init())
    private static let nonces = (dialler: Handshake.randomNonce(), listener: Handshake.randomNonce())

    private static func meetings(with peer: UUID) -> Meetings {
        var meetings = Meetings()
        let meeting = Meeting(id: id, peer: peer, key: key, principal: nil, start: start)
        meetings.add(meeting, now: start)
        return meetings
    }

    private static func side(_ session: UUID, _ nonce: [UInt8]) -> Handshake {
        let offer = PeerOffer(largestMessage: 1 << 20)
        return Handshake(
            .init(session: session, namespace: namespace, offer: offer),
            nonce: nonce,
            deadline: start + .seconds(2)
        )
    }

    /// All bytes of a dialler that are right for the listener of ``read(_:)``: no others let it finish.
    package static let sample: [UInt8] = {
        var (one, other) = (side(dialler, nonces.dialler), side(listener, nonces.listener))
        var (oneMeetings, otherMeetings) = (meetings(with: listener), meetings(with: dialler))
        guard let meeting = try? oneMeetings.find(id, dialledBy: dialler, now: start) else { return [] }
        other.listen()
        var sample: [UInt8] = []
        var actions = one.dial(meeting)
        while case .send(let said)? = actions.first {
            sample += said
            guard case .send(let answer)? = try? other.receive(said, &otherMeetings, now: start).first else { break }
            actions = (try? one.receive(answer, &oneMeetings, now: start)) ?? []
        }
        return sample
    }()

    /// Lets a listener read bytes.
    package static func read(_ bytes: [UInt8]) -> PeerInput.Outcome {
        var handshake = side(listener, nonces.listener)
        var meetings = meetings(with: dialler)
        handshake.listen()
        do throws(HandshakeError) {
            for case .finish in try handshake.receive(bytes, &meetings, now: start) where bytes != sample {
                return .changed("a listener finished on other bytes than those of its dialler")
            }
            return .read
        } catch {
            return .refused
        }
    }
}
