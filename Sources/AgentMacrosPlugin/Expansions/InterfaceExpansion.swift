#if Macros
    internal import SwiftSyntax
    internal import SwiftSyntaxMacros

    /// The generated structure: an `AgentInterface` as one writes it by hand, with labels and schemas.
    struct InterfaceExpansion {
        private let interface: InterfaceDeclaration
        private let type: String
        private let access: String
        private let location: (TokenSyntax) -> AbstractSourceLocation?

        init(_ interface: InterfaceDeclaration, location: @escaping (TokenSyntax) -> AbstractSourceLocation?) {
            self.interface = interface
            self.location = location
            type = "\(interface.name)Interface"
            access = interface.memberAccess
        }

        var text: String {
            """
            /// The actions of ``\(interface.name)``.
            \(interface.access)struct \(type): AgentMacros.DescribedInterface {
            \(members.joined(separator: "\n\n"))
            }
            """
        }

        private var members: [String] {
            [bases, actions, "\(access)init() {}", typeName, errors, schema, calls].filter { !$0.isEmpty }
        }

        private var bases: String {
            interface.bases.map {
                """
                /// The refined actions.
                \(access)let \($0.property) = \($0.type)Interface()
                """
            }
            .joined(separator: "\n\n")
        }

        private var actions: String {
            interface.actions.map {
                """
                \(comment($0))
                \(access)let \($0.name) = Agents.LabeledAction<\($0.callType)>(\(Identifier.literal($0.wireName)))
                """
            }
            .joined(separator: "\n\n")
        }

        private var typeName: String {
            guard let name = interface.typeName else { return "" }
            return "\(access)static var typeName: Swift.String { \(name) }"
        }

        private var errors: String {
            let thrown = interface.thrownTypes.map { "\($0).self" }
            if thrown.isEmpty, interface.errors == nil { return "" }
            let all = [interface.errors, thrown.isEmpty ? nil : "[\(thrown.joined(separator: ", "))]"].compactMap { $0 }
            return "\(access)static var errors: [any Agents.CodableError.Type] { \(all.joined(separator: " + ")) }"
        }

        private var schema: String {
            """
            \(access)static var schema: AgentMacros.InterfaceSchema {
            AgentMacros.InterfaceSchema(
            Self.typeName,
            summary: \(optional(interface.summary)),
            bases: [\(interface.bases.map { "\($0.type)Interface.schema" }.joined(separator: ", "))],
            actions: [\(interface.actions.map { "\n" + schema(of: $0) + "," }.joined())]
            )
            }
            """
        }

        private func schema(of action: ActionDeclaration) -> String {
            let arguments = action.arguments.map {
                "AgentMacros.ArgumentSchema(\(Identifier.literal(Identifier.plain($0.label ?? $0.name))), (\($0.type)).self)"
            }
            return """
                AgentMacros.ActionSchema(
                \(Identifier.literal(action.wireName)),
                function: \(Identifier.literal(action.function)),
                summary: \(optional(action.documentation.summary)),
                arguments: [\(arguments.joined(separator: ", "))],
                result: \(action.result.kind == .none ? "nil" : "AgentMacros.JSONSchema(of: (\(action.result.type)).self)"),
                isStreamed: \(action.result.isStreamed)
                )
                """
        }

        private var calls: String {
            interface.actions.map(call).joined(separator: "\n\n")
        }

        private func call(_ action: ActionDeclaration) -> String {
            let types = ([action.result.type] + action.arguments.map(\.type)).joined(separator: ", ")
            let kind = action.result.isStreamed ? "StreamedAction" : "Action"
            let parameters = action.arguments.map(\.declaration) + ["deadline: Swift.Duration? = nil"]
            let values = action.arguments.map(\.name) + ["deadline: deadline"]
            let call = "agent.action(\\\(type).\(action.name).action)(\(values.joined(separator: ", ")))"
            let effects: String
            switch action.result.kind {
            case .none: effects = "async throws"
            case .value: effects = "async throws -> \(action.result.type)"
            case .sequence, .sender: effects = "-> Agents.Parts<\(type), \(action.result.type)>"
            }
            return """
                /// A call of `\(action.function)`.
                \(access)struct \(action.callType): Agents.LabeledCall {
                \(place(action, "\(access)typealias CalledAction = Agents.\(kind)<\(types)>"))
                \(access)let agent: Agents.Handle<\(type)>
                \(access)init(agent: Agents.Handle<\(type)>) { self.agent = agent }
                \(comment(action))
                \(access)func callAsFunction(\(parameters.joined(separator: ", "))) \(effects) {
                \(action.result.isStreamed ? "" : "try await ")\(call)
                }
                }
                """
        }

        /// A line whose errors are reported at the function: here the types of an action are used first.
        private func place(_ action: ActionDeclaration, _ line: String) -> String {
            guard let place = location(action.nameToken) else { return line }
            return "#sourceLocation(file: \(place.file), line: \(place.line))\n\(line)\n#sourceLocation()"
        }

        private func comment(_ action: ActionDeclaration) -> String {
            let lines = action.documentation.lines
            return lines.isEmpty ? "/// `\(action.function)`" : lines.map { "/// \($0)" }.joined(separator: "\n")
        }

        private func optional(_ text: String?) -> String { text.map(Identifier.literal) ?? "nil" }
    }
#endif
