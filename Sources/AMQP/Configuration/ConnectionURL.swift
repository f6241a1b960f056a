/// The parts of a connection URL. It is parsed by hand, because general parsers support neither several hosts nor `%2f`
/// as a virtual host. No error text contains any part of the URL that could be a password.
package struct ConnectionURL {
    var secure = false
    var user: String?
    var password: String?
    var endpoints: [Endpoint] = []
    var virtualHost = "/"
    var query: [(name: String, value: String)] = []
    /// Whether no part of a password can be mistaken for a query item.
    private var mayShowQuery = true

    init(_ text: String) throws(AMQPError) {
        var rest = try Self.scheme(of: text, secure: &secure)
        guard !rest.contains("#") else { throw Self.invalid("a fragment is not allowed; write # as %23") }
        if let mark = rest.firstIndex(of: "?") {
            let items = rest[rest.index(after: mark)...]
            query = try Self.query(items)
            rest = rest[..<mark]
            mayShowQuery = !items.contains("@") && (rest.contains("@") || !rest.contains(":"))
        }
        if let slash = rest.firstIndex(of: "/") {
            let path = rest[rest.index(after: slash)...]
            guard !path.contains("/") else { throw Self.invalid("a slash in the virtual host must be written as %2f") }
            if !path.isEmpty { virtualHost = try Self.decode(path, "virtual host") }
            rest = rest[..<slash]
        }
        if let at = rest.lastIndex(of: "@") {
            try takeUser(rest[..<at])
            rest = rest[rest.index(after: at)...]
        }
        for host in rest.split(separator: ",", omittingEmptySubsequences: false) {
            endpoints.append(try endpoint(host))
        }
    }

    private static func scheme(of text: String, secure: inout Bool) throws(AMQPError) -> Substring {
        guard let end = text.range(of: "://") else { throw invalid("it must start with amqp:// or amqps://") }
        let scheme = text[..<end.lowerBound].lowercased()
        switch scheme {
        case "amqp", "amqp+tcp": secure = false
        case "amqps", "amqp+tls", "amqp+ssl": secure = true
        default: throw invalid("it must start with amqp:// or amqps://")
        }
        return text[end.upperBound...]
    }

    private mutating func takeUser(_ text: Substring) throws(AMQPError) {
        guard !text.contains("@") else { throw Self.invalid("an @ in user or password must be written as %40") }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        user = try Self.decode(parts[0], "user")
        if parts.count == 2 { password = try Self.decode(parts[1], "password") }
    }

    private func endpoint(_ text: Substring) throws(AMQPError) -> Endpoint {
        let standard = secure ? 5671 : 5672
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { throw Self.invalid("an IPv6 address lacks its ]") }
            let address = text[text.index(after: text.startIndex)..<end]
            guard address.contains(":") else { throw Self.invalid("only IPv6 addresses stand in brackets") }
            let port = text[text.index(after: end)...]
            guard port.isEmpty || port.first == ":" else { throw Self.invalid("after ] only a port may follow") }
            return Endpoint(host: String(address), port: try Self.port(port.dropFirst(), standard))
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { throw Self.invalid("an IPv6 address must stand in brackets") }
        let host = try Self.decode(parts.first ?? "", "host")
        return Endpoint(
            host: host.isEmpty ? "localhost" : host,
            port: try Self.port(parts.count == 2 ? parts[1] : "", standard)
        )
    }

    private static func port(_ text: Substring, _ standard: Int) throws(AMQPError) -> Int {
        if text.isEmpty { return standard }
        guard text.utf8.allSatisfy({ (48...57).contains($0) }), let port = Int(text), (1...65_535).contains(port) else {
            throw invalid("a port must be 1 to 65535")
        }
        return port
    }

    /// Far more than there are names.
    private static let maximumQueryItems = 64

    private static func query(_ text: Substring) throws(AMQPError) -> [(name: String, value: String)] {
        var items: [(name: String, value: String)] = []
        for item in text.split(separator: "&") {
            guard items.count < maximumQueryItems else { throw invalid("it has too many query items") }
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = try decode(parts[0], "query")
            guard !items.contains(where: { $0.name == name }) else { throw invalid("a query item occurs twice") }
            items.append((name, parts.count == 2 ? try decode(parts[1], "query") : ""))
        }
        return items
    }

    private static func decode(_ text: Substring, _ part: String) throws(AMQPError) -> String {
        var bytes: [UInt8] = []
        var iterator = text.utf8.makeIterator()
        while let byte = iterator.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = iterator.next()?.hexadecimalValue, let low = iterator.next()?.hexadecimalValue else {
                throw invalid("the \(part) has a % that is not followed by two hexadecimal digits")
            }
            bytes.append(high << 4 | low)
        }
        guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            throw invalid("the \(part) is not UTF-8 text")
        }
        return text
    }

    /// Returns the error for an unknown query item. It names the item if that looks like a name and can't be a part of a
    /// password. Without a host, a password with a question mark reads as a port and a query.
    func unknown(_ item: String) -> AMQPError {
        let isName =
            (1...64).contains(item.utf8.count)
            && item.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"): true
                default: false
                }
            }
        let hasPassword = password.map { !$0.isEmpty && item.contains($0) } ?? false
        let mayShow = mayShowQuery && isName && !hasPassword
        return Self.invalid(mayShow ? "the query item \(item) is unknown" : "a query item is unknown")
    }

    /// Returns a part of a URL in its encoded form: everything but letters, digits and `-._~` is percent-encoded.
    package static func encoded(_ part: String) -> String {
        var text = ""
        for byte in part.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                text += digits.utf8.count < 2 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return text
    }

    static func invalid(_ why: String) -> AMQPError {
        AMQPError(code: .invalidURL, delivery: .notSent, message: "The connection URL is not valid: \(why).")
    }
}

extension UInt8 {
    fileprivate var hexadecimalValue: UInt8? {
        switch self {
        case 48...57: self - 48
        case 65...70: self - 55
        case 97...102: self - 87
        default: nil
        }
    }
}

extension StringProtocol {
    fileprivate func range(of text: String) -> Range<Index>? { firstRange(of: text) }
}
