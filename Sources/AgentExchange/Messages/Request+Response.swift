extension Request {
    /// Returns the response with a result. Its source and destination are swapped; its tag and label are the request's.
    public func response(_ result: Payload? = nil) -> Response {
        Response(answering: self, .success(result))
    }

    /// Returns the response with a result, encoded as JSON or by another codec.
    ///
    /// - Throws: ``ExchangeError/Code/invalidPayload`` when the result can't be encoded.
    public func response(
        encoding result: some Encodable,
        with codec: some PayloadCodec = .json
    ) throws(ExchangeError) -> Response {
        response(try Payload(encoding: result, with: codec))
    }

    /// Returns a part of a streamed result. The requester must have granted credit for it.
    public func part(_ number: Int, _ payload: Payload) -> Response {
        Response(answering: self, .part(number, payload))
    }

    /// Returns the response with an error.
    public func error(_ failure: Failure) -> Response {
        Response(answering: self, .failure(failure))
    }

    /// Returns the response with an error, made of a code and a text.
    public func error(_ code: ExchangeError.Code, _ message: String) -> Response {
        error(Failure(code, message))
    }

    /// Returns the response for a thrown error.
    public func error(_ error: any Error) -> Response {
        self.error(Failure(error))
    }
}

extension Response {
    fileprivate init(answering request: Request, _ outcome: Outcome) {
        let kind: MessageKind = if case .part = outcome { .partResponse } else { request.kind.response }
        parts = ResponseParts(
            source: request.destination,
            destination: request.source,
            tag: request.tag,
            label: request.label,
            kind: kind,
            outcome: outcome,
            protocolVersion: .current
        )
    }
}
