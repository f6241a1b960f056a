internal import AgentExchange
internal import Foundation

/// One side of a handshake between two sessions: a pure value.
///
/// The dialler sends `hello` and `proof`, the listener `challenge` and `welcome`. Both prove a key that the broker carried,
/// by an HMAC over both nonces, both sessions, the namespace and the sizes that they offer. A listener proves nothing
/// before the dialler has; a side that fails sends nothing more. After an error nothing more is read.
struct Handshake: Sendable {
    typealias Instant = Meeting.Instant

    /// This side.
    struct Identity: Sendable, Hashable {
        let session: UUID
        let namespace: String
        let offer: PeerOffer
    }

    /// A step that the handshake asks for. Steps are carried out in order.
    enum Action: Sendable, Hashable {
        case send([UInt8])
        /// Both sides have proved the key. The bytes that came behind the handshake belong to frames.
        case finish(Agreement, rest: [UInt8])
    }

    private enum State: Sendable {
        case idle
        /// A listener waits for `hello`.
        case listening
        /// A dialler waits for `challenge`.
        case introduced(Meeting)
        /// A listener waits for `proof`.
        case challenged(HandshakeMessage.Hello, Meeting)
        /// A dialler waits for `welcome`.
        case proving(Meeting, ProtocolVersion)
        case finished
        case failed(HandshakeError)
    }

    /// The version of the handshake and of the frames behind it.
    static let version = ProtocolVersion(major: 1, minor: 0)

    private let identity: Identity
    private let nonce: [UInt8]
    /// The time at which the handshake fails.
    let deadline: Instant

    private var state = State.idle
    private var buffer: [UInt8] = []
    private var received = 0
    /// Everything that both sides said, but the codes.
    private var transcript: [UInt8] = []

    /// - Parameter nonce: Random bytes that were used for no other handshake; see ``randomNonce()``.
    init(_ identity: Identity, nonce: [UInt8], deadline: Instant) {
        self.identity = identity
        self.nonce = nonce
        self.deadline = deadline
    }

    /// Returns the bytes for a nonce.
    static func randomNonce() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<HandshakeMessage.nonceSize).map { _ in .random(in: .min ... .max, using: &generator) }
    }

    /// Whether the handshake has ended, by success or by an error.
    var isOver: Bool {
        switch state {
        case .finished, .failed: true
        case .idle, .listening, .introduced, .challenged, .proving: false
        }
    }

    // MARK: Events

    /// Waits for a dialler.
    mutating func listen() {
        guard case .idle = state else { return }
        state = .listening
    }

    /// Introduces this side to the session of a meeting.
    mutating func dial(_ meeting: Meeting) -> [Action] {
        guard case .idle = state else { return [] }
        let hello = HandshakeMessage.Hello(
            version: Self.version,
            namespace: HandshakeMessage.mark(of: identity.namespace),
            meeting: meeting.id,
            dialler: identity.session,
            listener: meeting.peer,
            nonce: nonce
        )
        state = .introduced(meeting)
        return [say(.hello(hello))]
    }

    /// Reads bytes of the other side.
    ///
    /// - Parameter meetings: The keys of this session. The handshake takes its key when both proofs are right.
    mutating func receive(
        _ bytes: some Collection<UInt8>,
        _ meetings: inout Meetings,
        now: Instant
    ) throws(HandshakeError) -> [Action] {
        if case .failed(let error) = state { throw error }
        guard now < deadline else { throw fail(.timedOut) }
        buffer.append(contentsOf: bytes)
        received += bytes.count
        do throws(HandshakeError) {
            return try read(&meetings, now)
        } catch {
            throw fail(error)
        }
    }

    /// Looks at the clock. Call it at ``deadline``.
    mutating func tick(at now: Instant) throws(HandshakeError) {
        if now >= deadline, !isOver { throw fail(.timedOut) }
    }

    // MARK: Messages

    private mutating func read(_ meetings: inout Meetings, _ now: Instant) throws(HandshakeError) -> [Action] {
        var actions: [Action] = []
        while !isOver, let (message, size) = try HandshakeMessage.read(buffer) {
            let raw = Array(buffer[..<size])
            buffer.removeFirst(size)
            actions += try take(message, raw, &meetings, now)
        }
        let isUnknown: Bool
        switch state {
        case .listening, .challenged: isUnknown = true
        case .idle, .introduced, .proving, .finished, .failed: isUnknown = false
        }
        guard buffer.count <= HandshakeMessage.largest || isOver, !isUnknown || received <= HandshakeMessage.largest
        else { throw .tooManyBytes }
        return actions
    }

    private mutating func take(
        _ message: HandshakeMessage,
        _ raw: [UInt8],
        _ meetings: inout Meetings,
        _ now: Instant
    ) throws(HandshakeError) -> [Action] {
        switch (state, message) {
        case (.listening, .hello(let hello)):
            let meeting = try check(hello, meetings, now)
            transcript += raw
            state = .challenged(hello, meeting)
            return [say(.challenge(Self.version, nonce: nonce))]
        case (.introduced(let meeting), .challenge(let version, _)):
            guard version.major == Self.version.major else { throw .incompatible(version) }
            transcript += raw
            state = .proving(meeting, version)
            return [prove(meeting.key, "dialler") { [offer = identity.offer] in .proof(code: $0, offer) }]
        case (.challenged(let hello, let meeting), .proof(let code, let offer)):
            // A dialler sends nothing more before it has heard the welcome.
            guard buffer.isEmpty else { throw .tooManyBytes }
            try verify(code, raw, meeting.key, "dialler")
            try meetings.use(meeting.id, dialledBy: hello.dialler, now: now)
            let welcome = prove(meeting.key, "listener") { [own = identity.offer] in
                .welcome(code: $0, own)
            }
            return [welcome, finish(meeting, hello.dialler, hello.version, offer)]
        case (.proving(let meeting, let version), .welcome(let code, let offer)):
            try verify(code, raw, meeting.key, "listener")
            try meetings.use(meeting.id, dialledBy: identity.session, now: now)
            return [finish(meeting, identity.session, version, offer)]
        default: throw .misplaced
        }
    }

    private func check(
        _ hello: HandshakeMessage.Hello,
        _ meetings: Meetings,
        _ now: Instant
    ) throws(HandshakeError) -> Meeting {
        guard hello.version.major == Self.version.major else { throw .incompatible(hello.version) }
        guard hello.namespace == HandshakeMessage.mark(of: identity.namespace) else { throw .wrongNamespace }
        guard hello.listener == identity.session, hello.dialler != identity.session else { throw .wrongSession }
        let meeting = try meetings.find(hello.meeting, dialledBy: hello.dialler, now: now)
        guard meeting.peer == hello.dialler else { throw .unknownKey }
        return meeting
    }

    private mutating func finish(
        _ meeting: Meeting,
        _ dialler: UUID,
        _ version: ProtocolVersion,
        _ offer: PeerOffer
    ) -> Action {
        let agreement = Agreement(
            peer: meeting.peer,
            dialler: dialler,
            version: version.minor < Self.version.minor ? version : Self.version,
            offer: offer,
            capabilities: offer.capabilities.intersection(identity.offer.capabilities),
            principal: meeting.principal
        )
        state = .finished
        defer { buffer = [] }
        return .finish(agreement, rest: buffer)
    }

    private mutating func fail(_ error: HandshakeError) -> HandshakeError {
        state = .failed(error)
        buffer = []
        transcript = []
        return error
    }

    // MARK: Proofs

    private mutating func say(_ message: HandshakeMessage) -> Action {
        let bytes = message.bytes
        transcript += bytes
        return .send(bytes)
    }

    /// Returns the action that sends a message with the code of everything said so far and of its own fields.
    private mutating func prove(
        _ key: PeerKey,
        _ side: String,
        _ message: ([UInt8]) -> HandshakeMessage
    ) -> Action {
        let empty = HandshakeMessage.withoutCode(message([UInt8](repeating: 0, count: HMAC.size)).bytes)
        transcript += empty
        return .send(message(key.proof(of: proven(side))).bytes)
    }

    private mutating func verify(
        _ code: [UInt8],
        _ raw: [UInt8],
        _ key: PeerKey,
        _ side: String
    ) throws(HandshakeError) {
        transcript += HandshakeMessage.withoutCode(raw)
        guard HMAC.areEqual(code, key.proof(of: proven(side))) else { throw .wrongProof }
    }

    /// The bytes under a code. The namespace has a length, so that no two handshakes have the same bytes.
    private func proven(_ side: String) -> [UInt8] {
        var writer = ByteWriter(capacity: 512)
        writer.write(side)
        writer.write(identity.namespace)
        writer.write(rest: transcript)
        return writer.bytes
    }
}
