#if Macros
    /// The generated extension: the table of an agent that conforms to the protocol.
    struct BindingExpansion {
        private let interface: InterfaceDeclaration
        private let type: String
        private let access: String

        /// - Parameter type: The protocol, as an extension at the top of a file names it.
        init(_ interface: InterfaceDeclaration, type: String) {
            self.interface = interface
            self.type = type
            access = interface.memberAccess
        }

        var text: String {
            """
            extension \(type) where Self: Agents.Agent {
            /// Binds each action of ``\(interface.name)`` to the function with its name.
            \(access)nonisolated static func bind\(interface.name)<Whole: Agents.AgentInterface>(
            in table: inout Agents.Actions<Self, Whole>.Builder,
            at path: Swift.KeyPath<Whole, \(type)Interface>
            ) {
            \((interface.bases.map(base) + interface.actions.map(action)).joined(separator: "\n"))
            }

            /// The actions of ``\(interface.name)``, and loops and settings that are added.
            \(access)nonisolated static func boundActions(
            _ more: (inout Agents.Actions<Self, \(type)Interface>.Builder) -> Swift.Void = { _ in }
            ) -> Agents.Actions<Self, \(type)Interface> {
            Agents.Actions {
            bind\(interface.name)(in: &$0, at: \\.self)
            more(&$0)
            }
            }

            /// The actions of ``\(interface.name)``.
            \(access)nonisolated static var actions: Agents.Actions<Self, \(type)Interface> { boundActions() }
            }
            """
        }

        private func base(_ base: BaseInterface) -> String {
            "bind\(base.name)(in: &table, at: path.appending(path: \\\(type)Interface.\(base.property)))"
        }

        private func action(_ action: ActionDeclaration) -> String {
            var number = 1
            // The sender of parts comes first, as `produce` hands it.
            if action.result.kind == .sender { number = 2 }
            let arguments = action.parameters.map { parameter in
                if parameter.isSender { return parameter.prefix + "$1" }
                defer { number += 1 }
                return "\(parameter.prefix)$\(number)"
            }
            let function = action.result.kind == .sender ? "produce" : "on"
            let path = "path.appending(path: \\\(type)Interface.\(action.name).action)"
            return "table.\(function)(\(path)) { try await $0.\(action.name)(\(arguments.joined(separator: ", "))) }"
        }
    }
#endif
