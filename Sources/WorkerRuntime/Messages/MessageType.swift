internal import AgentExchange

/// The name of a message's type as a parameter of its content type: `application/json; type="Answer"`.
///
/// A response of Warren has a payload and no name of a type. Readers of content types ignore parameters.
enum MessageType {
    /// The longest name, in bytes. With its escapes and a content type it must fit into the content type of a reply, which has
    /// at most 255.
    static let maximumName = 200

    /// Checks the name of a serializer's type.
    ///
    /// - Throws: `ExchangeError.Code.invalidMessage`.
    static func check(_ dataType: String) throws(ExchangeError) {
        guard (1...maximumName).contains(dataType.utf8.count) else {
            throw ExchangeError(.invalidMessage, "the name of a serializer's type has 1 to \(maximumName) bytes")
        }
    }

    /// Returns a content type with the name of the type, in place of its parameters.
    static func contentType(_ contentType: String, of dataType: String) -> String {
        let escaped = dataType.reduce(into: "") { text, character in
            if character == "\"" || character == "\\" { text.append("\\") }
            text.append(character)
        }
        return "\(Payload.mediaType(contentType)); type=\"\(escaped)\""
    }

    /// Returns the name of the type in a content type, if there is one.
    static func dataType(in contentType: String) -> String? {
        guard let start = contentType.firstRange(of: "; type=\"") else { return nil }
        var name = ""
        var isEscaped = false
        for character in contentType[start.upperBound...] {
            if isEscaped {
                name.append(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                return name
            } else {
                name.append(character)
            }
        }
        return nil
    }
}
