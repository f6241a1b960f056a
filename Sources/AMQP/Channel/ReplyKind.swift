/// The reply that a request waits for.
enum ReplyKind: Sendable, Equatable {
    case channelOpen
    case confirmSelect
    case exchangeDeclare
    case exchangeDelete
    case exchangeBind
    case exchangeUnbind
    case queueDeclare
    case queueDelete
    case queuePurge
    case queueBind
    case queueUnbind
    case qos
    case consume(tag: String)
    case cancel(tag: String)
    case get

    /// Returns whether a method answers a request of this kind.
    func isAnswered(by method: IncomingMethod) -> Bool {
        switch (self, method) {
        case (.channelOpen, .channelOpenOk), (.confirmSelect, .confirmSelectOk),
            (.exchangeDeclare, .exchangeDeclareOk), (.exchangeDelete, .exchangeDeleteOk),
            (.exchangeBind, .exchangeBindOk), (.exchangeUnbind, .exchangeUnbindOk),
            (.queueDeclare, .queueDeclareOk), (.queueDelete, .queueDeleteOk), (.queuePurge, .queuePurgeOk),
            (.queueBind, .queueBindOk), (.queueUnbind, .queueUnbindOk), (.qos, .basicQosOk),
            (.consume, .basicConsumeOk), (.cancel, .basicCancelOk), (.get, .basicGetEmpty), (.get, .content(.getOk)):
            true
        default: false
        }
    }

    /// The method number of the request, by which `channel.close` names a faulty request.
    var methodID: UInt32 {
        switch self {
        case .channelOpen: MethodID.channelOpen
        case .confirmSelect: MethodID.confirmSelect
        case .exchangeDeclare: MethodID.exchangeDeclare
        case .exchangeDelete: MethodID.exchangeDelete
        case .exchangeBind: MethodID.exchangeBind
        case .exchangeUnbind: MethodID.exchangeUnbind
        case .queueDeclare: MethodID.queueDeclare
        case .queueDelete: MethodID.queueDelete
        case .queuePurge: MethodID.queuePurge
        case .queueBind: MethodID.queueBind
        case .queueUnbind: MethodID.queueUnbind
        case .qos: MethodID.basicQos
        case .consume: MethodID.basicConsume
        case .cancel: MethodID.basicCancel
        case .get: MethodID.basicGet
        }
    }
}
