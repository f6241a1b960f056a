#if Macros
    internal import SwiftParser
    internal import SwiftSyntax

    /// An action as its function declares it.
    struct ActionDeclaration {
        /// The name of the function, as code writes it.
        let name: String
        /// The name in the source.
        let nameToken: TokenSyntax
        /// The name that crosses the exchange.
        let wireName: String
        let parameters: [ActionParameter]
        let result: ActionResult
        /// The type of a typed throw.
        let thrownType: String?
        let documentation: Documentation

        /// The parameters that cross the exchange.
        var arguments: [ActionParameter] { parameters.filter { !$0.isSender } }

        /// The name of the generated type of a call.
        var callType: String { Identifier.uppercased(Identifier.plain(name)) + "Call" }

        /// The name with the labels: `pay(customer:amount:)`.
        var function: String { "\(Identifier.plain(name))(\(arguments.map { "\($0.label ?? "_"):" }.joined()))" }

        /// The members of a handle and a launched agent, which hide an action of the same name.
        private static let handleMembers: Set = [
            "action", "as", "bound", "description", "encode", "handle", "hash", "hashValue", "id", "ping",
            "registration",
            "self", "shutdown", "stop", "stopSoon", "waitUntilEnded",
        ]

        /// Reads a function. Reports its faults, and returns `nil` when there are some.
        init?(_ function: FunctionDeclSyntax, report: FaultReport) {
            let report = report.counting()
            let plain = Identifier.plain(function.name.text)
            name = Identifier.written(plain)
            nameToken = function.name
            documentation = Documentation(function)
            wireName = Self.wireName(of: function, report: report) ?? plain
            parameters = function.signature.parameterClause.parameters.enumerated().map {
                ActionParameter($1, number: $0, report: report)
            }
            result = ActionResult(function.signature.returnClause?.type, parameters, report: report)
            let thrown = function.signature.effectSpecifiers?.throwsClause?.type
            thrownType = thrown.flatMap {
                ["any Error", "any Swift.Error"].contains($0.trimmedDescription) ? nil : $0.trimmedDescription
            }

            if Self.handleMembers.contains(plain) { report(.handleMember(plain), at: function.name) }
            for modifier in function.modifiers {
                switch modifier.name.tokenKind {
                case .keyword(.static), .keyword(.class): report(.isStatic, at: modifier)
                case .keyword(.mutating), .keyword(.consuming): report(.isMutating, at: modifier)
                default: break
                }
            }
            if let clause = function.genericParameterClause { report(.generic, at: clause) }
            if let clause = function.genericWhereClause { report(.generic, at: clause) }
            let effects = function.signature.effectSpecifiers
            if effects?.asyncSpecifier == nil || effects?.throwsClause == nil || thrownType == "Never" {
                report.effects(function)
            }
            let types = parameters.filter { !$0.isSender }.map(\.syntax) + [result.syntax].compactMap { $0 }
            for type in types { TypeReader(report: report, callType: callType).walk(type) }
            if report.hasFaults { return nil }
        }

        /// Returns the name that `@Action` gives; `nil` without that attribute.
        private static func wireName(of function: FunctionDeclSyntax, report: FaultReport) -> String? {
            for case .attribute(let attribute) in function.attributes {
                guard ["Action", "AgentMacros.Action"].contains(attribute.attributeName.trimmedDescription) else {
                    continue
                }
                let argument = attribute.arguments?.as(LabeledExprListSyntax.self)?.first?.expression
                let text = argument?.as(StringLiteralExprSyntax.self)?.representedLiteralValue
                guard let text, !text.isEmpty, text.utf8.count <= 255, !text.hasPrefix("warren.") else {
                    report(.wireName, at: argument.map(Syntax.init) ?? Syntax(attribute))
                    return nil
                }
                return text
            }
            return nil
        }
    }
#endif
