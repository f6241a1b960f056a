#if Macros
    internal import SwiftSyntax

    /// A parameter of an action.
    struct ActionParameter {
        /// The label of a call; `nil` for none.
        let label: String?
        /// The name within the function, as code writes it.
        let name: String
        let syntax: TypeSyntax
        /// The type of the parts if the parameter sends them.
        let part: String?

        var type: String { syntax.trimmedDescription }

        /// Whether the parameter is the sender of a streamed result, which the agent gets and the caller does not give.
        var isSender: Bool { part != nil }

        /// The label and the colon before an argument.
        var prefix: String { label.map { "\($0): " } ?? "" }

        /// The parameter as the generated function declares it.
        var declaration: String {
            guard let label else { return "_ \(name): \(type)" }
            return Identifier.plain(label) == Identifier.plain(name) ? "\(label): \(type)" : "\(label) \(name): \(type)"
        }

        init(_ parameter: FunctionParameterSyntax, number: Int, report: FaultReport) {
            label = parameter.firstName.tokenKind == .wildcard ? nil : Identifier.label(parameter.firstName.text)
            let inner = parameter.secondName ?? parameter.firstName
            name = inner.tokenKind == .wildcard ? "argument\(number)" : Identifier.written(Identifier.plain(inner.text))
            syntax = parameter.type
            part = GenericType(parameter.type).flatMap { $0.name == "PartSender" ? $0.arguments.first : nil }
            if label.map(Identifier.plain) == "deadline" || name == "deadline" {
                report(.deadline, at: parameter.firstName)
            }
            if let ellipsis = parameter.ellipsis { report(.variadic, at: ellipsis) }
        }
    }

    /// The result of an action.
    struct ActionResult {
        enum Kind {
            case none
            case value
            /// The function returns a sequence of parts.
            case sequence
            /// The function sends parts.
            case sender
        }

        let kind: Kind
        /// The type of the result, or of its parts.
        let type: String
        /// The returned type, to be looked at for faults.
        let syntax: TypeSyntax?

        var isStreamed: Bool { kind == .sequence || kind == .sender }

        init(_ returned: TypeSyntax?, _ parameters: [ActionParameter], report: FaultReport) {
            let text = returned?.trimmedDescription ?? "Void"
            let isVoid = ["Void", "Swift.Void", "()"].contains(text)
            let senders = parameters.filter(\.isSender)
            syntax = isVoid ? nil : returned
            if let sender = senders.first, let part = sender.part {
                kind = .sender
                type = part
                if !isVoid || senders.count > 1 {
                    report(.twoStreams, at: returned ?? senders[senders.count - 1].syntax)
                }
            } else if isVoid {
                kind = .none
                type = "Swift.Void"
            } else if let generic = returned.flatMap(GenericType.init),
                ["AsyncStream", "AsyncThrowingStream"].contains(generic.name), let part = generic.arguments.first
            {
                kind = .sequence
                type = part
            } else {
                kind = .value
                type = text
                if let returned, GenericType.isSequence(returned) { report(.sequence, at: returned) }
            }
        }
    }

    /// A type with arguments, such as `AsyncStream<Int>`, without its module.
    struct GenericType {
        let name: String
        let arguments: [String]

        init?(_ type: TypeSyntax) {
            let clause: GenericArgumentClauseSyntax?
            if let identifier = type.as(IdentifierTypeSyntax.self) {
                name = identifier.name.text
                clause = identifier.genericArgumentClause
            } else if let member = type.as(MemberTypeSyntax.self) {
                name = member.name.text
                clause = member.genericArgumentClause
            } else {
                return nil
            }
            guard let clause else { return nil }
            arguments = clause.arguments.map(\.argument.trimmedDescription)
        }

        /// Whether a type is `some` or `any` asynchronous sequence.
        static func isSequence(_ type: TypeSyntax) -> Bool {
            type.as(SomeOrAnyTypeSyntax.self)?.constraint.trimmedDescription.contains("AsyncSequence") ?? false
        }
    }
#endif
