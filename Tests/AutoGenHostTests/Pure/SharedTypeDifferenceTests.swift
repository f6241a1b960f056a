#if AutoGen
    import Testing

    @testable import AutoGenHost

    @Suite("Clients that share a type and differ in others")
    struct SharedTypeDifferenceTests {
        private static func isShared(_ type: String) -> Bool { type.hasPrefix("solver") }

        @Test("A client is reported once, when its types have not changed for a look")
        func once() {
            var differences = SharedTypeDifferences<Int>()
            var clients: [Int: Set<String>] = [1: ["solver"], 2: ["solver", "writer"], 3: ["other"]]
            #expect(differences.look(clients, isShared: Self.isShared) == [])
            #expect(
                differences.look(clients, isShared: Self.isShared)
                    == [.init(type: "solver", client: 2, others: ["writer"])]
            )
            #expect(differences.look(clients, isShared: Self.isShared) == [])
            // It changes, and differs anew.
            clients[2] = ["solver", "editor"]
            #expect(differences.look(clients, isShared: Self.isShared) == [])
            #expect(differences.look(clients, isShared: Self.isShared).map(\.others) == [["editor"]])
        }

        @Test("Clients with the same types, and those that share none, are not reported")
        func same() {
            var differences = SharedTypeDifferences<Int>()
            let clients: [Int: Set<String>] = [
                1: ["solver", "writer"], 2: ["solver", "writer"], 3: ["solver2"], 4: ["a", "b"], 5: ["a"],
            ]
            for _ in 0..<3 { #expect(differences.look(clients, isShared: Self.isShared) == []) }
        }
    }
#endif
