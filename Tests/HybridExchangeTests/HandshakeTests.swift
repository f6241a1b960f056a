import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import HybridExchange

@Suite("The handshake of two sessions")
struct HandshakeTests {
    @Test(
        "Codes are those of RFC 4231",
        arguments: [
            (
                [UInt8](repeating: 0x0b, count: 20), Array("Hi There".utf8),
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                [UInt8](repeating: 0xaa, count: 20), [UInt8](repeating: 0xdd, count: 50),
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
            ),
            (
                Array(UInt8(1)...25), [UInt8](repeating: 0xcd, count: 50),
                "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"
            ),
            (
                [UInt8](repeating: 0xaa, count: 131),
                Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
        ]
    )
    func codes(_ key: [UInt8], _ message: [UInt8], _ expected: String) {
        let hex = HMAC.code(of: message, key: key).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
        #expect(hex.joined() == expected)
    }

    @Test("Both sides finish with the same facts, in every split, and bytes behind it belong to frames")
    func good() throws {
        for _ in 0..<200 {
            var world = HandshakeWorld(seed: .random(in: .min ... .max))
            let meeting = world.meet()
            let extra = (0..<Int.random(in: 0...300)).map { _ in UInt8.random(in: 0...255) }
            let outcome = world.run(
                world.handshake(world.dialler, 0b111),
                meeting,
                world.handshake(world.listener, 0b1101),
                extra: extra
            )
            let (one, other) = (try outcome.dialler?.get(), try outcome.listener?.get())
            #expect(one?.peer == world.listener && other?.peer == world.dialler, "\(world.random)")
            #expect(one?.dialler == world.dialler && other?.dialler == world.dialler)
            #expect(one?.capabilities.rawValue == 0b101 && other?.capabilities.rawValue == 0b101)
            #expect(one?.version == Handshake.version && other?.principal == "shop")
            #expect(one?.offer.windowBytes == 4 << 20)
            #expect(outcome.diallerRest == extra && outcome.listenerRest.isEmpty, "\(world.random)")
            #expect(world.fromDialler.count <= HandshakeMessage.largest)
        }
    }

    @Test("A changed byte ends the handshake, wherever it is")
    func changedBytes() throws {
        var world = HandshakeWorld()
        let meeting = world.meet()
        _ = world.run(world.handshake(world.dialler), meeting, world.handshake(world.listener))
        let sizes = (dialler: world.fromDialler.count, listener: world.fromListener.count)
        for toListener in [true, false] {
            for place in 0..<(toListener ? sizes.dialler : sizes.listener) {
                for bit in [UInt8(1), .random(in: 2...255)] {
                    var world = HandshakeWorld(seed: .random(in: .min ... .max))
                    let meeting = world.meet()
                    let outcome = world.run(
                        world.handshake(world.dialler),
                        meeting,
                        world.handshake(world.listener)
                    ) { direction, sent, bytes in
                        guard direction == toListener, place >= sent, place < sent + bytes.count else { return }
                        bytes[place - sent] ^= bit
                    }
                    if case .success = outcome.dialler { Issue.record("the dialler, \(toListener) \(place)") }
                    // The listener is done before its last message is read.
                    guard toListener || place < sizes.listener / 3 else { continue }
                    if case .success = outcome.listener { Issue.record("the listener, \(toListener) \(place)") }
                }
            }
        }
    }

    @Test("A listener says nothing to a dialler that it does not know, and tells the operator why")
    func refusals() throws {
        func refusal(_ prepare: (inout HandshakeWorld) -> (Handshake, Meeting, Handshake)) -> HandshakeError? {
            var world = HandshakeWorld()
            let (dialler, meeting, listener) = prepare(&world)
            let outcome = world.run(dialler, meeting, listener)
            #expect(world.fromListener.isEmpty)
            guard case .failure(let error) = outcome.listener else { return nil }
            return error
        }
        let unknown = refusal { world in
            let meeting = HandshakeWorld.meetings(world.dialler, world.listener).asker
            return (world.handshake(world.dialler), meeting, world.handshake(world.listener))
        }
        #expect(unknown == .unknownKey)
        let namespace = refusal { world in
            (world.handshake(world.dialler, namespace: "other"), world.meet(), world.handshake(world.listener))
        }
        #expect(namespace == .wrongNamespace)
        let session = refusal { world in
            (world.handshake(world.dialler), world.meet(), world.handshake(UUID()))
        }
        #expect(session == .wrongSession)
        let otherDialler = refusal { world in
            (world.handshake(UUID()), world.meet(), world.handshake(world.listener))
        }
        #expect(otherDialler == .unknownKey)
        let expired = refusal { world in
            let meeting = world.meet()
            world.now = world.now + Meetings.lifetime
            return (world.handshake(world.dialler), meeting, world.handshake(world.listener))
        }
        #expect(expired == .expiredKey)
        let used = refusal { world in
            let meeting = world.meet()
            try? world.listenerMeetings.use(meeting.id, dialledBy: world.dialler, now: world.now)
            return (world.handshake(world.dialler), meeting, world.handshake(world.listener))
        }
        #expect(used == .usedKey)
    }

    @Test("A key is good once in each direction")
    func directions() throws {
        var world = HandshakeWorld()
        let meeting = world.meet()
        let back = try world.listenerMeetings.find(meeting.id, now: world.now)
        let first = world.run(world.handshake(world.dialler), meeting, world.handshake(world.listener))
        #expect((try? first.dialler?.get()) != nil)
        let again = world.run(world.handshake(world.dialler), meeting, world.handshake(world.listener))
        #expect(again.listener == .failure(.usedKey))
        swap(&world.listenerMeetings, &world.diallerMeetings)
        let reverse = world.run(world.handshake(world.listener), back, world.handshake(world.dialler))
        #expect((try? reverse.dialler?.get()) != nil && (try? reverse.listener?.get()) != nil)
    }

    @Test("The bytes of an earlier handshake prove nothing, even when the key was not used")
    func replays() throws {
        var world = HandshakeWorld()
        let meeting = world.meet()
        let unused = world.listenerMeetings
        _ = world.run(world.handshake(world.dialler), meeting, world.handshake(world.listener))
        for (meetings, expected) in [(unused, HandshakeError.wrongProof), (world.listenerMeetings, .usedKey)] {
            var meetings = meetings
            var listener = world.handshake(world.listener)
            listener.listen()
            #expect(throws: expected) {
                for byte in world.fromDialler { _ = try listener.receive([byte], &meetings, now: world.now) }
            }
            // After an error nothing more is read.
            #expect(throws: expected) { try listener.receive([1], &meetings, now: world.now) }
        }
        // A listener without the key that sends back the bytes of the dialler, or those of an earlier listener.
        for answer in [world.fromDialler, world.fromListener] {
            var dialler = world.handshake(world.dialler)
            var meetings = unused
            _ = dialler.dial(meeting)
            #expect(throws: HandshakeError.self) {
                let actions = try dialler.receive(answer, &meetings, now: world.now)
                for case .finish in actions { Issue.record("the dialler finished") }
            }
        }
    }

    @Test("A wrong key is refused by either side")
    func wrongKeys() throws {
        var world = HandshakeWorld()
        let (asker, other) = HandshakeWorld.meetings(world.dialler, world.listener)
        let wrong = HandshakeWorld.meetings(world.dialler, world.listener).answerer
        world.listenerMeetings.add(
            Meeting(id: asker.id, peer: other.peer, key: wrong.key, principal: nil, start: world.now),
            now: world.now
        )
        let outcome = world.run(world.handshake(world.dialler), asker, world.handshake(world.listener))
        #expect(outcome.listener == .failure(.wrongProof) && outcome.dialler == nil)
    }

    @Test("Another major version is refused by its number, a later minor one is understood")
    func versions() throws {
        let world = HandshakeWorld()
        var later = HandshakeMessage.hello(
            .init(
                version: ProtocolVersion(major: 2, minor: 7),
                namespace: HandshakeMessage.mark(of: HandshakeWorld.namespace),
                meeting: UUID(),
                dialler: world.dialler,
                listener: world.listener,
                nonce: Handshake.randomNonce()
            )
        ).bytes
        var meetings = Meetings()
        var listener = world.handshake(world.listener)
        listener.listen()
        #expect(throws: HandshakeError.incompatible(ProtocolVersion(major: 2, minor: 7))) {
            try listener.receive(later, &meetings, now: world.now)
        }
        // A later minor version appends a field.
        later[5] += 2
        later += [1, 2]
        later[6] = 1
        guard case (.hello(let hello), let size)? = try HandshakeMessage.read(later) else {
            Issue.record("no hello")
            return
        }
        #expect(hello.version.description == "1.7" && size == later.count)
    }

    @Test("A handshake that is cut anywhere ends by its deadline, and finishes on no side that misses bytes")
    func cuts() throws {
        var whole = HandshakeWorld()
        let meeting = whole.meet()
        _ = whole.run(whole.handshake(whole.dialler), meeting, whole.handshake(whole.listener))
        for count in 0..<whole.fromDialler.count {
            var listener = whole.handshake(whole.listener)
            var world = HandshakeWorld()
            let meeting = world.meet()
            var dialler = world.handshake(world.dialler)
            listener = world.handshake(world.listener)
            listener.listen()
            var bytes: [UInt8] = []
            for case .send(let sent) in dialler.dial(meeting) { bytes += sent }
            let actions = try listener.receive(bytes.prefix(count), &world.listenerMeetings, now: world.now)
            #expect(actions.isEmpty == (count < bytes.count))
            #expect(throws: HandshakeError.timedOut) { try listener.tick(at: world.now + .seconds(2)) }
            #expect(throws: HandshakeError.timedOut) { try dialler.tick(at: world.now + .seconds(2)) }
            #expect(listener.isOver && dialler.isOver)
            if count >= bytes.count { break }
        }
    }

    @Test("Random bytes are refused at the first byte that is foreign, and nothing is said (20,000 inputs)")
    func randomBytes() throws {
        var world = HandshakeWorld()
        _ = world.meet()
        var refused = 0
        for number in 0..<20_000 {
            var bytes = (0..<Int.random(in: 1...300, using: &world.random)).map { _ in
                UInt8.random(in: 0...255, using: &world.random)
            }
            if number.isMultiple(of: 2) { bytes = HandshakeMessage.magic + bytes }
            if number.isMultiple(of: 4) { bytes[4] = .random(in: 0...5, using: &world.random) }
            var listener = world.handshake(world.listener)
            listener.listen()
            do throws(HandshakeError) {
                #expect(try listener.receive(bytes, &world.listenerMeetings, now: world.now) == [])
            } catch {
                refused += 1
                if !number.isMultiple(of: 2), bytes[0] != HandshakeMessage.magic[0] { #expect(error == .notAPeer) }
            }
        }
        #expect(refused > 15_000)
    }

    @Test("No other bytes than those of its dialler let a listener finish (3,000 changes)")
    func generatedInput() {
        #expect(HandshakeInput.read(HandshakeInput.sample) == .read)
        var random = SeededGenerator()
        for _ in 0..<3000 {
            var bytes = HandshakeInput.sample
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0...2, using: &random) {
                case 0: bytes[place] = .random(in: 0...255, using: &random)
                case 1: bytes.insert(.random(in: 0...255, using: &random), at: place)
                default: bytes.remove(at: place)
                }
            }
            if case .changed(let violation) = HandshakeInput.read(bytes) { Issue.record("\(violation), \(random)") }
        }
    }

    @Test("A dialler that is not known may send 256 bytes")
    func sizes() throws {
        var world = HandshakeWorld()
        var dialler = world.handshake(world.dialler)
        var hello: [UInt8] = []
        for case .send(let bytes) in dialler.dial(world.meet()) { hello += bytes }
        var listener = world.handshake(world.listener)
        listener.listen()
        _ = try listener.receive(hello, &world.listenerMeetings, now: world.now)
        // A proof that says that it is larger than it may be together with the hello.
        let long = HandshakeMessage.magic + [3, 250] + [UInt8](repeating: 0, count: 249)
        #expect(throws: HandshakeError.tooManyBytes) {
            try listener.receive(long, &world.listenerMeetings, now: world.now)
        }
        listener = world.handshake(world.listener)
        listener.listen()
        #expect(throws: HandshakeError.tooManyBytes) {
            try listener.receive(HandshakeMessage.magic + [1, 255], &world.listenerMeetings, now: world.now)
        }
    }

    @Test("No description or reflection shows a byte of a key")
    func secrets() throws {
        let half = PeerKey.Half()
        let key = PeerKey(asker: half, answerer: PeerKey.Half())
        let meeting = Meeting(id: UUID(), peer: UUID(), key: key, principal: "shop", start: .now)
        var meetings = Meetings()
        meetings.add(meeting, now: .now)
        var handshake = HandshakeWorld().handshake(UUID())
        _ = handshake.dial(meeting)
        let secrets = [half.bytes, key.encryption].map { $0.prefix(6).map(String.init).joined(separator: ", ") }
        for value: Any in [half, key, meeting, meetings, handshake] {
            var text = "\(value) \(String(reflecting: value)) "
            dump(value, to: &text)
            let lines = text.components(separatedBy: "\n").joined(separator: ", ")
            for secret in secrets { #expect(!text.contains(secret) && !lines.contains(secret)) }
            #expect(!text.contains("root"))
        }
    }
}
