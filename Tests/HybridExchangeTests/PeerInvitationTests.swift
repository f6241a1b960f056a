import ExchangeTestKit
import Foundation
import Testing

@testable import HybridExchange

@Suite("Invitations between sessions")
struct PeerInvitationTests {
    static let endpoints: [PeerEndpoint] = [
        .tcp(host: "10.0.0.7", port: 5700), .unix(path: "/run/user/1000/wärren peers/x%20y"),
        .tcp(host: "fd00::7", port: 1), .tcp(host: "box.example", port: 65_535),
    ]

    @Test("An invitation comes back from its fields, and both sides make the same key of two")
    func fields() throws {
        let (asker, answerer) = (PeerKey.Half(), PeerKey.Half())
        let invitation = PeerInvitation(session: UUID(), half: asker, endpoints: Self.endpoints)
        var fields = invitation.fields
        fields["later"] = "1"
        let read = try #require(PeerInvitation(fields: fields))
        #expect(read.session == invitation.session && read.endpoints == Self.endpoints)
        #expect(read.boot == PeerInvitation.currentBoot && read.half.bytes == asker.bytes)
        let keys = (
            PeerKey(asker: asker, answerer: answerer), PeerKey(asker: read.half, answerer: answerer),
            PeerKey(asker: answerer, answerer: asker)
        )
        #expect(keys.0.encryption == keys.1.encryption && keys.0.encryption != keys.2.encryption)
        let text = "\(invitation) \(String(reflecting: invitation))"
        #expect(!text.contains(Data(asker.bytes).base64EncodedString()) && !text.contains("bytes"))
    }

    @Test("Unix sockets are dialled on the same machine only, and first; then IPv6")
    func order() {
        let invitation = PeerInvitation(session: UUID(), half: .init(), endpoints: Self.endpoints, boot: "a")
        let tcp = [Self.endpoints[2], Self.endpoints[0], Self.endpoints[3]]
        #expect(invitation.reachable(from: "a") == [Self.endpoints[1]] + tcp)
        #expect(invitation.reachable(from: "b") == tcp && invitation.reachable(from: nil) == tcp)
        let unknown = PeerInvitation(session: UUID(), half: .init(), endpoints: Self.endpoints, boot: nil)
        #expect(unknown.reachable(from: nil) == tcp)
    }

    @Test(
        "Endpoints that are none are ignored",
        arguments: [
            "", "tcp://", "tcp://h", "tcp://h:", "tcp://h:0", "tcp://h:65536", "tcp://h:+1", "tcp://:1", "tcp://::1:5",
            "tcp://[]:5", "unix:", "unix:relative", "unix:/%", "unix:/%00", "quic://h:1",
            "unix:/" + String(repeating: "a", count: 107), "tcp://" + String(repeating: "a", count: 600) + ":1",
        ]
    )
    func malformed(_ text: String) throws {
        #expect(PeerEndpoint(text: text) == nil)
        var fields = PeerInvitation(session: UUID(), half: .init(), endpoints: []).fields
        fields["peer-endpoints"] = text + " tcp://h:1"
        #expect(PeerInvitation(fields: fields)?.endpoints == [.tcp(host: "h", port: 1)])
    }

    @Test("Fields without a session or a half are no invitation, and a thousand endpoints are eight")
    func incomplete() throws {
        let whole = PeerInvitation(session: UUID(), half: .init(), endpoints: Self.endpoints).fields
        for name in ["peer", "peer-key"] {
            for text in [nil, "", "x", String(repeating: "A", count: 100)] as [String?] {
                var fields = whole
                fields[name] = text
                #expect(PeerInvitation(fields: fields) == nil)
            }
        }
        var many = whole
        many["peer-endpoints"] = [String](repeating: "tcp://h:1", count: 1000).joined(separator: " ")
        #expect(PeerInvitation(fields: many)?.endpoints.count == PeerInvitation.largestCount)
    }

    @Test("Pauses between dials double up to a minute, less a random part, and begin again after a success")
    func pauses() throws {
        var schedule = DialSchedule()
        var now = ContinuousClock.now
        #expect(schedule.isDue(at: now))
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            let share = Double.random(in: 0...1)
            schedule.failed(at: now, share: share)
            let next = try #require(schedule.next)
            #expect(now.duration(to: next) <= .seconds(seconds) && now.duration(to: next) >= .seconds(seconds) / 2)
            #expect(!schedule.isDue(at: now) && schedule.isDue(at: next))
            now = next
        }
        schedule.succeeded()
        #expect(schedule == DialSchedule())
    }
}
