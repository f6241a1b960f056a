#if AutoGen
    public import AgentExchange
    public import Foundation

    /// The rights of the clients of a host, by the subject of their certificate.
    ///
    /// Its JSON has an object for each subject, and one named `*` for every other client:
    ///
    /// ```json
    /// {
    ///     "CN=solvers": { "register": ["solver*"], "send": ["*"], "publish": ["results"], "subscribe": ["tasks*"] },
    ///     "*": { "send": ["front"] }
    /// }
    /// ```
    ///
    /// A name is a text, or the beginning of texts and a star. An action that is left out is refused, and so is every action of a
    /// subject without an entry where there is none for `*`.
    public struct HostPolicy: Sendable, Hashable {
        /// An action that a client may have the right to.
        public enum Action: String, Sendable, Hashable, CaseIterable {
            /// Register an agent type.
            case register
            /// Send requests to an agent type.
            case send
            /// Publish to a topic type.
            case publish
            /// Subscribe to a topic type; to a prefix, when all topic types with it are allowed.
            case subscribe
        }

        private let rules: [String: [Action: [String]]]

        /// Reads the JSON form.
        ///
        /// - Throws: `ExchangeError.Code.invalidConfiguration`, which names the fault.
        public init(json: Data) throws(ExchangeError) {
            let decoded: [String: [String: [String]]]
            do {
                decoded = try JSONDecoder().decode([String: [String: [String]]].self, from: json)
            } catch {
                let text = "a policy is a JSON object of subjects, each with objects of lists of names"
                throw ExchangeError(.invalidConfiguration, text, underlying: error)
            }
            var rules: [String: [Action: [String]]] = [:]
            for (subject, actions) in decoded {
                for (name, patterns) in actions {
                    guard let action = Action(rawValue: name) else {
                        let known = Action.allCases.map(\.rawValue).joined(separator: ", ")
                        let text = "\"\(name.cut(toBytes: 64))\" in the policy is no action: \(known)"
                        throw ExchangeError(.invalidConfiguration, text)
                    }
                    rules[subject, default: [:]][action] = patterns
                }
                // A subject without rights is not one without an entry.
                if rules[subject] == nil { rules[subject] = [:] }
            }
            self.rules = rules
        }

        /// Returns whether a client may do something with an agent type or a topic type.
        ///
        /// - Parameters:
        ///   - subject: The subject of the client's certificate; `nil` without one.
        ///   - isPrefix: Whether `name` stands for all names that begin with it.
        public func allows(_ action: Action, _ name: String, isPrefix: Bool = false, subject: String?) -> Bool {
            let own = subject.flatMap { rules[$0] } ?? rules["*"]
            return own?[action]?.contains { pattern in
                if pattern.utf8.last == UInt8(ascii: "*") { return name.utf8.starts(with: pattern.utf8.dropLast()) }
                return !isPrefix && name.utf8.elementsEqual(pattern.utf8)
            } ?? false
        }
    }
#endif
