/// A queue or an exchange that gets the messages of an exchange.
public enum BindingDestination: Sendable, Hashable {
    /// A queue with this name.
    case queue(String)
    /// An exchange with this name.
    case exchange(String)

    var name: String {
        switch self {
        case .queue(let name), .exchange(let name): name
        }
    }

    var isQueue: Bool {
        if case .queue = self { true } else { false }
    }
}

/// A binding, as methods name it.
struct Binding: Sendable {
    let destination: BindingDestination
    let source: String
    let routingKey: String
    let arguments: FieldTable

    init(_ destination: BindingDestination, source: String, routingKey: String, arguments: FieldTable) {
        self.destination = destination
        self.source = source
        self.routingKey = routingKey
        self.arguments = arguments
    }
}
