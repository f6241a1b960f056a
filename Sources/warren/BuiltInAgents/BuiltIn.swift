import AgentExchange
import Agents

/// The interface that all built-in agents share.
struct BuiltIn: AgentInterface {
    static let typeName = "Warren.BuiltIn"

    let fail = Action<Void, String>("fail")
    let stream = StreamedAction<Int, Int>("stream")
}

extension Actions.Builder {
    /// Binds the actions that all of them share.
    mutating func bind(_ builtIn: KeyPath<Interface, BuiltIn>) {
        on(builtIn.appending(path: \.fail)) { _, text in
            throw Failure(.remote, text, type: "Warren.Failed")
        }
        produce(builtIn.appending(path: \.stream)) { _, parts, count in
            var number = 0
            while number < count {
                try await parts.send(number)
                number += 1
            }
        }
    }
}
