extension Request {
    /// The response with a result: source and destination swapped, tag and label kept.
    public func response(_ result: Payload? = nil) -> Response {
        Response(answering: self, .success(result))
    }

    /// The response with a result that is encoded as JSON, or by another codec.
    ///
    /// - Throws: ``ExchangeError/Code/invalidPayload`` when the result can't be encoded.
    public func response(
        encoding result: some Encodable,
        with codec: some PayloadCodec = .json
    ) throws(ExchangeError) -> Response {
        response(try Payload(encoding: result, with: codec))
    }

    /// A part of a streamed result. The requester must have granted credit for it.
    public func part(_ number: Int, _ payload: Payload) -> Response {
        Response(answering: self, .part(number, payload))
    }

    /// The response with an error.
    public func error(_ failure: Failure) -> Response {
        Response(answering: self, .failure(failure))
    }

    /// The response with an error, by its code.
    public func error(_ code: ExchangeError.Code, _ message: String) -> Response {
        error(Failure(code, message))
    }

    /// The response with an error that was thrown.
    public func error(_ error: any Error) -> Response {
        self.error(Failure(error))
    }
}
