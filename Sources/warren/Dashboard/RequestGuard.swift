/// The rules by which the dashboard refuses a request: those of a browser's user on another page, and those without the token. A pure
/// value.
///
/// The token travels in a header that only the dashboard's own script sets. A browser adds no cookie and no login by itself, so a page
/// elsewhere can't act in the operator's name; the other checks are a second wall.
struct RequestGuard: Sendable {
    /// The head of a request.
    struct Head: Sendable {
        var method = "GET"
        var path: String
        /// The header `Host`.
        var host: String?
        /// The header `Origin`, which a browser sends with each action.
        var origin: String?
        /// The header `Sec-Fetch-Site`.
        var site: String?
        var authorization: String?
        var contentType: String?
    }

    /// The reason of a refusal.
    enum Refusal: Error, Hashable, CaseIterable {
        /// The name in `Host` is none of the dashboard: DNS of another page may lead here.
        case host
        /// Another page asks.
        case origin
        /// The token is wrong or missing.
        case token
        /// The dashboard takes no actions.
        case readOnly
        /// An action is no JSON.
        case contentType
        /// The method is neither `GET` nor `POST`.
        case method
    }

    /// The paths of the page itself, which tells nothing.
    static let open: Set<String> = ["/", "/style.css", "/script.js", "/icon.svg"]

    /// The path for probes, which are answered under each name.
    static let health = "/-/healthy"

    /// The names under which the dashboard is reached, in lower case, without port.
    let hosts: Set<String>
    /// Whether it is served with TLS.
    let isEncrypted: Bool
    let token: AccessToken
    let allowsActions: Bool

    /// Checks the head of a request.
    ///
    /// - Throws: The first reason to refuse it.
    func check(_ head: Head) throws(Refusal) {
        guard head.method == "GET" || head.method == "POST" else { throw .method }
        if head.method == "GET", head.path == Self.health { return }
        guard let host = head.host?.lowercased(), hosts.contains(Self.name(of: host)) else { throw .host }
        if head.method == "GET", Self.open.contains(head.path) { return }
        if let origin = head.origin, origin.lowercased() != (isEncrypted ? "https://" : "http://") + host {
            throw .origin
        }
        if let site = head.site, site != "same-origin", site != "none" { throw .origin }
        let scheme = "Bearer "
        guard let authorization = head.authorization, authorization.hasPrefix(scheme),
            token.matches(String(authorization.dropFirst(scheme.count)))
        else { throw .token }
        guard head.method == "POST" else { return }
        guard allowsActions else { throw .readOnly }
        let type = head.contentType?.split(separator: ";").first?.lowercased()
        guard type == "application/json" else { throw .contentType }
    }

    /// Returns the name in a `Host`: without the port, and without the brackets of an IPv6 address. Of a text of another form it is the
    /// whole.
    static func name(of host: String) -> String {
        guard host.hasPrefix("["), let end = host.firstIndex(of: "]") else { return String(host.prefix { $0 != ":" }) }
        let rest = host[host.index(after: end)...]
        guard rest.isEmpty || rest.hasPrefix(":") else { return host }
        return String(host[host.index(after: host.startIndex)..<end])
    }
}

extension RequestGuard.Refusal {
    /// The failure for the client.
    var failure: CommandFailure {
        switch self {
        case .host: CommandFailure("the dashboard has another name: see --host", code: "forbidden")
        case .origin: CommandFailure("another page may not ask the dashboard", code: "forbidden")
        case .token: CommandFailure("the token is wrong or missing", code: "unauthorized")
        case .readOnly: CommandFailure("the dashboard is read-only: see --allow-actions", code: "forbidden")
        case .contentType: CommandFailure("an action is application/json", code: "usage")
        case .method: CommandFailure("the methods are GET and POST", code: "usage")
        }
    }
}
