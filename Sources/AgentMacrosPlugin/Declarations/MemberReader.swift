#if Macros
    internal import SwiftSyntax

    /// Reads the members of a protocol in order.
    struct MemberReader {
        let report: FaultReport
        private(set) var actions: [ActionDeclaration] = []
        private var names: Set<String> = []
        private var wireNames: Set<String> = []

        init(report: FaultReport) {
            self.report = report
        }

        mutating func read(_ member: DeclSyntax) {
            if let function = member.as(FunctionDeclSyntax.self) {
                read(function)
            } else if let property = member.as(VariableDeclSyntax.self) {
                let binding = property.bindings.first
                let type = binding?.typeAnnotation?.type.trimmedDescription
                report(.property(binding?.pattern.trimmedDescription ?? "name", type ?? "Int"), at: property)
            } else if member.is(AssociatedTypeDeclSyntax.self) {
                report(.generic, at: member)
            } else if member.is(TypeAliasDeclSyntax.self) {
                report(.type, at: member)
            } else {
                report(.member, at: member)
            }
        }

        private mutating func read(_ function: FunctionDeclSyntax) {
            guard let action = ActionDeclaration(function, report: report) else { return }
            guard names.insert(action.name).inserted else {
                report(.overload(Identifier.plain(action.name)), at: function.name)
                return
            }
            guard wireNames.insert(action.wireName).inserted else {
                report(.usedName(action.wireName), at: function.name)
                return
            }
            actions.append(action)
        }
    }
#endif
