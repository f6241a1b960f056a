#if Macros
    internal import SwiftDiagnostics
    internal import SwiftSyntax
    internal import SwiftSyntaxMacros

    /// Reports the faults of a declaration to the compiler, and counts those of one member.
    final class FaultReport {
        /// Reports nowhere, as the other role of the macro reports already.
        static func silent() -> FaultReport { FaultReport { _ in } }

        private let diagnose: (Diagnostic) -> Void
        private(set) var hasFaults = false

        init(_ diagnose: @escaping (Diagnostic) -> Void) {
            self.diagnose = diagnose
        }

        convenience init(_ context: some MacroExpansionContext) {
            self.init { context.diagnose($0) }
        }

        /// A report to the same place that has counted none.
        func counting() -> FaultReport { FaultReport(diagnose) }

        func callAsFunction(_ fault: Fault, at node: some SyntaxProtocol, fixIts: [FixIt] = []) {
            hasFaults = true
            diagnose(Diagnostic(node: node, message: fault, fixIts: fixIts))
        }

        /// Reports a function that is not `async throws`, and offers to make it so.
        func effects(_ function: FunctionDeclSyntax) {
            let old = function.signature
            var new = old
            let thrown = old.effectSpecifiers?.throwsClause
            var clause = thrown ?? ThrowsClauseSyntax(throwsSpecifier: .keyword(.throws))
            clause.leadingTrivia = .space
            clause.trailingTrivia = old.returnClause == nil ? [] : .space
            new.parameterClause.trailingTrivia = []
            new.effectSpecifiers = FunctionEffectSpecifiersSyntax(
                asyncSpecifier: .keyword(.async, leadingTrivia: .space),
                throwsClause: clause
            )
            let fixIt = FixIt(
                message: Correction.effects,
                changes: [.replace(oldNode: Syntax(old), newNode: Syntax(new))]
            )
            self(.effects, at: function.name, fixIts: [fixIt])
        }
    }
#endif
