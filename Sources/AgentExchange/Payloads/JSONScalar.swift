internal import Foundation

/// Encodes and decodes strings, numbers and Booleans as JSON without Foundation's coders, which took a sixth of the
/// time of an action with one string. The output equals Foundation's byte for byte; other values give `nil` and are
/// left to Foundation. Received JSON is read only in the form that is written here.
enum JSONScalar {
    /// Returns the JSON of a value.
    static func encode(_ value: some Encodable) -> Data? {
        guard let size = maximumSize(of: value) else { return nil }
        return JSONBytes.data(atMost: size) { append(value, to: &$0) }
    }

    /// Returns the JSON of positional arguments.
    static func encode<each Argument: Encodable>(arguments: repeat each Argument) -> Data? {
        var (size, count) = (JSONScalarList.opening.utf8.count + JSONScalarList.closing.utf8.count, 0)
        for argument in repeat each arguments {
            guard let more = maximumSize(of: argument) else { return nil }
            size += more + 1
            count += 1
        }
        if count == 0 { return Data("{}".utf8) }
        return JSONBytes.data(atMost: size) { json in
            json.append(JSONScalarList.opening)
            var isFirst = true
            for argument in repeat each arguments {
                if !isFirst { json.append(UInt8(ascii: ",")) }
                guard append(argument, to: &json) else { return false }
                isFirst = false
            }
            json.append(JSONScalarList.closing)
            return true
        }
    }

    /// Returns the value of a JSON text.
    static func decode<Value>(_ type: Value.Type, from bytes: Data) -> Value? {
        if type == JSONText.self { return JSONText(bytes) as? Value }
        guard isKnown(type) else { return nil }
        return bytes.withUnsafeBytes { bytes in
            var index = 0
            guard let value = next(type, in: bytes, at: &index), index == bytes.count else { return nil }
            return value
        }
    }

    /// Returns the size that a value's JSON has at most; `nil` for values that are left to Foundation.
    private static func maximumSize(of value: some Encodable) -> Int? {
        switch value {
        case let text as String: text.utf8.count + 2
        case is Int: 20
        case let text as JSONText: text.bytes.count
        case is Bool: 5
        default: nil
        }
    }

    private static func append(_ value: some Encodable, to json: inout JSONBytes) -> Bool {
        switch value {
        case let text as String: return append(text, to: &json)
        case let number as Int: json.append(number.description)
        case let text as JSONText: text.bytes.withUnsafeBytes { json.append($0) }
        case let truth as Bool: json.append(truth ? "true" : "false")
        default: return false
        }
        return true
    }

    /// Appends a string that needs no escapes.
    private static func append(_ text: String, to json: inout JSONBytes) -> Bool {
        var text = text
        return text.withUTF8 { text in
            guard text.allSatisfy(isPlain) else { return false }
            json.append(UInt8(ascii: "\""))
            json.append(UnsafeRawBufferPointer(text))
            json.append(UInt8(ascii: "\""))
            return true
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    /// Returns whether values of a type can be read here.
    private static func isKnown<Value>(_ type: Value.Type) -> Bool {
        type == String.self || type == Int.self || type == Bool.self
    }

    /// Reads the value at an index and moves the index past it.
    static func next<Value>(
        _ type: Value.Type,
        in bytes: UnsafeRawBufferPointer,
        at index: inout Int
    ) -> Value? {
        if type == String.self { return text(in: bytes, at: &index) as? Value }
        if type == Int.self { return number(in: bytes, at: &index) as? Value }
        if type == Bool.self { return truth(in: bytes, at: &index) as? Value }
        return nil
    }

    private static func text(in bytes: UnsafeRawBufferPointer, at index: inout Int) -> String? {
        guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else { return nil }
        let start = index + 1
        var end = start
        while end < bytes.count, isPlain(bytes[end]) { end += 1 }
        guard end < bytes.count, bytes[end] == UInt8(ascii: "\"") else { return nil }
        index = end + 1
        return String(validating: UnsafeRawBufferPointer(rebasing: bytes[start..<end]), as: UTF8.self)
    }

    /// Reads a whole number of up to 18 digits, which every `Int` can hold.
    private static func number(in bytes: UnsafeRawBufferPointer, at index: inout Int) -> Int? {
        let isNegative = index < bytes.count && bytes[index] == UInt8(ascii: "-")
        if isNegative { index += 1 }
        let start = index
        var value = 0
        while index < bytes.count, case UInt8(ascii: "0")...UInt8(ascii: "9") = bytes[index], index - start <= 18 {
            value = value &* 10 &+ Int(bytes[index] - UInt8(ascii: "0"))
            index += 1
        }
        let digits = index - start
        guard (1...18).contains(digits), digits == 1 || bytes[start] != UInt8(ascii: "0") else { return nil }
        // A fraction or an exponent may follow.
        guard index == bytes.count || bytes[index] == UInt8(ascii: ",") || bytes[index] == UInt8(ascii: "]") else {
            return nil
        }
        return isNegative ? -value : value
    }

    private static func truth(in bytes: UnsafeRawBufferPointer, at index: inout Int) -> Bool? {
        for value in [true, false] {
            let text = value ? "true" : "false"
            if bytes[index...].starts(with: text.utf8) {
                index += text.utf8.count
                return value
            }
        }
        return nil
    }
}

/// A text being written to memory of the caller, mostly of its stack.
private struct JSONBytes: ~Copyable {
    private let memory: UnsafeMutableRawBufferPointer
    private var count = 0

    private init(_ memory: UnsafeMutableRawBufferPointer) {
        self.memory = memory
    }

    /// Returns a text that a function writes; `nil` when the function returns `false`.
    static func data(atMost size: Int, _ write: (inout JSONBytes) -> Bool) -> Data? {
        withUnsafeTemporaryAllocation(byteCount: size, alignment: 1) { memory in
            var text = JSONBytes(memory)
            guard write(&text), let start = memory.baseAddress else { return nil }
            return Data(bytes: start, count: text.count)
        }
    }

    mutating func append(_ byte: UInt8) {
        memory[count] = byte
        count += 1
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: bytes)
        count += bytes.count
    }

    mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }
}

/// Positional arguments, read in order.
struct JSONScalarList {
    /// The argument is missing, or does not have the requested type in its simplest form.
    struct Unreadable: Error {}

    static let opening = "{\"positional\":["
    static let closing = "]}"

    private let bytes: Data
    private let isEmpty: Bool
    private var index: Int
    private var isFirst = true

    /// - Returns: `nil` when the payload does not have the form that is written here.
    init?(_ bytes: Data) {
        self.bytes = bytes
        (isEmpty, index) = bytes.withUnsafeBytes { bytes in
            if bytes.elementsEqual("{}".utf8) { return (true, bytes.count) }
            return (false, bytes.starts(with: Self.opening.utf8) ? Self.opening.utf8.count : 0)
        }
        if index == 0 { return nil }
    }

    /// Reads the next argument.
    mutating func next<Value>(_ type: Value.Type) throws(Unreadable) -> Value {
        var position = index
        let value: Value? = bytes.withUnsafeBytes { bytes in
            if !isFirst {
                guard position < bytes.count, bytes[position] == UInt8(ascii: ",") else { return nil }
                position += 1
            }
            return JSONScalar.next(type, in: bytes, at: &position)
        }
        guard let value else { throw Unreadable() }
        index = position
        isFirst = false
        return value
    }

    /// Whether every argument was read.
    var isComplete: Bool {
        isEmpty || bytes.withUnsafeBytes { $0[index...].elementsEqual(Self.closing.utf8) }
    }
}
