import Foundation
import Testing

@testable import warren

@Suite("The rules of the dashboard")
struct RequestGuardTests {
    private static let secret = "0123456789abcdef"

    private static func rules(actions: Bool = true, isEncrypted: Bool = false) throws -> RequestGuard {
        RequestGuard(
            hosts: ["localhost", "127.0.0.1", "::1", "ops.example"],
            isEncrypted: isEncrypted,
            token: try #require(AccessToken(secret)),
            allowsActions: actions
        )
    }

    private static func refusal(_ rules: RequestGuard, _ head: RequestGuard.Head) -> RequestGuard.Refusal? {
        do {
            try rules.check(head)
            return nil
        } catch {
            return error
        }
    }

    /// A question of the page's own script.
    private static func question(_ change: (inout RequestGuard.Head) -> Void = { _ in }) -> RequestGuard.Head {
        var head = RequestGuard.Head(path: "/api/totals", host: "127.0.0.1:15690", authorization: "Bearer \(secret)")
        head.site = "same-origin"
        change(&head)
        return head
    }

    /// An action of the page's own script.
    private static func action(_ change: (inout RequestGuard.Head) -> Void = { _ in }) -> RequestGuard.Head {
        question { head in
            head.method = "POST"
            head.path = "/api/agents/terminate"
            head.origin = "http://127.0.0.1:15690"
            head.contentType = "application/json"
            change(&head)
        }
    }

    @Test("The page's own questions and actions pass, and those of a program without a browser")
    func own() throws {
        let rules = try Self.rules()
        #expect(Self.refusal(rules, Self.question()) == nil)
        #expect(Self.refusal(rules, Self.action()) == nil)
        #expect(Self.refusal(rules, Self.question { $0.site = nil }) == nil)
        #expect(Self.refusal(rules, Self.action { ($0.site, $0.origin) = (nil, nil) }) == nil)
        #expect(Self.refusal(rules, Self.action { $0.contentType = "application/json; charset=utf-8" }) == nil)
        #expect(Self.refusal(rules, Self.question { $0.host = "[::1]:15690" }) == nil)
        #expect(Self.refusal(rules, Self.question { $0.host = "OPS.example" }) == nil)
    }

    @Test(
        "A name that leads here by another page's DNS is refused, for the page too",
        arguments: [
            "evil.example", "evil.example:15690", "127.0.0.1.evil.example", "localhost.evil.example",
            "127.0.0.1@evil.example",
            "ops.example.", "[::1].evil.example", "[evil.example]", "", ":15690", "::1:15690",
        ]
    )
    func hosts(name: String) throws {
        let rules = try Self.rules()
        #expect(Self.refusal(rules, Self.question { $0.host = name }) == .host)
        #expect(Self.refusal(rules, RequestGuard.Head(path: "/", host: name)) == .host)
        #expect(Self.refusal(rules, Self.question { $0.host = nil }) == .host)
    }

    @Test("Another page may neither read nor act, whatever token it has")
    func origins() throws {
        let rules = try Self.rules()
        for origin in ["http://evil.example", "null", "https://127.0.0.1:15690", "http://127.0.0.1:15691", ""] {
            #expect(Self.refusal(rules, Self.action { $0.origin = origin }) == .origin)
            #expect(Self.refusal(rules, Self.question { $0.origin = origin }) == .origin)
        }
        for site in ["cross-site", "same-site", ""] {
            #expect(Self.refusal(rules, Self.question { $0.site = site }) == .origin)
        }
        let encrypted = try Self.rules(isEncrypted: true)
        #expect(Self.refusal(encrypted, Self.action { $0.origin = "https://127.0.0.1:15690" }) == nil)
        #expect(Self.refusal(encrypted, Self.action()) == .origin)
    }

    @Test("Without the token there is the page, which tells nothing, and the answer for probes")
    func tokens() throws {
        let rules = try Self.rules()
        let wrong = [
            nil, "", "Bearer", "Bearer ", "Bearer \(Self.secret)0", "Bearer \(Self.secret.dropLast())", Self.secret,
        ]
        for authorization in wrong + ["bearer \(Self.secret)", "Basic \(Self.secret)", "Bearer 0123456789abcdeF"] {
            #expect(Self.refusal(rules, Self.question { $0.authorization = authorization }) == .token)
            for path in ["/api", "/api/agents", "/Style.css", "//", "/style.css/", "/unknown"] {
                let head = Self.question { ($0.authorization, $0.path) = (authorization, path) }
                #expect(Self.refusal(rules, head) == .token)
            }
        }
        for path in RequestGuard.open {
            #expect(Self.refusal(rules, RequestGuard.Head(path: path, host: "localhost")) == nil)
            #expect(Self.refusal(rules, RequestGuard.Head(method: "POST", path: path, host: "localhost")) == .token)
        }
        #expect(Self.refusal(rules, RequestGuard.Head(path: "/-/healthy", host: "10.0.0.7:15690")) == nil)
    }

    @Test("A dashboard that is read-only takes no action, and no other method than two is taken")
    func actions() throws {
        #expect(Self.refusal(try Self.rules(actions: false), Self.action()) == .readOnly)
        let rules = try Self.rules()
        for type in [nil, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""] {
            #expect(Self.refusal(rules, Self.action { $0.contentType = type }) == .contentType)
        }
        for method in ["PUT", "DELETE", "OPTIONS", "HEAD", "get", "CONNECT", "TRACE"] {
            #expect(Self.refusal(rules, Self.action { $0.method = method }) == .method)
        }
    }

    @Test("An operator hears of refusals at once, and then once a minute")
    func notes() {
        let notes = RefusalNotes()
        let start = ContinuousClock.now
        #expect(notes.line(.token, now: start) == "1 requests refused: the token is wrong or missing")
        for second in 1..<60 { #expect(notes.line(.token, now: start + .seconds(second)) == nil) }
        #expect(notes.line(.host, now: start)?.hasPrefix("1 requests refused") == true)
        #expect(notes.line(.token, now: start + .seconds(60))?.hasPrefix("60 requests refused") == true)
    }
}
