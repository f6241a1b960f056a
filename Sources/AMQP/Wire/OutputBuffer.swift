/// Bytes on their way to a socket.
@safe
final class OutputBuffer {
    private static let initialCapacity = 256 << 10
    private static let kept = 1 << 20
    private var storage: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0

    init() {
        unsafe storage = .allocate(byteCount: Self.initialCapacity, alignment: 16)
    }

    deinit {
        unsafe storage.deallocate()
    }

    /// The number of waiting bytes.
    var count: Int { end - start }

    /// The waiting bytes, valid until the next call.
    var pending: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(rebasing: storage[start..<end]) }

    /// Returns space for at least `size` bytes at the end, valid until the next call.
    func reserve(_ size: Int) -> UnsafeMutableRawBufferPointer {
        if unsafe storage.count - end < size { grow(size) }
        return unsafe UnsafeMutableRawBufferPointer(rebasing: storage[end...])
    }

    /// Adds the first `size` bytes of the reserved space.
    func commit(_ size: Int) { end += size }

    /// Removes the first `size` bytes, which were sent.
    func consume(_ size: Int) {
        start += size
        guard start == end else { return }
        start = 0
        end = 0
        if unsafe storage.count > Self.kept {
            unsafe storage.deallocate()
            unsafe storage = .allocate(byteCount: Self.initialCapacity, alignment: 16)
        }
    }

    private func grow(_ size: Int) {
        let waiting = count
        if unsafe waiting + size <= storage.count / 2 {
            unsafe storage.copyBytes(from: pending)
        } else {
            let larger = unsafe UnsafeMutableRawBufferPointer.allocate(
                byteCount: max(storage.count * 2, waiting + size),
                alignment: 16
            )
            unsafe larger.copyBytes(from: pending)
            unsafe storage.deallocate()
            unsafe storage = larger
        }
        start = 0
        end = waiting
    }
}
