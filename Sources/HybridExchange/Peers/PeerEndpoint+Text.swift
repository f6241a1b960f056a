internal import Foundation

extension PeerEndpoint {
    /// The largest text of an endpoint, in bytes.
    static let largestText = 512

    /// The form in a message through the broker: `tcp://host:port`, with brackets around an IPv6 address, or `unix:path`.
    /// It has no spaces.
    var text: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "tcp://[\(host)]:\(port)" : "tcp://\(host):\(port)"
        case .unix(let path): "unix:" + (path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? "")
        }
    }

    /// Reads the text of another session. Returns `nil` for anything else, such as a kind that a later version has.
    init?(text: some StringProtocol) {
        guard text.utf8.count <= Self.largestText else { return nil }
        if text.hasPrefix("unix:") {
            guard let path = text.dropFirst(5).removingPercentEncoding, path.hasPrefix("/"), path.utf8.count <= 107,
                !path.utf8.contains(0)
            else { return nil }
            self = .unix(path: path)
            return
        }
        guard text.hasPrefix("tcp://"), let colon = text.lastIndex(of: ":") else { return nil }
        var host = text[..<colon].dropFirst(6)
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        let digits = text[text.index(after: colon)...]
        guard !host.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(digits), port > 0
        else { return nil }
        self = .tcp(host: String(host), port: Int(port))
    }
}
