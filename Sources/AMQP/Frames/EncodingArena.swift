internal import CRabbitMQ

/// Memory for the C structures of one frame. Addresses stay valid until `reset()`; nothing outlives the frame.
@safe
final class EncodingArena {
    private static let chunkSize = 64 << 10
    private var chunks: [UnsafeMutableRawBufferPointer] = unsafe []
    private var current = 0
    private var used = 0

    init() {
        unsafe chunks.append(.allocate(byteCount: Self.chunkSize, alignment: 16))
    }

    deinit {
        while unsafe !chunks.isEmpty { unsafe chunks.removeLast().deallocate() }
    }

    /// Frees all allocations, but keeps the first chunk.
    func reset() {
        while unsafe chunks.count > 1 { unsafe chunks.removeLast().deallocate() }
        current = 0
        used = 0
    }

    /// Returns memory for `count` values. It is uninitialized.
    func allocate<T>(_ type: T.Type, count: Int) -> UnsafeMutablePointer<T> {
        let raw = unsafe bytes(MemoryLayout<T>.stride * max(count, 1))
        return unsafe raw.bindMemory(to: type, capacity: max(count, 1))
    }

    /// Returns a copy of the text for a C structure.
    func copy(_ text: String) -> amqp_bytes_t {
        let count = text.utf8.count
        guard count > 0 else { return unsafe amqp_bytes_t() }
        let target = unsafe bytes(count)
        var text = text
        text.withUTF8 { source in
            if let base = source.baseAddress { unsafe target.copyMemory(from: base, byteCount: count) }
        }
        return unsafe amqp_bytes_t(len: count, bytes: target)
    }

    /// Returns a copy of the bytes for a C structure.
    func copy(_ data: some Collection<UInt8>) -> amqp_bytes_t {
        let count = data.count
        guard count > 0 else { return unsafe amqp_bytes_t() }
        let target = unsafe UnsafeMutableRawBufferPointer(start: bytes(count), count: count)
        unsafe target.copyBytes(from: data)
        return unsafe amqp_bytes_t(len: count, bytes: target.baseAddress)
    }

    private func bytes(_ count: Int) -> UnsafeMutableRawPointer {
        let size = (count + 15) & ~15
        if unsafe used + size > chunks[current].count {
            unsafe chunks.append(.allocate(byteCount: max(size, Self.chunkSize), alignment: 16))
            current = unsafe chunks.count - 1
            used = 0
        }
        defer { used += size }
        return unsafe chunks[current].baseAddress.unsafelyUnwrapped + used
    }
}
