#if Macros
    internal import SwiftParser

    /// Names in Swift code.
    enum Identifier {
        /// A name without backticks.
        static func plain(_ name: String) -> String {
            name.hasPrefix("`") && name.hasSuffix("`") && name.count > 2 ? String(name.dropFirst().dropLast()) : name
        }

        /// A plain name as code writes it: a keyword has backticks.
        static func written(_ name: String) -> String {
            name.isValidSwiftIdentifier(for: .variableName) && name.isValidSwiftIdentifier(for: .memberAccess)
                ? name : "`\(name)`"
        }

        /// A name as a label: nearly no keyword has backticks there.
        static func label(_ name: String) -> String {
            let plain = plain(name)
            let isBare = !["inout", "var", "let"].contains(plain) && plain.isValidSwiftIdentifier(for: .memberAccess)
            return isBare || plain == "init" || plain == "self" ? plain : "`\(plain)`"
        }

        static func lowercased(_ name: String) -> String { written(name.prefix(1).lowercased() + name.dropFirst()) }

        /// A plain name as the beginning of a type's name. Characters that such a name can't have are dropped.
        static func uppercased(_ name: String) -> String {
            let name = name.filter { $0.isLetter || $0.isNumber || $0 == "_" }
            return name.prefix(1).uppercased() + name.dropFirst()
        }

        /// A text as a literal of Swift.
        static func literal(_ text: String) -> String {
            var literal = "\""
            for scalar in text.unicodeScalars {
                switch scalar {
                case "\"": literal += "\\\""
                case "\\": literal += "\\\\"
                case "\n": literal += "\\n"
                case _ where scalar.value < 0x20 || scalar.value == 0x7f:
                    literal += "\\u{\(String(scalar.value, radix: 16))}"
                default: literal.unicodeScalars.append(scalar)
                }
            }
            return literal + "\""
        }
    }
#endif
