#if Macros
    internal import SwiftSyntax

    /// Reports the parts of a type that can't cross an exchange.
    final class TypeReader: SyntaxVisitor {
        private let report: FaultReport
        private let callType: String

        init(report: FaultReport, callType: String) {
            self.report = report
            self.callType = callType
            super.init(viewMode: .sourceAccurate)
        }

        override func visit(_ type: AttributedTypeSyntax) -> SyntaxVisitorContinueKind {
            if type.baseType.is(FunctionTypeSyntax.self) { return .visitChildren }
            report(.specifier, at: type)
            return .skipChildren
        }

        override func visit(_ type: FunctionTypeSyntax) -> SyntaxVisitorContinueKind {
            report(.function, at: type)
            return .skipChildren
        }

        override func visit(_ type: TupleTypeSyntax) -> SyntaxVisitorContinueKind {
            // Parentheses around one type are none.
            if type.elements.count == 1 { return .visitChildren }
            report(.tuple, at: type)
            return .skipChildren
        }

        override func visit(_ type: SomeOrAnyTypeSyntax) -> SyntaxVisitorContinueKind {
            if type.someOrAnySpecifier.tokenKind == .keyword(.some), !GenericType.isSequence(TypeSyntax(type)) {
                report(.generic, at: type)
            }
            return .skipChildren
        }

        override func visit(_ type: IdentifierTypeSyntax) -> SyntaxVisitorContinueKind {
            if type.name.text == "Self" { report(.isSelf, at: type) }
            if type.name.text == callType { report(.generated(callType), at: type) }
            return .visitChildren
        }
    }
#endif
