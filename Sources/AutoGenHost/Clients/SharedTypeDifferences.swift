#if AutoGen
    /// Finds clients that share an agent type and have other types besides.
    ///
    /// A worker of AutoGen gives an event to all of its agents that subscribed. So an event for a shared type and for another one
    /// that not all of its workers have is handled twice by the agents of the shared type: at the worker that has its slot, and at
    /// the worker that got it for the other type. A pure value.
    struct SharedTypeDifferences<Client: Hashable & Sendable>: Sendable {
        /// A client with types that others of a shared type do not have.
        struct Finding: Sendable, Hashable {
            let type: String
            let client: Client
            let others: Set<String>
        }

        private var last: [Client: Set<String>] = [:]
        private var reported: Set<Client> = []

        /// Compares the types of clients. Those that changed since the last look are left out: a worker registers one type after
        /// another. A client is reported once, until its types change.
        ///
        /// - Parameters:
        ///   - clients: The types of each client.
        ///   - isShared: Whether several clients may have a type.
        mutating func look(_ clients: [Client: Set<String>], isShared: (String) -> Bool) -> [Finding] {
            let calm = clients.filter { last[$0.key] == $0.value }
            reported = reported.filter { calm[$0] != nil }
            last = clients
            var findings: [Finding] = []
            for type in calm.values.reduce(into: Set(), { $0.formUnion($1) }).filter(isShared).sorted() {
                let owners = calm.filter { $0.value.contains(type) }
                guard owners.count > 1, let first = owners.values.first else { continue }
                let common = owners.values.reduce(first) { $0.intersection($1) }
                for (client, types) in owners where types != common && reported.insert(client).inserted {
                    findings.append(Finding(type: type, client: client, others: types.subtracting(common)))
                }
            }
            return findings
        }
    }
#endif
