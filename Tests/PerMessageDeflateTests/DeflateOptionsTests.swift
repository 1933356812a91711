import PerMessageDeflate
import Testing

@Suite("Deflate options")
struct DeflateOptionsTests {
    @Test("the defaults are those of the configuration")
    func defaults() {
        let options = DeflateOptions()
        #expect(options.level == 4 && options.windowBits == 12 && options.memoryLevel == 5)
        #expect(options.contextTakeover && options.minimumSize == 128)
    }

    @Test("values at the ends stand, those beyond are moved to them: 8 window bits are none of zlib's")
    func ends() {
        let least = DeflateOptions(level: 1, windowBits: 9, memoryLevel: 1, minimumSize: 0)
        #expect(
            DeflateOptions(level: 0, windowBits: 8, memoryLevel: 0, minimumSize: -1) == least
                && DeflateOptions(level: .min, windowBits: .min, memoryLevel: .min, minimumSize: .min)
                    == least
        )
        let most = DeflateOptions(level: 9, windowBits: 15, memoryLevel: 9, minimumSize: .max)
        #expect(DeflateOptions(level: 10, windowBits: 16, memoryLevel: 10, minimumSize: .max) == most)
        #expect(most.level == 9 && most.windowBits == 15 && most.memoryLevel == 9)
    }
}
