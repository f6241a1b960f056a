#if AutoGen
    import AutoGenProtocol
    import ExchangeTestKit
    import Testing

    @Suite("Topic sources", .serialized)
    struct SourceTests {
        /// AutoGen's host remembers the recipients of each topic source, and computes them anew with each subscription.
        @Test("A subscription takes no longer after events of many sources")
        func sources() async throws {
            try await withScene { scene in
                let (client, stream) = try await scene.worker("a")
                try await client.subscribe("a", "news")
                let count = LongForm.isWanted ? 50_000 : 1000
                for number in 0..<count {
                    try stream.publish("news", source: "source\(number)", "x")
                    // As many as the client has unconfirmed, and few in memory.
                    if number % 256 == 255 {
                        try await eventually("they have come", timeout: .seconds(60)) { stream.waiting == 256 }
                        stream.received.update { $0 = [] }
                    }
                }
                try await eventually("the last ones have come") { stream.waiting == count % 256 }
                var times: [Duration] = []
                for number in 0..<15 {
                    times.append(
                        try await ContinuousClock().measure { try await client.subscribe("a", "later\(number)") }
                    )
                }
                let median = times.sorted()[times.count / 2]
                #expect(median <= .milliseconds(20), "one takes \(median) after \(count) sources")
            }
        }
    }
#endif
