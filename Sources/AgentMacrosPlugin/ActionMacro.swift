#if Macros
    internal import SwiftSyntax
    internal import SwiftSyntaxMacros

    /// `@Action`: a mark that `@AgentInterface` reads. It makes nothing by itself.
    struct ActionMacro: PeerMacro {
        static func expansion(
            of node: AttributeSyntax,
            providingPeersOf declaration: some DeclSyntaxProtocol,
            in context: some MacroExpansionContext
        ) throws -> [DeclSyntax] {
            let names: Set = ["AgentInterface", "AgentMacros.AgentInterface"]
            let owner = context.lexicalContext.first?.as(ProtocolDeclSyntax.self)
            let isRead =
                owner?.attributes.contains {
                    names.contains($0.as(AttributeSyntax.self)?.attributeName.trimmedDescription ?? "")
                } ?? false
            if !isRead || !declaration.is(FunctionDeclSyntax.self) { FaultReport(context)(.notAnAction, at: node) }
            return []
        }
    }
#endif
