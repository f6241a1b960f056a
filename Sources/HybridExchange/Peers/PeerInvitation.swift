internal import AgentExchange
internal import Foundation

/// The part of `warren-meet` and `warren-met` that lets two sessions dial each other: the session, its half of a key, and
/// its endpoints. The name of the meeting is the correlation id of both messages.
///
/// The half is a secret. No description shows it; the fields do, and go to one session's queue only.
struct PeerInvitation: Sendable {
    /// The number of endpoints that are read. Further ones are ignored.
    static let largestCount = 8

    let session: UUID
    let half: PeerKey.Half
    /// The addresses at which the session listens; empty for one that only dials.
    let endpoints: [PeerEndpoint]
    /// Identifies the running machine, for Unix sockets.
    let boot: String?

    init(session: UUID, half: PeerKey.Half, endpoints: [PeerEndpoint], boot: String? = Self.currentBoot) {
        self.session = session
        self.half = half
        self.endpoints = endpoints
        self.boot = boot
    }

    /// The boot id of this machine.
    static let currentBoot: String? = {
        let text = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
        return text?.trimmingCharacters(in: .whitespacesAndNewlines)
    }()

    private enum Field {
        static let session = "peer"
        static let half = "peer-key"
        static let endpoints = "peer-endpoints"
        static let boot = "peer-boot"
    }

    /// The fields of the control message.
    var fields: [String: String] {
        var fields = [
            Field.session: session.lowercased,
            Field.half: Data(half.bytes).base64EncodedString(),
            Field.endpoints: endpoints.map(\.text).joined(separator: " "),
        ]
        fields[Field.boot] = boot
        return fields
    }

    /// Reads the fields of another session. Unknown fields and endpoints are ignored. Returns `nil` when the session or the
    /// half is missing or malformed.
    init?(fields: [String: String]) {
        guard let session = fields[Field.session].flatMap(UUID.init(text:)),
            let text = fields[Field.half], text.utf8.count <= 64,
            let bytes = Data(base64Encoded: text), let half = PeerKey.Half(bytes: Array(bytes))
        else { return nil }
        let endpoints = (fields[Field.endpoints] ?? "").split(separator: " ", maxSplits: Self.largestCount)
        self.init(
            session: session,
            half: half,
            endpoints: endpoints.prefix(Self.largestCount).compactMap(PeerEndpoint.init(text:)),
            boot: fields[Field.boot].map { String($0.prefix(64)) }
        )
    }

    /// The endpoints to dial from this machine, in order: a Unix socket when both sessions run on the same one, then TCP over
    /// IPv6, then the rest.
    func reachable(from boot: String? = Self.currentBoot) -> [PeerEndpoint] {
        let isHere = boot != nil && boot == self.boot
        func rank(_ endpoint: PeerEndpoint) -> Int? {
            switch endpoint {
            case .unix: isHere ? 0 : nil
            case .tcp(let host, _): host.contains(":") ? 1 : 2
            }
        }
        return (0...2).flatMap { wanted in endpoints.filter { rank($0) == wanted } }
    }
}
