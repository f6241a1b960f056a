#if AutoGen
    import AgentExchange
    import AutoGenHost
    import AutoGenProtocol
    import Testing

    @Suite("Settings of a host at their extremes are refused by name, or it serves", .timeLimit(.minutes(2)))
    struct ExtremesTests {
        static let timeSettings: [(String, @Sendable (inout AutoGenHostConfiguration, Duration) -> Void)] = [
            ("requestDeadline", { $0.requestDeadline = $1 }), ("absence", { $0.absence = $1 }),
            ("retention", { $0.retention = $1 }), ("eventHold", { $0.eventHold = $1 }),
            ("streamPatience", { $0.streamPatience = $1 }), ("reconnectPatience", { $0.reconnectPatience = $1 }),
            ("idleLimit", { $0.idleLimit = $1 }), ("slowRequest", { $0.slowRequest = $1 }),
            ("pingInterval", { $0.pingInterval = $1 }), ("silenceLimit", { $0.silenceLimit = $1 }),
        ]
        static let numberSettings: [(String, @Sendable (inout AutoGenHostConfiguration, Int) -> Void)] = [
            ("eventHoldCount", { $0.eventHoldCount = $1 }), ("maximumMessageSize", { $0.maximumMessageSize = $1 }),
            ("maximumUnconfirmed", { $0.maximumUnconfirmed = $1 }), ("maximumRequests", { $0.maximumRequests = $1 }),
            ("maximumBacklog", { $0.maximumBacklog = $1 }), ("maximumTypes", { $0.maximumTypes = $1 }),
            ("maximumClients", { $0.maximumClients = $1 }),
        ]

        @Test("Durations", arguments: 0..<timeSettings.count)
        func times(_ number: Int) async throws {
            let (name, set) = Self.timeSettings[number]
            for value in [.seconds(Int64.min), .milliseconds(-1), .seconds(Int64.max)] as [Duration] {
                try await Self.expectRefusal(name) { set(&$0, value) }
            }
            try await Self.serve { set(&$0, .seconds(36_500 * 86_400)) }
        }

        @Test("Numbers", arguments: 0..<numberSettings.count)
        func limits(_ number: Int) async throws {
            let (name, set) = Self.numberSettings[number]
            for value in [Int.min, -1, Int(Int32.max) + 1, .max] {
                try await Self.expectRefusal(name) { set(&$0, value) }
            }
            try await Self.serve { set(&$0, Int(Int32.max)) }
        }

        private static func expectRefusal(
            _ name: String,
            _ configure: @Sendable (inout AutoGenHostConfiguration) -> Void
        ) async throws {
            let error = await #expect(throws: ExchangeError.self) { try await withScene(configure) { _ in } }
            #expect(error?.code == .invalidConfiguration)
            #expect(error?.message.hasPrefix(name) == true, "\(String(describing: error))")
        }

        private static func serve(_ configure: @Sendable (inout AutoGenHostConfiguration) -> Void) async throws {
            try await withScene(configure) { scene in
                let (_, target) = try await scene.worker("a")
                let (_, caller) = try await scene.worker()
                try caller.ask("1", "a")
                try target.answer(try await target.request().requestID, "done")
                #expect(try await caller.response("1").payload.text == "done")
            }
        }
    }
#endif
