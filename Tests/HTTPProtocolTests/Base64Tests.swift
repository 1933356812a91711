import Testing

@testable import HTTPProtocol

@Suite("Base64")
struct Base64Tests {
    @Test("the vectors of RFC 4648, 10")
    func vectors() {
        let cases = [
            "": "", "f": "Zg==", "fo": "Zm8=", "foo": "Zm9v", "foob": "Zm9vYg==", "fooba": "Zm9vYmE=",
            "foobar": "Zm9vYmFy",
        ]
        for (plain, encoded) in cases { #expect(Base64.encode(Array(plain.utf8)) == encoded) }
        #expect(Base64.encode([0xFB, 0xFF, 0xBF]) == "+/+/")
    }

    @Test("has 64 digits")
    func digits() { #expect((UInt8.min...UInt8.max).filter(Base64.isDigit).count == 64) }
}
