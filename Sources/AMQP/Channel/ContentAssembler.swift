#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A method with its header and body.
struct Content: Sendable, Equatable {
    var method: ContentMethod
    var properties: MessageProperties
    var body: Data
}

/// Puts method, header and body frames of one channel together.
struct ContentAssembler {
    private enum State {
        case idle
        case header(ContentMethod)
        case body(Content, missing: Int)
    }

    private var state = State.idle
    private let maximumBodySize: Int

    init(maximumBodySize: Int) {
        self.maximumBodySize = maximumBodySize
    }

    /// Whether no content is under way, so that another method may come.
    var isIdle: Bool { if case .idle = state { true } else { false } }

    /// A method that content follows.
    mutating func begin(_ method: ContentMethod) throws(AMQPError) {
        guard isIdle else { throw .protocolViolation("A method arrived inside the content of another.") }
        state = .header(method)
    }

    /// The header. Returns the content when its body is empty.
    mutating func header(
        classID: UInt16,
        bodySize: UInt64,
        _ properties: MessageProperties
    ) throws(AMQPError) -> Content? {
        guard case .header(let method) = state, classID == MethodID.basicClass else {
            throw .protocolViolation("A header frame arrived where none belongs.")
        }
        guard bodySize <= UInt64(maximumBodySize) else {
            throw AMQPError(
                code: .frameTooLarge,
                delivery: .unknown,
                message: "The broker sends a body of \(bodySize) bytes; \(maximumBodySize) are allowed.",
                isRetryable: true
            )
        }
        let content = Content(method: method, properties: properties, body: Data())
        if bodySize == 0 {
            state = .idle
            return content
        }
        state = .body(content, missing: Int(bodySize))
        return nil
    }

    /// A piece of the body. Returns the content when it was the last.
    mutating func body(_ piece: Data) throws(AMQPError) -> Content? {
        guard case .body(var content, let missing) = state, piece.count <= missing else {
            throw .protocolViolation("A body frame arrived where none belongs, or is too long.")
        }
        // The state must not hold a second reference while the body grows, or every piece would copy all of it.
        state = .idle
        if content.body.isEmpty {
            content.body = piece
            if missing > piece.count { content.body.reserveCapacity(missing) }
        } else {
            content.body.append(piece)
        }
        if missing == piece.count { return content }
        state = .body(content, missing: missing - piece.count)
        return nil
    }
}
