#if Macros
    internal import SwiftDiagnostics
    internal import SwiftSyntax

    /// A mistake in the declaration of an interface: an error at its place.
    struct Fault: DiagnosticMessage {
        let message: String
        let severity = DiagnosticSeverity.error
        let diagnosticID: MessageID

        init(_ identifier: String, _ message: String) {
            self.message = message
            diagnosticID = MessageID(domain: "AgentMacros", id: identifier)
        }
    }

    extension Fault {
        static let notAProtocol = Fault("protocol", "@AgentInterface belongs to a protocol")
        static let notAnAction = Fault("action", "@Action belongs to a function of a protocol with @AgentInterface")
        static let generic = Fault(
            "generic",
            "an action or interface can't be generic: all types are known to both sides"
        )
        static let effects = Fault("effects", "an action is 'async throws', because its call crosses processes")
        static let isStatic = Fault("static", "an action belongs to an agent and can't be static")
        static let isMutating = Fault("mutating", "an action can't be mutating: requests are served at the same time")
        static let specifier = Fault("specifier", "an argument is copied to another process: its type has no specifier")
        static let variadic = Fault("variadic", "an action can't be variadic; take an array")
        static let function = Fault("function", "a function can't cross the exchange")
        static let tuple = Fault("tuple", "a tuple is not Codable; declare a structure")
        static let isSelf = Fault("self", "the caller doesn't know 'Self'; name the type")
        static let sequence = Fault(
            "sequence",
            "a streamed result is an AsyncStream or AsyncThrowingStream, or a parameter of type PartSender"
        )
        static let twoStreams = Fault("streams", "an action with a PartSender has no other result")
        static let deadline = Fault("deadline", "'deadline' names the deadline of the call; rename the parameter")
        static let wireName = Fault(
            "wire-name",
            "the name of an action is a literal of 1 to 255 bytes that doesn't begin with 'warren.'"
        )
        static let member = Fault("member", "an agent interface has functions only")
        static let type = Fault("type", "declare the type outside of the interface")

        static func property(_ name: String, _ type: String) -> Fault {
            Fault("property", "an agent interface has functions only; write 'func \(name)() async throws -> \(type)'")
        }

        static func overload(_ name: String) -> Fault {
            Fault("overload", "'\(name)' is declared twice: actions are told apart by their base name")
        }

        static func usedName(_ name: String) -> Fault {
            Fault("used-name", "another action is named \"\(name)\" already")
        }

        static func handleMember(_ name: String) -> Fault {
            Fault(
                "handle",
                "each handle has a member '\(name)'; rename the function, and keep its name with @Action(\"\(name)\")"
            )
        }

        static func generated(_ name: String) -> Fault {
            Fault("generated", "the macro makes a type '\(name)'; qualify this one with its module")
        }
    }

    /// A correction that the compiler offers.
    struct Correction: FixItMessage {
        let message: String
        let fixItID: MessageID

        static let effects = Correction(
            message: "make it 'async throws'",
            fixItID: MessageID(domain: "AgentMacros", id: "effects")
        )
    }
#endif
