#if Macros
    internal import SwiftSyntax
    internal import SwiftSyntaxBuilder
    internal import SwiftSyntaxMacros

    /// `@AgentInterface`: makes an interface of a protocol, and binds the agents that conform to it.
    struct AgentInterfaceMacro: PeerMacro, ExtensionMacro {
        static func expansion(
            of node: AttributeSyntax,
            providingPeersOf declaration: some DeclSyntaxProtocol,
            in context: some MacroExpansionContext
        ) throws -> [DeclSyntax] {
            let report = FaultReport(context)
            guard let declaration = declaration.as(ProtocolDeclSyntax.self) else {
                report(.notAProtocol, at: node)
                return []
            }
            let interface = InterfaceDeclaration(declaration, node, in: context.lexicalContext, report: report)
            let expansion = InterfaceExpansion(interface) {
                context.location(of: $0, at: .afterLeadingTrivia, filePathMode: .filePath)
            }
            return [DeclSyntax(stringLiteral: expansion.text)]
        }

        static func expansion(
            of node: AttributeSyntax,
            attachedTo declaration: some DeclGroupSyntax,
            providingExtensionsOf type: some TypeSyntaxProtocol,
            conformingTo protocols: [TypeSyntax],
            in context: some MacroExpansionContext
        ) throws -> [ExtensionDeclSyntax] {
            guard let declaration = declaration.as(ProtocolDeclSyntax.self) else { return [] }
            let interface = InterfaceDeclaration(declaration, node, in: context.lexicalContext, report: .silent())
            let text = BindingExpansion(interface, type: type.trimmedDescription).text
            return [DeclSyntax(stringLiteral: text)].compactMap { $0.as(ExtensionDeclSyntax.self) }
        }
    }
#endif
