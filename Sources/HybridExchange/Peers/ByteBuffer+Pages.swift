#if Hybrid
    internal import Foundation
    internal import NIOCore

    extension ByteBuffer {
        /// Gives the pages behind the bytes of a buffer back to the system, which gives new ones when they are written to.
        ///
        /// NIOSSL makes a buffer of 32 KiB for each connection and keeps it. Out of memory that something else has used and
        /// freed, such as a large message, all of that is resident, although a turn writes to its first 2 KiB only. Nothing
        /// may be stored behind the bytes of this buffer. Does nothing on other systems than Linux.
        func releaseUnusedPages() {
            #if os(Linux)
                withVeryUnsafeBytes { bytes in
                    guard let base = bytes.baseAddress else { return }
                    let page = UInt(max(sysconf(Int32(_SC_PAGESIZE)), 1))
                    let start = (UInt(bitPattern: base) + UInt(writerIndex) + page - 1) / page * page
                    let end = (UInt(bitPattern: base) + UInt(bytes.count)) / page * page
                    guard start < end else { return }
                    // A failure leaves the pages where they are.
                    _ = madvise(UnsafeMutableRawPointer(bitPattern: start), Int(end - start), MADV_DONTNEED)
                }
            #endif
        }
    }
#endif
