import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@Suite("UUIDs in base32")
struct Base32Tests {
    @Test(
        "The text is that of RFC 4648, in lower case and without padding",
        arguments: [
            ("00000000-0000-0000-0000-000000000000", "aaaaaaaaaaaaaaaaaaaaaaaaaa"),
            ("00010203-0405-0607-0809-0a0b0c0d0e0f", "aaaqeayeaudaocajbifqydiob4"),
            ("f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "7aou7lt55qi5bj3facqmshtl6y"),
            ("ffffffff-ffff-ffff-ffff-ffffffffffff", "77777777777777777777777774"),
        ]
    )
    func vectors(_ uuidText: String, _ base32: String) throws {
        let uuid = try #require(UUID(uuidString: uuidText))
        #expect(uuid.base32 == base32)
        #expect(try UUID(base32: base32) == uuid)
        #expect(try UUID(base32: base32.uppercased()) == uuid)
    }

    @Test("Every UUID is read back (2,000 generated ones)")
    func roundTrip() throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<2000 {
            let uuid = UUID.random(using: &random)
            #expect(try UUID(base32: uuid.base32) == uuid, "seed \(seed)")
        }
    }

    @Test(
        "Bad text is refused",
        arguments: [
            "", "a", "aaaaaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaaaaaa==",
            "aaaaaaaaaaaaaaaaaaaaaaaaa1", "aaaaaaaaaaaaaaaaaaaaaaaaa8", "aaaaaaaaaaaa aaaaaaaaaaaaa",
            "aaaaaaaaaaaaaaaaaaaaaaaaé", "aaaaaaaaaaaaaaaaaaaaaaaaab", "77777777777777777777777777",
            "00010203-0405-0607-0809-0a",
        ]
    )
    func bad(_ text: String) {
        let error = #expect(throws: InvalidBase32.self) { try UUID(base32: text) }
        #expect(error?.description.hasPrefix("not a UUID in base32: ") == true)
    }
}

extension UUID {
    /// A UUID of sixteen random bytes.
    static func random(using random: inout SeededGenerator) -> UUID {
        let halves = (random.next(), random.next())
        return withUnsafeBytes(of: halves) { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
    }
}
