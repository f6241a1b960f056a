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
    /// The size of a body that was left out because it is larger than this side accepts.
    var omitted = 0
}

/// Assembles the method, header and body frames of one channel.
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

    /// Whether no content is in progress, so that another method may follow.
    var isIdle: Bool { if case .idle = state { true } else { false } }

    /// Starts content with its method.
    mutating func begin(_ method: ContentMethod) throws(AMQPError) {
        guard isIdle else { throw .protocolViolation("A method arrived inside the content of another.") }
        state = .header(method)
    }

    /// Adds the header. Returns the content if its body is empty.
    mutating func header(
        classID: UInt16,
        bodySize: UInt64,
        _ properties: MessageProperties
    ) throws(AMQPError) -> Content? {
        guard case .header(let method) = state, classID == MethodID.basicClass else {
            throw .protocolViolation("A header frame arrived where none belongs.")
        }
        guard let size = Int(exactly: bodySize) else {
            throw .protocolViolation("A header says that its body has \(bodySize) bytes.")
        }
        var content = Content(method: method, properties: properties, body: Data())
        if size == 0 {
            state = .idle
            return content
        }
        if size > maximumBodySize { content.omitted = size }
        state = .body(content, missing: size)
        return nil
    }

    /// Adds a piece of the body. Returns the content with the last piece.
    mutating func body(_ piece: Data) throws(AMQPError) -> Content? {
        guard case .body(var content, let missing) = state, piece.count <= missing else {
            throw .protocolViolation("A body frame arrived where none belongs, or is too long.")
        }
        // The state must not hold a second reference while the body grows, or every piece would copy all of it.
        state = .idle
        if content.omitted > 0 {
            // The piece is read but not kept.
        } else if content.body.isEmpty {
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
