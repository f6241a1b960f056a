internal import AgentExchange
internal import Foundation

/// A message of a handshake. On the wire: ``magic``, its kind (`u8`), the length of its body (`u8`), the body.
///
/// Later versions may append fields to a body.
enum HandshakeMessage: Sendable, Hashable {
    /// The dialler introduces itself.
    case hello(Hello)
    /// The listener knows the key, and sends its nonce.
    case challenge(ProtocolVersion, nonce: [UInt8])
    /// The dialler proves that it has the key.
    case proof(code: [UInt8], PeerOffer)
    /// The listener proves the same. Frames follow.
    case welcome(code: [UInt8], PeerOffer)

    /// The first message.
    struct Hello: Sendable, Hashable {
        let version: ProtocolVersion
        /// The first bytes of the namespace's hash, so that a foreign namespace can be told from a wrong key.
        let namespace: UInt64
        /// The name of the key; see ``Meeting/id``.
        let meeting: UUID
        let dialler: UUID
        let listener: UUID
        let nonce: [UInt8]
    }

    private enum Kind: UInt8 {
        case hello = 1
        case challenge, proof, welcome
    }

    /// The first bytes of every message. A program that speaks another protocol sends others.
    static let magic: [UInt8] = Array("WRND".utf8)
    /// The size of a nonce, in bytes.
    static let nonceSize = 32
    /// The largest message, in bytes, and all that a dialler may send before it is known.
    static let largest = 256

    private static let headSize = magic.count + 2

    /// Returns the mark of a namespace in a ``Hello``.
    static func mark(of namespace: String) -> UInt64 {
        SHA256.digest(of: "warren namespace " + namespace).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    var bytes: [UInt8] {
        var body = ByteWriter(capacity: Self.largest)
        let kind: Kind
        switch self {
        case .hello(let hello):
            kind = .hello
            Self.write(hello.version, &body)
            body.write(fixed: hello.namespace)
            body.write(hello.meeting)
            body.write(hello.dialler)
            body.write(hello.listener)
            body.write(rest: hello.nonce)
        case .challenge(let version, let nonce):
            kind = .challenge
            Self.write(version, &body)
            body.write(rest: nonce)
        case .proof(let code, let offer), .welcome(let code, let offer):
            if case .proof = self { kind = .proof } else { kind = .welcome }
            body.write(rest: code)
            offer.write(to: &body)
        }
        return Self.magic + [kind.rawValue, UInt8(clamping: body.bytes.count)] + body.bytes
    }

    private static func write(_ version: ProtocolVersion, _ writer: inout ByteWriter) {
        writer.write(byte: UInt8(clamping: version.major))
        writer.write(byte: UInt8(clamping: version.minor))
    }
}

// MARK: Reading

extension HandshakeMessage {
    /// Reads the first message of some bytes, and returns its size; `nil` when more bytes are needed.
    ///
    /// - Throws: ``HandshakeError/notAPeer`` at the first foreign byte, ``HandshakeError/tooManyBytes`` when the message
    ///   is larger than ``largest``, ``HandshakeError/misplaced`` for an unknown kind, ``HandshakeError/malformed``.
    static func read(_ bytes: [UInt8]) throws(HandshakeError) -> (message: HandshakeMessage, size: Int)? {
        guard magic.starts(with: bytes.prefix(magic.count)) else { throw .notAPeer }
        guard bytes.count >= headSize else { return nil }
        guard let kind = Kind(rawValue: bytes[magic.count]) else { throw .misplaced }
        let size = headSize + Int(bytes[magic.count + 1])
        guard size <= largest else { throw .tooManyBytes }
        guard bytes.count >= size else { return nil }
        let result = bytes.withUnsafeBytes { bytes -> Result<HandshakeMessage, PeerFrameError> in
            var reader = ByteReader(UnsafeRawBufferPointer(rebasing: bytes[headSize..<size]))
            do throws(PeerFrameError) {
                return .success(try body(kind, &reader))
            } catch {
                return .failure(error)
            }
        }
        guard case .success(let message) = result else { throw .malformed }
        return (message, size)
    }

    private static func body(_ kind: Kind, _ reader: inout ByteReader) throws(PeerFrameError) -> HandshakeMessage {
        switch kind {
        case .hello:
            let version = try version(&reader)
            let namespace = try reader.fixed(UInt64.self)
            let (meeting, dialler, listener) = (try reader.uuid(), try reader.uuid(), try reader.uuid())
            let hello = Hello(
                version: version,
                namespace: namespace,
                meeting: meeting,
                dialler: dialler,
                listener: listener,
                nonce: Array(try reader.bytes(nonceSize))
            )
            return .hello(hello)
        case .challenge: return .challenge(try version(&reader), nonce: Array(try reader.bytes(nonceSize)))
        case .proof: return .proof(code: Array(try reader.bytes(HMAC.size)), try PeerOffer(&reader))
        case .welcome: return .welcome(code: Array(try reader.bytes(HMAC.size)), try PeerOffer(&reader))
        }
    }

    private static func version(_ reader: inout ByteReader) throws(PeerFrameError) -> ProtocolVersion {
        ProtocolVersion(major: Int(try reader.byte()), minor: Int(try reader.byte()))
    }
}

// MARK: Codes

extension HandshakeMessage {
    /// Returns the bytes of a `proof` or a `welcome` without its code: everything that the code covers.
    static func withoutCode(_ bytes: [UInt8]) -> [UInt8] {
        Array(bytes.prefix(headSize) + bytes.dropFirst(headSize + HMAC.size))
    }
}
