#if Macros
    internal import SwiftCompilerPlugin
    internal import SwiftSyntaxMacros

    /// The program that the compiler runs to expand the macros of AgentMacros.
    @main
    struct Plugin: CompilerPlugin {
        let providingMacros: [any Macro.Type] = [AgentInterfaceMacro.self, ActionMacro.self]
    }
#else
    /// Without the trait Macros no module loads the plugin.
    @main
    struct Plugin {
        static func main() {}
    }
#endif
