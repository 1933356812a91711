/// A backend that has accepted, and waits until it takes a session over.
final class NextBackend {
    let transport: any ByteTransport
    let backend: Backend
    /// Of its side.
    let assembly: SessionAssembly
    /// What it sent before anybody could take it.
    let early: [UInt8]

    init(transport: any ByteTransport, backend: Backend, assembly: SessionAssembly, early: [UInt8]) {
        self.transport = transport
        self.backend = backend
        self.assembly = assembly
        self.early = early
    }
}
