internal import Foundation

extension ActionArguments {
    /// Returns the positional arguments as they were written, or `nil` when the payload is not an object or they are
    /// not an array.
    func positionalTexts() -> [JSONText]? {
        guard let object = JSONText(payload.bytes), object.bytes.first == UInt8(ascii: "{") else { return nil }
        guard let list = object["positional"] else { return [] }
        return list.elements
    }
}
