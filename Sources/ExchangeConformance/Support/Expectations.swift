import AgentExchange

/// Checks that a condition holds.
func expect(
    _ condition: Bool,
    _ expected: String,
    seen: String = "otherwise",
    file: StaticString = #fileID,
    line: Int = #line
) throws {
    if condition { return }
    throw ConformanceFailure(expected: expected, seen: seen, at: SourceLocation(file, line))
}

/// Checks that two values are equal.
func expectEqual<Value: Equatable>(
    _ seen: Value,
    _ expected: Value,
    _ what: String,
    file: StaticString = #fileID,
    line: Int = #line
) throws {
    if seen == expected { return }
    let wanted = "\(what) to be \(abridged(expected))"
    throw ConformanceFailure(expected: wanted, seen: abridged(seen), at: SourceLocation(file, line))
}

/// Checks that a call fails with one of the given codes, and returns the error.
@discardableResult
func expectThrows(
    _ codes: ExchangeError.Code...,
    by what: String,
    file: StaticString = #fileID,
    line: Int = #line,
    _ body: () async throws -> Void
) async throws -> ExchangeError {
    let wanted = "\(what) to fail with \(codes.map(\.rawValue).joined(separator: " or "))"
    let location = SourceLocation(file, line)
    do {
        try await body()
    } catch let error as ExchangeError {
        if codes.contains(error.code) { return error }
        throw ConformanceFailure(expected: wanted, seen: "\(error)", at: location)
    } catch let failure as ConformanceFailure {
        throw failure
    } catch {
        throw ConformanceFailure(expected: wanted, seen: "\(error)", at: location)
    }
    throw ConformanceFailure(expected: wanted, seen: "no error", at: location)
}

/// Checks that an error reports that its message was not delivered.
func expectUndelivered(
    _ error: ExchangeError,
    file: StaticString = #fileID,
    line: Int = #line
) throws {
    let location = SourceLocation(file, line)
    if error.delivery == .notSent || error.delivery == .refused { return }
    let expected = "the error to say that the message was refused or not sent"
    throw ConformanceFailure(expected: expected, seen: "\(error.delivery): \(error)", at: location)
}

private func abridged(_ value: some Any) -> String {
    let text = "\(value)"
    return text.utf8.count > 600 ? text.prefix(600) + " …" : text
}
