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

        func fits(_ type: String) -> Bool {
            guard pattern.utf8.last == UInt8(ascii: "*") else {
                return pattern.utf8.elementsEqual(type.utf8)
            }
            return type.utf8.starts(with: pattern.utf8.dropLast())
        }
    }

    extension AutoGenHostConfiguration {
        /// Returns the sharing of an agent type.
        func sharing(of type: String) -> AgentTypeOptions.Sharing {
            shares.first { $0.fits(type) }.map { .shared(slots: $0.slots) } ?? .exclusive
        }

        /// Returns whether several clients may have an agent type.
        func isShared(_ type: String) -> Bool { shares.contains { $0.fits(type) } }
    }
#endif
