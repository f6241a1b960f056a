#if Macros
    internal import SwiftSyntax

    /// An access level, from the narrowest to the widest.
    enum AccessLevel: Int, Comparable {
        case `private`, `fileprivate`, `internal`, `package`, `public`

        init(_ modifiers: DeclModifierListSyntax) {
            let levels: [(Keyword, AccessLevel)] = [
                (.private, .private), (.fileprivate, .fileprivate), (.package, .package), (.public, .public),
                (.open, .public),
            ]
            let named = modifiers.compactMap { modifier in
                levels.first { modifier.name.tokenKind == .keyword($0.0) && modifier.detail == nil }?.1
            }
            self = named.first ?? .internal
        }

        /// The level of a type around a declaration; `nil` for an extension, whose type is not known.
        init?(owner: Syntax) {
            guard let group = owner.asProtocol((any DeclGroupSyntax).self), !owner.is(ExtensionDeclSyntax.self) else {
                return nil
            }
            self.init(group.modifiers)
        }

        static func < (left: AccessLevel, right: AccessLevel) -> Bool { left.rawValue < right.rawValue }

        /// The modifier with a space behind it; empty for internal.
        var keyword: String { self == .internal ? "" : "\(self) " }

        /// The modifier of the members of a type with this level, which have no narrower one.
        var memberKeyword: String { self > .internal ? keyword : "" }
    }
#endif
