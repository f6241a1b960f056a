import AgentExchange
import Foundation
import RabbitMQExchange

/// A failed request in the form that `--json` prints.
struct FailedLine: Encodable, Sendable {
    let id: String
    let failed: String?
    let source: String?
    let destination: String?
    let action: String?
    let attempt: String?
    let code: String?
    let type: String?
    /// The text of the error, which an action may have written.
    var error: String?
    let bytes: Int
    var tag: String?
    var contentType: String?
    var text: String?
    var base64: String?

    /// - Parameter shownBytes: The number of bytes of the arguments at most.
    init(_ message: ParkedMessage, withBody: Bool, withError: Bool = true, shownBytes: Int = .max) {
        id = message.id
        failed = message.sent.map { $0.formatted(.iso8601) }
        source = message.headers["warren-source"]
        destination = message.destination
        action = message.headers["warren-action"]
        attempt = message.headers["warren-attempt"]
        code = message.headers["warren-error-code"]
        type = message.headers["warren-error-type"]
        error = withError ? message.reason : nil
        bytes = message.size
        guard withBody else { return }
        tag = message.tag.map(\.lowercased)
        contentType = message.contentType
        let body = message.body.prefix(shownBytes)
        text = String(validating: body, as: UTF8.self)
        base64 = text == nil ? body.base64EncodedString() : nil
    }
}
