#if AutoGen
    internal import WorkerRuntime

    /// Agent types that several clients may have, which divide the slots among themselves. All hosts of a namespace should name the
    /// same.
    public struct SharedTypes: Sendable, Hashable {
        /// The name of the types; a star at its end stands for any rest.
        public let pattern: String

        /// The number of slots of each type: 1 to 256. It is fixed while a type lives.
        public let slots: Int

        /// Describes the types.
        public init(_ pattern: String, slots: Int) {
            self.pattern = pattern
            self.slots = slots
        }

        func fits(_ type: String) -> Bool { type.fits(pattern) }
    }

    extension String {
        /// Returns whether a name fits a pattern, whose star at the end stands for any rest.
        fileprivate func fits(_ pattern: String) -> Bool {
            guard pattern.utf8.last == UInt8(ascii: "*") else { return pattern.utf8.elementsEqual(utf8) }
            return utf8.starts(with: pattern.utf8.dropLast())
        }
    }

    extension AutoGenHostConfiguration {
        /// Returns the options that an agent type is registered with.
        func options(of type: String) -> AgentTypeOptions {
            AgentTypeOptions(
                sharing: shares.first { $0.fits(type) }.map { .shared(slots: $0.slots) } ?? .exclusive,
                lifetime: durableTypes.contains { type.fits($0) } ? .durable : .ephemeral,
                retention: retention
            )
        }

        /// Returns whether the requests and subscriptions of an agent type stay when one of its clients leaves.
        func outlivesClients(_ type: String) -> Bool {
            isShared(type) || durableTypes.contains { type.fits($0) }
        }

        /// Returns whether several clients may have an agent type.
        func isShared(_ type: String) -> Bool { shares.contains { $0.fits(type) } }
    }
#endif
