/// One block of a pool, given back when this goes away.
@safe struct ContextBlock: ~Copyable {
    /// Which one.
    struct Place {
        let region: BlockRegion
        let index: Int
    }

    private let place: Place
    private let pool: BlockPool
    /// Its first byte, at the beginning of a page.
    let address: UnsafeMutableRawPointer

    init(_ place: Place, in pool: BlockPool) {
        self.place = place
        self.pool = pool
        unsafe address = place.region.address(of: place.index)
    }

    deinit { pool.release(place) }

    var bytes: Int { pool.blockBytes }
}
