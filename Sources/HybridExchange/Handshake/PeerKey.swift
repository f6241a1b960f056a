internal import AgentExchange
internal import Foundation

/// A secret that two sessions share for one handshake.
///
/// Each session contributes a half, which travels through the broker. No description, reflection or error of this type
/// shows a byte of it.
struct PeerKey: Sendable {
    /// The contribution of one session.
    struct Half: Sendable {
        /// The size of a half, in bytes.
        static let size = 32

        /// The secret bytes, for the message through the broker.
        let bytes: [UInt8]

        /// Makes a random half.
        init() {
            var generator = SystemRandomNumberGenerator()
            bytes = (0..<Self.size).map { _ in .random(in: .min ... .max, using: &generator) }
        }

        /// Takes the half of the other session. Returns `nil` when the size is another.
        init?(bytes: [UInt8]) {
            guard bytes.count == Self.size else { return nil }
            self.bytes = bytes
        }
    }

    private let root: [UInt8]

    /// Joins the half of the session that asked with that of the session that answered.
    init(asker: Half, answerer: Half) {
        root = HMAC.code(of: Array("warren peer key".utf8) + answerer.bytes, key: asker.bytes)
    }

    /// Returns the code of a handshake's transcript.
    func proof(of transcript: [UInt8]) -> [UInt8] {
        HMAC.code(of: transcript, key: HMAC.code(of: Array("warren peer proof".utf8), key: root))
    }

    /// The pre-shared key of an encrypted connection. It differs from the key of proofs.
    var encryption: [UInt8] { HMAC.code(of: Array("warren peer encryption".utf8), key: root) }
}

extension PeerKey: CustomStringConvertible, CustomReflectable {
    var description: String { "PeerKey" }
    var customMirror: Mirror { Mirror(self, children: []) }
}

extension PeerKey.Half: CustomStringConvertible, CustomReflectable {
    var description: String { "PeerKey.Half" }
    var customMirror: Mirror { Mirror(self, children: []) }
}
