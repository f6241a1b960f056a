#if Macros
    internal import SwiftSyntax

    /// The documentation comment of a declaration.
    struct Documentation {
        /// The lines of text, without the marks of the comment.
        let lines: [String]

        init(_ declaration: some SyntaxProtocol) {
            var lines: [String] = []
            for piece in declaration.leadingTrivia {
                switch piece {
                case .docLineComment(let text):
                    lines.append(Self.text(text.dropFirst(3)))
                case .docBlockComment(let text):
                    lines += text.dropFirst(3).dropLast(2).split(separator: "\n", omittingEmptySubsequences: false)
                        .map { Self.text($0.drop { $0 == " " || $0 == "*" }) }
                default: break
                }
            }
            self.lines = lines
        }

        /// The first paragraph as one line.
        var summary: String? {
            let paragraph = lines.drop { $0.isEmpty }.prefix { !$0.isEmpty && !$0.hasPrefix("- ") }
            return paragraph.isEmpty ? nil : paragraph.joined(separator: " ")
        }

        private static func text(_ line: Substring) -> String {
            let line = line.drop { $0 == " " || $0 == "\t" }
            return String(line.reversed().drop { $0 == " " || $0 == "\t" || $0 == "\r" }.reversed())
        }
    }
#endif
