#if Macros
    internal import SwiftSyntax

    /// An interface as its protocol declares it.
    struct InterfaceDeclaration {
        /// The name of the protocol.
        let name: String
        /// The access levels of the generated type and of its members, with a space behind them; empty for none.
        let access: String
        let memberAccess: String
        /// The first paragraph of the documentation.
        let summary: String?
        /// The interfaces that it refines.
        let bases: [BaseInterface]
        let actions: [ActionDeclaration]
        /// The expressions of the attribute.
        let typeName: String?
        let errors: String?

        /// The error types that actions throw, each once.
        var thrownTypes: [String] {
            var seen: Set<String> = []
            return actions.compactMap(\.thrownType).filter { seen.insert($0).inserted }
        }

        /// Reads a protocol. Leaves out each member that has a fault, and reports it.
        ///
        /// - Parameter owners: The declarations around it.
        init(_ declaration: ProtocolDeclSyntax, _ attribute: AttributeSyntax, in owners: [Syntax], report: FaultReport)
        {
            name = declaration.name.text
            let own = AccessLevel(declaration.modifiers)
            access = own.keyword
            // A type in an internal one is internal, also if it is declared as public.
            memberAccess = owners.compactMap { AccessLevel(owner: $0) }.reduce(own, min).memberKeyword
            summary = Documentation(declaration).summary
            bases = declaration.inheritanceClause?.inheritedTypes.compactMap { BaseInterface($0.type) } ?? []
            let arguments = attribute.arguments?.as(LabeledExprListSyntax.self)
            typeName = arguments?.expression(labeled: "typeName")
            errors = arguments?.expression(labeled: "errors")
            for clause in [
                declaration.primaryAssociatedTypeClause.map(Syntax.init),
                declaration.genericWhereClause.map(Syntax.init),
            ] {
                if let clause { report(.generic, at: clause) }
            }
            var reader = MemberReader(report: report)
            for member in declaration.memberBlock.members { reader.read(member.decl) }
            actions = reader.actions
        }
    }

    /// An interface that another one refines.
    struct BaseInterface {
        /// The protocol, as it is written.
        let type: String
        /// Its name without the module.
        let name: String

        /// The name of the property that makes the other interface a refinement.
        var property: String { Identifier.lowercased(name) }

        /// Returns `nil` for protocols that are no interface.
        init?(_ syntax: TypeSyntax) {
            let markers: Set = ["Sendable", "AnyObject", "Actor", "AnyActor", "SendableMetatype"]
            type = syntax.trimmedDescription
            name = type.split(separator: ".").last.map(String.init) ?? type
            if markers.contains(name) || syntax.is(SuppressedTypeSyntax.self) { return nil }
        }
    }

    extension LabeledExprListSyntax {
        /// Returns the text of the argument with a label; `nil` for none.
        func expression(labeled label: String) -> String? {
            first { $0.label?.text == label }.map(\.expression.trimmedDescription)
        }
    }
#endif
