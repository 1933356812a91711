internal import EventLoop
internal import HTTP2Protocol
internal import HTTPProtocol
internal import PerMessageDeflate

/// One upgrade asked on a stream of a multiplexed connection (RFC 8441, 5). Tells what came of it once.
final class UpgradeOnStream: HTTP2StreamReceiver {
    enum Answer {
        case accepted(HTTP2StreamTransport, AcceptedUpgrade)
        case refused(HTTP2UpstreamRequest, ResponseHead)
        /// The stream ended without an answer, or the answer breaks the rules of the handshake.
        case failed(Fault)
    }

    private let plan: UpgradePlan
    private let handshake: StreamHandshake
    private let shared: SharedConnection
    private var stream: HTTP2Stream?
    private var done: ((Answer) -> Void)?

    init(_ plan: UpgradePlan, on shared: SharedConnection, done: @escaping (Answer) -> Void) {
        self.plan = plan
        handshake = plan.streamHandshake()
        self.shared = shared
        self.done = done
    }

    func start() {
        stream = shared.session?.open(
            handshake.request.http2(scheme: shared.scheme), endsStream: false, receiver: self)
        if stream != nil { return }
        // It has just said that it takes no more, and gives the place back.
        shared.carriedStreamEnded()
        shared.worker.loop.nextTurn { [self] in tell(.failed(Fault(.unprocessed, .leaving))) }
    }

    /// Nobody waits for an answer any longer.
    func cancel() {
        done = nil
        stream?.reset(.cancel)
    }

    private func tell(_ answer: Answer) { done.take()?(answer) }

    // MARK: HTTP2StreamReceiver

    func streamAnswered(_ head: HTTP2ResponseHead) {
        guard let stream, done != nil else { return }
        do {
            switch try handshake.check(ResponseHead(head)) {
            case .interim: break
            case .accepted(let accepted):
                _ = try plan.backendOffer?.agreement(accepted.extensions)
                let transport = HTTP2StreamTransport(stream, on: shared.worker.loop, over: shared)
                tell(.accepted(transport, accepted))
            case .refused(let head):
                let rest = HTTP2UpstreamRequest(plan.head, refusedBy: head, on: shared)
                stream.receiver = rest
                rest.take(stream)
                tell(.refused(rest, head))
            }
        } catch let error as ClientHandshakeError {
            wrong(.handshake(error))
        } catch let error as DeflateAnswerError {
            wrong(.extensions(error))
        } catch {
            wrong(.itself)
        }
    }

    private func wrong(_ cause: Fault.Cause) {
        stream?.reset(.cancel)
        tell(.failed(Fault(.badHandshake, cause)))
    }

    /// Nothing may come before the answer, and what comes behind a bad one is of no use.
    func streamReceived(_ bytes: inout MutableSpan<UInt8>) { stream?.consume(bytes.count) }
    func streamTrailers(_ fields: HTTP2Fields) {}
    func streamEnded() {}
    func streamFlushed() {}

    func streamClosed(_ code: HTTP2Code) {
        let error = TransportError.of(stream, code)
        stream = nil
        shared.carriedStreamEnded()
        let fault = Fault.stream(code, error, isAnswered: false)
        if done != nil, fault.kind == .wantsHTTP1 { shared.wantsSessionsOverHTTP1() }
        tell(.failed(fault))
    }
}
