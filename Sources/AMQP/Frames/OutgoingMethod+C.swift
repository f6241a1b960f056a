internal import CRabbitMQ

/// Converts methods to the library's methods.
extension OutgoingMethod {
    /// Calls `body` with the number and the C structure; both are valid only inside it.
    func withC<R>(in arena: EncodingArena, _ body: (UInt32, UnsafeMutableRawPointer) -> R) -> R {
        func pass<T>(_ id: UInt32, _ method: T) -> R {
            var method = method
            return unsafe withUnsafeMutableBytes(of: &method) { bytes in
                unsafe body(id, bytes.baseAddress.unsafelyUnwrapped)
            }
        }
        switch self {
        case .basicPublish(let exchange, let routingKey, let mandatory):
            var method = unsafe amqp_basic_publish_t()
            unsafe method.exchange = arena.copy(exchange)
            unsafe method.routing_key = arena.copy(routingKey)
            unsafe method.mandatory = mandatory ? 1 : 0
            return unsafe pass(MethodID.basicPublish, method)
        case .basicAck(let tag, let multiple):
            return pass(MethodID.basicAck, amqp_basic_ack_t(delivery_tag: tag, multiple: multiple ? 1 : 0))
        case .basicNack(let tag, let multiple, let requeue):
            let method = amqp_basic_nack_t(delivery_tag: tag, multiple: multiple ? 1 : 0, requeue: requeue ? 1 : 0)
            return pass(MethodID.basicNack, method)
        case .connectionClose(let code, let text):
            var method = unsafe amqp_connection_close_t()
            unsafe method.reply_code = code
            unsafe method.reply_text = arena.copy(text)
            return unsafe pass(MethodID.connectionClose, method)
        case .channelClose(let code, let text):
            var method = unsafe amqp_channel_close_t()
            unsafe method.reply_code = code
            unsafe method.reply_text = arena.copy(text)
            return unsafe pass(MethodID.channelClose, method)
        case .connectionCloseOk: return pass(MethodID.connectionCloseOk, amqp_connection_close_ok_t())
        case .channelOpen: return unsafe pass(MethodID.channelOpen, amqp_channel_open_t())
        case .channelFlowOk(let active):
            return pass(MethodID.channelFlowOk, amqp_channel_flow_ok_t(active: active ? 1 : 0))
        case .channelCloseOk: return pass(MethodID.channelCloseOk, amqp_channel_close_ok_t())
        case .confirmSelect: return pass(MethodID.confirmSelect, amqp_confirm_select_t())
        case .basicQos(let prefetch):
            return pass(
                MethodID.basicQos,
                amqp_basic_qos_t(prefetch_size: 0, prefetch_count: prefetch, global: 0)
            )
        default: return unsafe withCTopology(in: arena, body)
        }
    }

    private func withCTopology<R>(
        in arena: EncodingArena,
        _ body: (UInt32, UnsafeMutableRawPointer) -> R
    ) -> R {
        func pass<T>(_ id: UInt32, _ method: T) -> R {
            var method = method
            return unsafe withUnsafeMutableBytes(of: &method) { bytes in
                unsafe body(id, bytes.baseAddress.unsafelyUnwrapped)
            }
        }
        switch self {
        case .exchangeDeclare(let exchange):
            var method = unsafe amqp_exchange_declare_t()
            unsafe method.exchange = arena.copy(exchange.name)
            unsafe method.type = arena.copy(exchange.kind.name)
            unsafe method.passive = exchange.passive ? 1 : 0
            unsafe method.durable = exchange.durable ? 1 : 0
            unsafe method.auto_delete = exchange.autoDelete ? 1 : 0
            unsafe method.internal = exchange.internal ? 1 : 0
            unsafe method.arguments = exchange.arguments.cTable(in: arena)
            return unsafe pass(MethodID.exchangeDeclare, method)
        case .exchangeDelete(let name, let ifUnused):
            var method = unsafe amqp_exchange_delete_t()
            unsafe method.exchange = arena.copy(name)
            unsafe method.if_unused = ifUnused ? 1 : 0
            return unsafe pass(MethodID.exchangeDelete, method)
        case .queueDeclare(let queue):
            var method = unsafe amqp_queue_declare_t()
            unsafe method.queue = arena.copy(queue.name)
            unsafe method.passive = queue.passive ? 1 : 0
            unsafe method.durable = queue.durable ? 1 : 0
            unsafe method.exclusive = queue.exclusive ? 1 : 0
            unsafe method.auto_delete = queue.autoDelete ? 1 : 0
            unsafe method.arguments = queue.arguments.cTable(in: arena)
            return unsafe pass(MethodID.queueDeclare, method)
        case .queueDelete(let name, let ifUnused, let ifEmpty):
            var method = unsafe amqp_queue_delete_t()
            unsafe method.queue = arena.copy(name)
            unsafe method.if_unused = ifUnused ? 1 : 0
            unsafe method.if_empty = ifEmpty ? 1 : 0
            return unsafe pass(MethodID.queueDelete, method)
        case .queuePurge(let name):
            var method = unsafe amqp_queue_purge_t()
            unsafe method.queue = arena.copy(name)
            return unsafe pass(MethodID.queuePurge, method)
        case .bind(let binding) where binding.destination.isQueue:
            var method = unsafe amqp_queue_bind_t()
            unsafe method.queue = arena.copy(binding.destination.name)
            unsafe method.exchange = arena.copy(binding.source)
            unsafe method.routing_key = arena.copy(binding.routingKey)
            unsafe method.arguments = binding.arguments.cTable(in: arena)
            return unsafe pass(MethodID.queueBind, method)
        case .bind(let binding):
            var method = unsafe amqp_exchange_bind_t()
            unsafe method.destination = arena.copy(binding.destination.name)
            unsafe method.source = arena.copy(binding.source)
            unsafe method.routing_key = arena.copy(binding.routingKey)
            unsafe method.arguments = binding.arguments.cTable(in: arena)
            return unsafe pass(MethodID.exchangeBind, method)
        case .unbind(let binding) where binding.destination.isQueue:
            var method = unsafe amqp_queue_unbind_t()
            unsafe method.queue = arena.copy(binding.destination.name)
            unsafe method.exchange = arena.copy(binding.source)
            unsafe method.routing_key = arena.copy(binding.routingKey)
            unsafe method.arguments = binding.arguments.cTable(in: arena)
            return unsafe pass(MethodID.queueUnbind, method)
        case .unbind(let binding):
            var method = unsafe amqp_exchange_unbind_t()
            unsafe method.destination = arena.copy(binding.destination.name)
            unsafe method.source = arena.copy(binding.source)
            unsafe method.routing_key = arena.copy(binding.routingKey)
            unsafe method.arguments = binding.arguments.cTable(in: arena)
            return unsafe pass(MethodID.exchangeUnbind, method)
        case .basicConsume(let consumer):
            var method = unsafe amqp_basic_consume_t()
            unsafe method.queue = arena.copy(consumer.queue)
            unsafe method.consumer_tag = arena.copy(consumer.tag)
            unsafe method.exclusive = consumer.exclusive ? 1 : 0
            unsafe method.arguments = consumer.arguments.cTable(in: arena)
            return unsafe pass(MethodID.basicConsume, method)
        case .basicCancel(let tag):
            var method = unsafe amqp_basic_cancel_t()
            unsafe method.consumer_tag = arena.copy(tag)
            return unsafe pass(MethodID.basicCancel, method)
        case .basicGet(let queue):
            var method = unsafe amqp_basic_get_t()
            unsafe method.queue = arena.copy(queue)
            return unsafe pass(MethodID.basicGet, method)
        default: preconditionFailure("every other method is handled by withC")
        }
    }
}
