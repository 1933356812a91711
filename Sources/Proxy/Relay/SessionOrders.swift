internal import WebSocketProtocol

/// What a side lets through, as the frame path reads it for each frame.
struct SideGate: OptionSet, Sendable {
    let rawValue: UInt8
    /// What the peer sends counts. Nothing that follows its Close does (RFC 6455, 5.5.1).
    static let hears = SideGate(rawValue: 1)
    /// Data may be sent to the peer: no Close of ours has gone before it, or the rest of a frame is owed.
    static let takesData = SideGate(rawValue: 2)
    /// A data frame that goes to the peer is not complete: control frames of ours must wait (rule 6).
    static let isMidFrame = SideGate(rawValue: 4)
    /// There is a connection.
    static let isConnected = SideGate(rawValue: 8)

    /// Of a new connection.
    static let open: SideGate = [.hears, .takesData, .isConnected]
}

/// What is to be done on one side, in the order of the properties.
struct SideOrder: Equatable {
    /// Say Close.
    var close: ClosePayload?
    /// It answers the peer's.
    var isAnswer = false
    /// End our side when all has gone.
    var finishes = false
    /// Read again, whatever reading was paused for: the peer's end is to be seen.
    var reads = false
    /// Look in the next turn whether what was said has gone, and tell by `settled`: the peer has ended its side already.
    var settles = false
    /// Close the connection now; nothing more is said or heard on it.
    var isCut = false

    static let none = SideOrder()
    static let cut = SideOrder(isCut: true)
}

/// What is to be done about a session, in the order of the properties.
struct SessionOrders: Equatable {
    /// The end begins: nothing but the deadline is waited for from here on, and both sides are read to their end.
    var beginsEnd = false
    var client = SideOrder.none
    var backend = SideOrder.none
    /// Call `deadlinePassed` after so many nanoseconds, instead of any earlier deadline.
    var deadline: UInt64?
    /// Both sides are closed: forget the session.
    var isOver = false

    static let none = SessionOrders()

    subscript(side: SessionSide) -> SideOrder {
        get { side == .client ? client : backend }
        set { if side == .client { client = newValue } else { backend = newValue } }
    }
}
