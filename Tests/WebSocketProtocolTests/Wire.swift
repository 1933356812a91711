import BasicContainers
import WebSocketProtocol

/// The bytes that a writer appends.
func wire(_ write: (inout UniqueArray<UInt8>) -> Void) -> [UInt8] {
    var output = UniqueArray<UInt8>()
    write(&output)
    return (0..<output.count).map { output[$0] }
}

/// A payload with its mask on, or taken off again, as RFC 6455, 5.3 says it, byte by byte.
func masked(_ payload: [UInt8], with key: [UInt8]) -> [UInt8] {
    payload.enumerated().map { $1 ^ key[$0 % 4] }
}

/// The bytes cut in two at every place.
func everyCut(_ bytes: [UInt8]) -> [([UInt8], [UInt8])] {
    (0...bytes.count).map { (Array(bytes[..<$0]), Array(bytes[$0...])) }
}
