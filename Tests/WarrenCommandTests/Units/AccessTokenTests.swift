import ExchangeTestKit
import Foundation
import Testing

@testable import warren

@Suite("The token of the dashboard")
struct AccessTokenTests {
    @Test("A new one has 256 bits, and no description or reflection shows it")
    func new() throws {
        let token = AccessToken()
        #expect(token.text.count == 64 && token.text != AccessToken().text)
        #expect(token.matches(token.text) && AccessToken(token.text)?.matches(token.text) == true)
        var dump = ""
        Swift.dump(token, to: &dump)
        for text in [dump, "\(token)", String(reflecting: token)] { #expect(!text.contains(token.text.prefix(8))) }
    }

    @Test("Only the whole text matches")
    func matches() throws {
        let text = "0123456789abcdef"
        let token = try #require(AccessToken(text))
        #expect(token.matches(text))
        for other in [
            "", "0", text + text, text + "0", String(text.dropLast()), "1123456789abcdef", "0123456789abcdeg",
        ] {
            #expect(!token.matches(other))
        }
        #expect(!token.matches(String(repeating: "0", count: 100_000)))
    }

    @Test("Short, long and unprintable texts are no token")
    func forms() {
        #expect(AccessToken("0123456789abcde") == nil)
        #expect(AccessToken(String(repeating: "a", count: 513)) == nil)
        #expect(AccessToken(String(repeating: "a", count: 512)) != nil)
        for text in ["0123456789 abcdef", "0123456789\tabcdef", "0123456789äbcdef0"] {
            #expect(AccessToken(text) == nil)
        }
    }

    @Test("A file comes before the variable, and an error names the place without the text")
    func given() throws {
        let folder = try TemporaryDirectory(prefix: "token")
        let file = try folder.write("from-a-file-0123456 \nsecond line\n", to: "token")
        let environment = [AccessToken.variable: "from-a-variable-0123"]
        #expect(try AccessToken.given(file: file, environment: environment)?.text == "from-a-file-0123456")
        #expect(try AccessToken.given(file: nil, environment: environment)?.text == "from-a-variable-0123")
        #expect(try AccessToken.given(file: nil, environment: [AccessToken.variable: ""]) == nil)
        let short = try folder.write("short\n", to: "short")
        let error = #expect(throws: CommandFailure.self) { try AccessToken.given(file: short, environment: [:]) }
        #expect(error?.message.contains(short) == true && error?.message.contains(": short") == false)
        #expect(error?.status == ExitStatus.usage)
        #expect(throws: CommandFailure.self) { try AccessToken.given(file: folder.path("none"), environment: [:]) }
    }

    @Test(
        "Loopback is told from other addresses",
        arguments: [
            ("127.0.0.1:1", true), ("127.8.8.8:1", true), ("localhost:1", true), ("[::1]:1", true),
            ("0.0.0.0:1", false),
            ("127.evil.example:1", false), ("10.0.0.7:1", false), ("[::]:1", false), ("localhost.example:1", false),
            ("127.0.0.1.2:1", false), ("127.0.0:1", false),
        ]
    )
    func loopback(text: String, isLoopback: Bool) throws {
        #expect(try #require(ScrapeAddress(argument: text)).isLoopback == isLoopback)
    }
}
