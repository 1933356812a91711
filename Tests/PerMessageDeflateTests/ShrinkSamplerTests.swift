import PerMessageDeflate
import Testing

struct ShrinkSamplerTests {
    @Test func whatDoesNotShrinkIsSampled() {
        let sampler = ShrinkSampler()
        for _ in 0..<10 { sampler.compressed(1000, to: 1005) }
        let tried = (0..<160).filter { _ in sampler.wantsNext() }.count
        #expect(sampler.isPoor)
        #expect(tried == 10)
    }

    @Test func aFewGoodSamplesBringItBack() {
        let sampler = ShrinkSampler()
        for _ in 0..<50 { sampler.compressed(1000, to: 1005) }
        for _ in 0..<3 { sampler.compressed(1000, to: 200) }
        let wanted = sampler.wantsNext()
        #expect(wanted)
    }

    @Test func aLittleEvidenceIsNone() {
        let sampler = ShrinkSampler()
        sampler.compressed(1000, to: 1005)
        let wanted = sampler.wantsNext()
        #expect(wanted)
    }
}
